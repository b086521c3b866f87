//! Types of which there are only so many values.

use super::{Interner, Program, Ty, TyKind};
use crate::lower::sym::{Sym, syms};

/// 65,536 values are a bound: ports, type numbers, short ids.
const SMALL: [Sym; 5] = syms(["bool", "u8", "i8", "u16", "i16"]);

impl Program<'_> {
    /// Whether a collection that has values of a type as its keys is bounded by that: small numbers, enums whose
    /// variants hold nothing else, a name for one of these, and pairs and options of them.
    pub(crate) fn is_finite(&self, types: &dyn Interner, ty: Ty) -> bool {
        self.is_finite_at(types, ty, 0)
    }

    fn is_finite_at(&self, types: &dyn Interner, ty: Ty, depth: u32) -> bool {
        if depth > 6 {
            return false;
        }
        match types.kind(ty) {
            TyKind::Prim(name) => SMALL.contains(name),
            TyKind::Tuple(parts) => parts.iter().all(|part| self.is_finite_at(types, *part, depth + 1)),
            TyKind::Foreign(foreign, args) => {
                foreign.last == Sym::new("Option")
                    && args.iter().all(|arg| self.is_finite_at(types, *arg, depth + 1))
                    || foreign.last == Sym::new("TypeId")
            }
            TyKind::Adt(adt, _) => {
                let fields = &self.fields[adt.ix()];
                let is_one = self.names.adt(*adt).is_enum || fields.iter().flatten().count() == 1;
                is_one
                    && fields.iter().flatten().all(|(_, ty)| self.is_finite_at(&self.types, *ty, depth + 1))
            }
            _ => false,
        }
    }
}
