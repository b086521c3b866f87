//! Awaited locks of collections that everybody wants: what is awaited under one, others wait for as well.
//!
//! Of a value that is one for all, such as a token, everybody waits for the same thing. Of many, under keys, most wait for
//! what is somebody else's.

use super::{Look, Sight};
use crate::events::{Place, Root};
use crate::lower::ir::{ExprId, ExprKind, LocalId, Range, Stmt};
use crate::lower::sym::{Sym, syms};
use crate::names::AdtId;
use crate::types::{Interner, Ty, TyKind};
use serde::{Deserialize, Serialize};

const LOCK: Sym = Sym::path("tokio::sync::Mutex");
/// What takes it for one alone.
const TAKES: [Sym; 2] = syms(["lock", "write"]);
/// What waits for it, alone or beside others.
const WANTS: [Sym; 3] = syms(["lock", "read", "write"]);
/// What the maps of the library go by.
const MAP: Sym = Sym::new("HashMap");
/// Words that end the names of collections under keys.
const KEYED: [&str; 2] = ["Map", "Cache"];

/// An awaited lock, as far as a body tells which one it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitedLock {
    /// Where it lies.
    pub place: Option<Place>,
    /// The type of the workspace that it guards.
    pub guards: Option<AdtId>,
}

impl Look<'_, '_, '_> {
    /// `let mut cache = self.cache.lock().await;`, with an await behind it that the guard has no part in.
    pub(super) fn queues_in_block(&mut self, around: Range, stmts: &[Stmt]) {
        for stmt in stmts {
            let Stmt::Let(pat, _, Some(init), None) = stmt else { continue };
            let Some((guard, lock)) = self.bound(*pat).zip(self.takes_many(*init)) else { continue };
            let taken = self.walk.at(*init);
            let during = Range { start: taken.end, end: self.given_up(guard, taken, around) };
            let awaits = self.awaits_during(taken, during).into_iter();
            let others: Vec<ExprId> = awaits.filter(|id| self.root(*id) != Some(guard)).collect();
            others.into_iter().for_each(|id| self.note(Sight::LockKept(taken, lock), id));
        }
    }

    /// `state.read().await`, for however short a time.
    pub(super) fn lock_wanted(&mut self, id: ExprId, inner: ExprId) {
        if let ExprKind::Method(call) = self.kind(inner)
            && WANTS.contains(&call.name)
            && call.args.is_empty()
            && let Some(content) = self.content(call.recv)
        {
            let lock = self.lock_at(call.recv, content);
            if lock.guards.is_some() || lock.place.is_some_and(|place| place.field.is_some()) {
                self.note(Sight::LockWanted(lock), id);
            }
        }
    }

    /// The lock of a collection that something waits for, which lies in a field or goes by a name: one that was looked up is
    /// a lock for a few.
    fn takes_many(&self, id: ExprId) -> Option<AwaitedLock> {
        let ExprKind::Await(inner) = self.kind(id) else { return None };
        let ExprKind::Method(call) = self.kind(*inner) else { return None };
        let content = self.content(call.recv)?;
        let lock = self.lock_at(call.recv, content);
        let is_known = match self.kind(call.recv) {
            ExprKind::Field(..) | ExprKind::Path(_) => true,
            _ => lock.place.is_some_and(|place| place.depth == 0 && !matches!(place.root, Root::Call(_))),
        };
        let takes = TAKES.contains(&call.name) && call.args.is_empty();
        (takes && is_known && self.holds_many(content)).then_some(lock)
    }

    fn lock_at(&self, id: ExprId, content: Ty) -> AwaitedLock {
        let guards = match self.walk.inferred.types.kind(content) {
            TyKind::Adt(adt, _) => Some(*adt),
            _ => None,
        };
        AwaitedLock { place: self.walk.place(id), guards }
    }

    /// What an awaited lock guards.
    fn content(&self, id: ExprId) -> Option<Ty> {
        match self.walk.inferred.types.kind(self.walk.collection(self.walk.ty(id))) {
            TyKind::Foreign(of, args) if of.path == LOCK => args.first().copied(),
            _ => None,
        }
    }

    fn holds_many(&self, content: Ty) -> bool {
        match self.walk.inferred.types.kind(content) {
            TyKind::Foreign(of, _) => self.is_keyed(of.last),
            TyKind::Adt(adt, _) => {
                let program = self.walk.program;
                let mut fields = program.fields[adt.ix()].iter().flatten();
                fields.any(|(_, ty)| matches!(program.types.kind(*ty), TyKind::Foreign(of, _) if self.is_keyed(of.last)))
            }
            _ => false,
        }
    }

    fn is_keyed(&self, name: Sym) -> bool {
        let text = self.walk.program.names.text(name);
        name == MAP || KEYED.iter().any(|word| text.ends_with(word))
    }

    /// The local that an awaited value is, is a part of, or is asked of.
    fn root(&self, mut id: ExprId) -> Option<LocalId> {
        for _ in 0..12 {
            id = match self.kind(id) {
                ExprKind::Local(local) => return Some(*local),
                ExprKind::Method(call) => call.recv,
                ExprKind::Await(inner)
                | ExprKind::Try(inner)
                | ExprKind::Ref(inner, _)
                | ExprKind::Deref(inner)
                | ExprKind::Field(inner, _)
                | ExprKind::Index(inner, _) => *inner,
                _ => return None,
            };
        }
        None
    }
}
