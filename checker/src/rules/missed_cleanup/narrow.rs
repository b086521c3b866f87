//! An arm of a `select!` that reaps what has ended, with a pattern that takes one outcome only: the other one turns the arm
//! off for that turn.

use super::asked::{Asked, Forgets, Place};
use super::tree::{Arm, Tree};
use crate::lower::ir::{ExprId, ExprKind, Pat, PatId};
use crate::lower::sym::{Sym, syms};

const CLOCKS: [Sym; 4] = syms(["tick", "sleep", "sleep_until", "interval"]);
const REAPS: [Sym; 4] = syms(["join_next", "join_next_with_id", "next", "try_next"]);

pub(super) fn found<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    let mut ways = Vec::new();
    for site in &place.works {
        let (tree, call) = asked.stands(*site)?;
        if !REAPS.contains(&site.event.operation) {
            return None;
        }
        let pat = narrow(&tree, call)?;
        ways.push((site.id, tree.at(pat), "reaps one outcome; the other turns this arm off"));
    }
    Some(Forgets::new(place.first()?, ways))
}

/// The future of an arm that takes one outcome of what is reaped.
fn narrow(tree: &Tree<'_>, call: ExprId) -> Option<ExprId> {
    let (select, index) = std::iter::once(call).chain(tree.around(call)).find_map(|at| {
        let ExprKind::Select(arms) = tree.kind(tree.parent(at)?) else { return None };
        let index = arms.iter().position(|arm| arm.future == Some(at))?;
        Some((tree.parent(at)?, index))
    })?;
    let (pat, future) = tree.arm_pat(Arm { of: select, index })?;
    let ExprKind::Select(arms) = tree.kind(select) else { return None };
    // A clock turns the arm on again.
    let ticks = |future: ExprId| {
        let calls = tree.exprs().filter(|(id, _)| tree.is_in(*id, future));
        calls.into_iter().any(|(id, _)| CLOCKS.contains(&tree.called(id)))
    };
    let is_clocked = arms.iter().filter_map(|arm| arm.future).any(ticks);
    (takes_one(tree, pat, 0) && !is_clocked).then_some(future)
}

fn takes_one(tree: &Tree<'_>, pat: PatId, depth: u32) -> bool {
    match tree.body.pat(pat) {
        Pat::TupleStruct(path, parts) if path.last() == Sym::new("Some") && depth == 0 => {
            parts.first().is_some_and(|part| takes_one(tree, *part, 1))
        }
        Pat::TupleStruct(path, _) => [Sym::new("Ok"), Sym::new("Err")].contains(&path.last()),
        _ => false,
    }
}
