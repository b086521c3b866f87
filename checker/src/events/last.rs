//! Which mentions of a local count as use of what it holds: a list that is only thrown away behind its loop is not what
//! the loop is for.

use super::Walk;
use crate::lower::ir::{ExprId, ExprKind, PathRef};
use crate::lower::sym::Sym;
use crate::models::Effect;
use rustc_hash::FxHashSet;

impl Walk<'_, '_> {
    /// Mentions that only throw away what a local holds: `seen.clear()`, `drop(seen)`.
    pub(super) fn discarded(&self) -> FxHashSet<ExprId> {
        let mut found = FxHashSet::default();
        for (index, expr) in self.body.exprs.iter().enumerate() {
            let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
            match &expr.kind {
                ExprKind::Method(call) if self.effect(id) == Effect::Clear && call.args.is_empty() => {
                    found.insert(call.recv);
                }
                ExprKind::Call(callee, args) if args.len() == 1 => {
                    let named = |path: &PathRef| path.last() == Sym::new("drop");
                    if matches!(&self.body.expr(*callee).kind, ExprKind::Path(path) if named(path)) {
                        found.insert(args[0]);
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// Locals that a loop gives by `break`, or the function by `return`, are what it is for.
    pub(super) fn given(&mut self, id: ExprId, depth: u32) {
        let body = self.body;
        match &body.expr(id).kind {
            ExprKind::Local(local) => self.facts.local_last[local.0 as usize] = u32::MAX,
            ExprKind::Call(_, args) | ExprKind::Tuple(args) if depth < 4 => {
                args.iter().for_each(|arg| self.given(*arg, depth + 1));
            }
            ExprKind::Method(call) if depth < 4 => self.given(call.recv, depth + 1),
            ExprKind::Struct(_, fields, _) if depth < 4 => {
                fields.iter().for_each(|(_, value)| self.given(*value, depth + 1));
            }
            _ => {}
        }
    }
}
