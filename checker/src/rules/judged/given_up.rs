//! Waits that end before what they wait for does: under a limit of time, or beside what ends them in a race.

use super::opened::Opened;
use super::ways::Ways;
use crate::events::TIME_LIMITS;
use crate::events::seen::within;
use crate::lower::ir::{ExprId, ExprKind, Range, SelectArm};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;

/// Calls between a wait and what gives it up.
const CALLS_MAX: u32 = 2;
/// Calls between a wait and what may limit it.
const LIMITED_MAX: u32 = 5;
/// What an arm of a race waits for that is not the work itself.
const ENDS: [Sym; 8] =
    syms(["sleep", "sleep_until", "cancelled", "notified", "recv", "changed", "closed", "wait_for"]);

impl<'a> Ways<'_, 'a, '_> {
    /// What gives up the wait at `at` in `id`, and in which function: there or in those that call it, and await that.
    pub(crate) fn given_up(&self, id: FnId, at: Range) -> Option<(FnId, Range)> {
        self.given_up_within(id, at, 0)
    }

    /// Whether the wait at `at` in `id` may have an end that it does not bring about itself: a limit of time or a race around
    /// it, in the functions that lead there in some calls, or somebody who keeps the future and may drop it.
    pub(crate) fn may_be_given_up(&self, id: FnId, at: Range) -> bool {
        let (mut open, mut known) = (vec![(id, at, 0)], Vec::new());
        while let Some((id, at, calls)) = open.pop() {
            let Some(opened) = self.open(id) else { return true };
            if opened.gives_up(at).is_some() || opened.is_beside(at) {
                return true;
            }
            if calls < LIMITED_MAX && opened.runs_here(at) && !known.contains(&(id, at)) {
                known.push((id, at));
                let callers: Vec<(FnId, Range)> = self.callers(id).collect();
                let is_future = self.judged.program.names.function(id).sig.is_some_and(|sig| sig.is_async);
                let keeps = |(caller, call): &(FnId, Range)| {
                    self.open(*caller).is_none_or(|opened| !opened.goes_on_with(*call))
                };
                if is_future && callers.iter().any(keeps) {
                    return true;
                }
                open.extend(callers.into_iter().map(|(caller, call)| (caller, call, calls + 1)));
            }
        }
        false
    }

    fn given_up_within(&self, id: FnId, at: Range, calls: u32) -> Option<(FnId, Range)> {
        let opened = self.open(id)?;
        if let Some(by) = opened.gives_up(at) {
            return Some((id, by));
        }
        if calls == CALLS_MAX || !opened.runs_here(at) {
            return None;
        }
        // Where a trait decides whom a call leads to, the limit may be meant for another.
        let facts = &self.judged.summary.facts;
        let leads_here = |caller: FnId, call: Range| {
            facts[caller.ix()].calls.iter().any(|site| site.at == call && site.callees.len() == 1)
        };
        let mut callers = self.callers(id).filter(|(caller, call)| leads_here(*caller, *call));
        callers.find_map(|(caller, call)| self.given_up_within(caller, call, calls + 1))
    }
}

impl Opened<'_> {
    fn gives_up(&self, at: Range) -> Option<Range> {
        let found = self.exprs().find(|(id, expr)| match &expr.kind {
            ExprKind::Call(..) => TIME_LIMITS.contains(&self.called(*id)) && self.is_in_args(*id, at),
            // `work.timeout(limit)`
            ExprKind::Method(call) => TIME_LIMITS.contains(&call.name) && self.holds(call.recv, at),
            ExprKind::Select(arms) => self.ends_race(expr.at, arms, at),
            _ => false,
        });
        found.map(|(id, _)| self.at(id))
    }

    /// Whether the future of a call is awaited, there or under the name that it is given, or is all of a task.
    fn goes_on_with(&self, at: Range) -> bool {
        let is_it = |id: ExprId| match self.kind(id) {
            ExprKind::Local(local) => self.init(*local).is_some_and(|init| self.at(init) == at),
            _ => self.at(id) == at,
        };
        let awaited = |kind: &ExprKind| matches!(kind, ExprKind::Await(inner) if is_it(*inner));
        self.is_task(at) || self.exprs().any(|(_, expr)| awaited(&expr.kind))
    }

    fn is_beside(&self, at: Range) -> bool {
        self.exprs().any(|(_, expr)| match &expr.kind {
            ExprKind::Select(arms) => {
                let futures = arms.iter().filter_map(|arm| arm.future);
                arms.len() > 1 && futures.into_iter().any(|future| within(self.task(future), at))
            }
            _ => false,
        })
    }

    fn is_in_args(&self, call: ExprId, at: Range) -> bool {
        self.args(call).iter().any(|arg| within(self.task(*arg), at))
    }

    fn holds(&self, id: ExprId, at: Range) -> bool {
        let all = self.extent(id);
        all.start <= at.start && at.end <= all.end
    }

    /// Whether a race drops the wait in one of its arms where another comes first, and does not come back to it.
    fn ends_race(&self, race: Range, arms: &[SelectArm], at: Range) -> bool {
        let of = |arm: &&SelectArm| arm.future.is_some_and(|future| within(self.extent(future), at));
        let Some(waits) = arms.iter().find(of) else { return false };
        let in_loop = !self.loops_around(race).is_empty();
        arms.iter().filter(|arm| arm.body != waits.body).any(|arm| {
            let comes = arm.future.is_some_and(|future| {
                self.inside(self.extent(future)).any(|(id, _)| ENDS.contains(&self.called(id)))
            });
            let leaves = || {
                let mut inside = self.inside(self.extent(arm.body));
                inside.any(|(_, kind)| {
                    matches!(kind, ExprKind::Break(..) | ExprKind::Return(_) | ExprKind::Try(_))
                })
            };
            comes && (!in_loop || leaves())
        })
    }
}
