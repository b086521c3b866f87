//! `into_raw_fd` whose number only calls that borrow it get: `as_raw_fd`, and the owner closes it at the end of its scope.

use super::scope::{bound, imports, local};
use super::{Edit, Fix, Place};
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprCall, ExprMethodCall, Ident, Stmt};

/// Functions of libc that are done with the descriptor when they return. Not those that set what lasts as long as it is
/// open: who locks a file and loses its number may mean to hold the lock.
const BORROW: [&str; 8] = ["fsync", "fdatasync", "fstat", "lseek", "read", "write", "pwrite", "ftruncate"];

pub(super) fn fix(place: &Place<'_>) -> Option<Fix> {
    let mut search = Search { place, found: None, apart: 0, nested: 0 };
    search.visit_file(place.tree);
    let (call, is_nested) = search.found?;
    let owner = local(&call.receiver)?;
    Some(Fix {
        message: format!("borrow the number of `{owner}`, which closes it"),
        edits: edits(place, call, is_nested),
    })
}

struct Search<'p, 'a> {
    place: &'a Place<'p>,
    found: Option<(&'a ExprMethodCall, bool)>,
    /// Closures and async blocks around that would borrow the owner where they have taken it.
    apart: u32,
    /// Modules around, within the file.
    nested: u32,
}

impl<'a> Search<'_, 'a> {
    fn takes_number(&self, expr: &'a Expr) -> Option<&'a ExprMethodCall> {
        let Expr::MethodCall(call) = expr else { return None };
        let is_it = call.method == "into_raw_fd" && local(&call.receiver).is_some() && self.place.is_at(call);
        (is_it && self.apart == 0).then_some(call)
    }

    fn note(&mut self, call: &'a ExprMethodCall) {
        self.found.get_or_insert((call, self.nested > 0));
    }
}

impl<'a> Visit<'a> for Search<'_, 'a> {
    /// `let fd = file.into_raw_fd();` with a borrowing call of `fd` behind it.
    fn visit_block(&mut self, block: &'a Block) {
        for (at, stmt) in block.stmts.iter().enumerate() {
            let Stmt::Local(stmt) = stmt else { continue };
            let value = stmt.init.as_ref().filter(|init| init.diverge.is_none()).map(|init| &*init.expr);
            let (Some(name), Some(call)) =
                (bound(&stmt.pat), value.and_then(|value| self.takes_number(value)))
            else {
                continue;
            };
            let mut uses = Uses { name: &name.ident, is_lent: false };
            block.stmts[at + 1..].iter().for_each(|stmt| uses.visit_stmt(stmt));
            if uses.is_lent {
                self.note(call);
            }
        }
        visit::visit_block(self, block);
    }

    /// `libc::fsync(file.into_raw_fd())`.
    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        if borrows(call) {
            let given = call.args.iter().find_map(|arg| self.takes_number(arg));
            given.into_iter().for_each(|given| self.note(given));
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_closure(&mut self, closure: &'a syn::ExprClosure) {
        let borrows = u32::from(closure.capture.is_none());
        self.apart += borrows;
        visit::visit_expr_closure(self, closure);
        self.apart -= borrows;
    }

    fn visit_expr_async(&mut self, block: &'a syn::ExprAsync) {
        let borrows = u32::from(block.capture.is_none());
        self.apart += borrows;
        visit::visit_expr_async(self, block);
        self.apart -= borrows;
    }

    fn visit_item_mod(&mut self, module: &'a syn::ItemMod) {
        self.nested += 1;
        visit::visit_item_mod(self, module);
        self.nested -= 1;
    }
}

/// Looks for a borrowing call that is given a name.
struct Uses<'n> {
    name: &'n Ident,
    is_lent: bool,
}

impl<'a> Visit<'a> for Uses<'_> {
    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        self.is_lent |= borrows(call) && call.args.iter().any(|arg| local(arg) == Some(self.name));
        visit::visit_expr_call(self, call);
    }
}

fn borrows(call: &ExprCall) -> bool {
    let Expr::Path(callee) = &*call.func else { return false };
    let segments: Vec<&Ident> = callee.path.segments.iter().map(|segment| &segment.ident).collect();
    matches!(segments.as_slice(), [krate, name] if *krate == "libc" && BORROW.iter().any(|known| *name == known))
}

/// The call under its other name, with the trait that it needs brought into sight.
fn edits(place: &Place<'_>, call: &ExprMethodCall, is_nested: bool) -> Vec<Edit> {
    let imports = imports(place.tree);
    let imported = |name: &str| {
        imports.iter().find(|(known, path)| known == name && path.last() == Some(&name.to_owned()))
    };
    let renamed = place.replace(&call.method, "as_raw_fd");
    let is_only = place.text.matches("into_raw_fd").count() == 1;
    match (imported("AsRawFd"), imported("IntoRawFd")) {
        (Some(_), _) if !is_nested => vec![renamed],
        (None, Some((name, _))) if !is_nested && is_only => vec![place.replace(name, "AsRawFd"), renamed],
        _ => {
            let owner = place.text_of(&call.receiver);
            vec![place.replace(call, format!("std::os::fd::AsRawFd::as_raw_fd(&{owner})"))]
        }
    }
}
