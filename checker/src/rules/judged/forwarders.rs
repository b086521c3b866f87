//! Tasks that come to a loop which ends with what it takes from alone, in their own text or through what they await.
//!
//! Which functions have such a loop was seen before; only the bodies on the way from a task to one are opened.

use super::Judged;
use super::opened::Opened;
use super::ways::Ways;
use crate::events::seen::{Sight, within};
use crate::lower::ir::{ExprId, ExprKind, Range};
use crate::lower::sym::Sym;
use crate::names::FnId;
use rustc_hash::{FxHashMap, FxHashSet};

/// Calls between a task and its loop.
const CALLS_MAX: u32 = 3;
const ALL: Range = Range { start: 0, end: u32::MAX };

/// Functions with such loops, and where these stand.
pub(crate) struct Forwarders {
    loops: FxHashMap<FnId, Vec<Range>>,
    /// Functions that may lead there.
    on_the_way: FxHashSet<FnId>,
}

impl Forwarders {
    pub(crate) fn of(judged: &Judged<'_, '_>) -> Forwarders {
        let mut loops: FxHashMap<FnId, Vec<Range>> = FxHashMap::default();
        for (id, seen) in judged.sights() {
            if matches!(seen.sight, Sight::Forwards) {
                loops.entry(id).or_default().push(seen.at);
            }
        }
        let mut on_the_way: FxHashSet<FnId> = loops.keys().copied().collect();
        let mut last: Vec<FnId> = on_the_way.iter().copied().collect();
        for _ in 0..=CALLS_MAX {
            let callers = last.iter().flat_map(|id| judged.callers.of(*id)).map(|(caller, _)| *caller);
            last = callers.filter(|caller| on_the_way.insert(*caller)).collect();
        }
        Forwarders { loops, on_the_way }
    }

    /// Whether what is started at `at` in `id` comes to such a loop.
    pub(crate) fn outlives(&self, ways: &Ways<'_, '_, '_>, id: FnId, at: Range) -> bool {
        if !self.on_the_way.contains(&id) {
            return false;
        }
        let Some(opened) = ways.open(id) else { return false };
        let spawn = opened
            .exprs()
            .find(|(_, expr)| expr.at == at && matches!(expr.kind, ExprKind::Call(..) | ExprKind::Method(_)));
        let Some(arg) = spawn.and_then(|(spawn, _)| opened.args(spawn).last().copied()) else { return false };
        self.is_in(ways, (id, &opened), opened.task(arg), 0) || self.all(ways, opened.own(arg), 0)
    }

    /// Such loops in what runs as long as a connection does that a request was made into: whoever upgraded it started that
    /// task.
    pub(crate) fn upgraded(&self, ways: &Ways<'_, '_, '_>) -> Vec<(FnId, Range)> {
        let all = self.loops.iter().flat_map(|(id, loops)| loops.iter().map(|at| (*id, *at)));
        let mut found: Vec<_> = all.filter(|(id, at)| is_upgraded(ways, *id, *at, 0)).collect();
        found.sort_unstable_by_key(|(id, at)| (id.ix(), at.start));
        found
    }

    /// Whether a region of a body comes to such a loop by itself, or through what it awaits.
    fn is_in(
        &self,
        ways: &Ways<'_, '_, '_>,
        (id, opened): (FnId, &Opened<'_>),
        region: Range,
        calls: u32,
    ) -> bool {
        let own = self.loops.get(&id).map_or(&[][..], Vec::as_slice);
        let goes_on = |of: ExprId| runs_through(opened, region, opened.extent(of));
        opened.inside(region).any(|(of, kind)| match kind {
            ExprKind::Loop(..) | ExprKind::While(..) => own.contains(&opened.at(of)) && goes_on(of),
            ExprKind::Await(awaited) => self.all(ways, opened.own(*awaited), calls) && goes_on(*awaited),
            _ => false,
        })
    }

    fn all(&self, ways: &Ways<'_, '_, '_>, fns: &[FnId], calls: u32) -> bool {
        let comes = |of: &FnId| {
            calls < CALLS_MAX
                && self.on_the_way.contains(of)
                && ways.open(*of).is_some_and(|opened| self.is_in(ways, (*of, &opened), ALL, calls + 1))
        };
        !fns.is_empty() && fns.iter().all(comes)
    }
}

/// Whether what stands at `at` in a region runs until it is done: in no race, and in no future that is made there and awaited
/// elsewhere.
fn runs_through(opened: &Opened<'_>, region: Range, at: Range) -> bool {
    let is_apart = opened.inside(region).any(|(frame, kind)| {
        let all = opened.extent(frame);
        matches!(kind, ExprKind::Async(_) | ExprKind::Closure(..)) && all != region && within(all, at)
    });
    !is_apart && !opened.is_raced_within(region, at)
}

fn is_upgraded(ways: &Ways<'_, '_, '_>, id: FnId, at: Range, calls: u32) -> bool {
    const ON_UPGRADE: Sym = Sym::new("on_upgrade");
    let Some(opened) = ways.open(id) else { return false };
    let given = opened.exprs().filter(|(of, _)| opened.called(*of) == ON_UPGRADE);
    let given = given.flat_map(|(of, _)| opened.args(of)).any(|arg| {
        let all = opened.extent(*arg);
        within(all, at) || opened.at(*arg) == at
    });
    given
        || calls < CALLS_MAX
            && opened.runs_here(at)
            && runs_through(&opened, ALL, at)
            && ways.callers(id).any(|(caller, call)| is_upgraded(ways, caller, call, calls + 1))
}
