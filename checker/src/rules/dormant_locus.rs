//! `dormant-locus`: a locus that is only a field, so that nothing of it ever runs.

use crate::context::Entry;
use crate::declare_rule;
use crate::finding::{Finding, Label, Subject};
use crate::lower::attr::LocusItem;
use crate::names::AdtId;
use crate::rule::{Level, Shape};
use crate::rules::judged::{Judged, is_locus_method, span};
use crate::types::{Interner, Ty, TyKind};
use rustc_hash::FxHashSet;

/// A plain field.
pub static FIELD: Shape = Shape::certain(
    "locus-as-plain-field",
    "a field of an ordinary locus is a locus whose handlers never run",
);

declare_rule! {
    pub static RULE = {
        name: "dormant-locus",
        summary: "a locus is held as a plain field, so that its handlers, timers and `run` never happen",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&FIELD],
        doc: include_str!("../../../docs/rules/dormant-locus.md"),
    }
}

/// Reports fields of loci, other than main ones, that hold a locus itself.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let program = judged.program;
    let active: FxHashSet<AdtId> = judged
        .functions()
        .filter(|id| matches!(judged.context.runs[id.ix()].entry, Some(Entry::Message | Entry::Run)))
        .filter(|id| is_locus_method(program, *id))
        .filter_map(|id| program.adt_of(id))
        .collect();
    for (index, adt) in program.names.adts.iter().enumerate() {
        if !matches!(adt.locus, Some(LocusItem::Locus(decl)) if !decl.main) {
            continue;
        }
        let declared = adt.variants.iter().flat_map(|(_, fields)| fields.iter());
        for (field, (_, ty)) in declared.zip(program.fields[index].iter().flatten()) {
            let Some(held) = held(judged, *ty, 0).filter(|held| active.contains(held)) else { continue };
            let name = |adt: AdtId| program.names.text(program.names.adt(adt).name);
            let subject = Subject {
                package: program.names.workspace.packages[program.names.package_of(adt.module)].name.clone(),
                place: format!("{}.{}", program.names.text(adt.name), program.names.text(field.name)),
                operation: FIELD.name.to_owned(),
                declared_at: None,
            };
            let message =
                format!("`{}` is a locus, but as a plain field none of its handlers ever runs", name(held));
            let help = format!(
                "make it a child, `Child<{0}>` with `Child::new(|| {0}::new(..))`, or a plain struct",
                name(held)
            );
            let label = Label::new(span(adt.file, field.at), "only data here");
            let other = program.names.adt(held);
            let declared = Label::new(span(other.file, other.at), "declared as a locus here");
            let finding = Finding::new(&RULE, &FIELD, message, label, subject, help).label(declared);
            findings.push(finding.note("looked at the field's type for `Child<..>`: it is not one"));
        }
    }
}

/// The locus that a field holds by value: plainly, boxed, optional, or in a list.
fn held(judged: &Judged<'_, '_>, ty: Ty, depth: u32) -> Option<AdtId> {
    const HOLDS: [&str; 4] = ["Option", "Box", "Vec", "HashMap"];
    match judged.program.types.kind(ty) {
        TyKind::Adt(adt, _) => Some(*adt).filter(|adt| judged.is_locus(*adt)),
        TyKind::Foreign(foreign, args) if depth < 4 => {
            let holds = HOLDS.iter().any(|name| crate::lower::sym::Sym::new(name) == foreign.last);
            args.last().filter(|_| holds).and_then(|arg| held(judged, *arg, depth + 1))
        }
        _ => None,
    }
}
