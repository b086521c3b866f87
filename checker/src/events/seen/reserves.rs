//! Room that is reserved, which some take for a limit.

use super::{Look, Place, Sight};
use crate::events::Root;
use crate::lower::ir::{ExprId, ExprKind};
use crate::lower::sym::{Sym, syms};
use crate::models::Effect;

const RESERVES: [Sym; 4] = syms(["reserve", "reserve_exact", "try_reserve", "shrink_to"]);
const MAKES: [Sym; 2] = syms(["with_capacity", "with_capacity_and_hasher"]);

impl Look<'_, '_, '_> {
    /// `list.reserve(n)`, `list.capacity()`.
    pub(super) fn reserved(&mut self, id: ExprId) {
        let ExprKind::Method(call) = self.kind(id) else { return };
        let asks = RESERVES.contains(&call.name) || self.walk.effect(id) == Effect::Capacity;
        if let (true, Some(place)) = (asks && !self.is_own(id), self.walk.place(call.recv)) {
            self.note(Sight::Reserves(place), id);
        }
    }

    /// `Self { list: Vec::with_capacity(n) }`.
    pub(super) fn reserved_fields(&mut self, id: ExprId, fields: &[(Sym, ExprId)]) {
        let Some(adt) = self.walk.adt_behind(self.walk.ty(id)) else { return };
        for (name, value) in fields {
            if self.makes_room(*value) {
                let place = Place::root(Root::Resident).field(adt, *name);
                self.note(Sight::Reserves(place), *value);
            }
        }
    }

    /// `let list = Vec::with_capacity(n);`
    pub(super) fn reserved_locals(&mut self) {
        for (index, init) in self.inits.clone().into_iter().enumerate() {
            if let Some(init) = init.filter(|init| self.makes_room(*init)) {
                let local = crate::lower::ir::LocalId(u32::try_from(index).unwrap_or(u32::MAX));
                self.note(Sight::Reserves(Place::root(Root::Local(local))), init);
            }
        }
    }

    fn makes_room(&self, id: ExprId) -> bool {
        let mut at = self.inner(id);
        // `Mutex::new(Vec::with_capacity(n))`
        for _ in 0..4 {
            if MAKES.contains(&self.called(at).1) && !self.is_own(at) {
                return true;
            }
            match (self.kind(at), self.args(at)) {
                (ExprKind::Call(..), [inner]) => at = *inner,
                _ => return false,
            }
        }
        false
    }
}
