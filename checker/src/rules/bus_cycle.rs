//! `bus-cycle`: handlers that feed each other over queues that block.

use crate::declare_rule;
use crate::events::seen::Sight;
use crate::finding::{Finding, Label};
use crate::lower::attr::{LocusItem, MethodRole, Policy};
use crate::lower::ir::Range;
use crate::names::{AdtId, FnId};
use crate::rule::{Level, Shape};
use crate::rules::judged::{Judged, Reach, Says, is_locus_method};
use crate::types::{Interner, TyKind};
use std::collections::BTreeMap;

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

/// A publish that a handler of one topic makes of another.
#[derive(Clone, Copy)]
struct Edge {
    to: AdtId,
    id: FnId,
    at: Range,
}

/// Reports the publish that closes each circle of topics.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let edges = edges(judged);
    let mut state: BTreeMap<AdtId, bool> = BTreeMap::new();
    for start in edges.keys() {
        let mut path = Vec::new();
        visit(&edges, *start, &mut state, &mut path, &mut |circle| findings.push(told(judged, circle)));
    }
}

/// The topic of each handler that takes its messages from a queue that blocks.
fn handled(judged: &Judged<'_, '_>, id: FnId) -> Option<AdtId> {
    let sig = judged.program.names.function(id).sig?;
    let Some(MethodRole::On(on)) = sig.role.as_deref() else { return None };
    if on.inline || on.drops() || !is_locus_method(judged.program, id) {
        return None;
    }
    topic_of(judged, id).filter(
        |topic| matches!(judged.program.names.adt(*topic).locus, Some(LocusItem::Topic(decl)) if decl.on_full == Policy::Block),
    )
}

/// The topic that a handler takes.
pub(super) fn topic_of(judged: &Judged<'_, '_>, id: FnId) -> Option<AdtId> {
    let mut at = *judged.program.sigs[id.ix()].params.get(1)?;
    for _ in 0..3 {
        match judged.program.types.kind(at) {
            TyKind::Adt(adt, _) => return Some(*adt),
            TyKind::Foreign(_, args) => at = *args.first()?,
            _ => return None,
        }
    }
    None
}

fn edges(judged: &Judged<'_, '_>) -> BTreeMap<AdtId, Vec<Edge>> {
    let mut edges: BTreeMap<AdtId, Vec<Edge>> = BTreeMap::new();
    for handler in judged.functions() {
        let Some(from) = handled(judged, handler) else { continue };
        let reach = Reach::of(judged.summary, [handler]);
        for id in judged.functions().filter(|id| reach.contains(*id)) {
            for seen in &judged.summary.facts[id.ix()].seen {
                if let Sight::Publishes { topic, conditional, .. } = seen.sight {
                    // One in, one out, until a condition says stop: a locus that asks itself to go on.
                    if topic == from && conditional && seen.in_loop.is_none() {
                        continue;
                    }
                    edges.entry(from).or_default().push(Edge { to: topic, id, at: seen.at });
                }
            }
        }
    }
    edges
}

/// Depth first; `state` is true while a topic is on the path.
fn visit(
    edges: &BTreeMap<AdtId, Vec<Edge>>,
    from: AdtId,
    state: &mut BTreeMap<AdtId, bool>,
    path: &mut Vec<Edge>,
    tell: &mut dyn FnMut(&[Edge]),
) {
    if state.contains_key(&from) {
        return;
    }
    state.insert(from, true);
    for edge in edges.get(&from).into_iter().flatten() {
        path.push(*edge);
        if state.get(&edge.to) == Some(&true) {
            let begin = path.iter().rposition(|known| known.to == edge.to && known.at != edge.at);
            tell(&path[begin.map_or(0, |begin| begin + 1)..]);
        }
        visit(edges, edge.to, state, path, tell);
        path.pop();
    }
    state.insert(from, false);
}

fn told(judged: &Judged<'_, '_>, circle: &[Edge]) -> Finding {
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
