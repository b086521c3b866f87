//! Loops that end when nothing is left: `while let Some(done) = set.join_next().await { .. }`.
//!
//! Where such a loop runs once, and nothing that it does puts something in, it empties what there is at that moment, and what
//! is put in before or behind it stays. A loop that waits for the next does not end by that, so only collections count that
//! tell at once when they are empty.

use super::{Balance, Site};
use crate::lower::ir::{ExprId, ExprKind};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use rustc_hash::FxHashSet;

/// Collections that say at once that nothing is in them.
const TELLS_WHEN_EMPTY: [Sym; 10] = syms([
    "JoinSet",
    "FuturesUnordered",
    "Vec",
    "VecDeque",
    "BinaryHeap",
    "LinkedList",
    "HashMap",
    "BTreeMap",
    "HashSet",
    "BTreeSet",
]);

impl<'s> Balance<'_, '_, 's> {
    /// Whether a removal is the condition of a loop that ends with the last element, and nothing in that loop grows it again.
    pub(super) fn ends_when_empty(&self, site: Site<'s>, grows: &[Site<'s>]) -> bool {
        let Site { id, event } = site;
        let facts = &self.summary.facts[id.ix()];
        let (Some(at), Some(body)) = (event.under.in_loop, self.program.names.body(id)) else { return false };
        let Some(one) = facts.loops.get(at as usize) else { return false };
        let is_condition = match &body.expr(ExprId(one.expr)).kind {
            ExprKind::While(cond, ..) => {
                let cond = body.extent(*cond);
                cond.start <= event.at.start && event.at.end <= cond.end
            }
            _ => false,
        };
        is_condition
            && event.via.is_empty()
            && one.parent.is_none()
            && TELLS_WHEN_EMPTY.contains(&event.holder)
            && !self.grows_within(id, at, grows)
    }

    /// Whether something grows in a loop of `id`, or in what is called there.
    fn grows_within(&self, id: FnId, at: u32, grows: &[Site<'s>]) -> bool {
        let facts = &self.summary.facts[id.ix()];
        let is_within = |start: Option<u32>| {
            std::iter::successors(start, |of| facts.loops.get(*of as usize)?.parent).any(|of| of == at)
        };
        if grows.iter().any(|grow| grow.id == id && is_within(grow.event.under.in_loop)) {
            return true;
        }
        let calls = facts.calls.iter().filter(|call| is_within(call.under.in_loop));
        let mut open: Vec<FnId> = calls.flat_map(|call| call.callees.iter().copied()).collect();
        let mut known = FxHashSet::default();
        while let Some(callee) = open.pop() {
            if grows.iter().any(|grow| grow.id == callee) {
                return true;
            }
            if known.insert(callee) {
                let calls = self.summary.facts[callee.ix()].calls.iter();
                open.extend(calls.flat_map(|call| call.callees.iter().copied()));
            }
        }
        false
    }
}
