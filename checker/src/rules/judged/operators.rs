//! Handlers that let only operators of the program in: what an administrator asks for comes now and then, one after the
//! other.
//!
//! Told by an argument of the handler: `admin: AdminUser`, `_: RequireAdmin`. Frameworks make such values of a request, or
//! refuse it. State that is called after administrators says nothing of who asks.

use super::Judged;
use crate::lower::sym::Sym;
use crate::names::FnId;
use crate::types::{Interner, TyKind};

/// What the proof of somebody's rights is called, beside the rights.
const PROOFS: [&str; 13] = [
    "User",
    "Role",
    "Session",
    "Auth",
    "Guard",
    "Token",
    "Claim",
    "Identity",
    "Only",
    "Principal",
    "Credential",
    "Require",
    "Permission",
];

impl Judged<'_, '_> {
    /// Whether a function is called with the proof that an administrator asks.
    pub(crate) fn lets_in_operators(&self, id: FnId) -> bool {
        let program = self.program;
        let is_proof = |name: Sym| {
            let name = program.names.text(name);
            name == "Admin" || name.contains("Admin") && PROOFS.iter().any(|proof| name.contains(proof))
        };
        program.sigs[id.ix()].params.iter().any(|ty| match program.types.kind(*ty) {
            TyKind::Adt(adt, _) => is_proof(program.names.adt(*adt).name),
            TyKind::Foreign(foreign, _) => is_proof(foreign.last),
            _ => false,
        })
    }

    /// Whether what makes a function run with messages is a handler for operators.
    pub(crate) fn is_of_operators(&self, id: FnId) -> bool {
        self.lets_in_operators(self.context.chain(id).0)
    }
}
