//! Macro calls, by shape.
//!
//! Arguments that read as expressions are lowered as such (`vec!`, `format!`, logging, `join!`, and any other
//! macro that is called like a function); `select!` has a grammar of its own; an item macro whose content
//! reads as items is taken for those items. Of anything else only the identifiers are kept: a method that is
//! called only there must not look dead.

use super::Lower;
use super::expr::BodyLower;
use super::ir::{ExprId, ExprKind, Item, ItemKind, Range, SelectArm, Vis};
use super::sym::Sym;
use proc_macro2::{TokenStream, TokenTree};
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Expr, Token};

/// What a macro that takes arguments is given.
struct Arguments(Vec<Expr>);

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut args = Vec::new();
        while !input.is_empty() {
            // `target: "x"`, as logging macros have it, and the sigils of tracing's fields.
            if input.peek(syn::Ident) && input.peek2(Token![:]) && !input.peek2(Token![::]) {
                input.parse::<syn::Ident>()?;
                input.parse::<Token![:]>()?;
            }
            if input.peek(Token![%]) || input.peek(Token![?]) {
                input.parse::<TokenTree>()?;
            }
            let ahead = input.fork();
            match ahead.parse() {
                Ok(arg) => {
                    input.advance_to(&ahead);
                    args.push(arg);
                }
                Err(_) => Self::field(input, &mut args)?,
            }
            if input.is_empty() {
                break;
            }
            // `"name" => value`, as metrics have their labels.
            if input.peek(Token![=>]) {
                input.parse::<Token![=>]>()?;
            } else if input.peek(Token![;]) {
                input.parse::<Token![;]>()?;
            } else {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(Self(args))
    }
}

impl Arguments {
    /// `name = %expr`, as tracing has it.
    fn field(input: ParseStream<'_>, args: &mut Vec<Expr>) -> syn::Result<()> {
        loop {
            input.parse::<TokenTree>()?;
            if input.peek(Token![=]) {
                break;
            }
        }
        input.parse::<Token![=]>()?;
        if input.peek(Token![%]) || input.peek(Token![?]) {
            input.parse::<TokenTree>()?;
        }
        args.push(input.parse()?);
        Ok(())
    }
}

/// `pattern = future, if guard => handler`.
pub(crate) struct Branch {
    pat: Option<syn::Pat>,
    pub(crate) future: Option<Expr>,
    guard: Option<Expr>,
    pub(crate) body: Expr,
}

/// What a `select!` is given.
pub(crate) struct Branches(pub(crate) Vec<Branch>);

impl Parse for Branches {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut branches = Vec::new();
        if input.peek(syn::Ident) && input.peek2(Token![;]) {
            // `biased;`
            input.parse::<syn::Ident>()?;
            input.parse::<Token![;]>()?;
        }
        while !input.is_empty() {
            branches.push(Self::branch(input)?);
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(Self(branches))
    }
}

impl Branches {
    fn branch(input: ParseStream<'_>) -> syn::Result<Branch> {
        let last = input.peek(Token![else]) || Self::word(input, "complete") || Self::word(input, "default");
        let (mut pat, mut future, mut guard) = (None, None, None);
        if last {
            input.parse::<TokenTree>()?;
            if input.peek(syn::token::Paren) {
                input.parse::<TokenTree>()?;
            }
        } else if Self::word(input, "recv") || Self::word(input, "send") {
            // crossbeam: `recv(channel) -> message => handler`.
            input.parse::<syn::Ident>()?;
            let content;
            syn::parenthesized!(content in input);
            future = Some(content.parse()?);
            content.parse::<TokenStream>()?;
            input.parse::<Token![->]>()?;
            pat = Some(syn::Pat::parse_multi_with_leading_vert(input)?);
        } else {
            pat = Some(syn::Pat::parse_multi_with_leading_vert(input)?);
            input.parse::<Token![=]>()?;
            future = Some(input.parse()?);
            if input.peek(Token![,]) && input.peek2(Token![if]) {
                input.parse::<Token![,]>()?;
                input.parse::<Token![if]>()?;
                guard = Some(input.parse()?);
            }
        }
        input.parse::<Token![=>]>()?;
        // A block ends the arm; `{ a } + b` is not read on.
        let body = match input.peek(syn::token::Brace) {
            true => Expr::Block(syn::ExprBlock { attrs: Vec::new(), label: None, block: input.parse()? }),
            false => input.parse()?,
        };
        Ok(Branch { pat, future, guard, body })
    }

    fn word(input: ParseStream<'_>, word: &str) -> bool {
        let ahead = input.fork();
        let is_word = ahead.parse::<syn::Ident>().is_ok_and(|ident| ident == word);
        is_word && (ahead.peek(Token![=>]) || ahead.peek(syn::token::Paren))
    }
}

impl BodyLower<'_, '_> {
    pub(crate) fn macro_call(&mut self, call: &syn::Macro) -> ExprId {
        self.file.ir.macros += 1;
        let Some(last) = call.path.segments.last() else {
            return self.push(ExprKind::Unknown, Range::default());
        };
        let (name, at) = (self.file.sym(&last.ident), self.file.at(last.ident.span()));
        let written = self.file.written_out(call);
        if let Some(Ok(tokens)) = &written
            && let Ok(stmts) = syn::Block::parse_within.parse2(tokens.clone())
        {
            return self.written_out(stmts, last.ident.span());
        }
        if written.is_some() {
            self.file.ir.macros_opaque += 1;
        }
        let is = |names: &[&str]| names.iter().any(|known| last.ident == known);
        if is(&["select", "select_biased"])
            && let Ok(branches) = call.parse_body::<Branches>()
        {
            return self.select(branches, at);
        }
        if is(&["matches", "assert_matches"])
            && let Some(args) = self.matches(call)
        {
            return self.push(ExprKind::Macro(name, args), at);
        }
        if let Ok(args) = call.parse_body::<Arguments>() {
            let mut lowered = self.exprs(&args.0).into_vec();
            self.captures(&args.0, at, &mut lowered);
            return self.push(ExprKind::Macro(name, lowered.into()), at);
        }
        if let Ok(stmts) = syn::Block::parse_within.parse2(call.tokens.clone()) {
            let block = syn::Block { brace_token: syn::token::Brace::default(), stmts };
            let value = self.block(&block);
            return self.push(ExprKind::Macro(name, Box::new([value])), at);
        }
        if written.is_none() {
            self.file.ir.macros_opaque += 1;
        }
        let mut names = Vec::new();
        self.file.harvest(call.tokens.clone(), &mut names);
        self.file.harvest_types(call.tokens.clone());
        self.push(ExprKind::Opaque(name, names.into()), at)
    }

    /// What a macro of the workspace was written out to, where its call stands.
    fn written_out(&mut self, stmts: Vec<syn::Stmt>, at: proc_macro2::Span) -> ExprId {
        let block = syn::Block { brace_token: syn::token::Brace(at), stmts };
        self.file.rules.enter();
        let value = self.block(&block);
        self.file.rules.leave();
        value
    }

    /// Locals that a format text names: `"{peer}"`.
    fn captures(&mut self, args: &[Expr], at: Range, out: &mut Vec<ExprId>) {
        for arg in args {
            let Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = arg else { continue };
            let text = text.value();
            for part in text.split('{').skip(1) {
                let end = part.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(part.len());
                let name = Sym::new(&part[..end]);
                let local =
                    self.scope.iter().rev().find(|(known, _)| *known == name).map(|(_, local)| *local);
                if let (Some(local), true) = (local, part[end..].starts_with([':', '}'])) {
                    out.push(self.push(ExprKind::Local(local), at));
                }
            }
        }
    }

    fn matches(&mut self, call: &syn::Macro) -> Option<Box<[ExprId]>> {
        let (value, pat, guard) = call
            .parse_body_with(|input: ParseStream<'_>| {
                let value: Expr = input.parse()?;
                input.parse::<Token![,]>()?;
                let pat = syn::Pat::parse_multi_with_leading_vert(input)?;
                let guard = input.parse::<Option<Token![if]>>()?;
                let guard = guard.map(|_| input.parse::<Expr>()).transpose()?;
                input.parse::<Option<Token![,]>>()?;
                Ok((value, pat, guard))
            })
            .ok()?;
        let mark = self.scope.len();
        let value = self.expr(&value);
        self.pat(&pat);
        let guard = guard.map(|guard| self.expr(&guard));
        self.scope.truncate(mark);
        Some(std::iter::once(value).chain(guard).collect())
    }

    fn select(&mut self, branches: Branches, at: Range) -> ExprId {
        let mut arms = Vec::with_capacity(branches.0.len());
        for branch in &branches.0 {
            let mark = self.scope.len();
            let future = branch.future.as_ref().map(|future| self.expr(future));
            let guard = branch.guard.as_ref().map(|guard| self.expr(guard));
            let pat = branch.pat.as_ref().map(|pat| self.pat(pat));
            let body = self.expr(&branch.body);
            self.scope.truncate(mark);
            arms.push(SelectArm { pat, future, guard, body });
        }
        self.push(ExprKind::Select(arms.into()), at)
    }
}

impl Lower<'_> {
    /// A macro where items stand.
    pub(crate) fn item_macro(&mut self, call: &syn::ItemMacro, out: &mut Vec<Item>) {
        if call.mac.path.is_ident("macro_rules") {
            self.define(call);
            self.harvest_types(call.mac.tokens.clone());
            return;
        }
        self.ir.macros += 1;
        if let Some(Ok(written)) = self.written_out(&call.mac)
            && let Ok(file) = syn::parse2::<syn::File>(written)
        {
            self.rules.enter();
            file.items.iter().for_each(|item| self.item(item, out));
            self.rules.leave();
            return;
        }
        if call.mac.path.is_ident("include") {
            // Any other argument names what a build script writes, which is not there to be read.
            if let Ok(path) = call.mac.parse_body::<syn::LitStr>() {
                let (name, at) = (self.ir.texts.intern(&path.value()), self.at(path.span()));
                out.push(Item { name, at, all: at, vis: Vis::Private, kind: ItemKind::Include });
            }
        } else if let Some(table) = super::table::read(self, &call.mac) {
            out.push(table);
        } else if let Ok(statics) = call.mac.parse_body_with(statics) {
            for (vis, ident, ty, init) in statics {
                let mut value = self.value(&ty, Some(&init));
                value.thread_local =
                    call.mac.path.segments.last().is_some_and(|last| last.ident == "thread_local");
                out.push(self.named(&ident, &vis, ItemKind::Static(value)));
            }
        } else if let Ok(file) = call.mac.parse_body::<syn::File>() {
            for item in &file.items {
                self.item(item, out);
            }
        } else {
            self.ir.macros_opaque += 1;
            self.harvest_types(call.mac.tokens.clone());
        }
    }

    /// Remembers what the value of a constant or static names, whose body was made last: it is there before anything runs.
    pub(super) fn names_in_value(&mut self) {
        let named = |expr: &crate::lower::ir::Expr| match &expr.kind {
            ExprKind::Path(path) | ExprKind::Struct(path, ..) => Some(path.last()),
            _ => None,
        };
        let exprs = self.bodies.last().into_iter().flat_map(|body| &body.exprs);
        self.macros_name.extend(exprs.filter_map(named));
    }

    /// Remembers what attributes name, such as the value that an argument has by default: derives make of it what they like.
    pub(super) fn names_in_attrs(&mut self, attrs: &[syn::Attribute]) {
        for attr in attrs {
            if let syn::Meta::List(list) = &attr.meta {
                self.harvest_types(list.tokens.clone());
            }
        }
    }

    /// Remembers what looks like names of types and variants, by their first letter.
    fn harvest_types(&mut self, tokens: TokenStream) {
        for tree in tokens {
            match tree {
                TokenTree::Ident(ident) if ident.to_string().starts_with(char::is_uppercase) => {
                    let name = self.sym(&ident);
                    self.macros_name.insert(name);
                }
                TokenTree::Group(group) => self.harvest_types(group.stream()),
                _ => {}
            }
        }
    }

    /// Collects what looks like names of functions and methods.
    fn harvest(&mut self, tokens: TokenStream, out: &mut Vec<Sym>) {
        let mut before: Option<proc_macro2::Ident> = None;
        for tree in tokens {
            match tree {
                TokenTree::Ident(ident) => {
                    before = Some(ident);
                    continue;
                }
                TokenTree::Group(group) => {
                    if let Some(ident) =
                        before.filter(|_| group.delimiter() == proc_macro2::Delimiter::Parenthesis)
                    {
                        out.push(self.sym(&ident));
                    }
                    self.harvest(group.stream(), out);
                }
                _ => {}
            }
            before = None;
        }
    }
}

type StaticParts = (syn::Visibility, proc_macro2::Ident, syn::Type, Expr);

/// The content of `thread_local!` and `lazy_static!`.
fn statics(input: ParseStream<'_>) -> syn::Result<Vec<StaticParts>> {
    let mut all = Vec::new();
    while !input.is_empty() {
        input.call(syn::Attribute::parse_outer)?;
        let vis = input.parse()?;
        input.parse::<Token![static]>()?;
        input.parse::<Option<Token![ref]>>()?;
        let ident = input.parse()?;
        input.parse::<Token![:]>()?;
        let ty = input.parse()?;
        input.parse::<Token![=]>()?;
        all.push((vis, ident, ty, input.parse()?));
        input.parse::<Option<Token![;]>>()?;
    }
    Ok(all)
}
