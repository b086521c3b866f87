//! `orphan-topic`: messages that nobody takes, and handlers that nothing reaches.

use crate::declare_rule;
use crate::events::seen::Sight;
use crate::finding::Finding;
use crate::graph::{Orphan, Publish, loci_in, named};
use crate::lower::attr::LocusItem;
use crate::names::{AdtId, FnId};
use crate::rule::{Level, Shape};
use crate::rules::judged::{Judged, Says};
use rustc_hash::{FxHashMap, FxHashSet};

/// Published and never handled.
pub static UNHEARD: Shape =
    Shape::certain("never-handled", "a topic is published, and nothing takes its messages");

/// Handled and never published.
pub static SILENT: Shape =
    Shape::certain("never-published", "a handler waits for a topic that nothing publishes");

declare_rule! {
    pub static RULE = {
        name: "orphan-topic",
        summary: "a topic is published and never handled, or handled and never published",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&UNHEARD, &SILENT],
        doc: include_str!("../../../docs/rules/orphan-topic.md"),
    }
}

/// Compares what is published with what is handled, where a main locus is in sight.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let with_main = packages_with_main(judged);
    if with_main.is_empty() {
        return;
    }
    let running = running(judged);
    let mut published: FxHashMap<AdtId, (&Publish, bool)> = FxHashMap::default();
    for publish in &judged.bus.publishes {
        let (entry, _) = judged.on_pool.chain(publish.id);
        let by = judged.program.adt_of(entry).filter(|adt| judged.is_locus(*adt));
        let runs = by.is_none_or(|by| running.contains(&by));
        let first = published.entry(publish.topic).or_insert((publish, runs));
        if runs && !first.1 {
            *first = (publish, runs);
        }
    }
    let mut handled: FxHashMap<AdtId, FnId> = FxHashMap::default();
    for (topic, id) in &judged.bus.handlers {
        handled.entry(*topic).or_insert(*id);
    }
    let names = &judged.program.names;
    for index in 0..names.adts.len() {
        let topic = AdtId(u32::try_from(index).unwrap_or(u32::MAX));
        let adt = names.adt(topic);
        let is_topic = matches!(adt.locus, Some(LocusItem::Topic(decl)) if decl.subject.is_none());
        if !is_topic || !with_main.contains(&names.package_of(adt.module)) {
            continue;
        }
        let (by, to) = (published.get(&topic), handled.get(&topic));
        match Orphan::of(by.is_some(), to.is_some(), judged.bus.is_used_otherwise(topic)) {
            Some(Orphan::NeverHandled) => {
                let found = by.filter(|(_, runs)| *runs);
                findings.extend(found.map(|(publish, _)| unheard(judged, publish)));
            }
            Some(Orphan::NeverPublished) => {
                let found = to.filter(|id| runs(judged, **id, &running));
                findings.extend(found.map(|id| silent(judged, topic, *id)));
            }
            None => {}
        }
    }
}

fn runs(judged: &Judged<'_, '_>, id: FnId, running: &FxHashSet<AdtId>) -> bool {
    judged.program.adt_of(id).is_some_and(|adt| running.contains(&adt))
}

/// The loci that main loci are made of: their parts, and the children below those.
fn running(judged: &Judged<'_, '_>) -> FxHashSet<AdtId> {
    let names = &judged.program.names;
    let mut running = FxHashSet::default();
    let mut open: Vec<AdtId> = Vec::new();
    for index in 0..names.adts.len() {
        let adt = AdtId(u32::try_from(index).unwrap_or(u32::MAX));
        if matches!(names.adt(adt).locus, Some(LocusItem::Locus(decl)) if decl.main) {
            open.push(adt);
        }
    }
    open.extend(judged.sights().filter_map(|(_, seen)| match seen.sight {
        Sight::Spawns(adt) => Some(adt),
        _ => None,
    }));
    while let Some(adt) = open.pop() {
        if !running.insert(adt) {
            continue;
        }
        for (_, ty) in judged.program.fields[adt.ix()].iter().flatten() {
            loci_in(judged.program, *ty, &mut open);
        }
        let Some(LocusItem::Locus(decl)) = names.adt(adt).locus else { continue };
        let children = decl.children.iter().filter_map(|(ty, ..)| ty.as_ref());
        open.extend(children.filter_map(|ty| named(judged.program, names.adt(adt).module, ty)));
    }
    running
}

fn packages_with_main(judged: &Judged<'_, '_>) -> FxHashSet<usize> {
    let names = &judged.program.names;
    let mains =
        names.adts.iter().filter(|adt| matches!(adt.locus, Some(LocusItem::Locus(decl)) if decl.main));
    mains.map(|adt| names.package_of(adt.module)).collect()
}

fn unheard(judged: &Judged<'_, '_>, publish: &Publish) -> Finding {
    let name = judged.program.names.text(judged.program.names.adt(publish.topic).name);
    let says = Says::new(
        format!("`{name}` is published, and nothing in the workspace takes it"),
        "goes nowhere",
        "handle it with `#[on]`, bind it, or stop publishing it",
    );
    judged.finding(publish.id, publish.at, (&RULE, &UNHEARD), says).note(
        "looked in the workspace for a handler, a `receives(..)`, a binding, a subscription or a handle: there is none",
    )
}

fn silent(judged: &Judged<'_, '_>, topic: AdtId, id: FnId) -> Finding {
    let name = judged.program.names.text(judged.program.names.adt(topic).name);
    let says = Says::new(
        format!("nothing in the workspace publishes `{name}`, so that this handler never runs"),
        "waits for ever",
        "publish it, bind it, or take the handler out",
    );
    let at = judged.program.names.function(id).at;
    judged
        .finding(id, at, (&RULE, &SILENT), says)
        .note("looked in the workspace for a publish, an `ask`, a binding or a handle: there is none")
}
