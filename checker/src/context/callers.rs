//! Who calls a function, and what they have tested before.

use crate::events::{CallSite, FnFacts, Place};
use crate::names::FnId;
use crate::summary::Summary;
use rustc_hash::FxHashMap;

/// For each function, who calls it and which of the caller's calls that is.
pub(crate) struct Callers<'s> {
    pub(super) summary: &'s Summary,
    known: FxHashMap<FnId, Vec<(FnId, usize)>>,
}

impl<'s> Callers<'s> {
    pub(crate) fn in_all(summary: &'s Summary) -> Self {
        let mut known: FxHashMap<FnId, Vec<(FnId, usize)>> = FxHashMap::default();
        for (index, facts) in summary.facts.iter().enumerate() {
            let caller = FnId(u32::try_from(index).unwrap_or(u32::MAX));
            for (call, site) in facts.calls.iter().enumerate() {
                for callee in &site.callees {
                    known.entry(*callee).or_default().push((caller, call));
                }
            }
        }
        Self { summary, known }
    }

    /// Who calls `id`, and which of the caller's calls that is.
    pub(crate) fn of(&self, id: FnId) -> &[(FnId, usize)] {
        self.known.get(&id).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether everybody who calls `id` has tested an upper bound on the place before:
    /// `if !self.is_full() { self.add(x) }`.
    pub(super) fn all_guard(&self, id: FnId, place: Place) -> bool {
        let callers = self.of(id);
        !callers.is_empty()
            && callers.iter().all(|(caller, call)| {
                let facts = &self.summary.facts[caller.ix()];
                self.guards(facts, &facts.calls[*call], place)
            })
    }

    fn guards(&self, facts: &FnFacts, call: &CallSite, place: Place) -> bool {
        let is_it = |bound: &Place| bound.field == place.field && bound.depth == place.depth;
        let measures = |test: &u32| {
            let tested = facts.calls.get(*test as usize).into_iter().flat_map(|test| test.callees.iter());
            tested.into_iter().any(|test| self.summary.facts[test.ix()].measures.iter().any(is_it))
        };
        call.guards.iter().any(is_it) || call.under.tests.iter().any(measures)
    }
}
