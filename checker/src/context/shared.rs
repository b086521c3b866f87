//! Types whose values are shared by count and made once: state that lives on whoever holds a handle to it.
//!
//! A handler for one connection holds a handle to the state of the server. What it does through that handle is
//! done to something that outlives the connection, although the handle itself does not.

use super::{Context, Often};
use crate::events::Under;
use crate::lower::ir::TypeRef;
use crate::lower::sym::{Sym, syms};
use crate::names::{AdtId, FnId};
use crate::summary::Summary;
use crate::types::{Interner, Program, Ty, TyKind};
use rustc_hash::FxHashSet;

/// Owners that are counted, of the library and of frameworks.
pub(super) const COUNTED: [Sym; 3] = syms(["Arc", "Rc", "Data"]);
/// What frameworks wrap copies of their state in.
pub(super) const WRAPS: [Sym; 2] = syms(["State", "Extension"]);

/// Types that are behind an `Arc` somewhere, and made nowhere but where the program begins; and what those own.
pub(super) fn shared_once(program: &Program<'_>, summary: &Summary, context: &Context) -> FxHashSet<AdtId> {
    let (once, often) = made(summary, context);
    let mut counted = FxHashSet::default();
    let in_fields = program.fields.iter().flatten().flatten().map(|(_, ty)| *ty);
    let in_params = program.sigs.iter().flat_map(|sig| sig.params.iter().copied());
    for ty in in_fields.chain(in_params).chain(program.statics.iter().copied()) {
        behind_count(program, ty, false, 0, &mut counted);
    }
    let is_once = |adt: &AdtId| once.contains(adt) && !often.contains(adt);
    let mut open: Vec<AdtId> = counted.into_iter().filter(is_once).collect();
    open.sort_unstable();
    let mut shared = FxHashSet::default();
    while let Some(adt) = open.pop() {
        if !shared.insert(adt) {
            continue;
        }
        for (_, ty) in program.fields[adt.ix()].iter().flatten() {
            owned(program, *ty, 0, &mut |part| {
                if is_once(&part) {
                    open.push(part);
                }
            });
        }
    }
    shared
}

/// Types that are made once, and types that are made more often or nobody knows how often.
pub(crate) fn made(summary: &Summary, context: &Context) -> (FxHashSet<AdtId>, FxHashSet<AdtId>) {
    let (mut once, mut often) = (FxHashSet::default(), FxHashSet::default());
    for (index, facts) in summary.facts.iter().enumerate() {
        let id = FnId(u32::try_from(index).unwrap_or(u32::MAX));
        for (adt, in_loop) in &facts.makes {
            let under = Under { in_loop: *in_loop, ..Under::default() };
            match context.often(summary, id, &under) {
                Some(Often::Once) => once.insert(*adt),
                _ => often.insert(*adt),
            };
        }
    }
    (once, often)
}

/// Types whose values are all made with messages, as far as anybody is seen to make them.
pub(crate) fn made_with_messages(summary: &Summary, context: &Context) -> FxHashSet<AdtId> {
    let (mut with, mut without) = (FxHashSet::default(), FxHashSet::default());
    for (index, facts) in summary.facts.iter().enumerate() {
        let id = FnId(u32::try_from(index).unwrap_or(u32::MAX));
        for (adt, in_loop) in &facts.makes {
            let under = Under { in_loop: *in_loop, ..Under::default() };
            match context.often(summary, id, &under) {
                Some(Often::PerMessage) => with.insert(*adt),
                _ => without.insert(*adt),
            };
        }
    }
    &with - &without
}

/// The types of the workspace within an `Arc` in the type of a field.
fn behind_count(program: &Program<'_>, ty: Ty, counted: bool, depth: u32, out: &mut FxHashSet<AdtId>) {
    match program.types.kind(ty) {
        TyKind::Adt(adt, _) if counted => {
            out.insert(*adt);
        }
        TyKind::Trait(of, _) if counted => out.extend(program.implementors_of(*of)),
        TyKind::Foreign(foreign, args) if depth < 6 => {
            let counted = counted || COUNTED.contains(&foreign.last);
            args.iter().for_each(|arg| behind_count(program, *arg, counted, depth + 1, out));
        }
        _ => {}
    }
}

/// The types of the workspace that a field holds one value of: plainly, behind a lock or boxed.
fn owned(program: &Program<'_>, ty: Ty, depth: u32, tell: &mut dyn FnMut(AdtId)) {
    match program.types.kind(ty) {
        TyKind::Adt(adt, _) => tell(*adt),
        TyKind::Foreign(foreign, args) if depth < 6 => {
            let model = program.models.type_at(*foreign).map(|model| program.models.ty(model));
            if model.is_some_and(|model| !model.grows) && args.len() == 1 {
                owned(program, args[0], depth + 1, tell);
            }
        }
        _ => {}
    }
}

/// Whether a copy of the field is the same thing once more: it is counted, or a reference.
pub(super) fn is_shared_field(program: &Program<'_>, adt: AdtId, name: Sym) -> bool {
    let mut fields = program.fields[adt.ix()].iter().flatten();
    let mut declared = program.names.adt(adt).variants.iter().flat_map(|(_, fields)| fields.iter());
    fields.any(|(field, ty)| *field == name && is_shared(program, *ty))
        || declared.any(|field| field.name == name && matches!(field.ty, TypeRef::Ref(..)))
}

/// Whether a copy of a value is the same thing once more.
pub(super) fn is_shared(program: &Program<'_>, ty: Ty) -> bool {
    is_shared_in(program, &program.types, ty)
}

/// The same of a type that one body has.
pub(crate) fn is_shared_in(program: &Program<'_>, types: &dyn Interner, ty: Ty) -> bool {
    match types.kind(ty) {
        TyKind::Foreign(foreign, _) => {
            program.models.type_at(*foreign).is_some_and(|model| program.models.ty(model).shared)
        }
        _ => false,
    }
}
