//! From a field back to all that is ever stored there.

use super::{DEPTH_MAX, Given, Origins, adt_behind};
use crate::events::What;
use crate::lower::ir::{ExprId, ExprKind};
use crate::lower::sym::Sym;
use crate::names::{AdtId, FnId};
use crate::types::Callee;

impl Given<'_, '_, '_> {
    /// Whether all that is ever stored in a field is given.
    pub(super) fn is_field_given(&self, adt: AdtId, name: Sym, depth: u32) -> bool {
        if let Some(known) = self.fields.borrow().get(&(adt, name)) {
            return *known;
        }
        self.fields.borrow_mut().insert((adt, name), true);
        let given = self.is_stored_given(adt, name, depth);
        self.fields.borrow_mut().insert((adt, name), given);
        given
    }

    fn is_stored_given(&self, adt: AdtId, name: Sym, depth: u32) -> bool {
        let makers = self.makers.get(&adt).map(Vec::as_slice).unwrap_or_default();
        if self.program.names.adt(adt).is_read || makers.is_empty() || depth > DEPTH_MAX {
            return false;
        }
        let changed = self.summary.facts.iter().any(|facts| {
            facts.events.iter().any(|event| {
                event.place.field == Some((adt, name)) && (event.what.grows() || event.what == What::Replace)
            })
        });
        !changed && makers.iter().all(|maker| self.stores_given(*maker, adt, name, depth))
    }

    fn stores_given(&self, maker: FnId, adt: AdtId, name: Sym, depth: u32) -> bool {
        let Some(origins) = self.body(maker) else { return false };
        // A variant of an enum need not have the field.
        let is_enum = self.program.names.adt(adt).is_enum;
        self.stored(&origins, adt, name).into_iter().all(|value| match value {
            Some(value) => self.holds(maker, &self.value(maker, &origins, value, depth + 1), depth + 1),
            None => is_enum,
        })
    }

    /// What a body puts into a field where it makes values of the type; none where it puts nothing.
    pub(super) fn stored(&self, origins: &Origins<'_>, adt: AdtId, name: Sym) -> Vec<Option<ExprId>> {
        let is_it = |id: ExprId| adt_behind(&origins.inferred.types, origins.inferred.expr(id)) == Some(adt);
        let position = self.program.names.text(name).parse::<usize>().ok();
        let numbered = (0_u32..).map(ExprId).zip(&origins.body.exprs);
        let stored = numbered.filter_map(|(id, expr)| match &expr.kind {
            ExprKind::Struct(_, fields, base) if is_it(id) => {
                let own = fields.iter().find(|(field, _)| *field == name).map(|(_, value)| *value);
                Some(own.or(*base))
            }
            ExprKind::Call(_, args) if origins.inferred.callees.get(&id) == Some(&Callee::Ctor(adt)) => {
                Some(position.and_then(|at| args.get(at).copied()))
            }
            _ => None,
        });
        stored.collect()
    }
}
