//! Loops: whether they end, and what they wait for.

use super::{LoopFacts, Place, Under, Walk};
use crate::lower::ir::{ExprId, ExprKind, LocalId, Pat, Stmt};
use crate::lower::sym::{Sym, syms};
use crate::types::{Callee, Interner, TyKind};

/// Macros that never come back.
pub(crate) const DIVERGES: [Sym; 5] = syms(["panic", "bail", "unreachable", "todo", "unimplemented"]);
/// Macros that leave with an error.
pub(crate) const BAILS: [Sym; 2] = syms(["bail", "ensure"]);
/// Macros that may not come back.
pub(crate) const MAY_LEAVE: [Sym; 9] = syms([
    "panic",
    "bail",
    "unreachable",
    "todo",
    "unimplemented",
    "assert",
    "assert_eq",
    "assert_ne",
    "ensure",
]);
/// What gives the elements of an iterator one by one, as they come.
const PASSES_ON: [Sym; 12] = syms([
    "flatten",
    "filter_map",
    "filter",
    "map",
    "map_while",
    "take_while",
    "skip_while",
    "flat_map",
    "enumerate",
    "inspect",
    "by_ref",
    "into_iter",
]);

impl Walk<'_, '_> {
    pub(super) fn open_loop(&mut self, id: ExprId, no_exit: bool) -> Under {
        let outer = self.under.clone();
        let index = u32::try_from(self.facts.loops.len()).unwrap_or(u32::MAX);
        let at = self.body.expr(id).at;
        let parent = self.under.in_loop;
        self.facts.loops.push(LoopFacts { parent, at, no_exit, expr: id.0, ..LoopFacts::default() });
        self.under.in_loop = Some(index);
        self.under.leaves = None;
        outer
    }

    /// What a framework calls with each request: a loop that turns with them.
    pub(super) fn served<T>(&mut self, id: ExprId, visit: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.open_loop(id, false);
        let around = self.loop_mut();
        (around.serves, around.waits, around.waits_else, around.accepts) = (true, true, true, true);
        let value = visit(self);
        self.close_loop(outer);
        value
    }

    /// The closures that are handed to what calls them with each request, at once or by the name of a local.
    pub(super) fn all_served(&self) -> Vec<ExprId> {
        let exprs = || (0_u32..).map(ExprId).zip(&self.body.exprs);
        let serves = |id: ExprId| self.callable(id).is_some_and(|callable| callable.serves);
        let handed = exprs().filter(|(id, _)| serves(*id)).flat_map(|(_, expr)| match &expr.kind {
            ExprKind::Call(_, args) => &args[..],
            ExprKind::Method(call) => &call.args[..],
            _ => &[],
        });
        let bound_to = |local: LocalId| {
            let stmts = exprs().filter_map(|(_, expr)| match &expr.kind {
                ExprKind::Block(stmts, _) => Some(stmts.iter()),
                _ => None,
            });
            stmts.flatten().find_map(|stmt| match stmt {
                Stmt::Let(pat, _, Some(init), _) => {
                    matches!(self.body.pat(*pat), Pat::Bind(of, None) if *of == local).then_some(*init)
                }
                _ => None,
            })
        };
        let held = handed.filter_map(|arg| match self.body.expr(*arg).kind {
            ExprKind::Local(local) => bound_to(local),
            _ => Some(*arg),
        });
        held.collect()
    }

    pub(super) fn close_loop(&mut self, outer: Under) {
        self.under = outer;
    }

    pub(super) fn loop_mut(&mut self) -> &mut LoopFacts {
        let index = self.under.in_loop.map_or(0, |index| index as usize);
        &mut self.facts.loops[index]
    }

    pub(super) fn enter_loop(
        &mut self,
        id: ExprId,
        body: ExprId,
        label: Sym,
        always: bool,
        cond: Option<ExprId>,
    ) {
        let no_exit = always && !self.has_exit(body, label, 0, 0);
        let outer = self.open_loop(id, no_exit);
        let held = self.mark();
        if let Some(cond) = cond {
            let until_drained = self.asks_for_drain(cond);
            self.loop_mut().until_drained = until_drained;
            self.visit(cond);
            self.assume(cond, true);
            if let ExprKind::Let(..) = self.body.expr(cond).kind {
                let of_loop = self.loop_mut();
                of_loop.in_condition = Some(of_loop.calls.len());
            }
        }
        self.visit(body);
        self.release(held);
        self.close_loop(outer);
    }

    /// Whether a loop's body leaves the loop by `break`, `return` or `?`.
    pub(super) fn has_exit(&self, id: ExprId, label: Sym, loops: u32, depth: u32) -> bool {
        if depth > 200 {
            return true;
        }
        let body = self.body;
        let next = |id: &ExprId| self.has_exit(*id, label, loops, depth + 1);
        match &body.expr(id).kind {
            ExprKind::Return(_) | ExprKind::Try(_) => true,
            ExprKind::Break(to, _) => {
                (*to == Sym::NONE && loops == 0) || (*to == label && label != Sym::NONE)
            }
            ExprKind::Closure(..) | ExprKind::Async(_) => false,
            ExprKind::Loop(inner, _) | ExprKind::While(_, inner, _) | ExprKind::For(_, _, inner, _) => {
                self.has_exit(*inner, label, loops + 1, depth + 1)
            }
            ExprKind::Macro(name, args) => Sym::new("bail") == *name || args.iter().any(next),
            ExprKind::Select(arms) => {
                arms.iter().any(|arm| next(&arm.body) || arm.future.as_ref().is_some_and(next))
            }
            ExprKind::Block(stmts, tail) => {
                tail.as_ref().is_some_and(next)
                    || stmts.iter().any(|stmt| match stmt {
                        Stmt::Let(_, _, init, other) => init.iter().chain(other).any(next),
                        Stmt::Expr(expr) => next(expr),
                    })
            }
            ExprKind::If(cond, then, other) => next(cond) || next(then) || other.as_ref().is_some_and(next),
            ExprKind::Match(on, arms) => next(on) || arms.iter().any(|arm| next(&arm.body)),
            ExprKind::Await(inner)
            | ExprKind::Let(_, inner)
            | ExprKind::Deref(inner)
            | ExprKind::Ref(inner, _)
            | ExprKind::Not(inner)
            | ExprKind::Cast(inner, _)
            | ExprKind::Field(inner, _) => next(inner),
            ExprKind::Method(call) => next(&call.recv) || call.args.iter().any(next),
            ExprKind::Call(callee, args) => next(callee) || args.iter().any(next),
            ExprKind::Assign(_, right) | ExprKind::AssignOp(_, _, right) => next(right),
            ExprKind::Binary(_, left, right) => next(left) || next(right),
            ExprKind::Tuple(parts) | ExprKind::Array(parts) => parts.iter().any(next),
            ExprKind::Struct(_, fields, _) => fields.iter().any(|(_, value)| next(value)),
            _ => false,
        }
    }

    /// `for x in rx.iter()`.
    pub(super) fn waits_on(&self, id: ExprId) -> bool {
        let receiver = matches!(self.inferred.types.kind(self.ty(id)), TyKind::Foreign(foreign, _)
            if foreign.last == Sym::new("Receiver"));
        receiver || self.callable(id).is_some_and(|callable| callable.waits)
    }

    /// Notes in all loops around what is waited for: the locus itself, or anything else.
    pub(super) fn wait_for(&mut self, own: bool) {
        let mut at = self.under.in_loop;
        while let Some(index) = at {
            let around = &mut self.facts.loops[index as usize];
            around.waits_with |= own;
            around.waits_else |= !own;
            at = around.parent;
        }
    }

    /// `while !run.is_draining()`.
    fn asks_for_drain(&self, cond: ExprId) -> bool {
        match &self.body.expr(cond).kind {
            ExprKind::Not(inner) => self.asks_for_drain(*inner),
            ExprKind::Method(call) => call.name == Sym::new("is_draining"),
            _ => false,
        }
    }

    /// `redis.blpop(key, 0.0)`: whoever asks a queue waits for what comes into it, whatever the type of its client is
    /// called.
    pub(super) fn next_of_queue(&mut self, name: Sym) {
        if self.program.models.gives(name).waits {
            self.wait(false);
        }
    }

    pub(super) fn awaited(&mut self, inner: ExprId) -> Option<Place> {
        self.accept(inner, true);
        self.visit(inner)
    }

    /// `listener.accept()`: whoever serves goes on doing so, whatever the type of the listener is called. Of a type
    /// that nobody described, it is what is awaited that waits.
    pub(super) fn accept(&mut self, call: ExprId, awaited: bool) {
        let ExprKind::Method(method) = &self.body.expr(call).kind else { return };
        // `listener.incoming().next()` takes the next one, too.
        const INCOMING: Sym = Sym::path("async_std::net::Incoming");
        let is_next = || {
            let of = self.inferred.types.kind(self.collection(self.ty(method.recv)));
            method.name == Sym::new("next") && matches!(of, TyKind::Foreign(of, _) if of.path == INCOMING)
        };
        if !method.args.is_empty() || method.name != Sym::new("accept") && !is_next() {
            return;
        }
        match self.inferred.callees.get(&call) {
            Some(Callee::Model(index)) if self.program.models.callable(*index).waits => {}
            Some(Callee::Fns(_) | Callee::Model(_) | Callee::Ctor(_)) => return,
            _ if !awaited => return,
            _ => self.wait(false),
        }
        let mut at = self.under.in_loop;
        while let Some(index) = at {
            let around = &mut self.facts.loops[index as usize];
            around.accepts |= !around.is_for;
            at = around.parent;
        }
    }

    /// `for stream in listener.incoming()`, and what passes its streams on one by one: `.incoming().flatten()`.
    pub(super) fn incoming(&self, mut iter: ExprId) -> Option<ExprId> {
        for _ in 0..6 {
            let ExprKind::Method(call) = &self.body.expr(iter).kind else { return None };
            match call.name {
                name if name == Sym::new("incoming") => return Some(iter),
                name if PASSES_ON.contains(&name) => iter = call.recv,
                _ => return None,
            }
        }
        None
    }

    pub(super) fn wait(&mut self, reads: bool) {
        self.facts.waits |= !reads;
        self.facts.reads |= reads;
        let mut at = self.under.in_loop;
        while let Some(index) = at {
            let around = &mut self.facts.loops[index as usize];
            // A `for` ends with what it goes over, however long each round waits.
            let decides = !around.is_for && around.in_condition.is_none();
            around.waits |= !reads && decides;
            around.reads |= reads && decides;
            at = around.parent;
        }
    }
}
