//! Whether an await may give its thread away: an async function in which nothing is waited for runs to its end at once.

use super::opened::Opened;
use super::ways::Ways;
use crate::lower::ir::{ExprId, ExprKind, Range};
use crate::names::FnId;

/// Longest way down the calls.
const CALLS_MAX: u32 = 6;

impl Ways<'_, '_, '_> {
    /// Whether the await at `at` in `id` may give its thread away.
    pub(crate) fn may_suspend(&self, id: FnId, at: Range) -> bool {
        self.open(id).is_none_or(|opened| {
            let awaits =
                opened.exprs().filter(|(_, expr)| expr.at == at).filter_map(|(_, expr)| match expr.kind {
                    ExprKind::Await(inner) => Some(inner),
                    _ => None,
                });
            let awaited: Vec<ExprId> = awaits.collect();
            awaited.is_empty() || awaited.into_iter().any(|inner| self.suspends(&opened, inner, 0))
        })
    }

    /// What leads into the workspace suspends if an async function there does; anything else may.
    fn suspends(&self, opened: &Opened<'_>, awaited: ExprId, calls: u32) -> bool {
        let own = opened.own(awaited);
        own.is_empty() || own.iter().any(|of| self.is_suspended(*of, calls + 1))
    }

    fn is_suspended(&self, id: FnId, calls: u32) -> bool {
        let is_async = self.judged.program.names.function(id).sig.is_some_and(|sig| sig.is_async);
        let opened = self.open(id).filter(|_| is_async && calls <= CALLS_MAX);
        opened.is_none_or(|opened| {
            opened.exprs().any(|(_, expr)| match &expr.kind {
                ExprKind::Await(inner) => self.suspends(&opened, *inner, calls),
                // What a macro awaits is not seen.
                ExprKind::Select(_) | ExprKind::Opaque(..) => true,
                ExprKind::Macro(name, _) => self.judged.program.names.text(*name).contains("join"),
                _ => false,
            })
        })
    }
}
