//! `undeclared-resource`: what the budget cannot count because nobody said how many there may be.

use crate::declare_rule;
use crate::events::seen::Sight;
use crate::finding::Finding;
use crate::lower::attr::LocusItem;
use crate::lower::ir::TypeRef;
use crate::names::{AdtId, Def};
use crate::rule::{Level, Shape};
use crate::rules::judged::{Judged, Says, is_locus_method};

/// Children without a ceiling.
pub static CHILDREN: Shape = Shape::certain(
    "children-without-maximum",
    "children are spawned with every message, and their number is not declared",
);

declare_rule! {
    pub static RULE = {
        name: "undeclared-resource",
        summary: "the budget cannot count something, because no maximum is declared for it",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&CHILDREN],
        doc: include_str!("../../../docs/rules/undeclared-resource.md"),
    }
}

/// Reports children that are spawned per message without a declared maximum.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
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
