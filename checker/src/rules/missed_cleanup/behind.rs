//! Whether what is put in is still looked after when a function begins to wait: by something behind the wait, or by something
//! that was started before and takes out by itself.
//!
//! A removal on a way that has left before the wait tells nothing of it: `if send().is_err() { remove(); return }`.

use super::asked::{Asked, Place};
use super::tree::Tree;
use crate::lower::ir::{ExprId, ExprKind, Range};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;

/// Methods that run what they are given where something failed, and at once.
const ON_ERROR: [Sym; 6] =
    syms(["map_err", "inspect_err", "or_else", "unwrap_or_else", "ok_or_else", "map_or_else"]);

/// Whether something in a body takes out of the place behind `wait`, or in the time of it.
pub(super) fn leads_out(
    asked: &Asked<'_, '_, '_>,
    place: &Place<'_, '_>,
    (id, tree): (FnId, &Tree<'_>),
    wait: ExprId,
) -> bool {
    let takers = place.takers();
    let own = place.of.shrinks.iter().map(|(_, site)| site).filter(|site| site.id == id);
    let own_counts = |at: Option<ExprId>, direct: bool| match at {
        Some(at) if direct => !is_over(tree, at, wait),
        Some(at) => !is_left(tree, at, wait),
        None => true,
    };
    let mut own = own.map(|site| (tree.call_at(site.event.at), site.event.via.is_empty()));
    let calls = asked.judged.summary.facts[id.ix()].calls.iter();
    let mut leading = calls.filter(|site| site.callees.iter().any(|callee| asked.leads_to(*callee, &takers)));
    own.any(|(at, direct)| own_counts(at, direct))
        || leading.any(|site| tree.call_at(site.at).is_none_or(|at| !is_left(tree, at, wait)))
}

/// Whether who calls a function takes out of the place itself, or behind the call. What it has started before goes its own way.
pub(super) fn is_closed_by_caller(asked: &Asked<'_, '_, '_>, place: &Place<'_, '_>, id: FnId) -> bool {
    let facts = &asked.judged.summary.facts;
    let calls = |caller: FnId| facts[caller.ix()].calls.iter().filter(move |site| site.callees.contains(&id));
    let is_behind = |caller: FnId, at: Range| calls(caller).any(|call| call.at.start < at.start);
    let closes = |caller: FnId| {
        let mut own = place.of.shrinks.iter().map(|(_, site)| site).filter(|site| site.id == caller);
        own.any(|site| site.event.via.is_empty() || is_behind(caller, site.event.at))
    };
    asked.callers([&id]).into_iter().any(closes)
}

/// Whether something is done with where it stands before the function begins to wait.
pub(super) fn is_over(tree: &Tree<'_>, at: ExprId, wait: ExprId) -> bool {
    at < wait && !tree.is_in(at, wait) && frame(tree, at) == frame(tree, wait)
}

/// Whether something stands on a way that has parted from the one to the wait.
fn is_left(tree: &Tree<'_>, at: ExprId, wait: ExprId) -> bool {
    let around = tree.arms(wait);
    let parts = || tree.arms(at).iter().any(|arm| !around.contains(arm));
    let fails = || tree.frame(at) != frame(tree, at);
    is_over(tree, at, wait) && (parts() || fails() || tree.leaves_with(at, wait))
}

/// The closure or task that something runs in, but for closures that run at once where something failed.
fn frame(tree: &Tree<'_>, id: ExprId) -> Option<ExprId> {
    let at_once = |frame: ExprId| match tree.parent(frame).map(|of| tree.kind(of)) {
        Some(ExprKind::Method(call)) => ON_ERROR.contains(&call.name) && call.args.contains(&frame),
        _ => false,
    };
    let is_frame = |at: &ExprId| matches!(tree.kind(*at), ExprKind::Closure(..) | ExprKind::Async(_));
    tree.around(id).filter(is_frame).find(|at| !at_once(*at))
}
