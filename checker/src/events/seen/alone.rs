//! What keeps a spawn or a send from being one of many: code that runs once, tests that let one through at a time,
//! a wait for the answer.
//!
//! Tests count where they stand around the spawn, or lead out before it. What a function of the workspace tests is
//! left to the rule, which sees all bodies.

use super::tasks::ANSWER;
use super::{Look, within};
use crate::events::is_limit;
use crate::lower::ir::{BinOp, ExprId, ExprKind, Lit, Stmt};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::types::Callee;

/// Calls that run what they are given once.
pub(in crate::events) const INITS: [Sym; 4] =
    syms(["get_or_init", "get_or_try_init", "call_once", "call_once_force"]);
/// Methods that take something one caller gets.
pub(crate) const TAKES: [Sym; 8] = syms([
    "compare_exchange",
    "compare_exchange_weak",
    "swap",
    "fetch_update",
    "fetch_or",
    "try_lock",
    "try_lock_owned",
    "insert",
]);
/// Methods that look whether a key is there.
const ASKS: [Sym; 4] = syms(["contains", "contains_key", "get", "get_mut"]);
/// Methods that say how a test went.
const SAYS: [Sym; 6] = syms(["is_ok", "is_err", "is_some", "is_none", "into", "unwrap_or"]);
const CELLS: [Sym; 3] = syms(["OnceLock", "OnceCell", "SetOnce"]);
const INSERT: Sym = Sym::new("insert");
const SET: Sym = Sym::new("set");
/// Longest way from a condition to what it asks.
const DEPTH_MAX: u32 = 8;

/// What the tests around a call say.
#[derive(Default)]
pub(super) struct Tested {
    /// They let one through at a time, or up to a limit.
    pub(super) alone: bool,
    /// Functions of the workspace that they ask.
    pub(super) asks: Vec<FnId>,
}

impl Look<'_, '_, '_> {
    /// Whether `id` stands in what a cell runs once; with `of_all`, in what a static does.
    pub(super) fn is_in_once(&self, id: ExprId, of_all: bool) -> bool {
        let at = self.walk.at(id);
        self.walk.body.exprs.iter().any(|expr| {
            let ExprKind::Method(call) = &expr.kind else { return false };
            let is_static = || matches!(self.kind(call.recv), ExprKind::Path(_));
            INITS.contains(&call.name)
                && (!of_all || is_static())
                && call.args.iter().any(|arg| within(self.extent(*arg), at))
        })
    }

    /// What is tested before `id` is reached.
    pub(super) fn tested_before(&self, id: ExprId) -> Tested {
        let at = self.walk.at(id);
        let mut tested = Tested::default();
        for expr in &self.walk.body.exprs {
            match &expr.kind {
                ExprKind::If(cond, then, otherwise) => {
                    let inside = |part: &ExprId| within(self.extent(*part), at);
                    if inside(then) || otherwise.as_ref().is_some_and(inside) {
                        self.asked(*cond, 0, &mut tested);
                    }
                }
                ExprKind::While(cond, body, _) if within(self.extent(*body), at) => {
                    tested.alone |= self.is_up_to(*cond);
                }
                ExprKind::Block(stmts, _) if within(expr.at, at) => {
                    let before = |stmt: &&Stmt| match stmt {
                        Stmt::Expr(of) | Stmt::Let(_, _, Some(of), Some(_)) => {
                            self.walk.at(*of).start < at.start
                        }
                        Stmt::Let(..) => false,
                    };
                    stmts.iter().filter(before).for_each(|stmt| self.left(stmt, 0, &mut tested));
                }
                _ => {}
            }
        }
        tested
    }

    /// The conditions under which a statement leads out.
    fn left(&self, stmt: &Stmt, depth: u32, tested: &mut Tested) {
        let id = match stmt {
            Stmt::Expr(id) => id,
            // `let Some(ticket) = admission.enter() else { return };`
            Stmt::Let(_, _, Some(init), Some(_)) => {
                return tested.asks.extend(self.own(self.below_words(*init)));
            }
            Stmt::Let(..) => return,
        };
        match self.kind(*id) {
            // `self.enter(key)?;`
            ExprKind::Try(call) => tested.asks.extend(self.own(self.below_words(*call))),
            ExprKind::If(cond, then, None) if self.walk.diverges(*then) => self.asked(*cond, 0, tested),
            ExprKind::If(_, inner, None) if depth < DEPTH_MAX => {
                self.left(&Stmt::Expr(*inner), depth + 1, tested);
            }
            ExprKind::Block(stmts, tail) if depth < DEPTH_MAX => {
                stmts.iter().for_each(|stmt| self.left(stmt, depth + 1, tested));
                tail.iter().for_each(|tail| self.left(&Stmt::Expr(*tail), depth + 1, tested));
            }
            _ => {}
        }
    }

    /// The call below what only words its error.
    fn below_words(&self, mut id: ExprId) -> ExprId {
        const WORDS: [Sym; 3] = syms(["map_err", "context", "with_context"]);
        loop {
            match self.kind(id) {
                ExprKind::Await(inner) => id = *inner,
                ExprKind::Method(call) if WORDS.contains(&call.name) => id = call.recv,
                _ => return id,
            }
        }
    }

    fn asked(&self, cond: ExprId, depth: u32, tested: &mut Tested) {
        if depth > DEPTH_MAX {
            return;
        }
        match self.kind(cond) {
            ExprKind::Not(inner)
            | ExprKind::Ref(inner, _)
            | ExprKind::Try(inner)
            | ExprKind::Await(inner)
            | ExprKind::Let(_, inner)
            | ExprKind::Block(_, Some(inner)) => self.asked(*inner, depth + 1, tested),
            ExprKind::Binary(BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge, left, right) => {
                tested.alone |= [left, right].iter().any(|side| self.is_limit(**side));
            }
            ExprKind::Binary(_, left, right) => {
                self.asked(*left, depth + 1, tested);
                self.asked(*right, depth + 1, tested);
            }
            ExprKind::Local(local) => {
                if let Some(init) = self.inits[local.0 as usize] {
                    self.asked(init, depth + 1, tested);
                }
            }
            ExprKind::Call(..) => tested.asks.extend(self.own(cond)),
            ExprKind::Method(call) => {
                let own = self.own(cond);
                if !own.is_empty() {
                    tested.asks.extend(own);
                } else if SAYS.contains(&call.name) {
                    self.asked(call.recv, depth + 1, tested);
                } else {
                    let sets = call.name == SET && CELLS.contains(&self.foreign(self.walk.ty(call.recv)));
                    let asks = ASKS.contains(&call.name) && self.is_entered(call.recv);
                    // `if let Some(receiver) = self.receiver.take()`
                    let empties = call.name == Sym::new("take") && call.args.is_empty();
                    tested.alone |= TAKES.contains(&call.name) || sets || asks || empties;
                }
            }
            _ => {}
        }
    }

    /// The functions of the workspace that a call may lead to.
    pub(super) fn own(&self, call: ExprId) -> &[FnId] {
        match self.walk.inferred.callees.get(&call) {
            Some(Callee::Fns(fns)) => fns,
            _ => &[],
        }
    }

    /// Whether the body itself enters keys where it looked for one.
    fn is_entered(&self, recv: ExprId) -> bool {
        let Some(place) = self.walk.place(recv) else { return false };
        self.walk.body.exprs.iter().any(|expr| {
            matches!(&expr.kind, ExprKind::Method(call)
                if call.name == INSERT && self.walk.place(call.recv) == Some(place))
        })
    }

    /// `while workers.len() < wanted`.
    fn is_up_to(&self, cond: ExprId) -> bool {
        let ExprKind::Binary(BinOp::Lt | BinOp::Le, left, right) = self.kind(cond) else { return false };
        let counts = matches!(self.kind(*left), ExprKind::Method(call) if call.name == Sym::new("len"));
        counts && !matches!(self.kind(*right), ExprKind::Lit(Lit::Int(0 | 1, _)))
    }

    fn is_limit(&self, id: ExprId) -> bool {
        is_limit(&self.walk.program.names, self.walk.body, id)
    }

    /// Whether what is sent was accounted for before, out of a quota of memory. A permit goes with who sends, and says
    /// nothing of what waits.
    pub(super) fn is_paid_for(&self, send: ExprId) -> bool {
        const PAYS: [Sym; 2] = syms(["alloc", "try_alloc"]);
        let before = self.walk.body.exprs.iter().take(send.0 as usize);
        before
            .into_iter()
            .any(|expr| matches!(&expr.kind, ExprKind::Method(call) if PAYS.contains(&call.name)))
    }

    /// Whether who sends here waits for the answer before the next.
    pub(super) fn is_answered_here(&self, send: ExprId) -> bool {
        const ASKS: [Sym; 3] = syms(["recv", "recv_timeout", "blocking_recv"]);
        const ENDS: [Sym; 2] = syms(["Receiver", "UnboundedReceiver"]);
        let body = self.walk.body;
        let raced = |id: ExprId| {
            body.exprs.iter().any(|expr| match &expr.kind {
                ExprKind::Select(arms) => {
                    arms.iter().filter_map(|arm| arm.future).any(|of| self.inner(of) == id)
                }
                _ => false,
            })
        };
        let beside = |id: ExprId| {
            self.walk.loop_around(id) == self.walk.loop_around(send)
                && self.frame_of(self.walk.at(id)) == self.frame_of(self.walk.at(send))
        };
        (0_u32..).map(ExprId).zip(&body.exprs).filter(|(id, _)| *id > send).any(|(id, expr)| {
            // Who waits on an answer of its own is one of as many as there are requests.
            let alone = |recv| {
                !self.awaited[id.0 as usize]
                    || self.walk.place(recv).is_some_and(|place| place.field.is_some())
            };
            let waits = matches!(&expr.kind, ExprKind::Method(call) if ASKS.contains(&call.name)
                && ENDS.contains(&self.foreign(self.walk.ty(call.recv)))
                && self.foreign_path(self.walk.ty(call.recv)) != ANSWER
                && alone(call.recv));
            waits && beside(id) && !raced(id)
        })
    }
}
