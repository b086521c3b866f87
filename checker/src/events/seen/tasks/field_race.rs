//! A `select!` over handles that lie in fields, in a method that ends their owner: whoever comes second is dropped with it, and
//! goes on.

use super::super::{Look, Seen, Sight};
use crate::lower::ir::{ExprId, ExprKind, Receiver, SelectArm};
use crate::lower::sym::Sym;
use crate::names::AdtId;
use crate::types::{Interner, TyKind};

const HANDLE: Sym = Sym::path("tokio::task::JoinHandle");

impl Look<'_, '_, '_> {
    pub(in super::super) fn field_race(&mut self, id: ExprId, arms: &[SelectArm]) {
        let function = self.walk.program.names.function(self.walk.id);
        if !function.sig.is_some_and(|sig| sig.receiver == Receiver::Value) {
            return;
        }
        let raced: Vec<(&SelectArm, (AdtId, Sym))> =
            arms.iter().filter_map(|arm| Some((arm, self.handle_in_field(arm.future?)?))).collect();
        let leaves = |arm: &SelectArm| self.walk.loop_around(id).is_none() || self.walk.leaves_loop(arm.body);
        if raced.len() >= 2 && raced.iter().all(|(arm, _)| leaves(arm)) {
            let fields = raced.iter().map(|(_, field)| *field).collect();
            self.seen.push(Seen { sight: Sight::FieldRace(fields), at: self.walk.at(id), in_loop: None });
        }
    }

    /// `&mut self.task`
    fn handle_in_field(&self, future: ExprId) -> Option<(AdtId, Sym)> {
        let ExprKind::Ref(inner, _) = self.kind(future) else { return None };
        let ExprKind::Field(..) = self.kind(*inner) else { return None };
        let ty = self.walk.inferred.types.kind(self.walk.ty(*inner));
        let is_task = matches!(ty, TyKind::Foreign(foreign, _) if foreign.path == HANDLE);
        self.walk.place(*inner).filter(|_| is_task)?.field
    }
}
