//! Two tasks that each have one half of the same connection: when that breaks, both hear of it.

use super::{Look, within};
use crate::lower::ir::{ExprKind, LocalId, Pat, Stmt};
use crate::lower::sym::{Sym, syms};

/// What gives the two halves of a connection.
const SPLITS: [Sym; 3] = syms(["split", "into_split", "owned_split"]);

impl Look<'_, '_, '_> {
    /// Whether each of two tasks, named by the locals that hold their handles, has a half of the same connection.
    pub(super) fn have_halves_of_one(&self, one: LocalId, other: LocalId) -> bool {
        self.splits().any(|(read, write)| {
            let shared = |first: LocalId, second: LocalId| self.has(one, first) && self.has(other, second);
            shared(read, write) || shared(write, read)
        })
    }

    /// `let (mut sender, mut receiver) = socket.split();`
    fn splits(&self) -> impl Iterator<Item = (LocalId, LocalId)> {
        let blocks = self.walk.body.exprs.iter().filter_map(|expr| match &expr.kind {
            ExprKind::Block(stmts, _) => Some(stmts),
            _ => None,
        });
        blocks.flatten().filter_map(|stmt| {
            let Stmt::Let(pat, _, Some(init), _) = stmt else { return None };
            let Pat::Tuple(parts) = self.walk.body.pat(*pat) else { return None };
            let [first, second] = parts[..] else { return None };
            let splits = SPLITS.contains(&self.called(self.inner(*init)).1);
            self.bound(first).zip(self.bound(second)).filter(|_| splits)
        })
    }

    /// Whether a task is given a local.
    fn has(&self, task: LocalId, local: LocalId) -> bool {
        let Some(task) = self.inits[task.0 as usize].map(|init| self.extent(init)) else { return false };
        let names = |kind: &ExprKind| matches!(kind, ExprKind::Local(of) if *of == local);
        self.walk.body.exprs.iter().any(|expr| within(task, expr.at) && names(&expr.kind))
    }
}
