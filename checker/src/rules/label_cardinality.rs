//! `label-cardinality`: a metric with one series for each value that ever came by.

use crate::context;
use crate::declare_rule;
use crate::events::seen::Sight;
use crate::finding::{Confidence, Finding};
use crate::names::FnId;
use crate::rule::{Level, Shape};
use crate::rules::judged::ways::Ways;
use crate::rules::judged::{Judged, Says};
use rustc_hash::FxHashSet;

/// A label that takes any value.
pub static OPEN: Shape =
    Shape::certain("label-from-message", "a label of a metric takes its value from a message or a fresh id");

declare_rule! {
    pub static RULE = {
        name: "label-cardinality",
        summary: "a metric gets a series for each value of a label, and messages decide how many",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&OPEN],
        doc: include_str!("../../../docs/rules/label-cardinality.md"),
    }
}

/// Reports labels that take any value.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let mut told = FxHashSet::default();
    let removed: FxHashSet<_> = judged
        .sights()
        .filter_map(|(_, seen)| match seen.sight {
            Sight::Unlabels(metric) => Some(metric),
            _ => None,
        })
        .collect();
    let asking: FxHashSet<FnId> =
        judged.sights().filter(|(_, seen)| matches!(seen.sight, Sight::AsksPath)).map(|(id, _)| id).collect();
    let paths: FxHashSet<_> = judged
        .sights()
        .filter_map(|(_, seen)| match &seen.sight {
            Sight::TakesPath(field) => Some(*field),
            Sight::TakesFrom(field, makers) if makers.iter().any(|of| asking.contains(of)) => Some(*field),
            _ => None,
        })
        .collect();
    let ways = Ways::of(judged);
    let mut open = Vec::new();
    for (id, seen) in judged.sights() {
        let Sight::Label { named, param, metric, of, asked } = seen.sight else { continue };
        if of.is_some_and(|field| !paths.contains(&field)) {
            continue;
        }
        if removed.contains(&metric) || judged.is_left_over(id) {
            continue;
        }
        let fixed = param.is_some_and(|param| {
            judged.is_always_fixed(id, param) || ways.is_always_route(id, param as usize)
        });
        if !fixed && judged.may_meet_peers(id, seen) {
            open.push((id, seen, named, asked));
        }
    }
    let values: Vec<_> = open.iter().map(|(id, seen, ..)| (*id, seen.at)).collect();
    let comes = context::told(judged.program, judged.insides, judged.callers, judged.context, &values);
    // Of a library, nobody sees who calls it.
    let is_library = !judged.has_program();
    for ((id, seen, named, asked), _) in open.into_iter().zip(comes).filter(|(_, comes)| *comes || is_library)
    {
        // One word a function and value, however many metrics it labels.
        if !told.insert((id, named)) {
            continue;
        }
        let says = Says::new(
            "this label takes any value, and each one is a series that is kept for ever",
            "comes with a message",
            "label by kind, status or size class; who it was belongs in a log or a trace",
        );
        let mut finding = judged.finding(id, seen.at, (&RULE, &OPEN), says);
        // Whoever asks chooses the path, where a handler is sure to lead there.
        let is_sure = asked && judged.serves_with(id).is_some();
        finding.confidence = if is_sure { Confidence::Certain } else { Confidence::Likely };
        let note = "looked at the type and origin of the value: it is no constant, no enum and no status, and a message, a request or a fresh number leads to it";
        findings.push(judged.with_chain(finding, id).note(note));
    }
}
