//! Bodies: expressions and statements, with locals resolved by scope.

use super::ir::{
    BinOp, Body, BodyId, BodyIr, Expr, ExprId, ExprKind, Item, Lit, LocalId, MethodCall, PathRef, Range,
};
use super::sym::Sym;
use super::{DEPTH_MAX, Lower};
use proc_macro2::Span;

/// State while one body is lowered.
pub(crate) struct BodyLower<'l, 'f> {
    pub(crate) file: &'l mut Lower<'f>,
    pub(crate) body: Body,
    /// Items declared in it.
    pub(crate) items: Vec<Item>,
    /// Locals in sight, innermost last.
    pub(crate) scope: Vec<(Sym, LocalId)>,
    /// Where the scope stood when an or-pattern began.
    pub(crate) alternative_from: Option<usize>,
    pub(crate) depth: u32,
}

impl<'l, 'f> BodyLower<'l, 'f> {
    fn new(file: &'l mut Lower<'f>) -> Self {
        let (body, items, scope) = (Body::default(), Vec::new(), Vec::new());
        Self { file, body, items, scope, alternative_from: None, depth: 0 }
    }

    pub(crate) fn function(file: &'l mut Lower<'f>, sig: &syn::Signature, block: &syn::Block) -> BodyIr {
        let mut this = Self::new(file);
        for input in &sig.inputs {
            let pat = match input {
                syn::FnArg::Receiver(own) => {
                    let name = this.file.ir.texts.intern("self");
                    let at = this.file.at(own.self_token.span);
                    let local = this.bind(name, at);
                    this.push_pat(super::ir::Pat::Bind(local, None))
                }
                syn::FnArg::Typed(typed) => this.pat(&typed.pat),
            };
            this.body.params.push(pat);
        }
        let root = this.block(block);
        this.body.root = Some(root);
        this.finish()
    }

    pub(crate) fn value(file: &'l mut Lower<'f>, init: &syn::Expr) -> BodyIr {
        let mut this = Self::new(file);
        let root = this.expr(init);
        this.body.root = Some(root);
        this.finish()
    }

    fn finish(self) -> BodyIr {
        let code = BodyId(u32::try_from(self.file.bodies.len()).unwrap_or(u32::MAX));
        self.file.bodies.push(self.body);
        BodyIr { code, items: self.items }
    }

    pub(crate) fn push(&mut self, kind: ExprKind, at: Range) -> ExprId {
        let id = ExprId(u32::try_from(self.body.exprs.len()).unwrap_or(u32::MAX));
        self.body.exprs.push(Expr { kind, at });
        id
    }

    pub(crate) fn at_of(&self, id: ExprId) -> Range {
        self.body.expr(id).at
    }

    pub(crate) fn span_to(&self, first: Range, last: Span) -> Range {
        first.to(self.file.at(last))
    }

    pub(crate) fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e syn::Expr>) -> Box<[ExprId]> {
        exprs.into_iter().map(|expr| self.expr(expr)).collect()
    }

    pub(crate) fn boxed(&mut self, expr: Option<&syn::Expr>) -> Option<ExprId> {
        expr.map(|expr| self.expr(expr))
    }

    pub(crate) fn expr(&mut self, expr: &syn::Expr) -> ExprId {
        if self.depth > DEPTH_MAX {
            return self.push(ExprKind::Unknown, Range::default());
        }
        self.depth += 1;
        let id = self.expr_kind(expr);
        self.depth -= 1;
        id
    }

    fn expr_kind(&mut self, expr: &syn::Expr) -> ExprId {
        use syn::Expr as E;
        match expr {
            E::Paren(inner) => self.expr(&inner.expr),
            E::Group(inner) => self.expr(&inner.expr),
            E::Path(path) => self.path_expr(path),
            E::Lit(lit) => self.lit(&lit.lit),
            E::MethodCall(call) => self.method_call(call),
            E::Call(call) => {
                let callee = self.expr(&call.func);
                let args = self.exprs(&call.args);
                let at = self.span_to(self.at_of(callee), call.paren_token.span.close());
                self.push(ExprKind::Call(callee, args), at)
            }
            E::Field(field) => self.field(field),
            E::Index(index) => {
                let (base, key) = (self.expr(&index.expr), self.expr(&index.index));
                let at = self.span_to(self.at_of(base), index.bracket_token.span.close());
                self.push(ExprKind::Index(base, key), at)
            }
            E::Macro(call) => self.macro_call(&call.mac),
            E::Await(of) => self.wrap(&of.base, of.await_token.span, ExprKind::Await),
            E::Try(of) => self.wrap(&of.expr, of.question_token.span, ExprKind::Try),
            E::Reference(of) => {
                let mutable = of.mutability.is_some();
                self.prefix(of.and_token.span, &of.expr, |id| ExprKind::Ref(id, mutable))
            }
            E::RawAddr(of) => self.prefix(of.and_token.span, &of.expr, |id| ExprKind::Ref(id, true)),
            E::Unary(unary) => self.unary(unary),
            E::Binary(binary) => self.binary(binary),
            E::Assign(assign) => {
                let (left, right) = (self.expr(&assign.left), self.expr(&assign.right));
                let at = self.at_of(left).to(self.at_of(right));
                self.push(ExprKind::Assign(left, right), at)
            }
            E::Cast(cast) => {
                let inner = self.expr(&cast.expr);
                let ty = Box::new(self.file.ty(&cast.ty));
                let at = self.at_of(inner);
                self.push(ExprKind::Cast(inner, ty), at)
            }
            E::Struct(of) => self.struct_expr(of),
            E::Tuple(tuple) => {
                let at = self
                    .file
                    .at(tuple.paren_token.span.open())
                    .to(self.file.at(tuple.paren_token.span.close()));
                let elems = self.exprs(&tuple.elems);
                self.push(ExprKind::Tuple(elems), at)
            }
            E::Array(array) => {
                let at = self.file.at(array.bracket_token.span.open());
                let elems = self.exprs(&array.elems);
                self.push(ExprKind::Array(elems), at)
            }
            E::Repeat(repeat) => {
                let at = self.file.at(repeat.bracket_token.span.open());
                let (elem, len) = (self.expr(&repeat.expr), self.expr(&repeat.len));
                self.push(ExprKind::Repeat(elem, len), at)
            }
            E::Range(range) => {
                let (low, high) = (self.boxed(range.start.as_deref()), self.boxed(range.end.as_deref()));
                let at = low.or(high).map_or_else(Range::default, |id| self.at_of(id));
                self.push(ExprKind::Range(low, high), at)
            }
            other => self.control(other),
        }
    }

    pub(crate) fn wrap(
        &mut self,
        inner: &syn::Expr,
        last: Span,
        kind: impl FnOnce(ExprId) -> ExprKind,
    ) -> ExprId {
        let inner = self.expr(inner);
        let at = self.span_to(self.at_of(inner), last);
        self.push(kind(inner), at)
    }

    pub(crate) fn prefix(
        &mut self,
        first: Span,
        inner: &syn::Expr,
        kind: impl FnOnce(ExprId) -> ExprKind,
    ) -> ExprId {
        let inner = self.expr(inner);
        let at = self.span_to(self.at_of(inner), first);
        self.push(kind(inner), at)
    }

    fn path_expr(&mut self, path: &syn::ExprPath) -> ExprId {
        if let (None, Some(ident)) = (&path.qself, path.path.get_ident()) {
            let (name, at) = (self.file.sym(ident), self.file.at(ident.span()));
            if let Some((_, local)) = self.scope.iter().rev().find(|(known, _)| *known == name) {
                let local = *local;
                return self.push(ExprKind::Local(local), at);
            }
            let path = PathRef { segments: Box::new([name]), ..PathRef::default() };
            return self.push(ExprKind::Path(Box::new(path)), at);
        }
        let lowered = self.file.qualified(path.qself.as_ref(), &path.path);
        let first = path.path.segments.first().map_or_else(Span::call_site, |segment| segment.ident.span());
        let last = path.path.segments.last().map_or_else(Span::call_site, |segment| segment.ident.span());
        let at = self.file.at(first).to(self.file.at(last));
        self.push(ExprKind::Path(Box::new(lowered)), at)
    }

    fn lit(&mut self, lit: &syn::Lit) -> ExprId {
        let kind = match lit {
            syn::Lit::Int(int) => {
                let suffix = int.suffix();
                let suffix = if suffix.is_empty() { Sym::NONE } else { Sym::new(suffix) };
                Lit::Int(int.base10_parse().unwrap_or(u64::MAX), suffix)
            }
            syn::Lit::Float(_) => Lit::Float,
            syn::Lit::Str(_) => Lit::Str,
            syn::Lit::Bool(value) => Lit::Bool(value.value),
            syn::Lit::Char(_) => Lit::Char,
            _ => Lit::Bytes,
        };
        let at = self.file.at(lit.span());
        self.push(ExprKind::Lit(kind), at)
    }

    fn method_call(&mut self, call: &syn::ExprMethodCall) -> ExprId {
        let recv = self.expr(&call.receiver);
        let args = self.exprs(&call.args);
        let (name, name_at) = (self.file.sym(&call.method), self.file.at(call.method.span()));
        let turbofish = call.turbofish.iter().flat_map(|list| &list.args);
        let types = turbofish
            .filter_map(|arg| match arg {
                syn::GenericArgument::Type(ty) => Some(self.file.ty(ty)),
                _ => None,
            })
            .collect();
        let at = self.span_to(self.at_of(recv), call.paren_token.span.close());
        self.push(ExprKind::Method(Box::new(MethodCall { recv, name, name_at, types, args })), at)
    }

    fn field(&mut self, field: &syn::ExprField) -> ExprId {
        let base = self.expr(&field.base);
        let (name, last) = match &field.member {
            syn::Member::Named(ident) => (self.file.sym(ident), ident.span()),
            syn::Member::Unnamed(index) => (self.file.ir.texts.intern(&index.index.to_string()), index.span),
        };
        let at = self.span_to(self.at_of(base), last);
        self.push(ExprKind::Field(base, name), at)
    }

    fn unary(&mut self, unary: &syn::ExprUnary) -> ExprId {
        match &unary.op {
            syn::UnOp::Deref(token) => self.prefix(token.span, &unary.expr, ExprKind::Deref),
            syn::UnOp::Not(token) => self.prefix(token.span, &unary.expr, ExprKind::Not),
            syn::UnOp::Neg(token) => self.prefix(token.span, &unary.expr, ExprKind::Neg),
            _ => self.push(ExprKind::Unknown, Range::default()),
        }
    }

    fn binary(&mut self, binary: &syn::ExprBinary) -> ExprId {
        let (left, right) = (self.expr(&binary.left), self.expr(&binary.right));
        let at = self.at_of(left).to(self.at_of(right));
        let (op, assigns) = operator(&binary.op);
        let kind = match assigns {
            true => ExprKind::AssignOp(op, left, right),
            false => ExprKind::Binary(op, left, right),
        };
        self.push(kind, at)
    }

    fn struct_expr(&mut self, of: &syn::ExprStruct) -> ExprId {
        let path = Box::new(self.file.qualified(of.qself.as_ref(), &of.path));
        let mut fields = Vec::with_capacity(of.fields.len());
        for field in &of.fields {
            if !self.file.cfg.is_on(&field.attrs) {
                continue;
            }
            let name = match &field.member {
                syn::Member::Named(ident) => self.file.sym(ident),
                syn::Member::Unnamed(index) => self.file.ir.texts.intern(&index.index.to_string()),
            };
            fields.push((name, self.expr(&field.expr)));
        }
        let base = self.boxed(of.rest.as_deref());
        let at = of.path.segments.first().map_or_else(Span::call_site, |segment| segment.ident.span());
        let at = self.file.at(at).to(self.file.at(of.brace_token.span.close()));
        self.push(ExprKind::Struct(path, fields.into(), base), at)
    }
}

fn operator(op: &syn::BinOp) -> (BinOp, bool) {
    use syn::BinOp as B;
    match op {
        B::Add(_) => (BinOp::Add, false),
        B::Sub(_) => (BinOp::Sub, false),
        B::Lt(_) => (BinOp::Lt, false),
        B::Le(_) => (BinOp::Le, false),
        B::Gt(_) => (BinOp::Gt, false),
        B::Ge(_) => (BinOp::Ge, false),
        B::Eq(_) => (BinOp::Eq, false),
        B::Ne(_) => (BinOp::Ne, false),
        B::And(_) => (BinOp::And, false),
        B::Or(_) => (BinOp::Or, false),
        B::Rem(_) => (BinOp::Rem, false),
        B::AddAssign(_) => (BinOp::Add, true),
        B::SubAssign(_) => (BinOp::Sub, true),
        B::MulAssign(_)
        | B::DivAssign(_)
        | B::RemAssign(_)
        | B::BitXorAssign(_)
        | B::BitAndAssign(_)
        | B::BitOrAssign(_)
        | B::ShlAssign(_)
        | B::ShrAssign(_) => (BinOp::Other, true),
        _ => (BinOp::Other, false),
    }
}

pub(crate) fn expr_attrs(expr: &syn::Expr) -> &[syn::Attribute] {
    use syn::Expr as E;
    match expr {
        E::Call(of) => &of.attrs,
        E::MethodCall(of) => &of.attrs,
        E::Loop(of) => &of.attrs,
        E::While(of) => &of.attrs,
        E::ForLoop(of) => &of.attrs,
        E::If(of) => &of.attrs,
        E::Match(of) => &of.attrs,
        E::Block(of) => &of.attrs,
        E::Unsafe(of) => &of.attrs,
        E::Assign(of) => &of.attrs,
        E::Binary(of) => &of.attrs,
        E::Await(of) => &of.attrs,
        E::Try(of) => &of.attrs,
        E::Return(of) => &of.attrs,
        E::Macro(of) => &of.attrs,
        _ => &[],
    }
}
