//! Callbacks that are kept in what they own: each keeps the other alive.

use super::{Look, Sight, within};
use crate::lower::ir::{ExprId, ExprKind};
use crate::lower::sym::{Sym, syms};
use crate::names::AdtId;
use crate::types::{Interner, Ty, TyKind};
use serde::{Deserialize, Serialize};

const CLONE: Sym = Sym::new("clone");
/// What keeps what it is given.
const KEEPS: [Sym; 5] = syms(["push", "push_back", "insert", "set", "replace"]);

/// Where a callback is kept that owns what keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kept {
    /// In that field, or by a crate.
    In(Option<(AdtId, Sym)>),
    /// By a method that is given it as that parameter, if that stores it; `self` is the first.
    By(u32),
}

impl Look<'_, '_, '_> {
    /// `upload.listen(move |change| observed.note(change))`, where `observed` is `upload` once more: what is stored there owns
    /// what it is stored in.
    pub(in crate::events::seen) fn callback_of_itself(&mut self, id: ExprId) {
        let ExprKind::Method(call) = self.kind(id) else { return };
        for (index, arg) in call.args.iter().enumerate() {
            let owned = self.closure_in(*arg).is_some_and(|_| self.captures_owner(*arg, call.recv));
            if !owned {
                continue;
            }
            let field = self.walk.place(call.recv).and_then(|place| place.field);
            let kept = match () {
                () if self.is_own(id) => Kept::By(u32::try_from(index + 1).unwrap_or(u32::MAX)),
                () if KEEPS.contains(&call.name) && field.is_some() => Kept::In(field),
                () if self.registers(id, call.name, call.recv) => Kept::In(None),
                () => continue,
            };
            self.note(Sight::OwnsItsOwner(kept), id);
        }
    }

    /// `*upload.callback.lock() = Some(Box::new(move |change| observed.note(change)))`.
    pub(in crate::events::seen) fn callback_put_into_itself(
        &mut self,
        id: ExprId,
        left: ExprId,
        right: ExprId,
    ) {
        let Some(field) = self.walk.place(left).and_then(|place| place.field) else { return };
        if self.closure_in(right).is_some() && self.captures_owner(right, left) {
            self.note(Sight::OwnsItsOwner(Kept::In(Some(field))), id);
        }
    }

    /// `peer.on_message(Box::new(move |..| ..))` of a crate, on an owner that is counted.
    fn registers(&self, id: ExprId, name: Sym, on: ExprId) -> bool {
        self.walk.program.names.text(name).starts_with("on_")
            && !self.awaited[id.0 as usize]
            && self.is_counted(self.walk.ty(on))
    }

    /// The closure that a value is, in what it is wrapped in.
    fn closure_in(&self, mut id: ExprId) -> Option<ExprId> {
        for _ in 0..8 {
            id = match self.kind(id) {
                ExprKind::Closure(..) => return Some(id),
                ExprKind::Call(_, args) if args.len() == 1 => args[0],
                ExprKind::Block(_, Some(tail)) => *tail,
                ExprKind::Cast(inner, _) => *inner,
                ExprKind::Local(local) => self.inits[local.0 as usize]?,
                _ => return None,
            };
        }
        None
    }

    /// Whether what stands in a value holds a counted owner of what `on` leads through.
    fn captures_owner(&self, value: ExprId, on: ExprId) -> bool {
        let Some(closure) = self.closure_in(value) else { return false };
        let all = self.extent(closure).to(self.walk.at(closure));
        let mut captured = self.walk.body.exprs.iter().filter_map(|expr| match expr.kind {
            ExprKind::Local(local) if within(all, expr.at) => Some(local),
            _ => None,
        });
        captured.any(|local| {
            let is_older = !within(all, self.walk.body.locals[local.0 as usize].at);
            is_older
                && self.is_owner(self.walk.inferred.local(local))
                && self.inits[local.0 as usize]
                    .and_then(|init| self.copied(init))
                    .is_some_and(|of| self.leads_through(on, of))
        })
    }

    /// An `Arc`, or a handle around one.
    fn is_owner(&self, ty: Ty) -> bool {
        let handle = match self.walk.inferred.types.kind(ty) {
            TyKind::Adt(adt, _) => Some(*adt),
            _ => None,
        };
        self.is_counted(ty) || handle.is_some_and(|adt| self.walk.program.is_handle(adt))
    }

    /// What `upload.clone()` and `Arc::clone(&upload)` are copies of.
    fn copied(&self, id: ExprId) -> Option<ExprId> {
        match self.kind(id) {
            ExprKind::Method(call) if call.name == CLONE && call.args.is_empty() => Some(call.recv),
            ExprKind::Call(_, args) if self.called(id).1 == CLONE && args.len() == 1 => Some(args[0]),
            _ => None,
        }
    }

    /// Whether `of` is a part of the way to `id`: `upload` in `upload.listeners.lock()`.
    fn leads_through(&self, mut id: ExprId, of: ExprId) -> bool {
        for _ in 0..12 {
            if self.is_same(id, of, 0) {
                return true;
            }
            id = match self.kind(id) {
                ExprKind::Method(call) => call.recv,
                ExprKind::Field(inner, _)
                | ExprKind::Ref(inner, _)
                | ExprKind::Deref(inner)
                | ExprKind::Try(inner)
                | ExprKind::Await(inner) => *inner,
                ExprKind::Local(local) => match self.inits[local.0 as usize] {
                    Some(init) => init,
                    None => return false,
                },
                _ => return false,
            };
        }
        false
    }

    fn is_same(&self, one: ExprId, other: ExprId, depth: u32) -> bool {
        match (self.kind(one), self.kind(other)) {
            _ if depth > 6 => false,
            (_, ExprKind::Ref(inner, _) | ExprKind::Deref(inner)) => self.is_same(one, *inner, depth + 1),
            (ExprKind::Ref(inner, _) | ExprKind::Deref(inner), _) => self.is_same(*inner, other, depth + 1),
            (ExprKind::Local(one), ExprKind::Local(other)) => one == other,
            (ExprKind::Field(one, name), ExprKind::Field(other, of)) => {
                name == of && self.is_same(*one, *other, depth + 1)
            }
            _ => false,
        }
    }
}
