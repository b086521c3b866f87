//! A set of what was cancelled, out of which only the end of the cancelled work takes something: what had ended before, or
//! never began, stays.

use super::asked::{Asked, Forgets, Place};
use super::tree::Tree;
use crate::context::Key;
use crate::lower::ir::{ExprId, ExprKind, LocalId};
use crate::lower::sym::{Sym, syms};

const LOOKS: [Sym; 9] = syms([
    "contains_key",
    "contains",
    "get",
    "get_mut",
    "remove",
    "entry",
    "is_some",
    "peek",
    "remove_entry",
]);

/// Parts of the names of sets of marks.
const MARKS: [&str; 8] = ["cancel", "abort", "reject", "ignor", "stopp", "drop", "dead", "kill"];

pub(super) fn found<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    let is_set = asked.contents(place.of.key, |_, held| held.values.is_none().then_some(()));
    if is_set.is_none() || !place.goes_by_key() {
        return None;
    }
    let text = |name: Sym| asked.judged.program.names.text(name);
    if !matches!(place.of.key, Key::Field(_, name) if MARKS.iter().any(|part| text(name).contains(part))) {
        return None;
    }
    let mut ways = Vec::new();
    let mut tested = false;
    for site in place.keyed() {
        let (tree, call) = asked.stands(site)?;
        tested |= is_condition(&tree, call);
        ways.push((site.id, site.event.at, "only work that is still under way takes it out"));
    }
    let takers = place.takers();
    let grow = place.of.grows.iter().copied().find(|grow| {
        let unasked = || {
            let (tree, call) = asked.stands(*grow)?;
            let key = tree.root(*tree.args(call).first()?)?;
            is_unasked(&tree, call, key).then_some(())
        };
        grow.event.via.is_empty() && !takers.contains(&grow.id) && unasked().is_some()
    })?;
    tested.then_some(Forgets::new(grow, ways))
}

/// `if set.remove(&id) { .. }`, `!set.remove(&id)`
fn is_condition(tree: &Tree<'_>, call: ExprId) -> bool {
    let Some(of) = tree.parent(call) else { return false };
    match tree.kind(of) {
        ExprKind::Not(_) | ExprKind::Binary(..) => true,
        ExprKind::If(cond, ..) => *cond == call,
        _ => false,
    }
}

/// Whether nothing in a body asks whether a key is known, before it or around it.
fn is_unasked(tree: &Tree<'_>, insert: ExprId, key: LocalId) -> bool {
    let looks = |(id, kind): (ExprId, &ExprKind)| {
        let ExprKind::Method(call) = kind else { return false };
        id < insert && LOOKS.contains(&call.name) && call.args.iter().any(|arg| tree.root(*arg) == Some(key))
    };
    let is_given = tree.body.params.iter().any(|pat| {
        let mut bound = Vec::new();
        tree.bound(*pat, &mut bound);
        bound.contains(&key)
    });
    is_given && tree.arms(insert).is_empty() && !tree.exprs().any(|(id, kind)| looks((id, kind)))
}
