//! `leaked-memory`: memory whose destructor never runs.

mod callbacks;

use crate::declare_rule;
use crate::events::Root;
use crate::events::seen::Sight;
use crate::finding::{Confidence, Finding};
use crate::names::FnId;
use crate::rule::{Level, Shape};
use crate::rules::judged::{Judged, Says};
use rustc_hash::FxHashSet;

/// Most calls from a handler to what it is sure to do itself.
const CALLS_MAX: usize = 3;

/// Leaked or forgotten with every message.
pub static FORGOTTEN: Shape =
    Shape::certain("leaked-per-message", "`leak` or `forget` is called with every message");

/// Given up as a raw pointer, or wrapped against its destructor.
pub static RAW: Shape = Shape::likely(
    "raw-without-partner",
    "`into_raw` or `ManuallyDrop` per message, and nothing takes it back",
);

/// Owners that own each other.
pub static CIRCLE: Shape = Shape::nursery("strong-cycle", "two counted owners hold each other");

/// A callback that owns what keeps it.
pub static CALLBACK: Shape = Shape::likely(
    "callback-owns-its-owner",
    "a callback is kept in a value that it holds a counted owner of",
);

/// A task that holds what would end it.
pub static TASK: Shape =
    Shape::nursery("task-keeps-itself", "an endless task holds the value whose destructor would end it");

declare_rule! {
    pub static RULE = {
        name: "leaked-memory",
        summary: "memory is given up with every message, and no destructor gives it back",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&FORGOTTEN, &RAW, &CIRCLE, &CALLBACK, &TASK],
        doc: include_str!("../../../docs/rules/leaked-memory.md"),
    }
}

/// Reports what is leaked above once.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let names = &judged.program.names;
    let with = |wanted: fn(&Sight) -> bool| -> FxHashSet<usize> {
        let seen = judged.sights().filter(|(_, seen)| wanted(&seen.sight));
        seen.map(|(id, _)| names.package_of(names.function(id).module)).collect()
    };
    let takes_back = with(|sight| matches!(sight, Sight::TakesBack));
    let by_hand = with(|sight| matches!(sight, Sight::DropsByHand));
    for (id, seen) in judged.per_message(|_| true) {
        let package = names.package_of(names.function(id).module);
        let (shape, says) = match &seen.sight {
            Sight::Leaks(name, true) if name.contains("ManuallyDrop") && by_hand.contains(&package) => {
                continue;
            }
            // A box that is leaked may be taken back as one that was made raw, and what a table keeps is leaked once
            // for each of its keys.
            Sight::Leaks(name, false)
                if !(keeps(judged, id) || takes_back.contains(&package) && name.contains("leak")) =>
            {
                (&FORGOTTEN, leaks(name))
            }
            Sight::Leaks(name, true) if !takes_back.contains(&package) => (&RAW, leaks(name)),
            Sight::Circle(_) => (&CIRCLE, circle()),
            Sight::KeepsItself => (&TASK, holds()),
            _ => continue,
        };
        let mut finding = judged.finding(id, seen.at, (&RULE, shape), says);
        // Elsewhere most of what is leaked is leaked once for each thing that is loaded, but for what handlers leak.
        if std::ptr::eq(shape, &FORGOTTEN) {
            let proved = match judged.serves_with(id) {
                Some(calls) if calls <= CALLS_MAX => Confidence::Certain,
                _ => Confidence::Nursery,
            };
            finding = judged.as_proved(finding, id, proved);
        }
        let note = "looked in the package for `from_raw` or another owner that takes it back: there is none";
        findings.push(judged.with_chain(finding, id).note(note));
    }
    callbacks::check(judged, findings);
}

/// Whether a function puts something into a table: that it grows is another rule's.
fn keeps(judged: &Judged<'_, '_>, id: FnId) -> bool {
    let events = &judged.summary.facts[id.ix()].events;
    events.iter().any(|event| event.what.grows() && !matches!(event.place.root, Root::Local(_)))
}

fn leaks(name: &str) -> Says {
    Says::new(
        format!("`{name}` gives up memory with every message"),
        "no destructor runs for it",
        "own it instead: an `Arc<str>`, an interner with a bound, or a value that is dropped with its message",
    )
}

fn circle() -> Says {
    Says::new(
        "two counted owners hold each other, so that neither is ever dropped",
        "closes the circle",
        "hold a `Weak` in the direction from child to parent",
    )
}

fn holds() -> Says {
    Says::new(
        "this endless task holds the value whose destructor would end it",
        "the count never comes down to zero",
        "hold a `Weak` and end when `upgrade` fails, or give the task a token that the destructor cancels",
    )
}
