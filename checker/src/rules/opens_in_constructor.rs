//! `opens-in-constructor`: what is opened on the way from main's constructor, which runs once for each part.

use crate::declare_rule;
use crate::events::seen::Sight;
use crate::finding::Finding;
use crate::lower::attr::LocusItem;
use crate::lower::ir::Range;
use crate::names::FnId;
use crate::rule::{Level, Shape};
use crate::rules::judged::{Judged, Reach, Says, is_locus_method};

/// A file, socket or thread.
pub static OPENS: Shape =
    Shape::certain("opens-in-constructor", "main's constructor opens a file or socket, or starts a thread");

declare_rule! {
    pub static RULE = {
        name: "opens-in-constructor",
        summary: "main's constructor opens something, and it runs once for each part, replica and restart",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&OPENS],
        doc: include_str!("../../../docs/rules/opens-in-constructor.md"),
    }
}

/// Reports what constructors of main loci reach.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let constructors: Vec<FnId> = judged.functions().filter(|id| constructs_main(judged, *id)).collect();
    if constructors.is_empty() {
        return;
    }
    let reach = Reach::of(judged.summary, constructors);
    for id in judged.functions().filter(|id| reach.contains(*id)) {
        if is_locus_method(judged.program, id) {
            continue;
        }
        let facts = &judged.summary.facts[id.ix()];
        for open in &facts.opens {
            findings.push(told(judged, id, open.at, &format!("`{}` opens", open.name), &reach));
        }
        for seen in facts.seen.iter().filter(|seen| matches!(seen.sight, Sight::StartsThread)) {
            findings.push(told(judged, id, seen.at, "a thread starts", &reach));
        }
    }
}

/// An associated function of a main locus that gives one, other than `main` itself.
fn constructs_main(judged: &Judged<'_, '_>, id: FnId) -> bool {
    let program = judged.program;
    let Some(adt) = program.adt_of(id) else { return false };
    let main = matches!(program.names.adt(adt).locus, Some(LocusItem::Locus(decl)) if decl.main);
    let takes_self =
        program.names.function(id).sig.is_none_or(|sig| sig.receiver != crate::lower::ir::Receiver::None);
    main && !takes_self && program.sigs[id.ix()].ret.is_some_and(|ret| gives(judged, ret, adt))
}

/// `Self`, or a `Result` of it.
fn gives(judged: &Judged<'_, '_>, ret: crate::types::Ty, adt: crate::names::AdtId) -> bool {
    use crate::types::{Interner, TyKind};
    let is = |ty: crate::types::Ty| matches!(judged.program.types.kind(ty), TyKind::Adt(of, _) if *of == adt);
    match judged.program.types.kind(ret) {
        TyKind::Foreign(_, args) => args.first().is_some_and(|arg| is(*arg)),
        _ => is(ret),
    }
}

fn told(judged: &Judged<'_, '_>, id: FnId, at: Range, what: &str, reach: &Reach) -> Finding {
    let says = Says::new(
        format!("{what} on the way from main's constructor, once for each part, replica and restart"),
        "all but one of them are dropped unborn",
        "do it in `birth` of the part that needs it, or before `locus::run` and share it by `Arc`",
    );
    let finding = judged.finding(id, at, (&RULE, &OPENS), says);
    judged.with_way(finding, reach, id).note("followed the calls from the constructors of the main locus")
}
