//! Closures that run on another thread than the one that makes them: the function they are given to starts one, or sends
//! them to one.

use crate::events::seen::{Sight, within};
use crate::lower::ir::{Body, Expr, ExprId, ExprKind, LocalId, Pat, PatId, Range, Stmt};
use crate::names::FnId;
use crate::rules::judged::Judged;

/// Functions that a closure may go through until it is sent.
const CALLS_MAX: u32 = 4;

/// Closures of a function that are given to one which starts threads, or hands them to one. Which of what it is given a
/// function that starts threads hands there is not followed; what is sent is.
pub(super) fn handed_on(judged: &Judged<'_, '_>, id: FnId) -> Vec<Range> {
    let Some(body) = judged.program.names.body(id) else { return Vec::new() };
    let is_closure = |arg: ExprId| matches!(body.expr(arg).kind, ExprKind::Closure(..));
    let calls = body.exprs.iter().flat_map(|call| given(call).map(move |(param, arg)| (call, param, arg)));
    let closures = calls.filter(|(_, _, arg)| is_closure(*arg));
    let handed_on = closures.filter(|(call, param, _)| goes_on(judged, id, call, (*param, 0)));
    handed_on.map(|(_, _, arg)| body.extent(arg)).collect()
}

/// The arguments of a call with the parameters they are for.
fn given(call: &Expr) -> impl Iterator<Item = (usize, ExprId)> {
    let (first, args) = match &call.kind {
        ExprKind::Call(_, args) => (0, &args[..]),
        ExprKind::Method(call) => (1, &call.args[..]),
        _ => (0, &[][..]),
    };
    args.iter().enumerate().map(move |(index, arg)| (first + index, *arg))
}

/// Whether all functions that a call leads to hand on what they get as that parameter.
fn goes_on(judged: &Judged<'_, '_>, id: FnId, call: &Expr, (param, calls): (usize, u32)) -> bool {
    let facts = &judged.summary.facts;
    let hands_on =
        |callee: &FnId| !facts[callee.ix()].threads.is_empty() || sends(judged, *callee, (param, calls));
    let site = facts[id.ix()].calls.iter().find(|site| site.at == call.at && !site.is_callback);
    site.is_some_and(|site| !site.callees.is_empty() && site.callees.iter().all(hands_on))
}

/// Whether a function sends a parameter into a queue, as it is or in a closure of its own, or hands it to one that does.
fn sends(judged: &Judged<'_, '_>, id: FnId, (param, calls): (usize, u32)) -> bool {
    let Some(body) = judged.program.names.body(id).filter(|_| calls < CALLS_MAX) else { return false };
    let Some(local) = body.params.get(param).and_then(|pat| bound(body, *pat)) else { return false };
    let work = work_of(body, local);
    let facts = &judged.summary.facts[id.ix()];
    let mut sends = facts.seen.iter().filter(|seen| matches!(seen.sight, Sight::Sends { .. }));
    let is_sent = sends.any(|seen| is_in(body, &work, seen.at));
    is_sent
        || body.exprs.iter().any(|call| {
            let with_it = given(call).find(|(_, arg)| is_in(body, &work, body.extent(*arg)));
            with_it.is_some_and(|(param, _)| goes_on(judged, id, call, (param, calls + 1)))
        })
}

/// A local that is called, and those that are made of it.
fn work_of(body: &Body, local: LocalId) -> Vec<LocalId> {
    let mut work = vec![local];
    for expr in &body.exprs {
        let ExprKind::Block(stmts, _) = &expr.kind else { continue };
        for stmt in stmts {
            if let Stmt::Let(pat, _, Some(init), _) = stmt
                && let Some(made) = bound(body, *pat)
                && is_in(body, &work, body.extent(*init))
            {
                work.push(made);
            }
        }
    }
    work
}

/// Whether one of these is in a region, other than to be called there: a closure around it is called later.
fn is_in(body: &Body, work: &[LocalId], region: Range) -> bool {
    let is_closure = |expr: &Expr| matches!(expr.kind, ExprKind::Closure(..));
    let is_later = |at: Range| {
        let closures = (0_u32..).map(ExprId).zip(&body.exprs).filter(|(_, expr)| is_closure(expr));
        closures.map(|(id, _)| body.extent(id)).any(|of| within(region, of) && within(of, at))
    };
    let is_called = |id: ExprId| {
        body.exprs.iter().any(|expr| matches!(&expr.kind, ExprKind::Call(callee, _) if *callee == id))
    };
    let exprs = (0_u32..).map(ExprId).zip(&body.exprs);
    let mut named = exprs.filter(|(_, expr)| {
        within(region, expr.at) && matches!(expr.kind, ExprKind::Local(of) if work.contains(&of))
    });
    named.any(|(id, expr)| !is_called(id) || is_later(expr.at))
}

fn bound(body: &Body, pat: PatId) -> Option<LocalId> {
    match body.pat(pat) {
        Pat::Bind(local, None) => Some(*local),
        Pat::Typed(inner, _) => bound(body, *inner),
        _ => None,
    }
}
