//! `flooding-loop`: a loop that publishes as fast as it can.

use crate::declare_rule;
use crate::events::seen::{Seen, Sight};
use crate::finding::{Finding, Label};
use crate::lower::attr::{LocusItem, Policy};
use crate::names::FnId;
use crate::rule::{Level, Shape};
use crate::rules::judged::{Judged, Says};

/// Never waits.
pub static NEVER_WAITS: Shape = Shape::certain(
    "never-waits",
    "an endless loop publishes and waits for neither time, input, a message nor room",
);

declare_rule! {
    pub static RULE = {
        name: "flooding-loop",
        summary: "an endless loop publishes as fast as it can",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&NEVER_WAITS],
        doc: include_str!("../../../docs/rules/flooding-loop.md"),
    }
}

/// Reports publishes in endless loops in which nothing waits.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    for (id, seen) in judged.sights() {
        let Sight::Publishes { topic, waits: false, .. } = seen.sight else { continue };
        let blocks = match judged.program.names.adt(topic).locus {
            Some(LocusItem::Topic(decl)) => decl.on_full == Policy::Block,
            _ => true,
        };
        let Some(around) = flooding(judged, id, seen, blocks) else { continue };
        let says = Says::new(
            format!(
                "this loop publishes `{}` as fast as it can, and waits for nothing",
                judged.program.names.text(judged.program.names.adt(topic).name)
            ),
            "published with every turn",
            "wait for what there is to tell: a timer, a message, input, or room with `publish(..).await`",
        );
        let finding = judged.finding(id, seen.at, (&RULE, &NEVER_WAITS), says);
        let finding = finding.label(Label::new(judged.span(id, around), "this loop never waits"));
        let note = "looked in the loop, and in what it calls, for a wait for time, input, a message or room: there is none";
        findings.push(finding.note(note));
    }
}

/// The endless loop around a publish, if nothing in it waits.
fn flooding(judged: &Judged<'_, '_>, id: FnId, seen: &Seen, blocks: bool) -> Option<crate::lower::ir::Range> {
    let facts = &judged.summary.facts[id.ix()];
    let mut at = seen.in_loop;
    while let Some(index) = at {
        let around = facts.loops.get(index as usize)?;
        let calls = around.calls.iter().flat_map(|call| facts.calls[*call as usize].callees.iter());
        let mut called = calls.map(|callee| judged.summary.waits[callee.ix()]);
        // `with` waits while the locus has no room to publish, if its topic says so.
        let waits =
            around.waits_else || around.reads || called.any(|waits| waits) || around.waits_with && blocks;
        if (around.no_exit || around.until_drained) && !waits {
            return Some(around.at);
        }
        at = around.parent;
    }
    None
}
