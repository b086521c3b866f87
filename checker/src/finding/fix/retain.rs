//! A list of senders that is told of everything in a loop: `retain`, so that those whose receiver is gone go too.

use super::scope::{bound, full_path, is_bound_to_its_place, local};
use super::{Fix, Place};
use syn::visit::{self, Visit};
use syn::{Expr, ExprForLoop, ExprMethodCall, Fields, FnArg, ImplItemFn, Item, ItemImpl, Stmt, Type};

/// Senders by their path, with the method that fails only when the receiver is gone, or with the one that fails when there
/// is no room too and the error that says it is gone.
const SENDERS: [(&str, &str, Option<&str>); 5] = [
    ("std::sync::mpsc::Sender", "send", None),
    ("std::sync::mpsc::SyncSender", "send", None),
    ("std::sync::mpsc::SyncSender", "try_send", Some("std::sync::mpsc::TrySendError::Disconnected")),
    ("tokio::sync::mpsc::UnboundedSender", "send", None),
    ("tokio::sync::mpsc::Sender", "try_send", Some("tokio::sync::mpsc::error::TrySendError::Closed")),
];

pub(super) fn fix(place: &Place<'_>) -> Option<Fix> {
    let (owner, field) = place.finding.subject.place.rsplit("::").next()?.split_once('.')?;
    let sender = sender_of(place.tree, owner, field)?;
    let mut search = Search { field, owner, is_theirs: false, is_mut: false, found: None };
    search.visit_file(place.tree);
    let (around, call, by_mut) = search.found?;
    // What is written over must not have held a remark.
    let old = place.text_of(around);
    if old.contains("//") || old.contains("/*") {
        return None;
    }
    let (_, method, gone) =
        SENDERS.iter().find(|(path, method, _)| *path == sender && call.method == method)?;
    let name = bound(&around.pat)?;
    let sends = format!("{}.{method}({})", name.ident, place.text_of(&call.args));
    let test = match gone {
        None => format!("{sends}.is_ok()"),
        Some(gone) => format!("!matches!({sends}, Err({gone}(_)))"),
    };
    let retain = if by_mut { "retain_mut" } else { "retain" };
    let text = format!("self.{field}.{retain}(|{}| {test});", name.ident);
    let message = "let those go whose receiver is gone".to_owned();
    Some(Fix { message, edits: vec![place.replace(around, text)] })
}

/// The path of the sender that the list in a field holds.
fn sender_of(file: &syn::File, owner: &str, field: &str) -> Option<String> {
    let fields = file.items.iter().find_map(|item| match item {
        Item::Struct(item) if item.ident == owner => Some(&item.fields),
        _ => None,
    });
    let Fields::Named(fields) = fields? else { return None };
    let known = fields.named.iter().find(|known| known.ident.as_ref().is_some_and(|name| name == field))?;
    let Type::Path(list) = &known.ty else { return None };
    let list = list.path.segments.last().filter(|last| last.ident == "Vec" || last.ident == "VecDeque")?;
    let syn::PathArguments::AngleBracketed(args) = &list.arguments else { return None };
    match args.args.first()? {
        syn::GenericArgument::Type(Type::Path(sender)) => Some(full_path(file, &sender.path)),
        _ => None,
    }
}

struct Search<'a> {
    owner: &'a str,
    field: &'a str,
    is_theirs: bool,
    is_mut: bool,
    found: Option<(&'a ExprForLoop, &'a ExprMethodCall, bool)>,
}

impl<'a> Visit<'a> for Search<'a> {
    fn visit_item_impl(&mut self, block: &'a ItemImpl) {
        let name = match &*block.self_ty {
            Type::Path(path) => path.path.segments.last().map(|last| &last.ident),
            _ => None,
        };
        self.is_theirs = name.is_some_and(|name| name == self.owner);
        visit::visit_item_impl(self, block);
        self.is_theirs = false;
    }

    fn visit_impl_item_fn(&mut self, method: &'a ImplItemFn) {
        self.is_mut = matches!(method.sig.inputs.first(),
            Some(FnArg::Receiver(of)) if of.reference.is_some() && of.mutability.is_some());
        visit::visit_impl_item_fn(self, method);
        self.is_mut = false;
    }

    fn visit_expr_for_loop(&mut self, around: &'a ExprForLoop) {
        let is_plain = around.label.is_none() && around.attrs.is_empty();
        if let (true, None) = (self.is_theirs && self.is_mut && is_plain, &self.found)
            && let Some(by_mut) = over(&around.expr, self.field)
            && let Some(name) = bound(&around.pat)
            && let [Stmt::Local(_) | Stmt::Expr(..)] = around.body.stmts.as_slice()
            && let Some(call) = ignored(&around.body.stmts[0])
            && local(&call.receiver) == Some(&name.ident)
            && !call.args.iter().any(is_bound_to_its_place)
        {
            self.found = Some((around, call, by_mut));
        }
        visit::visit_expr_for_loop(self, around);
    }
}

/// Whether a loop goes over `self.field`, and whether by `&mut`.
fn over(expr: &Expr, field: &str) -> Option<bool> {
    let is_field = |expr: &Expr| match expr {
        Expr::Field(of) => {
            let named = matches!(&of.member, syn::Member::Named(name) if name == field);
            named && matches!(&*of.base, Expr::Path(path) if path.path.is_ident("self"))
        }
        _ => false,
    };
    match expr {
        Expr::Reference(lent) if is_field(&lent.expr) => Some(lent.mutability.is_some()),
        Expr::MethodCall(call) if call.args.is_empty() && is_field(&call.receiver) => match &call.method {
            name if name == "iter" => Some(false),
            name if name == "iter_mut" => Some(true),
            _ => None,
        },
        _ => None,
    }
}

/// The call whose result a statement throws away: `let _ = call;`, `call.ok();`, `drop(call);`.
fn ignored(stmt: &Stmt) -> Option<&ExprMethodCall> {
    let value = match stmt {
        Stmt::Local(of) if matches!(of.pat, syn::Pat::Wild(_)) && of.attrs.is_empty() => {
            &*of.init.as_ref()?.expr
        }
        Stmt::Expr(Expr::Call(call), Some(_)) => match (&*call.func, call.args.first()) {
            (Expr::Path(path), Some(value)) if path.path.is_ident("drop") => value,
            _ => return None,
        },
        Stmt::Expr(Expr::MethodCall(call), Some(_)) if call.method == "ok" && call.args.is_empty() => {
            &*call.receiver
        }
        _ => return None,
    };
    match value {
        Expr::MethodCall(call) => Some(call),
        _ => None,
    }
}
