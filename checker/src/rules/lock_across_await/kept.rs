//! Awaited locks that all others wait for: a handler that asks somebody under one keeps up the others, and so does a task
//! of the program's own that does so again and again.
//!
//! Which lock it is goes by the field that it lies in, or by the type that it guards, where values of that type are made only
//! where the program begins: of a type that is made with messages each value has a lock of its own.

use super::{CALLS_MAX, REQUEST, RULE};
use crate::context::made;
use crate::events::seen::{AwaitedLock, Seen, Sight};
use crate::events::{Place, Root};
use crate::finding::{Finding, Label};
use crate::lower::ir::Range;
use crate::names::{AdtId, FnId};
use crate::rules::judged::ways::Ways;
use crate::rules::judged::{Judged, Says};
use rustc_hash::FxHashSet;

/// Which types are made only where the program begins.
struct Once {
    once: FxHashSet<AdtId>,
    often: FxHashSet<AdtId>,
}

/// Reports the first request under each guard of an awaited lock that handlers wait for.
pub(super) fn check(judged: &Judged<'_, '_>, ways: &Ways<'_, '_, '_>, findings: &mut Vec<Finding>) {
    let mut told = FxHashSet::default();
    let kept = judged.sights().filter_map(|(id, seen)| match seen.sight {
        Sight::LockKept(taken, lock) => Some((id, seen, taken, lock)),
        _ => None,
    });
    let mut kept = kept.peekable();
    if kept.peek().is_none() {
        return;
    }
    let (once, often) = made(judged.summary, judged.context);
    let once = Once { once, often };
    for (id, seen, taken, lock) in kept {
        let known = || match serves(judged, id) {
            true => once.is_for_all(judged, id, lock).then_some(None),
            false => once.wanted(judged, (id, seen), lock).map(Some),
        };
        if told.contains(&(id, taken.start)) {
            continue;
        }
        let Some(by) = known().filter(|_| ways.is_request(id, seen.at)) else { continue };
        told.insert((id, taken.start));
        findings.push(says(judged, (id, seen.at), taken, by));
    }
}

fn serves(judged: &Judged<'_, '_>, id: FnId) -> bool {
    judged.serves_with(id).is_some_and(|calls| calls <= CALLS_MAX)
}

fn says(
    judged: &Judged<'_, '_>,
    (id, at): (FnId, Range),
    taken: Range,
    by: Option<(FnId, Range)>,
) -> Finding {
    let says = Says::new(
        "all others wait for this lock while somebody is asked over a network",
        "takes as long as the other side likes",
        "copy out what is needed and end the guard's block, ask, and lock again to put the answer in",
    );
    let finding = judged.finding(id, at, (&RULE, &REQUEST), says);
    let mut finding = finding.label(Label::new(judged.span(id, taken), "taken here"));
    if let Some((waits, at)) = by {
        finding = finding.label(Label::new(judged.span(waits, at), "requests wait for it here"));
    }
    judged.with_chain(finding, id)
}

impl Once {
    /// Whether a lock that a handler takes is the same for all that run at the time: it lies in a field, or is state that
    /// the framework keeps, or there is one of what it guards.
    fn is_for_all(&self, judged: &Judged<'_, '_>, id: FnId, lock: AwaitedLock) -> bool {
        let is_kept = |at: u32| judged.context.runs[id.ix()].kept.contains(&(at as usize));
        match lock.place {
            None | Some(Place { field: Some(_), .. } | Place { root: Root::Static(_), .. }) => true,
            Some(Place { root: Root::Param(at), .. }) if is_kept(at) => true,
            Some(_) => lock.guards.is_some_and(|adt| self.is_one(adt)),
        }
    }

    fn is_one(&self, adt: AdtId) -> bool {
        self.once.contains(&adt) && !self.often.contains(&adt)
    }

    /// Where a handler waits for a lock that a task of the program's own keeps again and again.
    fn wanted(
        &self,
        judged: &Judged<'_, '_>,
        (id, seen): (FnId, &Seen),
        lock: AwaitedLock,
    ) -> Option<(FnId, Range)> {
        let field = lock.place.and_then(|place| place.field);
        let is_one = field.map(|(adt, _)| adt).into_iter().chain(lock.guards).any(|adt| self.is_one(adt));
        if !is_one || !judged.context.runs[id.ix()].is_sure || !judged.is_per_message(id, seen) {
            return None;
        }
        let is_it = |of: AwaitedLock| {
            let of_field = of.place.and_then(|place| place.field);
            field.is_some() && of_field == field
                || lock.guards.is_some_and(|adt| of.guards == Some(adt) && self.is_one(adt))
        };
        let mut wants = judged.sights().filter_map(|(of, seen)| match seen.sight {
            Sight::LockWanted(wanted) if of != id && is_it(wanted) => Some((of, seen.at)),
            _ => None,
        });
        wants.find(|(of, _)| serves(judged, *of))
    }
}
