//! Databases in memory: what they hold is the data itself, and nothing may be taken out that nobody has deleted.
//!
//! A type is one where it is called after memory and implements a trait of the workspace for which something else stores
//! elsewhere: another implementor that is seen to hold a database, or one that the package is built without, but names the
//! crate of.

use crate::context::{Growing, Site};
use crate::lower::sym::Sym;
use crate::names::{AdtId, Owner};
use crate::rules::judged::Judged;
use crate::types::{Interner, Ty, TyKind};

/// Deepest field that is looked at.
const DEPTH_MAX: u32 = 4;

/// Whether all that adds to a place belongs to a database in memory.
pub(super) fn are_the_data(judged: &Judged<'_, '_>, growing: &Growing<'_>) -> bool {
    growing.grows.iter().all(|site| adds_data(judged, site))
}

fn adds_data(judged: &Judged<'_, '_>, site: &Site<'_>) -> bool {
    let names = &judged.program.names;
    let function = names.function(site.id);
    let Owner::Impl(block) = function.owner else { return false };
    let Some(adt) = judged.program.adt_of(site.id).filter(|adt| is_called_after_memory(judged, *adt)) else {
        return false;
    };
    let package = &names.workspace.packages[names.package_of(function.module)];
    let names_one =
        || package.dependencies.iter().any(|(_, krate)| judged.program.models.is_database(Sym::new(krate)));
    judged.program.impls[block.ix()].of.is_some_and(|of| {
        let others = || judged.program.implementors_of(of).filter(|other| *other != adt);
        others().any(|other| holds_database(judged, other, 0)) || others().next().is_none() && names_one()
    })
}

fn is_called_after_memory(judged: &Judged<'_, '_>, adt: AdtId) -> bool {
    let names = &judged.program.names;
    let name = names.text(names.adt(adt).name);
    ["Memory", "InMem", "Memdb", "MemDb", "MemStore"].iter().any(|word| name.contains(word))
}

fn holds_database(judged: &Judged<'_, '_>, adt: AdtId, depth: u32) -> bool {
    let mut fields = judged.program.fields[adt.ix()].iter().flatten();
    fields.any(|(_, ty)| is_database(judged, *ty, depth))
}

fn is_database(judged: &Judged<'_, '_>, ty: Ty, depth: u32) -> bool {
    match judged.program.types.kind(ty) {
        _ if depth > DEPTH_MAX => false,
        TyKind::Foreign(foreign, args) => {
            judged.program.models.is_database(foreign.krate)
                || args.iter().any(|arg| is_database(judged, *arg, depth + 1))
        }
        TyKind::Adt(adt, _) => holds_database(judged, *adt, depth + 1),
        _ => false,
    }
}
