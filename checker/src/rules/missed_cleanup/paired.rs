//! What a function opens it closes at its end, and a way out between the two closes nothing.
//!
//! The opening and the closing may each be a call of a function that puts in or takes out. What makes them a pair is that the
//! closing stands behind the opening on every way but those that leave, or those on which the opening has put nothing in; an
//! undoing in any other branch is none. Where who calls the function closes after an error, ways out by an error are in order.

use super::alone;
use super::asked::{Asked, Forgets, Place};
use super::handed::{Ending, Way, endings};
use super::tree::{Arm, Tree};
use crate::context::Site;
use crate::events::{CallSite, Root};
use crate::lower::ir::{ExprId, ExprKind, LocalId, Range};
use crate::lower::sym::Sym;
use crate::names::FnId;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::rc::Rc;

/// What a function opens and closes.
pub(super) struct Pairs<'a> {
    pub(super) id: FnId,
    pub(super) tree: Rc<Tree<'a>>,
    /// Each opening with its closing.
    pub(super) of: Vec<(ExprId, ExprId)>,
    /// All that closes.
    closes: Vec<ExprId>,
    /// Closings that are left to another function.
    pub(super) handed: Vec<(FnId, Option<Way>)>,
    /// Who calls the function closes behind it.
    by_caller: bool,
}

pub(super) fn found<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    let grow = place.first()?;
    let pairs = pairs(asked, place);
    let own = pairs.iter().find_map(|of| {
        let (open, way) = way_out(of)?;
        Some((of, open, (of.id, of.tree.at(way)), of.tree.awaits_between(open, way)))
    });
    let handed = || {
        pairs.iter().find_map(|of| {
            let (id, way) = of.handed.iter().find_map(|(id, way)| Some((*id, (*way)?)))?;
            Some((of, of.of.first()?.0, (id, way.at), way.waits))
        })
    };
    let (of, open, (id, way), awaits) = own.or_else(handed)?;
    let ways = vec![(id, way, "this way out leaves it there")];
    let forgets = Forgets::new(grow, ways);
    Some(match awaits && alone::is_alone(asked, place, &pairs) {
        true => forgets.proved(alone::proved(asked, of.id, of.tree.at(open))),
        false => forgets,
    })
}

/// The functions that put into the place and take out of it again, themselves or through a call.
pub(super) fn pairs<'a>(asked: &Asked<'_, 'a, '_>, place: &Place<'_, '_>) -> Vec<Pairs<'a>> {
    if !place.goes_by_key() {
        return Vec::new();
    }
    let takers = place.takers();
    let grows = || place.of.grows.iter().filter(|site| site.event.via.is_empty()).map(|site| site.id);
    // What takes out and puts in again opens nothing.
    let openers: FxHashSet<FnId> = grows().filter(|id| !takers.contains(id)).collect();
    let closers: FxHashSet<FnId> = place.keyed().map(|site| site.id).collect();
    let closing: BTreeSet<FnId> =
        asked.callers(&closers).into_iter().chain(closers.iter().copied()).collect();
    let opens = |id: &FnId| {
        let calls = &asked.judged.summary.facts[id.ix()].calls;
        let calls_one = || calls.iter().flat_map(|site| &site.callees).any(|callee| openers.contains(callee));
        grows().any(|of| of == *id) || calls_one()
    };
    let handed = endings(asked, place, &closers, &|id| opens(&id));
    let closing = closing.into_iter().chain(asked.callers(handed.keys())).collect::<BTreeSet<FnId>>();
    let closing = closing.into_iter().filter(opens);
    closing.filter_map(|id| within(asked, place, id, &openers, (&closers, &handed))).collect()
}

fn within<'a>(
    asked: &Asked<'_, 'a, '_>,
    place: &Place<'_, '_>,
    id: FnId,
    openers: &FxHashSet<FnId>,
    (closers, endings): (&FxHashSet<FnId>, &FxHashMap<FnId, Ending>),
) -> Option<Pairs<'a>> {
    let tree = asked.tree(id)?;
    let is_own = |site: &Site<'_>| {
        site.id == id && site.event.via.is_empty() && !matches!(site.event.place.root, Root::Local(_))
    };
    let own_grows = place.of.grows.iter().copied().filter(is_own);
    let opens = sites(asked, &tree, id, openers, own_grows.map(|site| site.event.at));
    let own_shrinks = place.keyed().filter(|site| site.id == id);
    let all = closers.iter().chain(endings.keys()).copied().collect();
    let closes = sites(asked, &tree, id, &all, own_shrinks.map(|site| site.event.at));
    let calls = &asked.judged.summary.facts[id.ix()].calls;
    let ending = |close: ExprId| {
        let site = calls.iter().find(|site| site.at == tree.at(close))?;
        site.callees.iter().find_map(|of| Some((*of, endings.get(of)?)))
    };
    let by_caller = closed_by_caller(asked, id, closers);
    let of = opens.into_iter().filter_map(|open| {
        let known = names_from(&tree, open);
        let is_it = |close: &ExprId| {
            let is_given = match ending(*close) {
                Some((_, ending)) => ending.is_given(&tree, *close, &known),
                None => is_given(&tree, *close, &known),
            };
            tree.may_follow(open, *close) && is_pair(&tree, open, *close) && is_given
        };
        Some((open, closes.iter().copied().find(is_it)?))
    });
    let of: Vec<(ExprId, ExprId)> = of.collect();
    // What the function takes out itself, if only where the other has failed, is not left to that.
    let is_left = !by_caller && closes.iter().all(|close| ending(*close).is_some());
    let left = of.iter().filter(|_| is_left).filter_map(|(_, close)| ending(*close));
    let handed = left.map(|(of, ending)| (of, ending.way)).collect();
    Some(Pairs { id, tree, of, closes, handed, by_caller })
}

/// A way out between an opening and its closing, with that opening.
fn way_out(pairs: &Pairs<'_>) -> Option<(ExprId, ExprId)> {
    let Pairs { tree, closes, by_caller, .. } = pairs;
    for (open, close) in pairs.of.iter().copied() {
        let leaves = |(way, kind): (ExprId, &ExprKind)| {
            let is_way = match kind {
                ExprKind::Try(_) => !by_caller,
                ExprKind::Return(value) => {
                    let is_error = value.is_some_and(|value| tree.called(value) == Sym::new("Err"));
                    !(is_error && *by_caller)
                }
                _ => false,
            };
            let is_here = [tree.frame(open), tree.frame(close)].contains(&tree.frame(way));
            let between = way < close && tree.may_follow(open, way) && is_here;
            let closed = || closes.iter().any(|close| open < *close && tree.is_before(*close, way));
            is_way && between && !is_of(tree, way, (open, close)) && !closed()
        };
        if let Some((way, _)) = tree.exprs().find(|(way, kind)| leaves((*way, kind))) {
            return Some((open, way));
        }
    }
    None
}

/// Calls of some functions, and events, in a body.
pub(super) fn sites(
    asked: &Asked<'_, '_, '_>,
    tree: &Tree<'_>,
    id: FnId,
    of: &FxHashSet<FnId>,
    own: impl Iterator<Item = Range>,
) -> Vec<ExprId> {
    let calls = asked.judged.summary.facts[id.ix()].calls.iter();
    // What a local holds ends with the function, unless it is a handle.
    let program = asked.judged.program;
    let is_handle = |callee: &FnId| program.adt_of(*callee).is_some_and(|adt| program.is_handle(adt));
    let is_local = |site: &CallSite| {
        let on = site.args.first().copied().flatten();
        on.is_some_and(|on| matches!(on.root, Root::Local(_))) && !site.callees.iter().any(is_handle)
    };
    let calls = calls.filter(|site| !site.is_callback && !is_local(site));
    let calls = calls.filter(|site| site.callees.iter().any(|callee| of.contains(callee)));
    let mut sites: Vec<ExprId> =
        calls.map(|site| site.at).chain(own).filter_map(|at| tree.call_at(at)).collect();
    sites.sort_unstable();
    sites.dedup();
    sites
}

/// The names of the key that `open` is given, or gives, and of what is made of it.
fn names_from(tree: &Tree<'_>, open: ExprId) -> Vec<LocalId> {
    let mut names: Vec<LocalId> = tree.args(open).iter().filter_map(|arg| tree.root(*arg)).collect();
    names.extend(tree.names_of(open));
    for (id, kind) in tree.exprs().filter(|(id, _)| *id > open) {
        let from = |value: ExprId, names: &[LocalId]| names.iter().any(|name| tree.mentions(value, *name));
        match kind {
            ExprKind::Assign(left, right) if from(*right, &names) => names.extend(tree.root(*left)),
            ExprKind::Match(on, _) if matches!(tree.kind(*on), ExprKind::Local(_)) && from(*on, &names) => {
                names.extend(tree.names_of(id));
            }
            _ => {}
        }
    }
    names
}

/// Whether a call is given one of some names; what it is called on does not count.
fn is_given(tree: &Tree<'_>, call: ExprId, names: &[LocalId]) -> bool {
    tree.args(call).iter().any(|arg| tree.root(*arg).is_some_and(|local| names.contains(&local)))
}

/// Whether `close` stands behind `open` on every way but those that leave, and those of a `match` on what `open` gave.
fn is_pair(tree: &Tree<'_>, open: ExprId, close: ExprId) -> bool {
    let around = tree.arms(open);
    let goes_on = |arm: &Arm| around.contains(arm) || is_told_by(tree, *arm, open);
    open < close && tree.runs_with(open, close) && tree.arms(close).iter().all(goes_on)
}

/// `open()?`, `match open() { Err(_) => return, .. }`: what fails there has put nothing in.
fn is_of(tree: &Tree<'_>, way: ExprId, (open, close): (ExprId, ExprId)) -> bool {
    let closing = tree.arms(close);
    let refused = |arm: &Arm| is_told_by(tree, *arm, open) && !closing.contains(arm);
    tree.is_in(open, way) || tree.arms(way).iter().any(refused)
}

/// Whether what `open` gave says that an arm is taken.
fn is_told_by(tree: &Tree<'_>, arm: Arm, open: ExprId) -> bool {
    tree.arm_pat(arm).is_some_and(|(_, on)| {
        let init =
            || matches!(tree.kind(on), ExprKind::Local(_)).then(|| tree.init(tree.root(on)?)).flatten();
        tree.is_in(open, on) || init().is_some_and(|init| tree.is_in(open, init))
    })
}

/// Whether who calls the function closes behind it.
fn closed_by_caller(asked: &Asked<'_, '_, '_>, id: FnId, closers: &FxHashSet<FnId>) -> bool {
    asked.callers([&id]).into_iter().any(|caller| {
        let calls = &asked.judged.summary.facts[caller.ix()].calls;
        calls.iter().any(|site| site.callees.iter().any(|callee| closers.contains(callee)))
    })
}
