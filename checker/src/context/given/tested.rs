//! Keys that were looked up before, in a table of the program that nothing is added to once it serves: whatever is put in
//! under them has no more keys than that table.
//!
//! `if let Some(handler) = self.handlers.get(&message.kind) { handler.handle(message) }`: the kinds that a handler is
//! called with are those of the table.

use super::Given;
use super::origins::{Origins, Part};
use super::words::CONVERTS;
use crate::events::{FOUND_PASSES, KEY_COPIES, LOOKS, is_table};
use crate::lower::ir::{BinOp, ExprId, ExprKind, LocalId, Pat, PatId, Stmt};
use crate::lower::sym::{Sym, syms};
use crate::names::{AdtId, FnId};
use crate::types::adt_behind;

/// Longest way from a value to what it is a copy of.
const COPIES_MAX: u32 = 12;

/// A local, or a part of it.
pub(super) type Source = (LocalId, Part);

impl<'a> Given<'a, '_, '_> {
    /// Whether what stands at `at` is only reached where such a table has a key.
    pub(super) fn is_tested(
        &self,
        id: FnId,
        (origins, at): (&Origins<'a>, ExprId),
        key: (ExprId, Part),
        depth: u32,
    ) -> bool {
        Self::is_behind(origins, at, key, &|test, key| self.finds(id, origins, test, key, depth))
    }

    /// Whether what stands at `at` is only reached where a look-up finds the key.
    pub(super) fn is_behind(
        origins: &Origins<'a>,
        at: ExprId,
        (key, part): (ExprId, Part),
        finds: &dyn Fn(ExprId, Source) -> bool,
    ) -> bool {
        let Some(key) = origins.source(key, part, 0) else { return false };
        let finds = |test: ExprId| finds(test, key);
        let mut within = at;
        origins.around(at).any(|around| {
            let inner = std::mem::replace(&mut within, around);
            match &origins.body.expr(around).kind {
                ExprKind::Match(on, arms) => {
                    arms.iter().any(|arm| arm.body == inner && is_found(origins, arm.pat)) && finds(*on)
                }
                ExprKind::If(cond, then, _) => {
                    *then == inner && conditions(origins, *cond, true).into_iter().any(finds)
                }
                ExprKind::Block(stmts, _) => {
                    let before = stmts.iter().take_while(|stmt| !holds(stmt, inner));
                    before.flat_map(|stmt| left_without(origins, stmt)).any(finds)
                }
                _ => false,
            }
        })
    }

    /// Whether a look-up is one of that key in a settled table.
    fn finds(&self, id: FnId, origins: &Origins<'a>, mut test: ExprId, key: Source, depth: u32) -> bool {
        for _ in 0..COPIES_MAX {
            test = match &origins.body.expr(test).kind {
                ExprKind::Await(inner)
                | ExprKind::Try(inner)
                | ExprKind::Ref(inner, _)
                | ExprKind::Deref(inner) => *inner,
                ExprKind::Method(call) if LOOKS.contains(&call.name) && call.args.len() == 1 => {
                    return origins.source(call.args[0], None, 0) == Some(key)
                        && (self.is_constant(id, origins, call.recv)
                            || origins.field(call.recv).is_some_and(|table| self.is_settled(table, depth)));
                }
                ExprKind::Method(call) if FOUND_PASSES.contains(&call.name) => call.recv,
                _ => return false,
            };
        }
        false
    }

    /// Whether a table is part of the program: `SYMBOLS`, `["a", "b"]`.
    fn is_constant(&self, id: FnId, origins: &Origins<'a>, table: ExprId) -> bool {
        match &origins.body.expr(table).kind {
            ExprKind::Ref(inner, _) => self.is_constant(id, origins, *inner),
            ExprKind::Array(parts) => {
                parts.iter().all(|part| matches!(origins.body.expr(*part).kind, ExprKind::Lit(_)))
            }
            ExprKind::Path(path) => is_table(self.program, id, path),
            _ => false,
        }
    }
}

impl Origins<'_> {
    /// The field that an expression is, behind locks and pointers.
    pub(super) fn field(&self, mut id: ExprId) -> Option<(AdtId, Sym)> {
        for _ in 0..COPIES_MAX {
            id = match &self.body.expr(id).kind {
                ExprKind::Field(base, name) => {
                    return Some((adt_behind(&self.inferred.types, self.inferred.expr(*base))?, *name));
                }
                ExprKind::Method(call) if call.args.is_empty() => call.recv,
                ExprKind::Await(inner)
                | ExprKind::Try(inner)
                | ExprKind::Ref(inner, _)
                | ExprKind::Deref(inner) => *inner,
                _ => return None,
            };
        }
        None
    }

    /// The local that a value is, or a part of it, through copies, conversions and the names that it was given.
    pub(super) fn source(&self, id: ExprId, part: Part, depth: u32) -> Option<Source> {
        if depth > COPIES_MAX {
            return None;
        }
        let next = |id: ExprId, part: Part| self.source(id, part, depth + 1);
        match &self.body.expr(id).kind {
            ExprKind::Ref(inner, _) | ExprKind::Deref(inner) => next(*inner, part),
            ExprKind::Field(base, name) if part.is_none() => next(*base, Some(*name)),
            ExprKind::Method(call) if KEY_COPIES.contains(&call.name) && call.args.is_empty() => {
                next(call.recv, part)
            }
            ExprKind::Call(callee, args) => match (&self.body.expr(*callee).kind, args.as_ref()) {
                (ExprKind::Path(path), [one]) if CONVERTS.contains(&path.last()) => next(*one, part),
                _ => None,
            },
            ExprKind::Local(local) => {
                let made = self.local(*local);
                let of = match made.of[..] {
                    [(of, own)]
                        if made.param.is_none() && !made.lent && (own.is_none() || part.is_none()) =>
                    {
                        next(of, own.or(part))
                    }
                    _ => None,
                };
                of.or(Some((*local, part)))
            }
            _ => None,
        }
    }
}

/// The look-ups that have found something where a condition holds, or does not.
fn conditions(origins: &Origins<'_>, cond: ExprId, is_so: bool) -> Vec<ExprId> {
    const HAS: [Sym; 3] = syms(["contains_key", "contains", "is_some"]);
    let both = |left: ExprId, right: ExprId| {
        [conditions(origins, left, is_so), conditions(origins, right, is_so)].concat()
    };
    match &origins.body.expr(cond).kind {
        ExprKind::Not(inner) => conditions(origins, *inner, !is_so),
        ExprKind::Binary(BinOp::And, left, right) if is_so => both(*left, *right),
        ExprKind::Binary(BinOp::Or, left, right) if !is_so => both(*left, *right),
        ExprKind::Let(pat, init) if is_so && is_found(origins, *pat) => vec![*init],
        ExprKind::Method(call) if is_so && HAS.contains(&call.name) => vec![cond],
        ExprKind::Method(call) if !is_so && call.name == Sym::new("is_none") => vec![call.recv],
        _ => Vec::new(),
    }
}

/// The look-ups without whose success a statement leads out.
fn left_without(origins: &Origins<'_>, stmt: &Stmt) -> Vec<ExprId> {
    const LEAVES: [Sym; 2] = syms(["unwrap", "expect"]);
    let mut at = match stmt {
        Stmt::Let(pat, _, Some(init), Some(_)) if is_found(origins, *pat) => return vec![*init],
        Stmt::Let(_, _, Some(init), _) => *init,
        Stmt::Expr(id) => *id,
        Stmt::Let(..) => return Vec::new(),
    };
    for _ in 0..COPIES_MAX {
        at = match &origins.body.expr(at).kind {
            ExprKind::If(cond, then, None) if origins.leads_out(*then) => {
                return conditions(origins, *cond, false);
            }
            ExprKind::Try(inner) => return vec![*inner],
            ExprKind::Method(call) if LEAVES.contains(&call.name) => return vec![call.recv],
            ExprKind::Method(call) => call.recv,
            ExprKind::Await(inner)
            | ExprKind::Ref(inner, _)
            | ExprKind::Deref(inner)
            | ExprKind::Field(inner, _) => *inner,
            _ => break,
        };
    }
    Vec::new()
}

fn holds(stmt: &Stmt, id: ExprId) -> bool {
    match stmt {
        Stmt::Let(_, _, init, otherwise) => *init == Some(id) || *otherwise == Some(id),
        Stmt::Expr(of) => *of == id,
    }
}

/// Whether a pattern is that of something found.
fn is_found(origins: &Origins<'_>, pat: PatId) -> bool {
    matches!(origins.body.pat(pat), Pat::TupleStruct(path, _) if path.last() == Sym::new("Some") || path.last() == Sym::new("Ok"))
}
