//! `unbounded-channel`: a queue that takes whatever comes, however far behind its reader is.

use crate::context::Key;
use crate::declare_rule;
use crate::events::What;
use crate::events::seen::{Seen, Sight};
use crate::finding::{Confidence, Finding, Label};
use crate::models::Resource;
use crate::names::{AdtId, FnId};
use crate::rule::{Level, Shape};
use crate::rules::judged::asks::Asks;
use crate::rules::judged::queues::Queues;
use crate::rules::judged::ways::Ways;
use crate::rules::judged::{Judged, Says};
use crate::types::{Interner, Program, Ty, TyKind};
use rustc_hash::{FxHashMap, FxHashSet};

/// Deepest type that is looked at.
const DEPTH_MAX: u32 = 6;

/// Sent to with every message.
pub static SENT: Shape =
    Shape::certain("sent-per-message", "a queue without a limit is sent to with every message");

declare_rule! {
    pub static RULE = {
        name: "unbounded-channel",
        summary: "a queue without a limit grows whenever its reader is slower than its writers",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&SENT],
        doc: include_str!("../../../docs/rules/unbounded-channel.md"),
    }
}

/// Pairs queues with the sends that reach them, through fields and arguments.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let mut sends: FxHashMap<Key, Vec<(FnId, &Seen)>> = FxHashMap::default();
    let ways = Ways::of(judged);
    let queues = Queues::of(judged, &ways);
    for (id, seen) in judged.sights() {
        let Sight::Sends { sender, .. } = seen.sight else { continue };
        if let Some(key) = Key::of(id, sender)
            && judged.is_per_message(id, seen)
        {
            sends.entry(judged.keys.find(key)).or_default().push((id, seen));
        }
    }
    let kept = kept(judged);
    for (id, seen) in judged.sights() {
        let Sight::Unbounded { sender, .. } = seen.sight else { continue };
        let key = Key::of(id, sender).map(|key| judged.keys.find(key));
        let names = key.map(|key| queues.names_of(key)).unwrap_or_default();
        let Some(all) = names.iter().find_map(|name| sends.get(&judged.keys.find(*name))) else { continue };
        let of_locus = |(sender, _): &&(FnId, &Seen)| judged.in_locus(*sender) || judged.in_locus(id);
        let certain = all.iter().find(of_locus);
        let likely = || match queues.reader(id, seen) {
            Some(reader) => {
                let from_peers = all.iter().find(|(by, sent)| {
                    !queues.is_sent_once((id, seen), (*by, sent)) && queues.is_fed_by_peers(*by, sent)
                });
                from_peers.map(|sent| (sent, Some(reader)))
            }
            None => None,
        };
        let Some(((sender, sent), reader)) = certain.map(|sent| (sent, None)).or_else(likely) else {
            continue;
        };
        let says = Says::new(
            "this queue has no limit and is sent to with every message",
            "takes whatever comes",
            "give it a length: `channel(n)` makes writers wait, `try_send` lets them drop or refuse",
        );
        let mut finding = judged.finding(id, seen.at, (&RULE, &SENT), says);
        if certain.is_none() {
            let is_kept = key.is_some_and(|key| kept.contains(&key) || is_part_of_kept(judged, key));
            let is_near = ways.is_driven(*sender, sent.at, Asks::LEFT.near())
                && (is_kept || !queues.is_of_one_call(id, seen));
            finding.confidence = if is_near { Confidence::Likely } else { Confidence::Nursery };
        }
        finding = finding.label(Label::new(judged.span(*sender, sent.at), "sent to here"));
        if let Some((reader, at)) = reader {
            finding = finding
                .label(Label::new(judged.span(reader, at), "read here, as fast as what follows allows"));
        }
        let note = "the readers' speed is not known here: a queue that is always emptied in time needs no limit to say so, and one that is not needs one";
        findings.push(judged.with_chain(finding, *sender).note(note));
    }
}

/// Collections that sending ends of queues are put into: these outlast the call that makes them.
fn kept(judged: &Judged<'_, '_>) -> FxHashSet<Key> {
    let places = judged.functions().flat_map(|id| {
        let events = judged.summary.facts[id.ix()].events.iter();
        let puts = events.filter(|event| event.what == What::Grow && event.holds == Some(Resource::Sender));
        puts.filter_map(move |event| Key::of(id, event.place))
    });
    places.map(|key| judged.keys.find(key)).collect()
}

/// Whether a sending end is the field of what some collection of the workspace holds.
fn is_part_of_kept(judged: &Judged<'_, '_>, key: Key) -> bool {
    let Key::Field(owner, _) = key else { return false };
    let mut fields = judged.program.fields.iter().flatten().flatten();
    fields.any(|(_, ty)| collects(judged.program, *ty, owner, false, 0))
}

/// Whether a type is, or wraps, a collection that values of `of` are put into.
fn collects(program: &Program<'_>, ty: Ty, of: AdtId, is_inside: bool, depth: u32) -> bool {
    match program.types.kind(ty) {
        _ if depth > DEPTH_MAX => false,
        TyKind::Adt(adt, _) => is_inside && *adt == of,
        TyKind::Foreign(foreign, args) => {
            let model = program.models.type_at(*foreign);
            let is_inside = is_inside || model.is_some_and(|model| program.models.ty(model).grows);
            args.iter().any(|arg| collects(program, *arg, of, is_inside, depth + 1))
        }
        TyKind::Tuple(parts) => parts.iter().any(|part| collects(program, *part, of, is_inside, depth + 1)),
        _ => false,
    }
}
