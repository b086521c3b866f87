//! What is put in and taken out by one kind of function alone.
//!
//! Where some function takes out at its end what it put in, and nothing else ever takes anything out, what it leaves behind stays:
//! that is sure where the collection outlives the function, because it is shared by count or static, and made once.

use super::asked::{Asked, Place, owners};
use super::paired::Pairs;
use crate::context::{Key, Often};
use crate::events::Under;
use crate::finding::Confidence;
use crate::lower::ir::Range;
use crate::lower::sym::{Sym, syms};
use crate::names::{AdtId, FnId};
use crate::types::{Interner, Program, Ty, TyKind};

/// Owners that are counted.
const COUNTED: [Sym; 3] = syms(["Arc", "Rc", "Data"]);
/// Types around a value that are followed from what owns it.
const OWNERS_MAX: usize = 4;

/// Whether nothing but `pairs` takes something out of a place that outlives them.
pub(super) fn is_alone(asked: &Asked<'_, '_, '_>, place: &Place<'_, '_>, pairs: &[Pairs<'_>]) -> bool {
    let is_pair = |id: &FnId| {
        pairs.iter().any(|of| of.id == *id && !of.of.is_empty() || of.handed.iter().any(|(to, _)| to == id))
    };
    let is_theirs = |id: FnId| {
        let callers = asked.callers([&id]);
        is_pair(&id) || !callers.is_empty() && callers.iter().all(is_pair)
    };
    place.works.iter().all(|site| is_theirs(site.id)) && outlives(asked, place)
}

/// Certain where peers bring it about: each of them may leave one behind.
pub(super) fn proved(asked: &Asked<'_, '_, '_>, id: FnId, at: Range) -> Confidence {
    match asked.judged.context.runs[id.ix()].is_sure && asked.is_driven(id, at) {
        true => Confidence::Certain,
        false => Confidence::Likely,
    }
}

/// Whether a place is part of what is shared by count, or of a static, and made once.
fn outlives(asked: &Asked<'_, '_, '_>, place: &Place<'_, '_>) -> bool {
    let program = asked.judged.program;
    if matches!(place.of.key, Key::Static(_)) {
        return true;
    }
    let is_shared = |(_, ty): &(Sym, Ty)| match program.types.kind(*ty) {
        TyKind::Foreign(foreign, _) => COUNTED.contains(&foreign.last),
        _ => false,
    };
    if let Key::Field(adt, name) = place.of.key
        && program.fields[adt.ix()].iter().flatten().filter(|(field, _)| *field == name).any(is_shared)
    {
        return !is_made_often(asked, adt);
    }
    let mut open: Vec<AdtId> = owners(place.of).into_iter().collect();
    for _ in 0..OWNERS_MAX {
        if open.iter().any(|adt| is_made_often(asked, *adt)) {
            return false;
        }
        if open.iter().any(|adt| is_counted(program, *adt)) {
            return true;
        }
        open = open.iter().flat_map(|adt| holders(program, *adt)).collect();
    }
    false
}

fn is_made_often(asked: &Asked<'_, '_, '_>, adt: AdtId) -> bool {
    let judged = asked.judged;
    judged.functions().any(|id| {
        let makes = judged.summary.facts[id.ix()].makes.iter().filter(|(made, _)| *made == adt);
        let often = |in_loop: Option<u32>| {
            judged.context.often(judged.summary, id, &Under { in_loop, ..Under::default() })
        };
        makes.map(|(_, in_loop)| often(*in_loop)).any(|often| often == Some(Often::PerMessage))
    })
}

/// Whether a value of a type is held by count somewhere.
fn is_counted(program: &Program<'_>, adt: AdtId) -> bool {
    let fields = program.fields.iter().flatten().flatten().map(|(_, ty)| *ty);
    let params = program.sigs.iter().flat_map(|sig| sig.params.iter().copied());
    let statics = program.statics.iter().copied();
    let is_static = program.statics.iter().any(|ty| holds(program, *ty, adt, true, 0));
    is_static || fields.chain(params).chain(statics).any(|ty| holds(program, ty, adt, false, 0))
}

/// Types with a field that holds a value of a type.
fn holders(program: &Program<'_>, adt: AdtId) -> Vec<AdtId> {
    let of = program.fields.iter().enumerate();
    let holding =
        of.filter(|(_, variants)| variants.iter().flatten().any(|(_, ty)| holds(program, *ty, adt, true, 0)));
    holding
        .map(|(index, _)| AdtId(u32::try_from(index).unwrap_or(u32::MAX)))
        .filter(|of| *of != adt)
        .collect()
}

/// Whether a type holds `adt`; only by count, unless it `counts` already.
fn holds(program: &Program<'_>, ty: Ty, adt: AdtId, counts: bool, depth: u32) -> bool {
    match program.types.kind(ty) {
        _ if depth > 6 => false,
        TyKind::Adt(of, _) if *of == adt => counts,
        TyKind::Foreign(foreign, args) => {
            let counts = counts || COUNTED.contains(&foreign.last);
            args.iter().any(|arg| holds(program, *arg, adt, counts, depth + 1))
        }
        TyKind::Tuple(args) => args.iter().any(|arg| holds(program, *arg, adt, counts, depth + 1)),
        _ => false,
    }
}
