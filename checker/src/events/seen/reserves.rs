//! Room that is reserved, which some take for a limit, and caches that are made without one.

use super::{Look, Place, Sight};
use crate::events::Root;
use crate::lower::ir::{ExprId, ExprKind};
use crate::lower::sym::{Sym, syms};
use crate::models::Effect;

const RESERVES: [Sym; 4] = syms(["reserve", "reserve_exact", "try_reserve", "shrink_to"]);
const CACHE: Sym = Sym::new("Cache");
const BUILDERS: [(Sym, Sym); 2] =
    [(CACHE, Sym::new("builder")), (Sym::new("CacheBuilder"), Sym::new("default"))];
/// What keeps a cache small: how many, how heavy, how old.
const LIMITS: [Sym; 4] = syms(["max_capacity", "time_to_live", "time_to_idle", "expire_after"]);
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
            let place = Place::root(Root::Resident).field(adt, *name);
            if self.makes_room(*value) {
                self.note(Sight::Reserves(place), *value);
            }
            if self.makes_limitless(*value) {
                self.note(Sight::Limitless(place), *value);
            }
        }
    }

    /// `let list = Vec::with_capacity(n);`
    pub(super) fn reserved_locals(&mut self) {
        for (index, init) in self.inits.clone().into_iter().enumerate() {
            let Some(init) = init else { continue };
            let local = crate::lower::ir::LocalId(u32::try_from(index).unwrap_or(u32::MAX));
            let place = Place::root(Root::Local(local));
            if self.makes_room(init) {
                self.note(Sight::Reserves(place), init);
            }
            if self.makes_limitless(init) {
                self.note(Sight::Limitless(place), init);
            }
        }
    }

    /// `Cache::builder().name("x").build()`, `Cache::new(u64::MAX)`.
    fn makes_limitless(&self, id: ExprId) -> bool {
        let begin = match self.kind(self.inner(id)) {
            ExprKind::Local(local) => self.inits[local.0 as usize],
            _ => None,
        };
        let mut at = self.inner(begin.unwrap_or(id));
        for _ in 0..16 {
            match self.kind(at) {
                ExprKind::Method(call) if !LIMITS.contains(&call.name) => at = call.recv,
                ExprKind::Call(_, args) => {
                    let (of, name) = self.called(at);
                    let begins = BUILDERS.contains(&(of, name));
                    let most = (of, name) == (CACHE, Sym::new("new"))
                        && matches!(**args, [most] if self.is_max(most));
                    if begins || most {
                        return !self.is_own(at);
                    }
                    // `Arc::new(Cache::new(n))`
                    let [inner] = **args else { return false };
                    at = inner;
                }
                _ => return false,
            }
        }
        false
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
