//! `bus-cycle`: handlers that feed each other over queues that block.

use crate::declare_rule;
use crate::finding::{Finding, Label};
use crate::graph::{Feed, circles};
use crate::names::AdtId;
use crate::rule::{Level, Shape};
use crate::rules::judged::{Judged, Says};

/// All edges block.
pub static BLOCKING: Shape = Shape::certain(
    "blocking-cycle",
    "handlers publish what leads back to them, over queues that block when full",
);

declare_rule! {
    pub static RULE = {
        name: "bus-cycle",
        summary: "handlers publish what leads back to them, and wait for each other when the queues are full",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&BLOCKING],
        doc: include_str!("../../../docs/rules/bus-cycle.md"),
    }
}

/// Reports the publish that closes each circle of topics.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    findings.extend(circles(&judged.bus.feeds).iter().map(|circle| told(judged, circle)));
}

fn told(judged: &Judged<'_, '_>, circle: &[Feed]) -> Finding {
    let names = &judged.program.names;
    let name = |topic: AdtId| names.text(names.adt(topic).name);
    let last = circle[circle.len() - 1];
    let way: Vec<&str> =
        std::iter::once(name(last.to)).chain(circle.iter().map(|edge| name(edge.to))).collect();
    let says = Says::new(
        format!("this publish leads back to its own handler: {}", way.join(" → ")),
        "closes the circle",
        "let one of the queues drop, `on_full = drop_old`, or break the circle: answer with `ask`, or count the rounds in the message and end them",
    );
    let mut finding = judged.finding(last.id, last.at, (&RULE, &BLOCKING), says);
    for edge in &circle[..circle.len() - 1] {
        let text = format!("publishes `{}` on the way", name(edge.to));
        finding = finding.label(Label::new(judged.span(edge.id, edge.at), text));
    }
    finding.note("looked at each queue on the way for `inline`, `drop_old`, `drop_new` or `fail`: all of them block when full")
}
