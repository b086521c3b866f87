//! Keys of which there are few, by the name of their kind, or by their own.
//!
//! Enumerations of other crates, and those that a build script writes, are not read: what they are called has to do.

use super::{Given, Origins};
use crate::events::Event;
use crate::lower::ir::{ExprId, ExprKind, TypeRef};
use crate::lower::sym::{Sym, syms};
use crate::names::{Def, FnId};
use crate::types::{Interner, Ty, TyKind};

impl<'a> Given<'a, '_, '_> {
    /// Whether a key is a kind of something, by the name of a type that is not of the workspace's own code.
    pub(super) fn is_kind(&self, id: FnId, origins: &Origins<'a>, key: ExprId) -> bool {
        let by_type = |ty: Ty| match origins.inferred.types.kind(ty) {
            TyKind::Foreign(foreign, _) => names_a_kind(self.program.names.text(foreign.last)),
            _ => false,
        };
        let named = |key: ExprId| {
            matches!(origins.body.expr(key).kind, ExprKind::Field(_, name) if KINDS.contains(&name))
                && matches!(origins.inferred.types.kind(origins.inferred.expr(key)), TyKind::Unknown)
        };
        let written = |key: ExprId| {
            let ExprKind::Local(local) = origins.body.expr(key).kind else { return false };
            let Some((param, None)) = origins.local(local).param else { return false };
            let function = self.program.names.function(id);
            let Some(sig) = function.sig else { return false };
            let at = (param as usize).checked_sub(usize::from(self.has_receiver(id)));
            let Some(TypeRef::Path(path)) = at.and_then(|at| sig.params.get(at)) else { return false };
            let def = self.program.names.resolve(function.module, path, true).map(|found| found.def);
            !matches!(def, Some(Def::Adt(_))) && names_a_kind(self.program.names.text(path.last()))
        };
        by_type(origins.inferred.expr(key)) || named(key) || written(key)
    }
}

impl Given<'_, '_, '_> {
    /// Whether what `event` in `id` adds has its place under a part of what is deployed: a tenant, a region. Messages name
    /// these, and operators make them.
    pub(in crate::context) fn is_partition(&self, id: FnId, event: &Event) -> bool {
        let Some(origins) = self.body(id) else { return false };
        let mut keys = origins.at(event.at).filter_map(|call| origins.key(call, 0)).peekable();
        keys.peek().is_some() && keys.all(|key| origins.named(key).is_some_and(|name| self.divides(name)))
    }

    fn divides(&self, name: Sym) -> bool {
        self.program.models.is_partition(self.program.names.text(name))
    }
}

impl Origins<'_> {
    /// What a key is called: a local or field by its name, however it is copied.
    fn named(&self, mut key: ExprId) -> Option<Sym> {
        for _ in 0..8 {
            key = match &self.body.expr(key).kind {
                ExprKind::Ref(inner, _) | ExprKind::Deref(inner) => *inner,
                ExprKind::Method(call) if call.args.is_empty() => call.recv,
                ExprKind::Field(_, name) => return Some(*name),
                ExprKind::Local(local) => return Some(self.body.locals[local.0 as usize].name),
                _ => return None,
            };
        }
        None
    }
}

/// Fields of unknown types that are called what an enumeration is.
const KINDS: [Sym; 4] = syms(["kind", "status", "level", "severity"]);

/// Whether a type is an enumeration by its name.
fn names_a_kind(name: &str) -> bool {
    const WORDS: [&str; 7] = ["Kind", "Type", "Status", "Mode", "Level", "Severity", "Direction"];
    // Of these there are as many as somebody makes up.
    const OPEN: [&str; 5] = ["Data", "Mime", "Content", "Media", "Any"];
    WORDS.iter().any(|word| name.ends_with(word)) && !OPEN.iter().any(|word| name.starts_with(word))
}
