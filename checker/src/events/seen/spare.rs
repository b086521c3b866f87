//! Memory that a handler takes for itself, although the message has it already or scratch would do.
//!
//! A local is spare when every mention of it only reads or fills it: nothing keeps it, sends it or gives it back.

use super::{Look, Sight};
use crate::events::Root;
use crate::lower::ir::{ExprId, ExprKind, LocalId, TypeRef};
use crate::lower::sym::{Sym, syms};
use crate::types::{Interner, TyKind};

/// Methods of text that look at it.
const READS: [Sym; 20] = syms([
    "len",
    "is_empty",
    "as_str",
    "as_bytes",
    "starts_with",
    "ends_with",
    "contains",
    "chars",
    "bytes",
    "split",
    "split_whitespace",
    "split_once",
    "trim",
    "find",
    "rfind",
    "lines",
    "parse",
    "eq",
    "eq_ignore_ascii_case",
    "cmp",
]);
/// Methods that fill or empty what they are called on.
const FILLS: [Sym; 14] = syms([
    "push",
    "push_str",
    "insert",
    "extend",
    "extend_from_slice",
    "clear",
    "truncate",
    "sort",
    "sort_unstable",
    "dedup",
    "iter",
    "get",
    "contains_key",
    "last",
]);
const SHOWS: [Sym; 12] = syms([
    "println",
    "eprintln",
    "print",
    "eprint",
    "format",
    "trace",
    "debug",
    "info",
    "warn",
    "error",
    "scratch_format",
    "write",
]);
const COPIES: [Sym; 3] = syms(["clone", "to_owned", "to_string"]);
const MAKES: [(Sym, &[Sym]); 4] = [
    (Sym::new("String"), &syms(["new", "with_capacity", "from"])),
    (Sym::new("Vec"), &syms(["new", "with_capacity"])),
    (Sym::new("HashMap"), &syms(["new", "with_capacity"])),
    (Sym::new("HashSet"), &syms(["new", "with_capacity"])),
];
const MAKING_MACROS: [Sym; 2] = syms(["format", "vec"]);

impl Look<'_, '_, '_> {
    pub(super) fn spare_locals(&mut self) {
        let has_scratch = self.has_scratch();
        for (index, init) in self.inits.clone().into_iter().enumerate() {
            let Some(init) = init else { continue };
            let local = LocalId(u32::try_from(index).unwrap_or(u32::MAX));
            if self.is_copy_of_message(init) && !self.is_key(local) && self.is_spare(local, &[&READS]) {
                self.note(Sight::SpareCopy, init);
            } else if has_scratch && self.is_made(init) && self.is_spare(local, &[&READS, &FILLS]) {
                let name = match self.kind(init) {
                    ExprKind::Macro(name, _) => format!("{}!", self.walk.program.names.text(*name)).into(),
                    _ => self.name_of(init),
                };
                self.note(Sight::Temporary(name), init);
            }
        }
    }

    /// Whether the function is given a `Cx`, and with it scratch.
    fn has_scratch(&self) -> bool {
        let sig = self.walk.program.names.function(self.walk.id).sig;
        let is_cx = |ty: &TypeRef| match ty {
            TypeRef::Ref(to, _) => matches!(&**to, TypeRef::Path(path) if path.last() == Sym::new("Cx")),
            _ => false,
        };
        sig.is_some_and(|sig| !sig.is_async && sig.params.iter().any(is_cx))
    }

    /// `message.name.clone()`: text that belongs to a parameter other than `self`.
    fn is_copy_of_message(&self, id: ExprId) -> bool {
        let ExprKind::Method(call) = self.kind(id) else { return false };
        let of_message =
            matches!(self.walk.place(call.recv).map(|place| place.root), Some(Root::Param(at)) if at > 0);
        let text = match self.walk.inferred.types.kind(self.walk.collection(self.walk.ty(call.recv))) {
            TyKind::Prim(name) => *name == Sym::new("str"),
            TyKind::Foreign(foreign, _) => foreign.last == Sym::new("String"),
            _ => false,
        };
        COPIES.contains(&call.name) && of_message && text
    }

    fn is_made(&self, id: ExprId) -> bool {
        match self.kind(id) {
            ExprKind::Macro(name, _) => MAKING_MACROS.contains(name),
            ExprKind::Call(..) => {
                let (of, name) = self.called(id);
                MAKES.iter().any(|(ty, makes)| *ty == of && makes.contains(&name)) && !self.is_own(id)
            }
            _ => false,
        }
    }

    /// Whether nothing but `methods`, references, tests and output mentions the local, and something does.
    fn is_spare(&self, local: LocalId, methods: &[&[Sym]]) -> bool {
        let names = |id: &ExprId| matches!(self.kind(*id), ExprKind::Local(of) if *of == local);
        let (mut mentioned, mut harmless) = (0, 0);
        for expr in &self.walk.body.exprs {
            harmless += match &expr.kind {
                ExprKind::Local(of) if *of == local => {
                    // What runs elsewhere or later may need a value of its own.
                    if self.frame_of(expr.at).is_some() {
                        return false;
                    }
                    mentioned += 1;
                    0
                }
                ExprKind::Method(call) if names(&call.recv) => {
                    usize::from(methods.iter().any(|known| known.contains(&call.name)))
                }
                ExprKind::Macro(name, args) if SHOWS.contains(name) => {
                    args.iter().filter(|arg| names(arg)).count()
                }
                ExprKind::Ref(inner, _) | ExprKind::Index(inner, _) | ExprKind::Deref(inner) => {
                    usize::from(names(inner))
                }
                ExprKind::Binary(_, left, right) => {
                    [left, right].into_iter().filter(|side| names(side)).count()
                }
                _ => 0,
            };
        }
        mentioned > 0 && mentioned == harmless
    }
}
