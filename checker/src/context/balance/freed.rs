//! Types whose values come and go: nothing that is part of one of them lives on.

use super::Balance;
use crate::names::AdtId;
use crate::types::{Interner, Ty, TyKind};
use rustc_hash::FxHashSet;

impl Balance<'_, '_, '_> {
    /// Types whose values, or what holds them, come and go while the program runs.
    pub(super) fn freed(&self) -> FxHashSet<AdtId> {
        let mut freed = FxHashSet::default();
        let mut pending = Vec::new();
        for (index, facts) in self.summary.facts.iter().enumerate() {
            let runs = &self.context.runs[index];
            let works = (runs.often.is_some() || runs.may_run) && !runs.only_at_exit;
            if works {
                pending.extend(facts.events.iter().flat_map(|event| event.frees.iter().copied()));
            }
        }
        while let Some(adt) = pending.pop() {
            if !freed.insert(adt) {
                continue;
            }
            for (_, ty) in self.program.fields[adt.ix()].iter().flatten() {
                self.owned(*ty, 0, &mut pending);
            }
        }
        freed
    }

    fn owned(&self, ty: Ty, depth: u32, out: &mut Vec<AdtId>) {
        if depth > 6 {
            return;
        }
        match self.program.types.kind(ty) {
            TyKind::Adt(adt, args) => {
                out.push(*adt);
                args.iter().for_each(|arg| self.owned(*arg, depth + 1, out));
            }
            TyKind::Trait(of, _) => out.extend(self.program.implementors_of(*of)),
            TyKind::Foreign(foreign, args) => {
                let model = self.program.models.type_at(*foreign).map(|model| self.program.models.ty(model));
                // A value behind an `Arc` need not go with what points at it.
                if model.is_none_or(|model| model.owns_params && !model.shared) {
                    args.iter().for_each(|arg| self.owned(*arg, depth + 1, out));
                }
            }
            TyKind::Tuple(parts) => parts.iter().for_each(|part| self.owned(*part, depth + 1, out)),
            TyKind::Seq(elem) => self.owned(*elem, depth + 1, out),
            _ => {}
        }
    }
}
