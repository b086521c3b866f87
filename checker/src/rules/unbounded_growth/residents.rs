//! Resident children that messages bring forth and nothing ends: they fill their ceiling for good.

use super::{RESIDENTS, RULE};
use crate::events::seen::Sight;
use crate::finding::Finding;
use crate::lower::attr::LocusItem;
use crate::lower::ir::TypeRef;
use crate::names::{AdtId, Def, FnId};
use crate::rules::judged::{Judged, Says};
use rustc_hash::{FxHashMap, FxHashSet};

/// Resident children spawned per message, of types that never end themselves.
pub(super) fn residents(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let names = &judged.program.names;
    let ends = who_ends(judged);
    for (id, seen) in judged.per_message(|sight| matches!(sight, Sight::Spawns(_))) {
        let Sight::Spawns(child) = seen.sight else { continue };
        let idles = matches!(names.adt(child).locus, Some(LocusItem::Locus(decl)) if decl.idles);
        let parent = judged.program.adt_of(id).map(|adt| names.adt(adt));
        let Some((parent, LocusItem::Locus(decl))) = parent.and_then(|adt| Some((adt, adt.locus?))) else {
            continue;
        };
        let resident = decl.children.iter().any(|(ty, resident, _)| match ty {
            Some(TypeRef::Path(path)) if *resident => {
                let found = names.resolve(parent.module, path, true);
                matches!(found.map(|found| found.def), Some(Def::Adt(of)) if of == child)
            }
            _ => false,
        });
        if !resident
            || idles
            || ends.contains(&child)
            || ends.contains(&judged.program.adt_of(id).unwrap_or(child))
        {
            continue;
        }
        let name = names.text(names.adt(child).name);
        let says = Says::new(
            format!("a resident `{name}` is spawned with every message, and nothing ends one"),
            "one more each time, until the ceiling is reached for good",
            format!("declare it `{name} = flow`, let it `cx.terminate()`, or give it `idle = \"..\"`"),
        );
        let finding = judged.finding(id, seen.at, (&RULE, &RESIDENTS), says);
        let note = format!("looked at `{name}` and its parent for `terminate` and `idle`: there is neither");
        findings.push(judged.with_chain(finding, id).note(note));
    }
}

/// Types of whose methods one calls `terminate` or `terminate_child`, itself or through other functions.
fn who_ends(judged: &Judged<'_, '_>) -> FxHashSet<AdtId> {
    let terminates = judged.sights().filter(|(_, seen)| matches!(seen.sight, Sight::Terminates));
    let mut open: Vec<FnId> = terminates.map(|(id, _)| id).collect();
    if open.is_empty() {
        return FxHashSet::default();
    }
    let mut callers: FxHashMap<FnId, Vec<FnId>> = FxHashMap::default();
    for id in judged.functions() {
        for callee in judged.summary.facts[id.ix()].calls.iter().flat_map(|site| site.callees.iter()) {
            callers.entry(*callee).or_default().push(id);
        }
    }
    let (mut seen, mut ends) = (FxHashSet::default(), FxHashSet::default());
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            ends.extend(judged.program.adt_of(id));
            open.extend(callers.get(&id).into_iter().flatten().copied());
        }
    }
    ends
}
