//! Conditions that bound a place from above.
//!
//! `len() < MAX` bounds where it holds; `len() >= MAX` bounds behind a way out. A test against 0 or 1 says
//! nothing about growth. A counter that the same body raises stands for the place that it counts.

use super::limits::is_limit;
use super::present::LOOKS;
use super::turns::DIVERGES;
use super::{Place, Walk};
use crate::lower::ir::{BinOp, ExprId, ExprKind, Lit, Stmt};
use crate::lower::sym::{Sym, syms};
use crate::models::Effect;
use crate::types::{Callee, Interner, Ty, TyKind};

/// How much is held where a branch begins.
#[derive(Clone, Copy)]
pub(super) struct Held {
    guards: usize,
    tests: usize,
    present: usize,
    bare: usize,
}

impl Walk<'_, '_> {
    /// What is held here, for [`Walk::release`] behind the branch.
    pub(super) fn mark(&self) -> Held {
        let (guards, tests, present) = (self.guards.len(), self.under.tests.len(), self.present.len());
        Held { guards, tests, present, bare: self.bare.len() }
    }

    /// Forgets what was held within a branch.
    pub(super) fn release(&mut self, held: Held) {
        self.guards.truncate(held.guards);
        self.under.tests.truncate(held.tests);
        self.present.truncate(held.present);
        self.bare.truncate(held.bare);
    }

    /// Notes what holds if `cond` is `holds`; the caller cuts the lists back.
    pub(super) fn assume(&mut self, cond: ExprId, holds: bool) {
        let body = self.body;
        self.note_found(cond, holds);
        match &body.expr(cond).kind {
            ExprKind::Binary(BinOp::And, left, right) if holds => {
                self.assume(*left, true);
                self.assume(*right, true);
            }
            ExprKind::Binary(BinOp::Or, left, right) if !holds => {
                self.assume(*left, false);
                self.assume(*right, false);
            }
            ExprKind::Binary(BinOp::Or, left, right) => {
                self.known_or_limited(*left, *right);
                self.known_or_limited(*right, *left);
            }
            ExprKind::Not(inner) => self.assume(*inner, !holds),
            ExprKind::Binary(op, left, right) => self.compare(*op, *left, *right, holds),
            // `if self.check_room().is_err() { return }`
            ExprKind::Method(call) if self.call_of(cond).is_none() => {
                self.under.tests.extend(self.call_of(call.recv));
            }
            ExprKind::Method(_) | ExprKind::Call(..) => {
                if let Some(call) = self.call_of(cond)
                    && self.ty(cond) == Ty::BOOL
                {
                    self.under.tests.push(call);
                    self.asks_for_room(cond);
                }
            }
            ExprKind::Await(inner) | ExprKind::Try(inner) => self.assume(*inner, holds),
            // `if let Err(full) = self.check_room() { return .. }`
            ExprKind::Let(_, init) => self.under.tests.extend(self.call_of(*init)),
            _ => {}
        }
    }

    /// `is_full(m.len(), ROOMS_MAX)`: a function that is given how many there are, and a limit of that, compares the two.
    fn asks_for_room(&mut self, call: ExprId) {
        let body = self.body;
        let args: &[ExprId] = match &body.expr(call).kind {
            ExprKind::Call(_, args) => args,
            ExprKind::Method(call) => &call.args,
            _ => return,
        };
        if !args.iter().any(|arg| is_limit(&self.program.names, body, *arg)) {
            return;
        }
        for arg in args {
            match &body.expr(*arg).kind {
                ExprKind::Method(len) if self.effect(*arg) == Effect::Len => {
                    self.guards.extend(self.place(len.recv));
                }
                ExprKind::Local(local) => self.guards.extend(self.lengths[local.0 as usize]),
                _ => {}
            }
        }
    }

    /// `m.contains_key(&k) || m.len() < MAX`: what is there already adds nothing.
    fn known_or_limited(&mut self, known: ExprId, limit: ExprId) {
        let ExprKind::Method(call) = &self.body.expr(known).kind else { return };
        let Some(place) = self.place(call.recv).filter(|_| LOOKS.contains(&call.name)) else { return };
        let held = self.mark();
        self.assume(limit, true);
        let is_limited = self.guards[held.guards..].contains(&place);
        self.release(held);
        if is_limited {
            self.guards.push(place);
        }
    }

    /// A function that ends in a choice between what it permits and what it refuses:
    /// `if m.len() < MAX { Ok(()) } else { Err(Full) }`.
    pub(super) fn permits(&mut self, tail: ExprId) {
        let ExprKind::If(cond, then, Some(otherwise)) = self.body.expr(tail).kind else { return };
        match (self.verdict(then), self.verdict(otherwise)) {
            (Some(true), Some(false)) => self.assume(cond, true),
            (Some(false), Some(true)) => self.assume(cond, false),
            _ => {}
        }
    }

    /// Whether a branch ends in a permission, or in a refusal.
    fn verdict(&self, id: ExprId) -> Option<bool> {
        const YES: [Sym; 2] = syms(["Ok", "Some"]);
        const NO: [Sym; 2] = syms(["Err", "None"]);
        let named = |name: Sym| YES.contains(&name).then_some(true).or(NO.contains(&name).then_some(false));
        match &self.body.expr(id).kind {
            ExprKind::Block(_, Some(tail)) => self.verdict(*tail),
            ExprKind::Lit(Lit::Bool(says)) => Some(*says),
            ExprKind::Path(path) => named(path.last()),
            ExprKind::Call(callee, _) => match &self.body.expr(*callee).kind {
                ExprKind::Path(path) => named(path.last()),
                _ => None,
            },
            _ => None,
        }
    }

    fn compare(&mut self, op: BinOp, left: ExprId, right: ExprId, holds: bool) {
        let smaller = match (op, holds) {
            (BinOp::Lt | BinOp::Le, true) | (BinOp::Gt | BinOp::Ge, false) => Some((left, right)),
            (BinOp::Gt | BinOp::Ge, true) | (BinOp::Lt | BinOp::Le, false) => Some((right, left)),
            // `if len() == capacity() { return }`
            (BinOp::Eq, false) | (BinOp::Ne, true) => Some((left, right)),
            _ => None,
        };
        let Some((small, bound)) = smaller else { return };
        if let ExprKind::Lit(Lit::Int(0 | 1, _)) = self.body.expr(bound).kind {
            return;
        }
        let either = op == BinOp::Eq || op == BinOp::Ne;
        let before = self.guards.len();
        self.measured(bound, 0);
        let of_bound: Vec<Place> = self.guards.drain(before..).collect();
        self.measured(small, 0);
        // `len() >= length_before` compares a place with itself.
        let own: Vec<Place> = self.guards.drain(before..).filter(|place| !of_bound.contains(place)).collect();
        self.guards.extend(own);
        if either {
            self.guards.extend(of_bound);
        }
    }

    /// Notes the places whose size `id` tells.
    fn measured(&mut self, id: ExprId, depth: u32) {
        if depth > 8 {
            return;
        }
        let body = self.body;
        match &body.expr(id).kind {
            ExprKind::Binary(_, left, right) => {
                self.measured(*left, depth + 1);
                self.measured(*right, depth + 1);
            }
            ExprKind::Cast(inner, _)
            | ExprKind::Deref(inner)
            | ExprKind::Ref(inner, _)
            | ExprKind::Try(inner) => {
                self.measured(*inner, depth + 1);
            }
            ExprKind::Method(call) => {
                if self.effect(id) == Effect::Len
                    && let Some(place) = self.place(call.recv)
                {
                    self.guards.push(place);
                }
                if let Some(site) = self.call_of(id) {
                    self.under.tests.push(site);
                }
                // `self.bytes.load(..)`, `self.count.get()`, `self.free.saturating_sub(n)`
                let is_capacity = self.effect(id) == Effect::Capacity;
                if let Some(place) =
                    self.place(call.recv).filter(|place| place.field.is_some() && !is_capacity)
                {
                    self.guards.push(place);
                }
            }
            ExprKind::Field(..) => self.guards.extend(self.place(id)),
            ExprKind::Local(local) => match self.lengths[local.0 as usize] {
                Some(place) => self.guards.push(place),
                None => self.guards.push(self.local_place(*local)),
            },
            ExprKind::Call(..) => self.under.tests.extend(self.call_of(id)),
            _ => {}
        }
    }

    /// Whether a condition asks if a time has passed.
    pub(super) fn is_timed(&self, cond: ExprId, depth: u32) -> bool {
        const ASKS: [Sym; 5] = syms(["is_expired", "expired", "elapsed", "has_expired", "is_stale"]);
        const OF_VALUE: [Sym; 6] =
            syms(["is_some_and", "is_none_or", "is_ok_and", "map_or", "filter", "map"]);
        const SAYS: [Sym; 3] = syms(["is_some", "is_none", "unwrap_or"]);
        const TIMES: [Sym; 4] = syms(["Instant", "SystemTime", "Duration", "DateTime"]);
        if depth > 4 {
            return false;
        }
        match &self.body.expr(cond).kind {
            ExprKind::Binary(BinOp::And | BinOp::Or, left, right) => {
                self.is_timed(*left, depth + 1) || self.is_timed(*right, depth + 1)
            }
            ExprKind::Binary(BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge, left, _) => {
                matches!(self.inferred.types.kind(self.ty(*left)), TyKind::Foreign(foreign, _)
                    if TIMES.contains(&foreign.last))
            }
            ExprKind::Not(inner) => self.is_timed(*inner, depth + 1),
            // `entry.is_some_and(|(_, until)| *until <= now)`
            ExprKind::Method(call) => {
                ASKS.contains(&call.name)
                    || OF_VALUE.contains(&call.name)
                        && call.args.iter().any(|arg| self.is_timed(*arg, depth + 1))
                    || SAYS.contains(&call.name) && self.is_timed(call.recv, depth + 1)
            }
            ExprKind::Closure(_, inner, _) | ExprKind::Block(_, Some(inner)) | ExprKind::Let(_, inner) => {
                self.is_timed(*inner, depth + 1)
            }
            ExprKind::Call(callee, _) => {
                matches!(&self.body.expr(*callee).kind, ExprKind::Path(path) if ASKS.contains(&path.last()))
            }
            _ => false,
        }
    }

    /// Whether the place is bounded here.
    pub(super) fn is_guarded(&self, place: Place) -> bool {
        let same = |guard: &Place| {
            guard.field == place.field && guard.depth == place.depth && {
                guard.root == place.root || place.field.is_some()
            }
        };
        let counts = |guard: &Place| {
            self.raised.iter().any(|raised| raised.field == guard.field && raised.root == guard.root)
        };
        self.guards.iter().any(|guard| same(guard) || (*guard != place && counts(guard)))
    }

    /// The effect of the method or function called at `id`.
    pub(super) fn effect(&self, id: ExprId) -> Effect {
        match self.inferred.callees.get(&id) {
            Some(Callee::Model(callable)) => self.program.models.callable(*callable).effect,
            _ => Effect::None,
        }
    }

    /// Whether control does not come out at the end of `id`, and which loop it leaves, if one.
    pub(super) fn diverges(&self, id: ExprId) -> bool {
        match &self.body.expr(id).kind {
            ExprKind::Return(_) | ExprKind::Break(..) | ExprKind::Continue(_) => true,
            ExprKind::Block(stmts, tail) => {
                tail.is_some_and(|tail| self.diverges(tail))
                    || stmts.iter().any(|stmt| matches!(stmt, Stmt::Expr(expr) if self.diverges(*expr)))
            }
            ExprKind::If(_, then, Some(otherwise)) => self.diverges(*then) && self.diverges(*otherwise),
            ExprKind::Match(_, arms) => !arms.is_empty() && arms.iter().all(|arm| self.diverges(arm.body)),
            ExprKind::Macro(name, _) => DIVERGES.contains(name),
            ExprKind::Call(..) => match self.inferred.callees.get(&id) {
                Some(Callee::Model(callable)) => self.program.models.callable(*callable).diverges,
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether `id` leaves the function or the loop around it.
    pub(super) fn leaves_loop(&self, id: ExprId) -> bool {
        match &self.body.expr(id).kind {
            ExprKind::Return(_) | ExprKind::Break(..) => true,
            ExprKind::Block(stmts, tail) => {
                tail.is_some_and(|tail| self.leaves_loop(tail))
                    || stmts.iter().any(|stmt| matches!(stmt, Stmt::Expr(expr) if self.leaves_loop(*expr)))
            }
            _ => false,
        }
    }
}
