//! Files that the kernel makes up in memory when they are read: no disk is waited for.

use crate::events::seen::within;
use crate::lower::ir::{Body, Expr, ExprKind, Pat, Range, Stmt};
use crate::names::FnId;
use crate::rules::judged::Judged;

/// Where those files lie.
const ROOTS: [&str; 2] = ["\"/proc/", "\"/sys/"];
/// Locals that one path may go through.
const LOCALS_MAX: usize = 8;

/// Whether a call is given a path below one of them, as text or through a local that was made of it.
pub(super) fn is_read(judged: &Judged<'_, '_>, id: FnId, at: Range) -> bool {
    let names = &judged.program.names;
    let text = &names.workspace.files[names.function(id).file.0 as usize].source.text;
    let Some(body) = names.body(id) else { return false };
    let says = |at: Range| {
        let said = text.get(at.start as usize..at.end as usize);
        said.is_some_and(|said| ROOTS.iter().any(|root| said.contains(root)))
    };
    // Of a macro the tree keeps its name only.
    let to_its_end = |at: Range| {
        let rest = text.get(at.start as usize..).and_then(|rest| rest.find(';'));
        let end =
            rest.and_then(|length| u32::try_from(length).ok()).map_or(at.end, |length| at.start + length);
        Range { end: at.end.max(end), ..at }
    };
    let mut open = vec![at];
    for _ in 0..LOCALS_MAX {
        let Some(at) = open.pop() else { return false };
        if says(at) {
            return true;
        }
        open.extend(made(body, at).into_iter().map(to_its_end));
    }
    false
}

/// What the locals that are named in a region begin with.
fn made(body: &Body, at: Range) -> Vec<Range> {
    let stmts = body.exprs.iter().filter_map(|expr| match &expr.kind {
        ExprKind::Block(stmts, _) => Some(stmts),
        _ => None,
    });
    let inits = stmts.flatten().filter_map(|stmt| match stmt {
        Stmt::Let(pat, _, Some(init), _) => match body.pat(*pat) {
            Pat::Bind(local, None) => Some((*local, body.extent(*init))),
            _ => None,
        },
        _ => None,
    });
    let is_named = |local| {
        let names = |expr: &Expr| matches!(expr.kind, ExprKind::Local(of) if of == local);
        body.exprs.iter().any(|expr| within(at, expr.at) && names(expr))
    };
    inits.filter(|(local, init)| init.end <= at.start && is_named(*local)).map(|(_, init)| init).collect()
}
