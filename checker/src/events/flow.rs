//! Blocks, branches and matches: what holds where, and which way leads out.

use super::{Place, Root, Walk, What};
use crate::lower::ir::{Arm, ExprId, ExprKind, PatId, SelectArm, Stmt};
use crate::lower::sym::Sym;
use crate::models::Effect;

impl Walk<'_, '_> {
    pub(super) fn control(&mut self, id: ExprId, kind: &ExprKind) -> Option<Place> {
        match kind {
            ExprKind::Block(stmts, tail) => self.block(stmts, *tail),
            ExprKind::If(cond, then, otherwise) => self.if_else(*cond, *then, *otherwise),
            ExprKind::Let(pat, init) => {
                let before = self.facts.events.len();
                let place = self.visit(*init);
                self.under.on_error |= self.is_error(*pat);
                self.under.on_success |= self.is_success(*pat);
                self.bind(*pat, place);
                self.note_popped(*pat, before..self.facts.events.len());
                None
            }
            ExprKind::Match(on, arms) => self.match_arms(*on, arms),
            ExprKind::Loop(body, label) => {
                self.enter_loop(id, *body, *label, true, None);
                None
            }
            ExprKind::While(cond, body, label) => {
                let always =
                    matches!(self.body.expr(*cond).kind, ExprKind::Lit(crate::lower::ir::Lit::Bool(true)));
                self.enter_loop(id, *body, *label, always, Some(*cond));
                None
            }
            ExprKind::For(pat, iter, body, _) => {
                self.for_loop(id, *pat, *iter, *body);
                None
            }
            ExprKind::Closure(params, body, _) if self.served.contains(&id) => {
                self.served(id, |walk| {
                    params.iter().for_each(|(pat, _)| walk.bind(*pat, None));
                    walk.visit(*body);
                });
                None
            }
            ExprKind::Closure(params, body, _) => {
                let outer = (self.under.on_error, self.under.leaves);
                for (pat, _) in params {
                    self.bind(*pat, None);
                }
                self.visit(*body);
                (self.under.on_error, self.under.leaves) = outer;
                None
            }
            ExprKind::Async(body) => self.visit(*body),
            ExprKind::Return(value) | ExprKind::Break(_, value) => {
                if let Some(value) = value {
                    let place = self.visit(*value);
                    if matches!(kind, ExprKind::Return(_)) && self.gives_part() {
                        self.facts.returns.extend(place);
                    }
                }
                None
            }
            ExprKind::Select(arms) => {
                arms.iter().for_each(|arm| self.select_arm(arm));
                None
            }
            _ => None,
        }
    }

    fn if_else(&mut self, cond: ExprId, then: ExprId, otherwise: Option<ExprId>) -> Option<Place> {
        let outer = self.under.clone();
        self.visit(cond);
        self.under.timed |= self.is_timed(cond, 0);
        let held = self.mark();
        self.assume(cond, true);
        self.enter_then(cond, then);
        self.note_bare_cond(cond);
        let place = self.branch(then);
        self.release(held);
        (self.under.on_error, self.under.on_success) = (outer.on_error, outer.on_success);
        self.under.in_arm = outer.in_arm;
        self.under.timed = outer.timed;
        if let Some(otherwise) = otherwise {
            self.assume(cond, false);
            let other = self.branch(otherwise);
            self.release(held);
            return place.or(other);
        }
        None
    }

    fn for_loop(&mut self, id: ExprId, pat: PatId, iter: ExprId, body: ExprId) {
        let place = self.visit(iter);
        let incoming = self.incoming(iter);
        let waits = self.waits_on(incoming.unwrap_or(iter));
        let outer = self.open_loop(id, false);
        self.loop_mut().is_for = true;
        self.loop_mut().waits |= waits;
        self.loop_mut().accepts |= waits && incoming.is_some();
        self.bind(pat, place);
        self.visit(body);
        self.close_loop(outer);
    }

    fn select_arm(&mut self, arm: &SelectArm) {
        let outer = self.under.clone();
        if let Some(future) = arm.future {
            self.accept(future, true);
            if self.waits_on(future) {
                // `recv(channel) -> message`: what is named is the channel itself, and no call.
                self.wait(false);
            }
        }
        let place = arm.future.and_then(|future| self.visit(future));
        let held = self.mark();
        if let Some(guard) = arm.guard {
            self.visit(guard);
            self.assume(guard, true);
        }
        if let Some(pat) = arm.pat {
            self.bind(pat, place);
        }
        self.branch(arm.body);
        self.release(held);
        self.under = outer;
    }

    /// A branch, which may be a way out of a loop.
    pub(super) fn branch(&mut self, id: ExprId) -> Option<Place> {
        let outer = (self.under.leaves, self.under.on_error);
        if self.leaves_loop(id) && self.under.in_loop.is_some() {
            self.under.leaves = self.under.leaves.or(self.under.in_loop);
        }
        let place = self.visit(id);
        (self.under.leaves, self.under.on_error) = outer;
        place
    }

    pub(super) fn match_arms(&mut self, on: ExprId, arms: &[Arm]) -> Option<Place> {
        let before = self.facts.events.len();
        let place = self.visit(on);
        let of_value = before..self.facts.events.len();
        let (mut value, mut behind) = (None, on);
        for arm in arms {
            let outer = self.under.clone();
            self.enter_arm(arm.pat, behind, arm.body);
            behind = arm.body;
            let held = self.mark();
            self.under.on_error |= self.is_error(arm.pat);
            self.under.on_success |= self.is_success(arm.pat);
            if self.is_found(arm.pat) {
                self.found(on);
            }
            self.bind(arm.pat, place);
            self.note_bare(arm.pat, place);
            self.note_popped(arm.pat, of_value.clone());
            self.note_length(arm.pat, on);
            if let Some(guard) = arm.guard {
                self.visit(guard);
                self.under.timed |= self.is_timed(guard, 0);
                self.assume(guard, true);
            }
            value = value.or(self.branch(arm.body));
            self.release(held);
            self.under = outer;
        }
        value
    }

    pub(super) fn block(&mut self, stmts: &[Stmt], tail: Option<ExprId>) -> Option<Place> {
        let (held, on_error) = (self.mark(), self.under.on_error);
        let is_outermost = !std::mem::replace(&mut self.in_block, true);
        for stmt in stmts {
            match stmt {
                Stmt::Let(pat, _, init, diverge) => {
                    let before = self.facts.events.len();
                    let place = init.and_then(|init| self.visit(init));
                    self.note_popped(*pat, before..self.facts.events.len());
                    if let Some(diverge) = diverge {
                        self.branch(*diverge);
                    }
                    self.bind_value(*pat, *init, place);
                    if let (Some(init), Some(place)) = (init, place) {
                        self.taken_apart(*pat, *init, place);
                    }
                    if let (Some(init), true) = (init, diverge.is_some() && self.is_found(*pat)) {
                        self.found(*init);
                    }
                    if let (Some(Root::Call(call)), Some(local)) =
                        (place.map(|place| place.root), self.only_local(*pat))
                    {
                        self.facts.call_locals.push((call, local));
                    }
                    if let Some(init) = init {
                        self.note_alternatives(*init);
                        self.note_length(*pat, *init);
                        self.after(*init);
                    }
                }
                Stmt::Expr(id) => {
                    self.visit(*id);
                    self.after(*id);
                }
            }
        }
        let place = tail.and_then(|tail| self.visit(tail));
        if is_outermost {
            // What was tested with a way out holds for who gets past the end.
            self.facts.measures.extend(self.guards.iter().copied());
        }
        self.release(held);
        self.under.on_error = on_error;
        self.in_block = !is_outermost;
        place
    }

    /// What holds behind a statement: the opposite of a condition that led out, or what was asserted.
    pub(super) fn after(&mut self, id: ExprId) {
        let body = self.body;
        self.found_or_left(id);
        match &body.expr(id).kind {
            ExprKind::If(cond, then, None) if self.diverges(*then) => self.assume(*cond, false),
            ExprKind::Macro(name, args) => {
                let asserts =
                    ["assert", "debug_assert", "ensure"].iter().any(|known| Sym::new(known) == *name);
                if let (true, Some(cond)) = (asserts, args.first()) {
                    self.assume(*cond, true);
                }
            }
            // `self.check_room()?`
            ExprKind::Try(inner) => {
                let inner = match &body.expr(*inner).kind {
                    ExprKind::Await(inner) => *inner,
                    _ => *inner,
                };
                self.under.tests.extend(self.call_of(inner));
            }
            // `while q.len() >= MAX { q.pop_front(); }`
            ExprKind::While(cond, inner, _) if !self.is_empty(*inner) => self.assume(*cond, false),
            _ => {}
        }
    }

    /// A block without anything in it: a loop over it does not make its condition false.
    fn is_empty(&self, id: ExprId) -> bool {
        matches!(&self.body.expr(id).kind, ExprKind::Block(stmts, None) if stmts.is_empty())
    }

    /// `if let Some(x) = self.q.pop()`: `x` came from there.
    pub(super) fn note_popped(&mut self, pat: PatId, events: std::ops::Range<usize>) {
        let shrunk = self.facts.events[events].iter().find(|event| event.what == What::Shrink);
        let (Some(event), Some(local)) = (shrunk, self.only_local(pat)) else { return };
        self.popped_from[local.0 as usize] = Some((event.place, event.at));
    }

    /// `let queue = match kind { A => &mut self.a, B => &mut self.b };`
    pub(super) fn note_alternatives(&mut self, init: ExprId) {
        let Some(head) = self.place(init) else { return };
        let others = self.branches(init, 0).into_iter().filter(|place| *place != head);
        let others: Vec<_> = others.map(|other| (head, other)).collect();
        self.alternatives.extend(others);
    }

    /// The places of the values that the branches of an expression end in.
    pub(super) fn branches(&self, id: ExprId, depth: u32) -> Vec<Place> {
        let inner: Vec<ExprId> = match &self.body.expr(id).kind {
            ExprKind::Block(_, tail) => tail.iter().copied().collect(),
            ExprKind::If(_, then, otherwise) => std::iter::once(*then).chain(*otherwise).collect(),
            ExprKind::Match(_, arms) => arms.iter().map(|arm| arm.body).collect(),
            _ => Vec::new(),
        };
        let mut places = Vec::new();
        for id in inner {
            places.extend(self.place(id));
            if depth < 8 {
                places.extend(self.branches(id, depth + 1));
            }
        }
        places
    }

    pub(super) fn only_local(&self, pat: PatId) -> Option<crate::lower::ir::LocalId> {
        match self.body.pat(pat) {
            crate::lower::ir::Pat::Bind(local, None) => Some(*local),
            crate::lower::ir::Pat::TupleStruct(_, parts) if parts.len() == 1 => self.only_local(parts[0]),
            _ => None,
        }
    }

    /// `let n = self.m.len();`
    pub(super) fn note_length(&mut self, pat: PatId, init: ExprId) {
        if let crate::lower::ir::Pat::Bind(local, None) = self.body.pat(pat)
            && self.effect(init) == Effect::Len
            && let ExprKind::Method(call) = &self.body.expr(init).kind
        {
            self.lengths[local.0 as usize] = self.place(call.recv);
        }
    }
}
