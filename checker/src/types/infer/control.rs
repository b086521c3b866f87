//! Blocks, branches, loops, closures, and what awaiting and `?` give.

use super::Infer;
use crate::lower::ir::{Arm, ExprId, ExprKind, SelectArm, Stmt, TypeRef};
use crate::lower::sym::Sym;
use crate::types::program::future;
use crate::types::ty::{Ty, TyKind};

impl Infer<'_, '_> {
    pub(super) fn control(&mut self, kind: &ExprKind, expected: Ty) -> Ty {
        match kind {
            ExprKind::Block(stmts, tail) => self.block(stmts, *tail, expected),
            ExprKind::If(cond, then, otherwise) => {
                self.expr(*cond);
                let then = self.expect(*then, expected);
                match otherwise {
                    Some(otherwise) => {
                        let other = self.expect(*otherwise, expected);
                        self.unify(then, other);
                        self.first_known(then, other)
                    }
                    None => Ty::UNIT,
                }
            }
            ExprKind::Let(pat, init) => {
                let ty = self.expr(*init);
                self.bind(*pat, ty);
                Ty::BOOL
            }
            ExprKind::Match(on, arms) => self.match_arms(*on, arms, expected),
            ExprKind::Loop(body, _) => {
                self.expr(*body);
                expected
            }
            ExprKind::While(cond, body, _) => {
                self.expr(*cond);
                self.expr(*body);
                Ty::UNIT
            }
            ExprKind::For(pat, iter, body, _) => {
                let iter = self.expr(*iter);
                let item = self.element(iter);
                self.bind(*pat, item);
                self.expr(*body);
                Ty::UNIT
            }
            ExprKind::Closure(params, body, is_async) => self.closure(params, *body, *is_async, expected),
            ExprKind::Async(body) => {
                let inner = self.awaited(expected);
                let value = self.expect(*body, inner);
                future(self.program.models, &mut self.types, value)
            }
            ExprKind::Await(inner) => {
                let ty = self.expr(*inner);
                self.awaited(ty)
            }
            ExprKind::Try(inner) => {
                let ty = self.expr(*inner);
                self.tried(ty)
            }
            ExprKind::Return(value) => {
                if let Some(value) = value {
                    let wanted = self.value;
                    self.expect(*value, wanted);
                }
                Ty::NEVER
            }
            ExprKind::Break(_, value) => {
                if let Some(value) = value {
                    self.expr(*value);
                }
                Ty::NEVER
            }
            ExprKind::Continue(_) => Ty::NEVER,
            ExprKind::Select(arms) => self.select(arms, expected),
            _ => Ty::UNKNOWN,
        }
    }

    pub(super) fn first_known(&self, a: Ty, b: Ty) -> Ty {
        match (self.shape(a), self.shape(b)) {
            (TyKind::Unknown | TyKind::Never, _) => b,
            // Two branches that differ were references, and the more general one is what they have in common.
            (TyKind::Foreign(..), TyKind::Seq(_)) => b,
            (TyKind::Foreign(..), TyKind::Prim(_)) if self.head(b) == Ty::STR => b,
            _ => a,
        }
    }

    fn match_arms(&mut self, on: ExprId, arms: &[Arm], expected: Ty) -> Ty {
        let on = self.expr(on);
        let mut value = Ty::NEVER;
        for arm in arms {
            self.bind(arm.pat, on);
            if let Some(guard) = arm.guard {
                self.expr(guard);
            }
            let ty = self.expect(arm.body, expected);
            self.unify(value, ty);
            value = self.first_known(value, ty);
        }
        value
    }

    fn select(&mut self, arms: &[SelectArm], expected: Ty) -> Ty {
        let mut value = Ty::NEVER;
        for arm in arms {
            let future = arm.future.map_or(Ty::UNKNOWN, |future| self.expr(future));
            let given = self.awaited(future);
            if let Some(pat) = arm.pat {
                self.bind(pat, given);
            }
            if let Some(guard) = arm.guard {
                self.expr(guard);
            }
            let ty = self.expect(arm.body, expected);
            value = self.first_known(value, ty);
        }
        value
    }

    pub(super) fn block(&mut self, stmts: &[Stmt], tail: Option<ExprId>, expected: Ty) -> Ty {
        let mut diverges = false;
        for stmt in stmts {
            match stmt {
                Stmt::Let(pat, written, init, diverge) => {
                    let mut ty = match written {
                        Some(ty) => self.written(ty),
                        None => self.hole(),
                    };
                    if let Some(init) = init {
                        let given = self.expect(*init, ty);
                        self.unify(ty, given);
                        // What branches have in common may be less than the first of them.
                        if written.is_none() && !matches!(self.shape(given), TyKind::Unknown | TyKind::Never)
                        {
                            ty = given;
                        }
                    }
                    if let Some(diverge) = diverge {
                        self.expr(*diverge);
                    }
                    self.bind(*pat, ty);
                }
                Stmt::Expr(id) => {
                    let ty = self.expr(*id);
                    diverges |= ty == Ty::NEVER;
                }
            }
        }
        match tail {
            Some(tail) => self.expect(tail, expected),
            None if diverges => Ty::NEVER,
            None => Ty::UNIT,
        }
    }

    pub(super) fn closure(
        &mut self,
        params: &[(crate::lower::ir::PatId, TypeRef)],
        body: ExprId,
        is_async: bool,
        expected: Ty,
    ) -> Ty {
        let (wanted, wanted_ret) = match self.shape(expected) {
            TyKind::Fn(args, ret) => (args, ret),
            _ => (Box::default(), Ty::UNKNOWN),
        };
        let mut types = Vec::with_capacity(params.len());
        for (index, (pat, written)) in params.iter().enumerate() {
            let ty = self.written(written);
            if let Some(wanted) = wanted.get(index) {
                self.unify(ty, *wanted);
            }
            self.bind(*pat, ty);
            types.push(ty);
        }
        // A `return` inside gives the closure's value, not the function's.
        let inner = if is_async { Ty::UNKNOWN } else { wanted_ret };
        let outer = std::mem::replace(&mut self.value, inner);
        let mut ret = self.expect(body, inner);
        self.value = outer;
        if is_async {
            ret = future(self.program.models, &mut self.types, ret);
        }
        self.intern(TyKind::Fn(types.into(), ret))
    }

    /// What awaiting a value gives.
    pub(super) fn awaited(&mut self, ty: Ty) -> Ty {
        let mut at = self.head(ty);
        for _ in 0..super::unify::DEREF_MAX {
            match self.shape(at) {
                TyKind::Foreign(foreign, args) => {
                    if foreign.path == Sym::path("std::future::Future") {
                        return args.first().copied().unwrap_or(Ty::UNKNOWN);
                    }
                    let handles =
                        [Sym::path("tokio::task::JoinHandle"), Sym::path("std::thread::JoinHandle")];
                    if handles.contains(&foreign.path)
                        || foreign.path == Sym::path("tokio::sync::oneshot::Receiver")
                    {
                        let error = self.named("Error", &[]);
                        let value = args.first().copied().unwrap_or(Ty::UNKNOWN);
                        return self.named("Result", &[value, error]);
                    }
                    if foreign.path == Sym::path("locus::Ask") {
                        let (answer, error) = (self.hole(), self.named("Error", &[]));
                        return self.named("Result", &[answer, error]);
                    }
                }
                TyKind::Adt(adt, _) => {
                    let poll = self.program.methods.get(&(adt, Sym::new("poll")));
                    if let Some(poll) = poll.and_then(|fns| fns.first()).copied() {
                        let ret = self.instantiate_ret(poll, at);
                        if let TyKind::Foreign(_, args) = self.shape(ret) {
                            return args.first().copied().unwrap_or(Ty::UNKNOWN);
                        }
                    }
                }
                _ => {}
            }
            match self.deref(at) {
                Some(target) => at = self.head(target),
                None => break,
            }
        }
        Ty::UNKNOWN
    }

    /// What `?` gives.
    pub(super) fn tried(&mut self, ty: Ty) -> Ty {
        match self.shape(ty) {
            TyKind::Foreign(foreign, args) if !args.is_empty() => {
                let known = ["Option", "Result"].iter().any(|name| Sym::new(name) == foreign.last);
                if known { args[0] } else { Ty::UNKNOWN }
            }
            _ => Ty::UNKNOWN,
        }
    }
}
