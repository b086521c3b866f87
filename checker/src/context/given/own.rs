//! Keys that were read from the very place that they are put into: such an insertion replaces what is there.
//!
//! `for key in self.map.keys().cloned().collect() { self.map.insert(key, fresh()) }`, also by way of lists that nothing else
//! is put into.

use super::Given;
use super::origins::{Origins, Part};
use crate::events::KEY_COPIES;
use crate::lower::ir::{ExprId, ExprKind, LocalId};
use crate::lower::sym::{Sym, syms};
use crate::names::AdtId;

/// Longest way from a key to the place it was read from.
const WAY_MAX: u32 = 24;
/// Methods that go through a collection, or through what such methods give, and leave its elements as they are.
const GOES: [Sym; 13] = syms([
    "iter",
    "iter_mut",
    "into_iter",
    "keys",
    "into_keys",
    "cloned",
    "copied",
    "filter",
    "rev",
    "skip",
    "take",
    "collect",
    "drain",
]);
/// Methods that make something of each element by a closure.
const MAPS: [Sym; 3] = syms(["map", "filter_map", "flat_map"]);
/// Methods that put an element into a list or a table.
const PUTS: [Sym; 5] = syms(["push", "push_back", "push_front", "insert", "push_unchecked"]);
/// What wraps a value that is given back.
const WRAPS: [Sym; 2] = syms(["Some", "Ok"]);

/// A field, behind locks and pointers.
type Field = (AdtId, Sym);

impl<'a> Given<'a, '_, '_> {
    /// Whether `key` was read from the field that the call puts it into.
    pub(super) fn is_own_key(&self, origins: &Origins<'a>, call: ExprId, key: ExprId) -> bool {
        let ExprKind::Method(put) = &origins.body.expr(call).kind else { return false };
        origins.place_of(put.recv, 0).is_some_and(|field| origins.is_read_from(key, None, field, 0))
    }
}

impl Origins<'_> {
    /// The field that an expression is, also by the name of a guard.
    fn place_of(&self, id: ExprId, depth: u32) -> Option<Field> {
        if let ExprKind::Local(local) = self.body.expr(id).kind {
            let made = self.local(local);
            return match made.of[..] {
                [(of, None)] if made.param.is_none() && depth < WAY_MAX => self.place_of(of, depth + 1),
                _ => None,
            };
        }
        if let Some(field) = self.field(id) {
            return Some(field);
        }
        match &self.body.expr(id).kind {
            ExprKind::Method(call) if call.args.is_empty() && depth < WAY_MAX => {
                self.place_of(call.recv, depth + 1)
            }
            ExprKind::Ref(inner, _)
            | ExprKind::Deref(inner)
            | ExprKind::Await(inner)
            | ExprKind::Try(inner)
                if depth < WAY_MAX =>
            {
                self.place_of(*inner, depth + 1)
            }
            _ => None,
        }
    }

    /// Whether all that a value can be was read from the elements of a field.
    fn is_read_from(&self, id: ExprId, part: Part, field: Field, depth: u32) -> bool {
        if depth > WAY_MAX {
            return false;
        }
        let next = |id: ExprId, part: Part| self.is_read_from(id, part, field, depth + 1);
        match &self.body.expr(id).kind {
            ExprKind::Ref(inner, _)
            | ExprKind::Deref(inner)
            | ExprKind::Await(inner)
            | ExprKind::Block(_, Some(inner)) => next(*inner, part),
            ExprKind::Tuple(parts) => {
                let at = part.and_then(|part| (0..parts.len()).find(|at| Sym::new(&at.to_string()) == part));
                at.is_some_and(|at| next(parts[at], None))
            }
            ExprKind::Call(callee, args) => match (&self.body.expr(*callee).kind, &args[..]) {
                (ExprKind::Path(path), [one]) if WRAPS.contains(&path.last()) => next(*one, part),
                _ => false,
            },
            ExprKind::Method(call) if GOES.contains(&call.name) => {
                self.place_of(call.recv, 0) == Some(field) || next(call.recv, part)
            }
            ExprKind::Method(call) if KEY_COPIES.contains(&call.name) && call.args.is_empty() => {
                next(call.recv, part)
            }
            ExprKind::Method(call) if MAPS.contains(&call.name) => match &call.args[..] {
                [one] => match &self.body.expr(*one).kind {
                    ExprKind::Closure(_, body, _) => next(*body, part),
                    _ => false,
                },
                _ => false,
            },
            ExprKind::Local(local) => self.is_local_read_from(*local, part, field, depth),
            _ => false,
        }
    }

    fn is_local_read_from(&self, local: LocalId, part: Part, field: Field, depth: u32) -> bool {
        let made = self.local(local);
        if made.param.is_some() || made.lent || made.read.is_some() {
            return false;
        }
        let put: Vec<(ExprId, Part)> = self.put_into(local, part);
        let is_argument = |id: ExprId| self.is_put_into(local, id);
        let of = made.of.iter().filter(|(of, _)| !is_argument(*of) && !self.is_empty(*of));
        let of = of.map(|(of, own)| (*of, own.or(part)));
        let mut all = of.chain(put).peekable();
        all.peek().is_some() && all.all(|(of, part)| self.is_read_from(of, part, field, depth + 1))
    }

    /// What is put into a local: of what is put under a key, the key where the first part is asked for.
    fn put_into(&self, local: LocalId, part: Part) -> Vec<(ExprId, Part)> {
        let first = Some(Sym::new("0"));
        let puts = self.puts(local).map(|args| match args[..] {
            [one] => vec![(one, part)],
            [key, _] if part == first || part.is_none() => vec![(key, None)],
            _ => args.iter().map(|arg| (*arg, part)).collect(),
        });
        puts.flatten().collect()
    }

    fn is_put_into(&self, local: LocalId, id: ExprId) -> bool {
        self.puts(local).any(|args| args.contains(&id))
    }

    fn puts(&self, local: LocalId) -> impl Iterator<Item = &[ExprId]> {
        self.body.exprs.iter().filter_map(move |expr| match &expr.kind {
            ExprKind::Method(call) if PUTS.contains(&call.name) => {
                let is_it = matches!(self.body.expr(call.recv).kind, ExprKind::Local(of) if of == local);
                is_it.then_some(&call.args[..])
            }
            _ => None,
        })
    }

    /// `Vec::new()`, `HashMap::default()`, `vec![]`.
    fn is_empty(&self, id: ExprId) -> bool {
        match &self.body.expr(id).kind {
            ExprKind::Call(callee, args) => match &self.body.expr(*callee).kind {
                ExprKind::Path(path) => {
                    args.is_empty() && path.segments.len() > 1 || path.last() == Sym::new("with_capacity")
                }
                _ => false,
            },
            ExprKind::Macro(name, args) => *name == Sym::new("vec") && args.is_empty(),
            _ => false,
        }
    }
}
