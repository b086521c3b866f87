//! A child that is killed and that nobody waits for: it stays in the process table until its parent ends.
//!
//! Who kills may wait himself, behind that or in the next turn of a loop, and so may who lent him the child. A child in a field
//! may be waited for by whoever names the field. Whoever else gets the child makes this silent.

use crate::events::seen::Sight;
use crate::lower::ir::{ExprId, ExprKind, LocalId, Range};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::rules::judged::Judged;
use crate::rules::missed_cleanup::tree::Tree;

/// What ends a child as far as its parent goes.
pub(super) const REAPS: [Sym; 3] = syms(["wait", "wait_with_output", "try_wait"]);
/// What is done with a child that does not reap it.
pub(super) const ASKS: [Sym; 2] = syms(["id", "kill"]);
/// What it writes to and reads from.
pub(super) const PIPES: [Sym; 3] = syms(["stdin", "stdout", "stderr"]);
/// Calls up to whoever owns the child.
const CALLS_MAX: u32 = 3;

/// Where children are killed that nobody waits for.
pub(super) fn killed<'j>(judged: &'j Judged<'_, '_>) -> impl Iterator<Item = (FnId, Range)> + 'j {
    let kills = judged.per_message(|sight| matches!(sight, Sight::KillsChild));
    kills.map(|(id, seen)| (id, seen.at)).filter(|(id, at)| {
        let tree = Tree::of(judged.program, judged.insides, *id);
        tree.is_some_and(|tree| tree.call_at(*at).is_some_and(|kill| is_left(judged, &tree, *id, kill)))
    })
}

fn is_left(judged: &Judged<'_, '_>, tree: &Tree<'_>, id: FnId, kill: ExprId) -> bool {
    let ExprKind::Method(call) = tree.kind(kill) else { return false };
    match child(tree, call.recv) {
        Some(Child::Local(local)) => is_dropped(judged, tree, (id, kill), local, 0),
        Some(Child::Field(name)) => !is_reaped(judged, name),
        None => false,
    }
}

enum Child {
    Local(LocalId),
    Field(Sym),
}

/// What holds a child that something is done to.
fn child(tree: &Tree<'_>, of: ExprId) -> Option<Child> {
    match tree.kind(of) {
        ExprKind::Local(local) => Some(Child::Local(*local)),
        ExprKind::Field(_, name) => Some(Child::Field(*name)),
        ExprKind::Ref(inner, _) | ExprKind::Deref(inner) => child(tree, *inner),
        _ => None,
    }
}

/// Whether the child in a local is gone, or goes, with nobody waiting for it behind `from`.
fn is_dropped(
    judged: &Judged<'_, '_>,
    tree: &Tree<'_>,
    (id, from): (FnId, ExprId),
    local: LocalId,
    depth: u32,
) -> bool {
    let leaves = leaves_behind(tree, from);
    let is_in_turn =
        |other: ExprId| !leaves && tree.around(from).any(|at| is_loop(tree, at) && tree.is_in(other, at));
    let named = tree.exprs().filter(|(_, kind)| matches!(kind, ExprKind::Local(of) if *of == local));
    for (at, _) in named.filter(|(at, _)| !tree.is_in(*at, from)) {
        let reached = tree.may_follow(from, at) || is_in_turn(at);
        if reached && !only_looks(tree, at) {
            return false;
        }
    }
    if let Some(param) = tree.param(local) {
        return depth < CALLS_MAX && is_dropped_by_callers(judged, id, param, depth);
    }
    tree.init(local).is_some_and(|init| makes(tree, init))
}

fn is_loop(tree: &Tree<'_>, at: ExprId) -> bool {
    matches!(tree.kind(at), ExprKind::Loop(..) | ExprKind::While(..) | ExprKind::For(..))
}

/// Whether a way out stands behind `from` that each way from there comes to.
fn leaves_behind(tree: &Tree<'_>, from: ExprId) -> bool {
    let around = tree.arms(from);
    tree.exprs().any(|(id, kind)| {
        matches!(kind, ExprKind::Return(_) | ExprKind::Break(..))
            && from < id
            && tree.frame(id) == tree.frame(from)
            && tree.arms(id).iter().all(|arm| around.contains(arm))
    })
}

/// Whether what a local begins as is a child of its own, not one that is lent: started here, or taken out of where it was.
fn makes(tree: &Tree<'_>, init: ExprId) -> bool {
    const OWNS: [Sym; 4] = syms(["spawn", "take", "remove", "pop"]);
    tree.exprs().any(|(id, _)| OWNS.contains(&tree.called(id)) && tree.is_in(id, init))
}

/// Whether nothing is done with a child where it is named that reaps it or hands it on.
fn only_looks(tree: &Tree<'_>, named: ExprId) -> bool {
    let Some(of) = tree.parent(named) else { return false };
    match tree.kind(of) {
        ExprKind::Method(call) if call.recv == named => ASKS.contains(&call.name),
        ExprKind::Field(_, name) => PIPES.contains(name),
        ExprKind::Macro(..) => true,
        _ => false,
    }
}

/// Whether all who lend a function the child drop it then.
fn is_dropped_by_callers(judged: &Judged<'_, '_>, id: FnId, param: usize, depth: u32) -> bool {
    let callers = judged.callers.of(id);
    let drops = |caller: FnId, call: usize| {
        let at = judged.summary.facts[caller.ix()].calls[call].at;
        let tree = Tree::of(judged.program, judged.insides, caller)?;
        let call = tree.call_at(at)?;
        let Child::Local(local) = child(&tree, tree.passed(call, param)?)? else { return None };
        Some(is_dropped(judged, &tree, (caller, call), local, depth + 1))
    };
    !callers.is_empty() && callers.iter().all(|(caller, call)| drops(*caller, *call) == Some(true))
}

/// Whether somebody waits for a child in a field of that name, or takes it out.
fn is_reaped(judged: &Judged<'_, '_>, name: Sym) -> bool {
    const TAKES: [Sym; 4] = syms(["take", "replace", "into_inner", "unwrap"]);
    let mut bodies = judged.functions().filter_map(|id| judged.program.names.body(id));
    bodies.any(|body| {
        body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::Method(call) => {
                let is_it = matches!(&body.expr(call.recv).kind, ExprKind::Field(_, of) if *of == name);
                is_it && (REAPS.contains(&call.name) || TAKES.contains(&call.name))
            }
            _ => false,
        })
    })
}
