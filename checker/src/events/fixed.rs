//! Values that are fixed when the program is built.

use super::Walk;
use crate::lower::ir::{ExprId, ExprKind};
use crate::lower::sym::Sym;
use crate::types::{Interner, TyKind};

impl Walk<'_, '_> {
    /// A constant, or what is declared as `&'static str`, or chosen among such.
    pub(super) fn is_fixed(&self, id: ExprId) -> bool {
        self.is_fixed_at(id, 0)
    }

    fn is_fixed_at(&self, id: ExprId, depth: u32) -> bool {
        if depth > 6 {
            return false;
        }
        let next = |id: ExprId| self.is_fixed_at(id, depth + 1);
        match &self.body.expr(id).kind {
            ExprKind::Ref(inner, _) | ExprKind::Deref(inner) => next(*inner),
            ExprKind::Block(stmts, Some(tail)) => stmts.is_empty() && next(*tail),
            ExprKind::If(_, then, Some(otherwise)) => next(*then) && next(*otherwise),
            ExprKind::Match(_, arms) => arms.iter().all(|arm| next(arm.body)),
            ExprKind::Local(local) => {
                let local = &self.body.locals[local.0 as usize];
                self.program.names.is_static_text(self.program.names.function(self.id).file, local.at)
            }
            ExprKind::Field(base, name) => self.is_static_field(*base, *name),
            _ => self.is_constant(id),
        }
    }

    fn is_static_field(&self, base: ExprId, name: Sym) -> bool {
        let TyKind::Adt(adt, _) = self.inferred.types.kind(self.collection(self.ty(base))) else {
            return false;
        };
        let adt = self.program.names.adt(*adt);
        let mut fields = adt.variants.iter().flat_map(|(_, fields)| fields.iter());
        fields.any(|field| field.name == name && self.program.names.is_static_text(adt.file, field.at))
    }
}
