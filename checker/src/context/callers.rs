//! Who calls a function, and what they have tested before.

use crate::events::{CallSite, FnFacts, Place};
use crate::names::FnId;
use crate::summary::Summary;

/// For each function, who calls it and which of the caller's calls that is.
pub(crate) struct Callers<'s> {
    pub(super) summary: &'s Summary,
    /// Where those of each function begin, and behind the last one where they end.
    begins: Vec<usize>,
    all: Vec<(FnId, usize)>,
}

impl<'s> Callers<'s> {
    pub(crate) fn in_all(summary: &'s Summary) -> Self {
        let calls = || {
            let callers = (0_u32..).map(FnId).zip(&summary.facts);
            let sites = callers.flat_map(|(id, facts)| {
                facts.calls.iter().enumerate().map(move |(call, site)| (id, call, site))
            });
            sites.flat_map(|(id, call, site)| site.callees.iter().map(move |callee| (*callee, (id, call))))
        };
        let mut begins = vec![0; summary.facts.len() + 1];
        calls().for_each(|(callee, _)| begins[callee.ix() + 1] += 1);
        for at in 1..begins.len() {
            begins[at] += begins[at - 1];
        }
        let mut all = vec![(FnId(0), 0); begins.last().copied().unwrap_or_default()];
        let mut next = begins.clone();
        for (callee, caller) in calls() {
            all[next[callee.ix()]] = caller;
            next[callee.ix()] += 1;
        }
        Self { summary, begins, all }
    }

    /// Who calls `id`, and which of the caller's calls that is.
    pub(crate) fn of(&self, id: FnId) -> &[(FnId, usize)] {
        &self.all[self.begins[id.ix()]..self.begins[id.ix() + 1]]
    }

    /// Who calls `id`, and the calls.
    pub(super) fn sites(&self, id: FnId) -> impl Iterator<Item = (FnId, &'s CallSite)> {
        let site = |(caller, call): &(FnId, usize)| (*caller, &self.summary.facts[caller.ix()].calls[*call]);
        self.of(id).iter().map(site)
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
