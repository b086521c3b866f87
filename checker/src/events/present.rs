//! Keys that are known where the body stands: behind a look-up that found them.
//!
//! What is put into a map under a key that was found there replaces a value and adds nothing. What is put anywhere under a
//! key that a table of the program knows - a constant, a static that nothing changes, a function that gives `Option<&'static
//! T>` - adds no more keys than the table has. Two expressions are one key if they name the same local or field, however
//! they are borrowed or copied.

use super::{Place, Root, Walk};
use crate::lower::ir::{ExprId, ExprKind, MethodCall, Pat, PatId, PathRef};
use crate::lower::sym::{Sym, syms};
use crate::names::{Def, FnId, StaticId};
use crate::types::{Callee, Interner, Program, Ty, TyKind};

/// Methods that look a key up.
pub(crate) const LOOKS: [Sym; 8] =
    syms(["get", "get_mut", "get_key_value", "peek", "peek_mut", "contains_key", "contains", "get_index_of"]);
/// Methods that say the same of what they are called on, or lead out if there is nothing.
pub(crate) const PASSES: [Sym; 21] = syms([
    "ok_or",
    "ok_or_else",
    "context",
    "with_context",
    "unwrap",
    "expect",
    "cloned",
    "copied",
    "clone",
    "map",
    "as_ref",
    "as_mut",
    "as_deref",
    "as_deref_mut",
    "map_err",
    "filter",
    "ok",
    "inspect",
    "is_some",
    "is_some_and",
    "and_then",
]);
/// Methods that give the same key in another form.
pub(crate) const COPIES: [Sym; 14] = syms([
    "clone",
    "to_owned",
    "to_string",
    "to_vec",
    "as_str",
    "as_ref",
    "as_bytes",
    "as_slice",
    "borrow",
    "into",
    "deref",
    "cloned",
    "copied",
    "as_deref",
]);
/// Collections that change through a reference to them.
const CHANGES: [&str; 5] = ["Dash", "Skip", "scc", "Mutex", "RwLock"];

/// A key, and the place that has it; none if only so many keys are let through.
pub(super) type Present = (Option<Place>, ExprId);

/// Whether a path in a function leads to a constant, or to a static that nothing changes.
pub(crate) fn is_table(program: &Program<'_>, within: FnId, path: &PathRef) -> bool {
    let module = program.names.function(within).module;
    match program.names.resolve(module, path, false).map(|found| found.def) {
        Some(Def::Const(_)) => true,
        Some(Def::Static(of)) => is_fixed(program, of),
        _ => false,
    }
}

fn is_fixed(program: &Program<'_>, of: StaticId) -> bool {
    program.statics.get(of.ix()).is_some_and(|ty| !changes(program, *ty, 0))
}

fn changes(program: &Program<'_>, ty: Ty, depth: u32) -> bool {
    match program.types.kind(ty) {
        _ if depth > 4 => true,
        TyKind::Seq(_) => false,
        TyKind::Foreign(foreign, args) => {
            let name = program.names.text(foreign.last);
            let of_pointer = name.contains("Lazy") || name.contains("Once");
            let inside = || args.iter().any(|arg| changes(program, *arg, depth + 1));
            CHANGES.iter().any(|changes| name.starts_with(changes)) || (of_pointer && inside())
        }
        _ => true,
    }
}

impl Walk<'_, '_> {
    /// Notes what a condition says: `m.contains_key(&k)`, `let Some(x) = m.get(&k)`.
    pub(super) fn note_found(&mut self, cond: ExprId, holds: bool) {
        match &self.body.expr(cond).kind {
            ExprKind::Method(call) if call.name == Sym::new("is_none") && !holds => self.found(call.recv),
            ExprKind::Method(_) if holds => self.found(cond),
            ExprKind::Let(pat, init) if holds && self.is_found(*pat) => self.found(*init),
            _ => {}
        }
    }

    /// Notes what a success of `id` says; the caller cuts the list back.
    pub(super) fn found(&mut self, mut id: ExprId) {
        for _ in 0..12 {
            match &self.body.expr(id).kind {
                ExprKind::Await(inner)
                | ExprKind::Try(inner)
                | ExprKind::Ref(inner, _)
                | ExprKind::Deref(inner) => id = *inner,
                ExprKind::Call(_, args) => {
                    self.found_by(id, args);
                    return;
                }
                ExprKind::Method(call) if LOOKS.contains(&call.name) && call.args.len() == 1 => {
                    self.looked_up(id, call);
                    return;
                }
                ExprKind::Method(call) if PASSES.contains(&call.name) => id = call.recv,
                ExprKind::Method(call) => {
                    self.found_by(id, &call.args);
                    return;
                }
                _ => return,
            }
        }
    }

    /// Notes what a statement says that leads on only with what it looked up: `m.get(k).ok_or(e)?`.
    pub(super) fn found_or_left(&mut self, mut id: ExprId) {
        const LEAVES: [Sym; 2] = syms(["unwrap", "expect"]);
        for _ in 0..12 {
            match &self.body.expr(id).kind {
                ExprKind::Try(inner) => return self.found(*inner),
                ExprKind::Method(call) if LEAVES.contains(&call.name) => return self.found(call.recv),
                ExprKind::Method(call) => id = call.recv,
                ExprKind::Await(inner)
                | ExprKind::Ref(inner, _)
                | ExprKind::Deref(inner)
                | ExprKind::Field(inner, _) => id = *inner,
                _ => return,
            }
        }
    }

    fn looked_up(&mut self, id: ExprId, call: &MethodCall) {
        let key = call.args[0];
        let is_foreign = self.callable(id).is_some();
        if self.is_table(call.recv) {
            self.present.push((None, key));
        } else if let (Some(place), true) = (self.place(call.recv), is_foreign) {
            self.present.push((Some(place), key));
        } else {
            self.found_by(id, &call.args);
        }
    }

    /// A constant, or a static that nothing can change.
    fn is_table(&self, id: ExprId) -> bool {
        match &self.body.expr(id).kind {
            ExprKind::Path(path) if is_table(self.program, self.id, path) => true,
            _ => matches!(self.place(id), Some(Place { root: Root::Static(of), field: None, depth: 0 })
                if is_fixed(self.program, of)),
        }
    }

    /// A function of the workspace that gives a part of the program for the keys it knows.
    fn found_by(&mut self, id: ExprId, args: &[ExprId]) {
        let Some(Callee::Fns(fns)) = self.inferred.callees.get(&id) else { return };
        if !fns.is_empty()
            && fns.iter().all(|of| self.program.names.function(*of).sig.is_some_and(|sig| sig.gives_static))
        {
            self.present.extend(args.iter().map(|key| (None, *key)));
        }
    }

    /// Whether an insertion puts something under a key that is known here.
    pub(super) fn is_key_known(&self, place: Place, call: &MethodCall) -> bool {
        let Some(key) = self.key_of(call) else { return false };
        let is_there = |of: &Option<Place>| of.is_none_or(|of| of == place);
        self.present.iter().any(|(of, known)| is_there(of) && self.is_same(*known, key, 0))
    }

    /// The key of `m.insert(k, v)` and of `m.entry(k).or_default()`.
    pub(super) fn key_of(&self, call: &MethodCall) -> Option<ExprId> {
        let mut at = call.recv;
        for _ in 0..4 {
            let ExprKind::Method(inner) = &self.body.expr(at).kind else { break };
            if inner.name == Sym::new("entry") {
                return inner.args.first().copied();
            }
            at = inner.recv;
        }
        call.args.first().copied().filter(|_| call.name == Sym::new("insert"))
    }

    fn is_same(&self, one: ExprId, other: ExprId, depth: u32) -> bool {
        let (one, other) = (self.plain(one), self.plain(other));
        let next = |one: &ExprId, other: &ExprId| self.is_same(*one, *other, depth + 1);
        match (&self.body.expr(one).kind, &self.body.expr(other).kind) {
            _ if depth > 4 => false,
            (ExprKind::Local(one), ExprKind::Local(other)) => one == other,
            (ExprKind::Field(one, of), ExprKind::Field(other, name)) => of == name && next(one, other),
            (ExprKind::Tuple(one), ExprKind::Tuple(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| next(one, other))
            }
            (ExprKind::Method(one), ExprKind::Method(other)) => {
                one.name == other.name
                    && one.args.is_empty()
                    && other.args.is_empty()
                    && next(&one.recv, &other.recv)
            }
            _ => false,
        }
    }

    fn plain(&self, mut id: ExprId) -> ExprId {
        for _ in 0..8 {
            id = match &self.body.expr(id).kind {
                ExprKind::Ref(inner, _) | ExprKind::Deref(inner) => *inner,
                ExprKind::Method(call) if COPIES.contains(&call.name) && call.args.is_empty() => call.recv,
                _ => return id,
            };
        }
        id
    }

    /// Whether a pattern is that of something found.
    pub(super) fn is_found(&self, pat: PatId) -> bool {
        const FOUND: [Sym; 2] = syms(["Some", "Ok"]);
        matches!(self.body.pat(pat), Pat::TupleStruct(path, _) if FOUND.contains(&path.last()))
    }
}
