//! Enums that are known to hold a variant without fields.
//!
//! `match self { State::Idle => *self = State::Busy { .. }, .. }` lets go of nothing: there was nothing in the variant whose
//! place the other takes. Known is what a pattern says, for its branch, until something else is assigned or a loop of the
//! branch turns.

use super::{Place, Walk};
use crate::lower::ir::{ExprId, ExprKind, Pat, PatId, PathRef, Range};
use crate::lower::sym::Sym;
use crate::names::Def;
use crate::types::Ty;

/// A place that holds a bare variant, in the loop where that was seen.
#[derive(Clone, Copy)]
pub(super) struct Bare {
    place: Place,
    in_loop: Option<u32>,
}

impl Walk<'_, '_> {
    /// Notes what a pattern says of the place that it is compared with; the caller cuts the list back.
    pub(super) fn note_bare(&mut self, pat: PatId, place: Option<Place>) {
        if let Some(place) = place.filter(|_| self.is_bare(pat)) {
            self.bare.push(Some(Bare { place, in_loop: self.under.in_loop }));
        }
    }

    /// `if let State::Idle = self.state { .. }`
    pub(super) fn note_bare_cond(&mut self, cond: ExprId) {
        if let ExprKind::Let(pat, on) = self.body.expr(cond).kind {
            self.note_bare(pat, self.place(on));
        }
    }

    /// What is assigned at `at` takes the place of a bare variant, if that is what is known: that lets go of nothing, and
    /// what is assigned lives as long as what was there.
    pub(super) fn fills_bare(&mut self, place: Place, at: Range, ty: Ty) {
        if !self.was_bare(place) {
            return;
        }
        if let Some(event) = self.facts.events.last_mut().filter(|event| event.at == at) {
            event.frees.clear();
        }
        let adt = self.adt_behind(ty);
        if let Some(made) = self.facts.makes.iter().rposition(|(made, _)| Some(*made) == adt) {
            self.facts.makes.remove(made);
        }
    }

    /// Whether a place holds a bare variant here; from now on it holds something else.
    fn was_bare(&mut self, place: Place) -> bool {
        let mut was = false;
        for known in &mut self.bare {
            if let Some(bare) = known.filter(|bare| bare.place == place) {
                was |= bare.in_loop == self.under.in_loop;
                *known = None;
            }
        }
        was
    }

    fn is_bare(&self, pat: PatId) -> bool {
        match self.body.pat(pat) {
            Pat::TupleStruct(path, parts) => parts.is_empty() && self.is_bare_variant(path),
            Pat::Or(parts) => !parts.is_empty() && parts.iter().all(|part| self.is_bare(*part)),
            Pat::Ref(inner) => self.is_bare(*inner),
            _ => false,
        }
    }

    fn is_bare_variant(&self, path: &PathRef) -> bool {
        let names = &self.program.names;
        let is_own = path.segments.first() == Some(&Sym::new("Self"));
        let adt = match is_own {
            true => self.program.adt_of(self.id),
            false => {
                match names.resolve(names.function(self.id).module, path, false).map(|found| found.def) {
                    Some(Def::Variant(adt, _)) => Some(adt),
                    _ => None,
                }
            }
        };
        let variants = adt.map(|adt| names.adt(adt)).filter(|adt| adt.is_enum).map(|adt| &adt.variants);
        variants.into_iter().flatten().any(|(name, fields)| *name == path.last() && fields.is_empty())
    }
}
