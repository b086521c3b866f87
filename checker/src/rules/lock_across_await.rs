//! `lock-across-await`: a lock that is held while its task has given its thread away.

mod kept;

use crate::declare_rule;
use crate::events::seen::Sight;
use crate::finding::{Confidence, Finding, Label};
use crate::rule::{Level, Shape};
use crate::rules::judged::ways::Ways;
use crate::rules::judged::{Judged, Says};
use rustc_hash::FxHashSet;

/// Most calls from a handler to what it is sure to do itself.
const CALLS_MAX: usize = 3;

/// A guard that lives over an await.
pub static GUARD: Shape =
    Shape::certain("guard-over-await", "the guard of a lock that blocks threads is alive at an await");

/// A request under a lock that all others wait for.
pub static REQUEST: Shape = Shape::likely(
    "request-under-an-awaited-lock",
    "a collection that handlers share stays locked while somebody is asked over a network",
);

declare_rule! {
    pub static RULE = {
        name: "lock-across-await",
        summary: "a lock is held over an await that others wait for, or block their threads for",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&GUARD, &REQUEST],
        doc: include_str!("../../../docs/rules/lock-across-await.md"),
    }
}

/// Reports the first await under each guard that may suspend.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let (ways, mut told) = (Ways::of(judged), FxHashSet::default());
    for (id, seen) in judged.sights() {
        let Sight::LockHeld(taken) = seen.sight else { continue };
        let runs = &judged.context.runs[id.ix()];
        let is_told = told.contains(&(id, taken.start));
        if is_told || runs.often.is_none() && !runs.may_run || !ways.may_suspend(id, seen.at) {
            continue;
        }
        told.insert((id, taken.start));
        let says = Says::new(
            "a lock is held while this is awaited",
            "the task gives its thread away here, and keeps the lock",
            "end the guard's block before the await, copy out what is needed, or use `tokio::sync::Mutex`",
        );
        let finding = judged.finding(id, seen.at, (&RULE, &GUARD), says);
        let finding = finding.label(Label::new(judged.span(id, taken), "taken here"));
        // A handler runs while it runs already, and wants what it holds itself. Elsewhere nobody else wants most of what is
        // held: it is so at the start, at the end, in tools, and where one task at a time gets.
        let proved = match judged.serves_with(id) {
            Some(calls) if calls <= CALLS_MAX => Confidence::Certain,
            Some(_) => Confidence::Likely,
            None => Confidence::Nursery,
        };
        let finding = judged.as_proved(finding, id, proved);
        let note = "looked between the two for a `drop` of the guard, or a call that takes it: there is none";
        findings.push(judged.with_chain(finding, id).note(note));
    }
    kept::check(judged, &ways, findings);
}
