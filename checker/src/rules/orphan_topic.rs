//! `orphan-topic`: messages that nobody takes, and handlers that nothing reaches.

use super::bus_cycle::topic_of;
use crate::declare_rule;
use crate::events::seen::Sight;
use crate::finding::Finding;
use crate::lower::attr::{LocusItem, MethodRole};
use crate::lower::ir::{Range, TypeRef};
use crate::names::{AdtId, Def, FnId, ModId};
use crate::rule::{Level, Shape};
use crate::rules::judged::{Judged, Says, is_locus_method};
use crate::types::{Interner, Ty, TyKind};
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
    let outside = used_otherwise(judged);
    let mut published: FxHashMap<AdtId, (FnId, Range, bool)> = FxHashMap::default();
    for (id, seen) in judged.sights() {
        if let Sight::Publishes { topic, .. } = seen.sight {
            let (entry, _) = judged.on_pool.chain(id);
            let by = judged.program.adt_of(entry).filter(|adt| judged.is_locus(*adt));
            let runs = by.is_none_or(|by| running.contains(&by));
            let first = published.entry(topic).or_insert((id, seen.at, runs));
            if runs && !first.2 {
                *first = (id, seen.at, runs);
            }
        }
    }
    let mut handled: FxHashMap<AdtId, FnId> = FxHashMap::default();
    for id in judged.functions().filter(|id| is_handler(judged, *id)) {
        if let Some(topic) = topic_of(judged, id) {
            handled.entry(topic).or_insert(id);
        }
    }
    let names = &judged.program.names;
    for index in 0..names.adts.len() {
        let topic = AdtId(u32::try_from(index).unwrap_or(u32::MAX));
        let adt = names.adt(topic);
        let is_topic = matches!(adt.locus, Some(LocusItem::Topic(decl)) if decl.subject.is_none());
        if !is_topic || outside.contains(&topic) || !with_main.contains(&names.package_of(adt.module)) {
            continue;
        }
        match (published.get(&topic), handled.get(&topic)) {
            (Some((id, at, true)), None) => findings.push(unheard(judged, topic, *id, *at)),
            (None, Some(id)) if runs(judged, *id, &running) => findings.push(silent(judged, topic, *id)),
            _ => {}
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
            loci_in(judged, *ty, 0, &mut open);
        }
        let Some(LocusItem::Locus(decl)) = names.adt(adt).locus else { continue };
        let children = decl.children.iter().filter_map(|(ty, ..)| ty.as_ref());
        open.extend(children.filter_map(|ty| named(judged, names.adt(adt).module, ty)));
    }
    running
}

fn loci_in(judged: &Judged<'_, '_>, ty: Ty, depth: u32, open: &mut Vec<AdtId>) {
    match judged.program.types.kind(ty) {
        TyKind::Adt(adt, _) if judged.is_locus(*adt) => open.push(*adt),
        TyKind::Foreign(_, args) if depth < 4 => {
            args.iter().for_each(|arg| loci_in(judged, *arg, depth + 1, open));
        }
        _ => {}
    }
}

fn is_handler(judged: &Judged<'_, '_>, id: FnId) -> bool {
    let role = judged.program.names.function(id).sig.and_then(|sig| sig.role.as_deref());
    matches!(role, Some(MethodRole::On(_))) && is_locus_method(judged.program, id)
}

fn packages_with_main(judged: &Judged<'_, '_>) -> FxHashSet<usize> {
    let names = &judged.program.names;
    let mains =
        names.adts.iter().filter(|adt| matches!(adt.locus, Some(LocusItem::Locus(decl)) if decl.main));
    mains.map(|adt| names.package_of(adt.module)).collect()
}

/// Topics that reach beyond handlers: bound, received by `run`, subscribed to, asked, or held by handle.
fn used_otherwise(judged: &Judged<'_, '_>) -> FxHashSet<AdtId> {
    let program = judged.program;
    let mut used = FxHashSet::default();
    for (_, seen) in judged.sights() {
        if let Sight::Uses(topic) = seen.sight {
            used.insert(topic);
        }
    }
    for adt in &program.names.adts {
        let Some(LocusItem::Locus(decl)) = adt.locus else { continue };
        let bound = decl.binds.iter().map(|(ty, ..)| ty);
        used.extend(
            decl.receives
                .iter()
                .map(|one| &one.topic)
                .chain(bound)
                .filter_map(|ty| named(judged, adt.module, ty)),
        );
    }
    for ty in program.fields.iter().flatten().flatten().map(|(_, ty)| *ty) {
        held(judged, ty, 0, &mut used);
    }
    for ty in program.sigs.iter().flat_map(|sig| sig.params.iter().chain(&sig.ret).copied()) {
        held(judged, ty, 0, &mut used);
    }
    used
}

/// `TopicHandle<T>` and the like, in a field or a signature; also a `T` that generic code may publish.
fn held(judged: &Judged<'_, '_>, ty: Ty, depth: u32, used: &mut FxHashSet<AdtId>) {
    const HANDLES: [&str; 4] = ["TopicHandle", "Subscription", "Delivery", "Ask"];
    if depth > 6 {
        return;
    }
    let (is_handle, args) = match judged.program.types.kind(ty) {
        TyKind::Foreign(foreign, args) => {
            (HANDLES.iter().any(|name| crate::lower::sym::Sym::new(name) == foreign.last), args)
        }
        // Generic code: `Feeder<Raw>` publishes what it is given.
        TyKind::Adt(_, args) => (true, args),
        _ => return,
    };
    for arg in args {
        match judged.program.types.kind(*arg) {
            TyKind::Adt(adt, _) if is_handle => {
                used.insert(*adt);
            }
            _ => held(judged, *arg, depth + 1, used),
        }
    }
}

fn named(judged: &Judged<'_, '_>, module: ModId, ty: &TypeRef) -> Option<AdtId> {
    let TypeRef::Path(path) = ty else { return None };
    match judged.program.names.resolve(module, path, true)?.def {
        Def::Adt(adt) => Some(adt),
        _ => None,
    }
}

fn unheard(judged: &Judged<'_, '_>, topic: AdtId, id: FnId, at: Range) -> Finding {
    let name = judged.program.names.text(judged.program.names.adt(topic).name);
    let says = Says::new(
        format!("`{name}` is published, and nothing in the workspace takes it"),
        "goes nowhere",
        "handle it with `#[on]`, bind it, or stop publishing it",
    );
    judged.finding(id, at, (&RULE, &UNHEARD), says).note(
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
