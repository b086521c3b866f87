//! What is called a limit.

use crate::lower::ir::{Body, ExprId, ExprKind};
use crate::lower::sym::{Sym, syms};
use crate::names::Names;

/// What gives up a wait after a time: `timeout(limit, work)`, `work.timeout(limit)`.
pub(crate) const TIME_LIMITS: [Sym; 3] = syms(["timeout", "timeout_at", "with_timeout"]);

/// Parts of the names of limits.
const LIMITS: [&str; 3] = ["max", "limit", "capacity"];
/// Parts of the names of limits that say nothing of how many there are at a time.
const OTHERS: [&str; 12] = [
    "size", "len", "bytes", "retr", "attempt", "time", "rate", "depth", "version", "backoff", "payload",
    "frame",
];
/// Methods that give what they are called on.
const PASSES: [Sym; 2] = syms(["into", "unwrap_or"]);

/// Whether an expression is called a limit of how many there are at a time.
pub(crate) fn is_limit(names: &Names<'_>, body: &Body, id: ExprId) -> bool {
    let name = match &body.expr(id).kind {
        // `u32::MAX` is no limit of the program's.
        ExprKind::Path(path) if path.last() == Sym::new("MAX") => return false,
        ExprKind::Path(path) => path.last(),
        ExprKind::Field(_, name) => *name,
        ExprKind::Local(local) => body.locals[local.0 as usize].name,
        ExprKind::Method(call) if PASSES.contains(&call.name) => return is_limit(names, body, call.recv),
        ExprKind::Method(call) if call.args.is_empty() => call.name,
        ExprKind::Cast(inner, _) | ExprKind::Deref(inner) => return is_limit(names, body, *inner),
        _ => return false,
    };
    let name = names.text(name).to_ascii_lowercase();
    let contains = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    contains(&LIMITS) && !contains(&OTHERS)
}

#[cfg(test)]
mod tests {
    use super::is_limit;
    use crate::load::{TargetKind, Workspace};
    use crate::lower::ir::ExprId;
    use crate::models::Models;
    use crate::names::{FnId, Names};

    /// Whether the value of a function is called a limit.
    fn gives_limit(value: &str) -> bool {
        let text = format!("fn f() {{ let limit = 1; let most = 2; {value} }}");
        let workspace = Workspace::of_texts(&[("main", TargetKind::Lib, &text)]);
        let names = Names::of(&workspace, Models::shipped());
        let body = names.body(FnId(0)).unwrap();
        // The block stands last, and its value before it.
        is_limit(&names, body, ExprId(u32::try_from(body.exprs.len() - 2).unwrap()))
    }

    #[test]
    fn limits_are_told_by_their_names() {
        for value in
            ["limit", "MAX_TASKS", "self.max_open", "*limit as usize", "limit.into()", "a.capacity()"]
        {
            assert!(gives_limit(value), "{value}");
        }
        for value in ["most", "u32::MAX", "self.max_retries", "MAX_FRAME", "limit.of(1)", "rate_limit", "7"] {
            assert!(!gives_limit(value), "{value}");
        }
    }
}
