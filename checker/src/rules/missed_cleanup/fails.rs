//! Whether something is taken out of a list only where what the list holds was sent, and where a failure leads.

use super::tree::{Arm, Tree};
use crate::lower::ir::{ExprId, ExprKind, LocalId, Pat, PatId, Stmt};
use crate::lower::sym::Sym;
use crate::types::Program;
use std::collections::BTreeSet;

/// Beginnings of the names of functions that hand on what they are given.
const SENDS: [&str; 20] = [
    "send", "write", "flush", "post", "publish", "push", "upload", "deliver", "export", "ship", "forward",
    "insert", "execute", "commit", "store", "save", "emit", "append", "produce", "submit",
];
/// Beginnings of the names of those that look at what they are given, or take in more.
const TAKES: [&str; 8] = ["read", "recv", "decode", "parse", "next", "poll_read", "accept", "try_parse"];
/// Names that what is sent goes through.
const NAMES_MAX: u32 = 4;

/// The list, as a body names it.
#[derive(Clone, Copy)]
pub(super) enum Named {
    Field(Sym),
    Local(LocalId),
}

/// Where a failure leads.
pub(super) enum Fails {
    /// Behind the branch that looks at it.
    Behind,
    /// Behind the loop, or to its next turn.
    Breaks,
    /// Out of the function.
    Returns { with_error: bool },
}

/// How sending what a list holds fails, where `call`, which takes out of it, is only reached when it went well. What fills
/// the list hands nothing on.
pub(super) fn sent(
    program: &Program<'_>,
    tree: &Tree<'_>,
    (named, grows): (Named, &[ExprId]),
    call: ExprId,
) -> Option<Fails> {
    let is_it = |kind: &ExprKind| match (kind, named) {
        (ExprKind::Field(_, name), Named::Field(of)) => *name == of,
        (ExprKind::Local(local), Named::Local(of)) => *local == of,
        _ => false,
    };
    let names = names_of(tree, &is_it);
    let sends = |on: ExprId| {
        let fills = grows.iter().any(|grow| tree.is_in(*grow, on));
        !fills && is_send((program, tree), on, &is_it, &names)
    };
    let within = tree.arms(call).into_iter().find_map(|arm| {
        let (on, fails) = success(tree, arm)?;
        sends(on).then(|| fails.map_or(Fails::Behind, |body| way(tree, body)))
    });
    within.or_else(|| {
        let around = tree.arms(call);
        tree.exprs().filter(|(id, _)| is_on_the_way(tree, *id, call, &around)).find_map(
            |(_, kind)| match kind {
                ExprKind::Try(inner) if sends(*inner) => Some(Fails::Returns { with_error: true }),
                ExprKind::If(cond, then, _) => {
                    let on = asks(tree, *cond, false)?;
                    (sends(on) && leads_out(tree, *then)).then(|| way(tree, *then))
                }
                ExprKind::Match(on, arms) if sends(*on) => {
                    let fails = arms.iter().find(|arm| outcome(tree, arm.pat) == Some(false))?;
                    leads_out(tree, fails.body).then(|| way(tree, fails.body))
                }
                _ => None,
            },
        )
    })
}

/// The growth that puts back what `call` has taken out, where sending it failed.
pub(super) fn put_back(
    program: &Program<'_>,
    tree: &Tree<'_>,
    call: ExprId,
    mut grows: impl Iterator<Item = ExprId>,
) -> Option<(ExprId, Fails)> {
    let is_it = |_: &ExprKind| false;
    let taken = names_from(tree, tree.names_of(call));
    grows.find_map(|grow| {
        let mentions = |arg: &ExprId| taken.iter().any(|local| tree.mentions(*arg, *local));
        if grow < call || !tree.args(grow).iter().any(mentions) {
            return None;
        }
        let fails = tree.arms(grow).into_iter().find_map(|arm| {
            let (on, body) = failure(tree, arm)?;
            is_send((program, tree), on, &is_it, &taken).then_some(body)
        })?;
        Some((grow, way(tree, fails)))
    })
}

/// What the arm of a success looks at, and the branch of a failure.
fn success(tree: &Tree<'_>, arm: Arm) -> Option<(ExprId, Option<ExprId>)> {
    match tree.kind(arm.of) {
        ExprKind::Match(on, arms) => {
            let own = arms.get(arm.index)?;
            let other = arms.iter().find(|of| outcome(tree, of.pat) != Some(true))?;
            (outcome(tree, own.pat) == Some(true)).then_some((*on, Some(other.body)))
        }
        ExprKind::If(cond, _, other) if arm.index == 0 => Some((asks(tree, *cond, true)?, *other)),
        ExprKind::If(cond, then, _) => Some((asks(tree, *cond, false)?, Some(*then))),
        _ => None,
    }
}

/// What the arm of a failure looks at, and the arm.
fn failure(tree: &Tree<'_>, arm: Arm) -> Option<(ExprId, ExprId)> {
    match tree.kind(arm.of) {
        ExprKind::Match(on, arms) => {
            let own = arms.get(arm.index)?;
            (outcome(tree, own.pat) == Some(false)).then_some((*on, own.body))
        }
        ExprKind::If(cond, then, other) => match arm.index {
            0 => Some((asks(tree, *cond, false)?, *then)),
            _ => Some((asks(tree, *cond, true)?, (*other)?)),
        },
        _ => None,
    }
}

/// What a condition asks whether it went well, or whether it did not.
fn asks(tree: &Tree<'_>, cond: ExprId, well: bool) -> Option<ExprId> {
    let name = Sym::new(if well { "is_ok" } else { "is_err" });
    match tree.kind(cond) {
        ExprKind::Let(pat, on) => (outcome(tree, *pat) == Some(well)).then_some(*on),
        ExprKind::Method(call) => (call.name == name).then_some(call.recv),
        ExprKind::Not(inner) => asks(tree, *inner, !well),
        _ => None,
    }
}

fn outcome(tree: &Tree<'_>, pat: PatId) -> Option<bool> {
    match tree.body.pat(pat) {
        Pat::TupleStruct(path, parts) if path.last() == Sym::new("Ok") => {
            // `Ok(Ok(()))` within a limit of time.
            let inner = parts.first().and_then(|part| outcome(tree, *part));
            Some(inner != Some(false))
        }
        Pat::TupleStruct(path, _) if path.last() == Sym::new("Err") => Some(false),
        _ => None,
    }
}

/// Whether an expression hands on what the list holds, and tells how that went.
fn is_send(
    (program, tree): (&Program<'_>, &Tree<'_>),
    on: ExprId,
    is_it: &dyn Fn(&ExprKind) -> bool,
    names: &BTreeSet<LocalId>,
) -> bool {
    let on = match tree.kind(on) {
        ExprKind::Local(local) => tree.init(*local).unwrap_or(on),
        _ => on,
    };
    let inside = || tree.exprs().filter(|(id, _)| tree.is_in(*id, on));
    let starts = |id: ExprId, with: &[&str]| {
        let name = tree.called(id);
        name != Sym::NONE && with.iter().any(|part| program.names.text(name).starts_with(part))
    };
    let mentions = |kind: &ExprKind| match kind {
        ExprKind::Local(local) => names.contains(local) || is_it(kind),
        _ => is_it(kind),
    };
    inside().any(|(_, kind)| mentions(kind))
        && !inside().any(|(id, _)| starts(id, &TAKES))
        && inside().any(|(id, kind)| matches!(kind, ExprKind::Await(_)) || starts(id, &SENDS))
}

/// Names of what is made of a list.
fn names_of(tree: &Tree<'_>, is_it: &dyn Fn(&ExprKind) -> bool) -> BTreeSet<LocalId> {
    let of = tree.exprs().filter(|(_, kind)| is_it(kind));
    let mut names = BTreeSet::new();
    for (id, _) in of {
        let init = std::iter::once(id).chain(tree.around(id)).find_map(|at| tree.bound_by(at));
        init.into_iter().for_each(|pat| bound(tree, pat, &mut names));
    }
    names_from(tree, names.into_iter().collect())
}

/// Some names, and those of what is made of them.
fn names_from(tree: &Tree<'_>, names: Vec<LocalId>) -> BTreeSet<LocalId> {
    let mut names: BTreeSet<LocalId> = names.into_iter().collect();
    for _ in 0..NAMES_MAX {
        let mut more = BTreeSet::new();
        for (id, kind) in tree.exprs() {
            if !matches!(kind, ExprKind::Local(local) if names.contains(local)) {
                continue;
            }
            more.extend(tree.names_of(id));
            let init = tree.around(id).find_map(|at| tree.bound_by(at));
            init.into_iter().for_each(|pat| bound(tree, pat, &mut more));
        }
        names.append(&mut more);
    }
    names
}

fn bound(tree: &Tree<'_>, pat: PatId, names: &mut BTreeSet<LocalId>) {
    let mut all = Vec::new();
    tree.bound(pat, &mut all);
    names.extend(all);
}

/// Whether something stands before `call` on every way to it.
fn is_on_the_way(tree: &Tree<'_>, id: ExprId, call: ExprId, around: &[Arm]) -> bool {
    id < call
        && !tree.is_in(call, id)
        && tree.frame(id) == tree.frame(call)
        && tree.arms(id).iter().all(|arm| around.contains(arm))
}

/// Whether a branch ends in a way out.
pub(super) fn leads_out(tree: &Tree<'_>, body: ExprId) -> bool {
    match tree.kind(body) {
        ExprKind::Return(_) | ExprKind::Break(..) | ExprKind::Continue(_) => true,
        ExprKind::Block(_, Some(tail)) => leads_out(tree, *tail),
        ExprKind::Block(stmts, None) => {
            matches!(stmts.last(), Some(Stmt::Expr(last)) if leads_out(tree, *last))
        }
        _ => false,
    }
}

/// Where a branch leads.
fn way(tree: &Tree<'_>, body: ExprId) -> Fails {
    let is_error = |id: ExprId| tree.called(id) == Sym::new("Err");
    let inside = tree.exprs().filter(|(id, _)| tree.is_in(*id, body));
    let mut fails = Fails::Behind;
    for (id, kind) in inside {
        match kind {
            ExprKind::Return(value) => {
                return Fails::Returns { with_error: value.is_some_and(is_error) };
            }
            ExprKind::Try(_) => return Fails::Returns { with_error: true },
            ExprKind::Call(..) if is_error(id) => fails = Fails::Returns { with_error: true },
            ExprKind::Break(..) => fails = Fails::Breaks,
            _ => {}
        }
    }
    fails
}
