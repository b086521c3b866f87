//! A future that takes out at its end what it put in is dropped in between: another arm of a `select!` was ready first, or its
//! time was over. What comes behind the wait then never runs. A stream that a peer is answered with is dropped when the peer
//! has gone.

use super::alone;
use super::asked::{Asked, Forgets, Place};
use super::paired::{Pairs, pairs};
use super::tree::Tree;
use crate::events::TIME_LIMITS;
use crate::lower::ir::{ExprId, ExprKind};
use crate::names::FnId;

pub(super) fn found<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    let grow = place.first()?;
    let pairs = pairs(asked, place);
    let raced = pairs.iter().filter(|of| waits(asked, of)).find_map(|of| dropped(asked, of));
    let (id, at, says) = match raced {
        Some((id, at)) => (id, at, "drops the future that would take it out, when the other is first"),
        None => {
            let (id, at) = pairs.iter().find_map(|of| Some((of.id, streamed(asked, of)?)))?;
            (id, at, "is dropped where it waits, when the peer has gone")
        }
    };
    if !alone::is_alone(asked, place, &pairs) {
        return None;
    }
    let way = asked.tree(id)?.at(at);
    Some(Forgets::new(grow, vec![(id, way, says)]).proved(alone::proved(asked, id, way)))
}

/// The stream that a peer is answered with, at the end of which something is taken out: `stream! { .. }`.
fn streamed(asked: &Asked<'_, '_, '_>, pairs: &Pairs<'_>) -> Option<ExprId> {
    let tree = &pairs.tree;
    let is_stream = |at: &ExprId| match tree.kind(*at) {
        ExprKind::Macro(name, _) => {
            asked.judged.program.names.text(*name).to_ascii_lowercase().ends_with("stream")
        }
        _ => false,
    };
    pairs.of.iter().find_map(|(open, close)| {
        let stream = tree.around(*close).find(is_stream)?;
        let is_answer = tree.awaits_between(*open, *close) && asked.is_driven(pairs.id, tree.at(*open));
        is_answer.then_some(stream)
    })
}

/// Whether a function is a future that waits while something of its own is in the place.
fn waits(asked: &Asked<'_, '_, '_>, pairs: &Pairs<'_>) -> bool {
    let sig = asked.judged.program.names.function(pairs.id).sig;
    let between = |(open, close): &(ExprId, ExprId)| {
        // A task that is started goes on.
        pairs.tree.frame(*open) == pairs.tree.frame(*close) && pairs.tree.awaits_between(*open, *close)
    };
    sig.is_some_and(|sig| sig.is_async) && pairs.of.iter().any(between)
}

/// Where a caller waits for the future and for something else.
fn dropped(asked: &Asked<'_, '_, '_>, pairs: &Pairs<'_>) -> Option<(FnId, ExprId)> {
    let facts = &asked.judged.summary.facts;
    asked.judged.callers.of(pairs.id).iter().find_map(|(caller, call)| {
        let site = &facts[caller.ix()].calls[*call];
        let tree = asked.tree(*caller).filter(|_| !site.is_callback)?;
        let race = race(&tree, tree.call_at(site.at)?)?;
        Some((*caller, race))
    })
}

/// The `select!` or the limit around a future.
fn race(tree: &Tree<'_>, future: ExprId) -> Option<ExprId> {
    let mut inner = future;
    for around in tree.around(future) {
        match tree.kind(around) {
            ExprKind::Select(arms) if arms.len() > 1 && arms.iter().any(|arm| arm.future == Some(inner)) => {
                return Some(around);
            }
            ExprKind::Call(..) if TIME_LIMITS.contains(&tree.called(around)) => return Some(around),
            // A task of its own goes on.
            ExprKind::Call(..) | ExprKind::Method(_) | ExprKind::Macro(..) | ExprKind::Closure(..) => {
                return None;
            }
            _ => inner = around,
        }
    }
    None
}
