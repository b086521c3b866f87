//! What some functions lead to, and the way there.

use super::Step;
use crate::names::FnId;
use crate::summary::Summary;
use std::collections::VecDeque;

/// What is reached from some functions, each with the call that led there first.
pub(crate) struct Reach(Vec<Option<Option<Step>>>);

impl Reach {
    /// Follows the calls from `roots`, but for those in code that runs on a thread of its own.
    pub(crate) fn of(summary: &Summary, roots: impl IntoIterator<Item = FnId>) -> Reach {
        let mut reach = Reach(vec![None; summary.facts.len()]);
        let mut open = VecDeque::new();
        for root in roots {
            if reach.0[root.ix()].is_none() {
                reach.0[root.ix()] = Some(None);
                open.push_back(root);
            }
        }
        while let Some(id) = open.pop_front() {
            let facts = &summary.facts[id.ix()];
            for site in facts.calls.iter().filter(|site| !facts.on_thread(site.at)) {
                for callee in &site.callees {
                    let known = &mut reach.0[callee.ix()];
                    if known.is_none() {
                        *known = Some(Some(Step { caller: id, at: site.at }));
                        open.push_back(*callee);
                    }
                }
            }
        }
        reach
    }

    /// Whether it leads to `id`.
    pub(crate) fn contains(&self, id: FnId) -> bool {
        self.0[id.ix()].is_some()
    }

    /// Where the way to `id` begins, and its calls, outermost first.
    pub(crate) fn chain(&self, id: FnId) -> (FnId, Vec<Step>) {
        let (mut at, mut steps) = (id, Vec::new());
        while let Some(Some(step)) = self.0[at.ix()] {
            steps.push(step);
            at = step.caller;
        }
        steps.reverse();
        (at, steps)
    }
}
