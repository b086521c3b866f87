//! `scratch-accumulation`: scratch memory that piles up within one activation.

use crate::declare_rule;
use crate::events::seen::Sight;
use crate::finding::Finding;
use crate::rule::{Level, Shape};
use crate::rules::judged::{Judged, Says};

/// Text rebuilt from itself.
pub static REBUILT: Shape = Shape::certain(
    "rebuilt-in-a-loop",
    "text in scratch is rebuilt from itself plus more with each turn of a loop",
);

/// Scratch per turn.
pub static PER_TURN: Shape = Shape::likely(
    "scratch-per-turn",
    "scratch is taken with each turn of a loop whose length the input decides",
);

declare_rule! {
    pub static RULE = {
        name: "scratch-accumulation",
        summary: "scratch memory piles up until the activation ends",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&REBUILT, &PER_TURN],
        doc: include_str!("../../../docs/rules/scratch-accumulation.md"),
    }
}

/// Reports what loops take from scratch.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    for (id, seen) in judged.sights() {
        let (shape, says) = match seen.sight {
            Sight::Rebuilt => (&REBUILT, rebuilt()),
            Sight::ScratchPerTurn => (&PER_TURN, per_turn()),
            _ => continue,
        };
        let finding = judged.finding(id, seen.at, (&RULE, shape), says);
        let note =
            "looked around it for `cx.scoped(..)` and for a constant bound of the loop: there is neither";
        findings.push(judged.with_chain(finding, id).note(note));
    }
}

fn rebuilt() -> Says {
    Says::new(
        "each turn of this loop copies all that was built so far into scratch once more",
        "the old text stays until the activation ends",
        "push into one builder: `cx.scratch().text()` grows its last block in place",
    )
}

fn per_turn() -> Says {
    Says::new(
        "scratch is taken with each turn of this loop and freed only when the activation ends",
        "once more with each turn",
        "open a region for each turn with `cx.scoped(|cx| ..)`, or build into one text",
    )
}
