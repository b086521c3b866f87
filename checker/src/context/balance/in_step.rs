//! Fields that grow in step: where one has an upper bound, the other has no more.

use super::Site;
use crate::events::What;
use crate::lower::sym::Sym;
use crate::names::AdtId;
use crate::summary::Summary;
use rustc_hash::FxHashSet;

/// Fields that something makes smaller.
pub(super) fn lessened(summary: &Summary) -> FxHashSet<(AdtId, Sym)> {
    let events = summary.facts.iter().flat_map(|facts| &facts.events);
    events.filter(|event| !event.what.grows()).filter_map(|event| event.place.field).collect()
}

/// Whether another field grows by one where this one does, behind a bound on that, and nothing is taken out of the other:
/// then this one has no more.
pub(super) fn is_bounded(
    summary: &Summary,
    Site { id, event }: Site<'_>,
    lessened: &FxHashSet<(AdtId, Sym)>,
) -> bool {
    let together = |field: &(AdtId, Sym)| {
        summary.facts[id.ix()].events.iter().any(|other| {
            other.place.field == Some(*field)
                && other.place.depth == event.place.depth
                && other.what == What::Grow
                && other.under.guarded
                && other.under.in_loop == event.under.in_loop
        })
    };
    event.beside.iter().any(|field| together(field) && !lessened.contains(field))
}
