//! Whether tasks that are started at one place pile up: peers decide how many there are, and each waits for something.
//!
//! A task that tells whoever waits for it through a channel for one answer is one of as many as wait. One that only
//! works on what it has is over before the next.

use super::asks::Asks;
use super::opened::Opened;
use super::pace::Pace;
use super::ways::Ways;
use crate::events::seen::{Sight, within};
use crate::events::{MAY_LEAVE, TIME_LIMITS};
use crate::lower::ir::{ExprId, ExprKind, Range};
use crate::lower::sym::{Sym, syms};
use crate::names::{AdtId, FnId, Foreign};
use crate::types::{Interner, Ty, TyKind};

/// What ends earlier work.
const ENDS: [Sym; 4] = syms(["abort", "abort_all", "cancel", "shutdown"]);

impl<'a> Ways<'_, 'a, '_> {
    /// Whether what is started at `at` in `id` piles up.
    pub(crate) fn piles_up(&self, id: FnId, at: Range, thread: bool) -> bool {
        let Some(opened) = self.open(id) else { return false };
        let spawn = opened
            .exprs()
            .find(|(_, expr)| expr.at == at && matches!(expr.kind, ExprKind::Call(..) | ExprKind::Method(_)));
        let Some((spawn, _)) = spawn else { return false };
        let Some(task) = opened.args(spawn).last().map(|arg| opened.task(*arg)) else { return false };
        let waits = thread || self.is_slow(id, task) || self.is_slow_started(&opened, spawn);
        waits
            && !self.answers(&opened, task)
            && !self.replaces(&opened, at)
            && (self.queues_up(id, task)
                || self.is_driven(id, at, Asks::PEERS)
                || self.never_ends(&opened, spawn, task) && self.is_driven(id, at, Asks::LEFT))
    }

    /// Whether a task comes to no end: a loop that nothing leaves, in the text of the task or of the function that makes
    /// it. Who has a permit on the way gives it back, and leaves the task behind.
    fn never_ends(&self, opened: &Opened<'a>, spawn: ExprId, task: Range) -> bool {
        let facts = &self.judged.summary.facts;
        let is_endless =
            |of: &FnId| facts[of.ix()].loops.iter().any(|one| one.no_exit && one.parent.is_none());
        let made_by = opened.args(spawn).last().map_or(&[][..], |arg| opened.own(*arg));
        opened.is_endless(task) || !made_by.is_empty() && made_by.iter().all(is_endless)
    }

    /// Whether what is started at `at` in `id` goes on for ever, whoever it was started for: a loop that nothing leaves and
    /// that waits for a clock alone.
    pub(crate) fn ticks_on(&self, id: FnId, at: Range) -> bool {
        let Some(opened) = self.open(id) else { return false };
        let spawn = opened
            .exprs()
            .find(|(_, expr)| expr.at == at && matches!(expr.kind, ExprKind::Call(..) | ExprKind::Method(_)));
        let Some(arg) = spawn.and_then(|(spawn, _)| opened.args(spawn).last().copied()) else { return false };
        let task = opened.task(arg);
        self.has_ticker(&opened, task) || self.is_ticker(opened.own(arg)) || {
            let mut awaited = opened.inside(task).filter_map(|(_, kind)| match kind {
                ExprKind::Await(of) if !opened.is_raced_within(task, opened.at(*of)) => Some(*of),
                _ => None,
            });
            awaited.any(|of| self.is_ticker(opened.own(of)))
        }
    }

    fn is_ticker(&self, fns: &[FnId]) -> bool {
        const ALL: Range = Range { start: 0, end: u32::MAX };
        !fns.is_empty() && fns.iter().all(|of| self.open(*of).is_some_and(|of| self.has_ticker(&of, ALL)))
    }

    fn has_ticker(&self, opened: &Opened<'a>, region: Range) -> bool {
        opened.inside(region).any(|(id, kind)| {
            let all = opened.extent(id);
            let is_clock = || {
                let mut pace = Pace::default();
                self.paces(opened, all, &mut pace);
                pace.is_clock()
            };
            matches!(kind, ExprKind::Loop(..))
                && !opened.inside(all).any(|(id, kind)| opened.may_leave(id, kind))
                && !opened.is_raced_within(region, all)
                && is_clock()
        })
    }

    /// Whether what is started at `at` in `id` gives up its first wait after a time: no silent peer holds it open.
    pub(crate) fn gives_up_soon(&self, id: FnId, at: Range) -> bool {
        let Some(opened) = self.open(id) else { return false };
        let spawn = opened.exprs().find(|(_, expr)| expr.at == at).map(|(spawn, _)| spawn);
        let task = spawn.and_then(|spawn| opened.args(spawn).last().map(|arg| opened.task(*arg)));
        task.is_some_and(|task| self.begins_with_a_timeout(&opened, task, 0))
    }

    fn begins_with_a_timeout(&self, opened: &Opened<'a>, region: Range, depth: u32) -> bool {
        const CALLS_MAX: u32 = 2;
        let awaited = opened.inside(region).filter_map(|(_, kind)| match kind {
            ExprKind::Await(of) => Some(*of),
            _ => None,
        });
        let Some(first) = awaited.min_by_key(|of| opened.at(*of).start) else { return false };
        TIME_LIMITS.contains(&opened.called(first))
            || depth < CALLS_MAX
                && opened.own(first).iter().any(|callee| {
                    let all = Range { start: 0, end: u32::MAX };
                    self.open(*callee)
                        .is_some_and(|opened| self.begins_with_a_timeout(&opened, all, depth + 1))
                })
    }

    /// Whether a task waits while it holds a lock that those after it wait for, however rarely they are started.
    fn queues_up(&self, id: FnId, task: Range) -> bool {
        let seen = &self.judged.summary.facts[id.ix()].seen;
        seen.iter().any(|seen| matches!(seen.sight, Sight::LockHeld(taken) if within(task, taken)))
    }

    /// `spawn(self.work())`: the future is made by the call, and not awaited in the text.
    fn is_slow_started(&self, opened: &Opened<'a>, spawn: ExprId) -> bool {
        let Some(mut at) = opened.args(spawn).last().copied() else { return false };
        for _ in 0..4 {
            at = match opened.kind(at) {
                ExprKind::Local(local) => match opened.init(*local) {
                    Some(init) => init,
                    // The half of a race that has not won yet: it was under way before.
                    None => return !opened.exprs().any(|(id, _)| opened.called(id) == Sym::new("select")),
                },
                ExprKind::Method(call) if opened.own(at).is_empty() => call.recv,
                _ => break,
            };
        }
        matches!(opened.kind(at), ExprKind::Call(..) | ExprKind::Method(_))
            && (opened.own(at).is_empty() || opened.own(at).iter().any(|of| self.is_slow_fn(*of, 1)))
    }

    /// Whether a task has the way of an answer that was made elsewhere.
    fn answers(&self, opened: &Opened<'a>, task: Range) -> bool {
        let inside = opened.exprs().filter(|(_, expr)| within(task, expr.at));
        let mut handed = inside.filter_map(|(id, expr)| match &expr.kind {
            ExprKind::Local(local) if !within(task, opened.body.locals[local.0 as usize].at) => Some(id),
            ExprKind::Field(..) => Some(id),
            _ => None,
        });
        handed.any(|id| self.holds_answer(opened, opened.inferred.expr(id), 0))
    }

    /// The sending end of a channel for one answer, of whatever crate.
    pub(super) fn is_answer(of: &Foreign) -> bool {
        of.last == Sym::new("Sender") && is_for_one(of)
    }

    fn holds_answer(&self, opened: &Opened<'a>, ty: Ty, depth: u32) -> bool {
        match opened.inferred.types.kind(ty) {
            TyKind::Foreign(of, _) if Self::is_answer(of) => true,
            TyKind::Foreign(_, args) if depth < 3 => {
                args.iter().any(|arg| self.holds_answer(opened, *arg, depth + 1))
            }
            TyKind::Adt(adt, _) => self.asks_back(*adt),
            _ => false,
        }
    }

    /// Whether a struct has a field for the answer to it.
    pub(super) fn asks_back(&self, adt: AdtId) -> bool {
        let program = self.judged.program;
        let is = |ty: &Ty| matches!(program.types.kind(*ty), TyKind::Foreign(of, _) if Self::is_answer(of));
        let mut fields = program.fields[adt.ix()].iter().flatten();
        !program.names.adt(adt).is_enum
            && fields.any(|(_, ty)| {
                is(ty) || matches!(program.types.kind(*ty), TyKind::Foreign(_, args) if args.iter().any(is))
            })
    }

    /// Whether what was started before is ended first.
    fn replaces(&self, opened: &Opened<'a>, at: Range) -> bool {
        opened.exprs().any(|(id, expr)| {
            let calls = matches!(expr.kind, ExprKind::Call(..) | ExprKind::Method(_));
            calls && expr.at.end <= at.start && ENDS.contains(&opened.called(id))
        })
    }
}

/// Whether a type belongs to the channels for one message.
pub(super) fn is_for_one(of: &Foreign) -> bool {
    const ONESHOT: Sym = Sym::new("oneshot");
    of.parent == ONESHOT || of.krate == ONESHOT
}

impl Opened<'_> {
    /// Whether an expression may end the loop that it stands in, and be it by a panic.
    fn may_leave(&self, id: ExprId, kind: &ExprKind) -> bool {
        const UNWRAPS: [Sym; 2] = syms(["unwrap", "expect"]);
        const LOCKS: [Sym; 3] = syms(["lock", "read", "write"]);
        const ENDS: [Sym; 3] = syms(["exit", "abort", "closed"]);
        match kind {
            ExprKind::Break(..) | ExprKind::Return(_) | ExprKind::Try(_) => true,
            ExprKind::Macro(name, _) => MAY_LEAVE.contains(name),
            ExprKind::Method(call) if UNWRAPS.contains(&call.name) => {
                !LOCKS.contains(&self.called(call.recv))
            }
            ExprKind::Method(_) | ExprKind::Call(..) => ENDS.contains(&self.called(id)),
            _ => false,
        }
    }

    /// Whether a `select!` or a limit of time in a region drops what stands at `at`.
    pub(super) fn is_raced_within(&self, region: Range, at: Range) -> bool {
        const RACES: [Sym; 2] = syms(["run_until_cancelled", "select"]);
        let ends = |called: Sym| TIME_LIMITS.contains(&called) || RACES.contains(&called);
        self.inside(region).any(|(id, kind)| {
            let races = match kind {
                ExprKind::Select(_) => true,
                ExprKind::Call(..) | ExprKind::Method(_) => ends(self.called(id)),
                _ => false,
            };
            races && self.extent(id) != at && within(self.extent(id), at)
        })
    }
}
