//! `missed-cleanup`: something is taken out again, but not on every way.

use crate::context::{Counter, Growing, Key, Site};
use crate::declare_rule;
use crate::events::What;
use crate::finding::{Confidence, Finding, Label};
use crate::lower::sym::{Sym, syms};
use crate::names::{AdtId, FnId};
use crate::rule::{Level, Shape};
use crate::rules::judged::{Judged, Says};
use std::collections::BTreeSet;

/// A way out between insertion and removal.
pub static EARLY: Shape =
    Shape::likely("inserted-then-way-out", "something is inserted, and a `?` leads past its removal");

/// Expired entries go only when somebody asks for them.
pub static EXPIRED: Shape =
    Shape::likely("expired-only-on-access", "entries expire, but only one that is asked for is removed");

/// Removed when it went well.
pub static ONE_OUTCOME: Shape = Shape::nursery(
    "one-outcome-only",
    "something is removed again when the call succeeds, and not when it fails",
);

/// Removed from its siblings.
pub static SIBLINGS: Shape = Shape::nursery(
    "removed-from-siblings",
    "a key is removed from the collections beside this one, and not from this one",
);

/// A queue of what may have been cancelled.
pub static LAZY: Shape =
    Shape::nursery("lazy-deletion", "what is cancelled stays in its queue until its time comes");

declare_rule! {
    pub static RULE = {
        name: "missed-cleanup",
        summary: "something is taken out again, but one way leads past that",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&EARLY, &EXPIRED, &ONE_OUTCOME, &SIBLINGS, &LAZY],
        doc: include_str!("../../../docs/rules/missed-cleanup.md"),
    }
}

const KEYED: [Sym; 5] = syms(["remove", "remove_entry", "swap_remove", "shift_remove", "take"]);
const POPS: [Sym; 3] = syms(["pop", "pop_front", "pop_first"]);

/// Looks at what shrinks, for ways that lead past it.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    for place in judged.balanced.iter().filter(|place| !matches!(place.key, Key::Local(..) | Key::Param(..)))
    {
        let works: Vec<Site<'_>> = place
            .shrinks
            .iter()
            .filter(|(counter, _)| *counter == Counter::Works)
            .map(|(_, site)| *site)
            .collect();
        let shape = [&EARLY, &EXPIRED, &ONE_OUTCOME, &LAZY, &SIBLINGS]
            .into_iter()
            .find(|shape| shows(judged, place, &works, shape));
        if let Some(shape) = shape {
            findings.push(told(judged, place, &works, shape));
        }
    }
}

fn shows(judged: &Judged<'_, '_>, place: &Growing<'_>, works: &[Site<'_>], shape: &'static Shape) -> bool {
    let keyed = |site: &Site<'_>| site.event.what == What::Shrink && KEYED.contains(&site.event.operation);
    match shape.name {
        "inserted-then-way-out" => {
            works.iter().all(|site| keyed(site) && leaves_between(judged, place, *site))
        }
        "expired-only-on-access" => {
            let elsewhere = |site: &Site<'_>| place.grows.iter().all(|grow| grow.id != site.id);
            works.iter().all(|site| {
                keyed(site) && site.event.under.timed && site.event.under.in_loop.is_none() && elsewhere(site)
            })
        }
        "one-outcome-only" => works
            .iter()
            .all(|site| keyed(site) && site.event.under.on_success && before(place, *site).is_some()),
        "lazy-deletion" => {
            let queue = place.grows[0].event.holder == Sym::new("BinaryHeap");
            let due = works.iter().all(|site| POPS.contains(&site.event.operation) && site.event.under.timed);
            queue
                && due
                && siblings(judged, place).any(|other| other.shrinks.iter().any(|(_, site)| keyed(site)))
        }
        _ => left_out(judged, place, works),
    }
}

/// A growth of the place in the same function, before `site`.
fn before<'s>(place: &Growing<'s>, site: Site<'s>) -> Option<Site<'s>> {
    place.grows.iter().copied().find(|grow| grow.id == site.id && grow.event.at.end <= site.event.at.start)
}

/// `insert(..); work()?; remove(..)`.
fn leaves_between(judged: &Judged<'_, '_>, place: &Growing<'_>, site: Site<'_>) -> bool {
    let Some(grow) = before(place, site) else { return false };
    let facts = &judged.summary.facts[site.id.ix()];
    let straight = !site.event.under.on_error && site.event.under.in_loop == grow.event.under.in_loop;
    let between = |way: &crate::lower::ir::Range| {
        way.end > grow.event.at.end && way.end <= site.event.at.start && way.start >= grow.event.at.end
    };
    straight && facts.tries.iter().any(between)
}

fn siblings<'j, 'a>(
    judged: &'j Judged<'a, '_>,
    place: &Growing<'_>,
) -> impl Iterator<Item = &'j Growing<'a>> {
    let own = place.key;
    let adt = owner(own);
    judged.balanced.iter().filter(move |other| other.key != own && adt.is_some() && owner(other.key) == adt)
}

fn owner(key: Key) -> Option<AdtId> {
    match key {
        Key::Field(adt, _) => Some(adt),
        _ => None,
    }
}

/// A function removes from two siblings that are filled together with this one, and this one is forgotten there.
fn left_out(judged: &Judged<'_, '_>, place: &Growing<'_>, works: &[Site<'_>]) -> bool {
    let filled: BTreeSet<FnId> = place.grows.iter().map(|site| site.id).collect();
    let emptied: BTreeSet<FnId> = works.iter().map(|site| site.id).collect();
    let keyed = |site: &Site<'_>| KEYED.contains(&site.event.operation);
    let together: Vec<BTreeSet<FnId>> = siblings(judged, place)
        .filter(|other| other.grows.iter().any(|grow| filled.contains(&grow.id)))
        .map(|other| {
            other
                .shrinks
                .iter()
                .map(|(_, site)| site)
                .filter(|site| keyed(site))
                .map(|site| site.id)
                .collect()
        })
        .collect();
    let forgets =
        |id: &FnId| !emptied.contains(id) && together.iter().filter(|ids| ids.contains(id)).count() >= 2;
    works.iter().all(keyed) && together.iter().flatten().any(forgets)
}

fn told(judged: &Judged<'_, '_>, place: &Growing<'_>, works: &[Site<'_>], shape: &'static Shape) -> Finding {
    let name = match place.key {
        Key::Field(adt, field) => {
            let names = &judged.program.names;
            format!("{}.{}", names.text(names.adt(adt).name), names.text(field))
        }
        Key::Static(of) => judged.program.names.text(judged.program.names.statics[of.ix()].name).to_owned(),
        Key::Local(..) | Key::Param(..) => String::new(),
    };
    let (message, help, about) = words(shape, &name);
    let first = place.grows[0];
    let says = Says::new(message, "put in here", help);
    let mut finding = judged.finding(first.id, first.event.at, (&RULE, shape), says);
    finding.confidence = finding.confidence.max(Confidence::Likely);
    finding.subject.place = format!("{}::{name}", judged.crate_name(first.id));
    for site in works.iter().take(3) {
        finding = finding.label(Label::new(judged.span(site.id, site.event.at), about));
    }
    judged.with_chain(finding, first.id).note(format!(
        "looked in the workspace for another removal from `{name}`, a sweep or a guard that removes on every way: there is none"
    ))
}

fn words(shape: &Shape, name: &str) -> (String, &'static str, &'static str) {
    match shape.name {
        "inserted-then-way-out" => (
            format!("what is put into `{name}` stays there when a `?` behind it leaves"),
            "remove it in a guard that is dropped on every way out, or put it in when nothing can fail any more",
            "taken out here, behind a way out",
        ),
        "expired-only-on-access" => (
            format!("what has expired in `{name}` goes only when somebody asks for it"),
            "sweep on a timer: `retain(|_, entry| !entry.is_expired())`, or bound it with `locus::Lru<K, V, N>`",
            "removes the one that was asked for",
        ),
        "one-outcome-only" => (
            format!("what is put into `{name}` is taken out only when the call succeeds"),
            "remove it before looking at the outcome",
            "only on success",
        ),
        "lazy-deletion" => (
            format!("what is cancelled stays in `{name}` until its time comes"),
            "rebuild the queue when most of it is cancelled, or use one that can remove, as `DelayQueue`",
            "only when it is due",
        ),
        _ => (
            format!("a function removes from what is filled beside `{name}`, and leaves it out"),
            "remove from all of them in one place",
            "removed here, but not with its siblings",
        ),
    }
}
