//! Blocks, branches, loops and closures.

use super::expr::{BodyLower, expr_attrs};
use super::ir::{Arm, ExprId, ExprKind, Range, Stmt, TypeRef};
use super::sym::Sym;

impl BodyLower<'_, '_> {
    pub(crate) fn block(&mut self, block: &syn::Block) -> ExprId {
        let mark = self.scope.len();
        self.nested_items(block);
        let (mut stmts, mut tail) = (Vec::with_capacity(block.stmts.len()), None);
        for stmt in &block.stmts {
            if let Some(last) = tail.take() {
                stmts.push(Stmt::Expr(last));
            }
            tail = self.stmt(stmt, &mut stmts);
        }
        self.scope.truncate(mark);
        let at = self.file.at(block.brace_token.span.open()).to(self.file.at(block.brace_token.span.close()));
        self.push(ExprKind::Block(stmts.into(), tail), at)
    }

    pub(crate) fn nested_items(&mut self, block: &syn::Block) {
        for stmt in &block.stmts {
            if let syn::Stmt::Item(item) = stmt {
                self.file.item(item, &mut self.items);
            }
        }
    }

    /// Lowers one statement; an expression without a semicolon is given back, for it may be the value.
    pub(crate) fn stmt(&mut self, stmt: &syn::Stmt, stmts: &mut Vec<Stmt>) -> Option<ExprId> {
        match stmt {
            syn::Stmt::Item(_) => None,
            syn::Stmt::Local(local) => {
                if self.file.cfg.is_on(&local.attrs) {
                    self.file.allows(&local.attrs, local);
                    let lowered = self.let_stmt(local);
                    stmts.push(lowered);
                }
                None
            }
            syn::Stmt::Macro(call) => {
                if !self.file.cfg.is_on(&call.attrs) {
                    return None;
                }
                let lowered = self.macro_call(&call.mac);
                if call.semi_token.is_some() {
                    stmts.push(Stmt::Expr(lowered));
                    return None;
                }
                Some(lowered)
            }
            syn::Stmt::Expr(expr, semi) => {
                if !self.file.cfg.is_on(expr_attrs(expr)) {
                    return None;
                }
                self.file.allows(expr_attrs(expr), expr);
                let lowered = self.expr(expr);
                if semi.is_some() {
                    stmts.push(Stmt::Expr(lowered));
                    return None;
                }
                Some(lowered)
            }
        }
    }

    pub(crate) fn let_stmt(&mut self, local: &syn::Local) -> Stmt {
        let init = self.boxed(local.init.as_ref().map(|init| &*init.expr));
        let diverge = local.init.as_ref().and_then(|init| init.diverge.as_ref());
        let diverge = self.boxed(diverge.map(|(_, expr)| &**expr));
        let (pat, ty) = match &local.pat {
            syn::Pat::Type(typed) => (&*typed.pat, Some(Box::new(self.file.ty(&typed.ty)))),
            pat => (pat, None),
        };
        Stmt::Let(self.pat(pat), ty, init, diverge)
    }

    pub(crate) fn control(&mut self, expr: &syn::Expr) -> ExprId {
        use syn::Expr as E;
        match expr {
            E::Block(of) => self.block(&of.block),
            E::Unsafe(of) => self.block(&of.block),
            E::Const(of) => self.block(&of.block),
            E::If(of) => self.if_expr(of),
            E::Let(of) => {
                let init = self.expr(&of.expr);
                let pat = self.pat(&of.pat);
                let at = self.span_to(self.at_of(init), of.let_token.span);
                self.push(ExprKind::Let(pat, init), at)
            }
            E::Match(of) => self.match_expr(of),
            E::Loop(of) => {
                let label = self.label(of.label.as_ref());
                let body = self.block(&of.body);
                let at = self.file.at(of.loop_token.span);
                self.push(ExprKind::Loop(body, label), at)
            }
            E::While(of) => {
                let mark = self.scope.len();
                let label = self.label(of.label.as_ref());
                let (cond, body) = (self.expr(&of.cond), self.block(&of.body));
                self.scope.truncate(mark);
                let at = self.file.at(of.while_token.span);
                self.push(ExprKind::While(cond, body, label), at)
            }
            E::ForLoop(of) => {
                let label = self.label(of.label.as_ref());
                let iter = self.expr(&of.expr);
                let mark = self.scope.len();
                let (pat, body) = (self.pat(&of.pat), self.block(&of.body));
                self.scope.truncate(mark);
                let at = self.file.at(of.for_token.span);
                self.push(ExprKind::For(pat, iter, body, label), at)
            }
            E::Closure(of) => self.closure(of),
            E::Async(of) => {
                let body = self.block(&of.block);
                let at = self.file.at(of.async_token.span);
                self.push(ExprKind::Async(body), at)
            }
            E::Return(of) => {
                let (at, value) = (self.file.at(of.return_token.span), self.boxed(of.expr.as_deref()));
                self.push(ExprKind::Return(value), at)
            }
            E::Break(of) => {
                let (at, value) = (self.file.at(of.break_token.span), self.boxed(of.expr.as_deref()));
                let label = of.label.as_ref().map_or(Sym::NONE, |label| self.file.sym(&label.ident));
                self.push(ExprKind::Break(label, value), at)
            }
            E::Continue(of) => {
                let at = self.file.at(of.continue_token.span);
                let label = of.label.as_ref().map_or(Sym::NONE, |label| self.file.sym(&label.ident));
                self.push(ExprKind::Continue(label), at)
            }
            E::Yield(of) => {
                let (at, value) = (self.file.at(of.yield_token.span), self.boxed(of.expr.as_deref()));
                self.push(ExprKind::Tuple(value.into_iter().collect()), at)
            }
            _ => self.push(ExprKind::Unknown, Range::default()),
        }
    }

    pub(crate) fn label(&mut self, label: Option<&syn::Label>) -> Sym {
        label.map_or(Sym::NONE, |label| self.file.sym(&label.name.ident))
    }

    pub(crate) fn if_expr(&mut self, of: &syn::ExprIf) -> ExprId {
        let mark = self.scope.len();
        let (cond, then) = (self.expr(&of.cond), self.block(&of.then_branch));
        self.scope.truncate(mark);
        let otherwise = self.boxed(of.else_branch.as_ref().map(|(_, expr)| &**expr));
        let at = self.file.at(of.if_token.span);
        self.push(ExprKind::If(cond, then, otherwise), at)
    }

    pub(crate) fn match_expr(&mut self, of: &syn::ExprMatch) -> ExprId {
        let on = self.expr(&of.expr);
        let mut arms = Vec::with_capacity(of.arms.len());
        for arm in &of.arms {
            if !self.file.cfg.is_on(&arm.attrs) {
                continue;
            }
            let mark = self.scope.len();
            let pat = self.pat(&arm.pat);
            let guard = self.boxed(arm.guard.as_ref().map(|(_, guard)| &**guard));
            let body = self.expr(&arm.body);
            self.scope.truncate(mark);
            arms.push(Arm { pat, guard, body });
        }
        let at = self.file.at(of.match_token.span);
        self.push(ExprKind::Match(on, arms.into()), at)
    }

    pub(crate) fn closure(&mut self, of: &syn::ExprClosure) -> ExprId {
        let mark = self.scope.len();
        let mut params = Vec::with_capacity(of.inputs.len());
        for input in &of.inputs {
            let (pat, ty) = match input {
                syn::Pat::Type(typed) => (&*typed.pat, self.file.ty(&typed.ty)),
                pat => (pat, TypeRef::Infer),
            };
            params.push((self.pat(pat), ty));
        }
        let body = self.expr(&of.body);
        self.scope.truncate(mark);
        let at = self.file.at(of.or1_token.span);
        self.push(ExprKind::Closure(params.into(), body, of.asyncness.is_some()), at)
    }
}
