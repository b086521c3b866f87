//! Awaited locks of collections that everybody wants: what is awaited under one, others wait for as well.
//!
//! Of a value that is one for all, such as a token, everybody waits for the same thing. Of many, under keys, most wait for
//! what is somebody else's.

use super::{Look, Sight};
use crate::lower::ir::{ExprId, ExprKind, LocalId, Range, Stmt};
use crate::lower::sym::{Sym, syms};
use crate::types::{Interner, Ty, TyKind};

const LOCK: Sym = Sym::path("tokio::sync::Mutex");
/// What takes it for one alone.
const TAKES: [Sym; 2] = syms(["lock", "write"]);
/// Words that end the names of collections under keys.
const KEYED: [&str; 2] = ["Map", "Cache"];

impl Look<'_, '_, '_> {
    /// `let mut cache = self.cache.lock().await;`, with an await behind it that the guard has no part in.
    pub(super) fn queues_in_block(&mut self, around: Range, stmts: &[Stmt]) {
        for stmt in stmts {
            let Stmt::Let(pat, _, Some(init), None) = stmt else { continue };
            let Some(guard) = self.bound(*pat).filter(|_| self.takes_many(*init)) else { continue };
            let taken = self.walk.at(*init);
            let during = Range { start: taken.end, end: self.given_up(guard, taken, around) };
            let awaits = self.awaits_during(taken, during).into_iter();
            let others: Vec<ExprId> = awaits.filter(|id| self.root(*id) != Some(guard)).collect();
            others.into_iter().for_each(|id| self.note(Sight::LockKept(taken), id));
        }
    }

    /// Whether something waits for a lock of a collection, which lies in a field: one that was looked up is a lock for a
    /// few.
    fn takes_many(&self, id: ExprId) -> bool {
        let ExprKind::Await(inner) = self.kind(id) else { return false };
        let ExprKind::Method(call) = self.kind(*inner) else { return false };
        TAKES.contains(&call.name)
            && call.args.is_empty()
            && matches!(self.kind(call.recv), ExprKind::Field(..) | ExprKind::Path(_))
            && self.holds_many(self.walk.collection(self.walk.ty(call.recv)))
    }

    fn holds_many(&self, ty: Ty) -> bool {
        let types = &self.walk.inferred.types;
        let content = match types.kind(ty) {
            TyKind::Foreign(of, args) if of.path == LOCK => args.first().copied(),
            _ => None,
        };
        match content.map(|content| types.kind(content)) {
            Some(TyKind::Foreign(of, _)) => self.is_keyed(of.last),
            Some(TyKind::Adt(adt, _)) => {
                let program = self.walk.program;
                let mut fields = program.fields[adt.ix()].iter().flatten();
                fields.any(|(_, ty)| matches!(program.types.kind(*ty), TyKind::Foreign(of, _) if self.is_keyed(of.last)))
            }
            _ => false,
        }
    }

    fn is_keyed(&self, name: Sym) -> bool {
        let name = self.walk.program.names.text(name);
        KEYED.iter().any(|word| name.ends_with(word))
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
