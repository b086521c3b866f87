//! Guards of locks that nobody names, or that come by another way than `lock()`: for as long as a statement, a loop or a
//! function of the workspace keeps them.
//!
//! A guard that is only part of an expression lives to the end of its statement, so that what is awaited there is awaited
//! under it. The head of a `for` and of a `while let` is held for as long as the loop turns.

use super::{Look, Sight};
use crate::lower::ir::{ExprId, ExprKind, Pat, PatId, Range, TypeRef};
use crate::lower::sym::{Sym, syms};
use crate::types::Callee;

/// Deepest nesting of calls that is looked through for a guard.
const DEPTH_MAX: u32 = 8;
const GUARDS: [Sym; 6] = syms([
    "MutexGuard",
    "RwLockReadGuard",
    "RwLockWriteGuard",
    "MappedMutexGuard",
    "MappedRwLockReadGuard",
    "MappedRwLockWriteGuard",
]);

impl Look<'_, '_, '_> {
    /// `for entry in state.lock().unwrap().values() { .. }`: the head lives as long as the loop turns.
    pub(super) fn lock_in_loop(&mut self, over: ExprId, body: ExprId) {
        if let Some(taken) = self.lock_below(over) {
            self.held(taken, self.extent(body));
        }
    }

    /// `send(&state.lock().unwrap()).await`: what an argument borrows, or is copied from, is held until the statement ends.
    pub(super) fn lock_in_awaited(&mut self, awaited: ExprId, inner: ExprId) {
        let at = self.walk.at(awaited);
        let Some(taken) = self.lock_within(inner, 0) else { return };
        let frame = self.frame_of(taken);
        if frame == self.frame_of(at) && !frame.is_some_and(|frame| self.is_blocked_on(frame)) {
            self.note_at(Sight::LockHeld(taken), awaited, at);
        }
    }

    /// A lock that is taken to work out a value, and not in a block of its own.
    fn lock_within(&self, id: ExprId, depth: u32) -> Option<Range> {
        if depth > DEPTH_MAX {
            return None;
        }
        if self.is_lock(id) {
            return Some(self.walk.at(id));
        }
        let within = |id: &ExprId| self.lock_within(*id, depth + 1);
        match self.kind(id) {
            ExprKind::Call(_, args) | ExprKind::Tuple(args) => args.iter().find_map(within),
            ExprKind::Method(call) => std::iter::once(&call.recv).chain(call.args.iter()).find_map(within),
            ExprKind::Struct(_, fields, _) => fields.iter().find_map(|(_, value)| within(value)),
            ExprKind::Try(inner)
            | ExprKind::Await(inner)
            | ExprKind::Ref(inner, _)
            | ExprKind::Deref(inner)
            | ExprKind::Field(inner, _)
            | ExprKind::Index(inner, _) => within(inner),
            _ => None,
        }
    }

    /// The lock below a value that gives its guard: the value itself, or a `match` that passes the guard on, poisoned or not.
    pub(super) fn guard_of(&self, init: ExprId) -> ExprId {
        let value = self.inner_sync(init);
        let ExprKind::Match(on, arms) = self.kind(value) else { return value };
        let passes = arms.iter().any(|arm| {
            matches!(self.kind(arm.body), ExprKind::Local(local) if self.binds_only(arm.pat) == Some(*local))
        });
        if passes { self.inner_sync(*on) } else { value }
    }

    fn binds_only(&self, pat: PatId) -> Option<crate::lower::ir::LocalId> {
        match self.walk.body.pat(pat) {
            Pat::TupleStruct(_, parts) if parts.len() == 1 => self.bound(parts[0]),
            _ => None,
        }
    }

    /// A call of the workspace that says it gives the guard of a lock; one that has to be awaited gives another kind.
    pub(super) fn gives_guard(&self, id: ExprId) -> bool {
        let Some(Callee::Fns(fns)) = self.walk.inferred.callees.get(&id) else { return false };
        let [of] = &fns[..] else { return false };
        let sig = self.walk.program.names.function(*of).sig.filter(|sig| !sig.is_async);
        sig.is_some_and(|sig| is_guard(&sig.ret))
    }
}

/// Whether a type as it is written is the guard of a lock that blocks threads.
fn is_guard(ty: &TypeRef) -> bool {
    const TOKIO: Sym = Sym::new("tokio");
    matches!(ty, TypeRef::Path(path)
        if GUARDS.contains(&path.last()) && path.segments.first() != Some(&TOKIO))
}
