//! `undeclared-resource`: what the budget cannot count because nobody said how many there may be.

use crate::declare_rule;
use crate::events::seen::Sight;
use crate::finding::Finding;
use crate::lower::attr::LocusItem;
use crate::lower::ir::TypeRef;
use crate::names::{Adt, AdtId, Def};
use crate::rule::{Level, Shape};
use crate::rules::judged::{Judged, Says, is_locus_method};
use rustc_hash::FxHashSet;

/// Children without a ceiling.
pub static CHILDREN: Shape = Shape::certain(
    "children-without-maximum",
    "children are spawned with every message, and their number is not declared",
);

/// Workers without a number.
pub static WORKERS: Shape = Shape::certain(
    "workers-without-number",
    "a pool of workers is as large as the run decides, without a maximum",
);

declare_rule! {
    pub static RULE = {
        name: "undeclared-resource",
        summary: "the budget cannot count something, because no maximum is declared for it",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&CHILDREN, &WORKERS],
        doc: include_str!("../../../docs/rules/undeclared-resource.md"),
    }
}

/// Reports children that are spawned per message without a declared maximum, and workers without a number.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    children(judged, findings);
    workers(judged, findings);
}

/// Pools of workers in packages that have a main locus: what has none has no budget.
fn workers(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let names = &judged.program.names;
    let is_main = |adt: &&Adt<'_>| matches!(adt.locus, Some(LocusItem::Locus(decl)) if decl.main);
    let packages: FxHashSet<usize> =
        names.adts.iter().filter(is_main).map(|adt| names.package_of(adt.module)).collect();
    for (id, seen) in judged.sights() {
        let Sight::Workers(name, None) = &seen.sight else { continue };
        let is_counted = packages.contains(&names.package_of(names.function(id).module));
        if is_counted && judged.context.runs[id.ix()].often.is_some() {
            let says = Says::new(
                format!("how many threads `{name}` asks for is known to the run alone"),
                "no number, and no maximum",
                "cut it to what the budget may count: `cores.min(8)`",
            );
            findings.push(judged.with_chain(judged.finding(id, seen.at, (&RULE, &WORKERS), says), id));
        }
    }
}

fn children(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    for (id, seen) in judged.per_message(|sight| matches!(sight, Sight::Spawns(_))) {
        let Sight::Spawns(child) = seen.sight else { continue };
        let parent = judged.program.adt_of(id).filter(|_| is_locus_method(judged.program, id));
        let Some(parent) = parent.filter(|parent| !declares(judged, *parent, child)) else { continue };
        let names = &judged.program.names;
        let says = Says::new(
            format!(
                "`{}` is spawned with every message, and how many there may be is not declared",
                names.text(names.adt(child).name)
            ),
            "one more each time",
            format!(
                "declare it: `#[locus(children({} = flow, max = N))]`",
                names.text(names.adt(child).name)
            ),
        );
        let note = format!(
            "looked at `#[locus(..)]` of `{}` for `children(.., max = N)`: there is none",
            names.text(names.adt(parent).name)
        );
        let finding = judged.finding(id, seen.at, (&RULE, &CHILDREN), says);
        findings.push(judged.with_chain(finding, id).note(note));
    }
}

fn declares(judged: &Judged<'_, '_>, parent: AdtId, child: AdtId) -> bool {
    let adt = judged.program.names.adt(parent);
    let Some(LocusItem::Locus(decl)) = adt.locus else { return false };
    decl.children.iter().any(|(ty, ..)| match ty {
        Some(TypeRef::Path(path)) => {
            let found = judged.program.names.resolve(adt.module, path, true);
            matches!(found.map(|found| found.def), Some(Def::Adt(of)) if of == child)
        }
        _ => true,
    })
}
