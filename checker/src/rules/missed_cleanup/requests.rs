//! The ways from what peers ask for to something that is done in its course: handlers of a framework, closures that one is
//! given, loops over what a socket or connection brings.

use super::asked::Asked;
use super::tree::Tree;
use crate::context::Site;
use crate::lower::ir::{ExprId, Range};
use crate::names::FnId;
use crate::rules::judged::ways::Turned;
use std::collections::BTreeMap;

/// Most functions that may lead to something, and still say where it begins.
const FUNCTIONS_MAX: usize = 64;

/// Functions that lead to something, each with where it stands there or is called from.
pub(super) struct Requests {
    at: (FnId, Range),
    ways: BTreeMap<FnId, Vec<Range>>,
}

impl Requests {
    /// All ways to something, up to where requests come in; none where something else leads there, or where it is done in
    /// a loop of its own though it has to happen `once` for each.
    pub(super) fn of(asked: &Asked<'_, '_, '_>, site: Site<'_>, once: bool) -> Option<Self> {
        let judged = asked.judged;
        let (mut known, mut open) = (BTreeMap::<FnId, Vec<Range>>::new(), vec![(site.id, site.event.at)]);
        while let Some((id, at)) = open.pop() {
            let places = known.entry(id).or_default();
            if places.contains(&at) {
                continue;
            }
            places.push(at);
            if known.len() > FUNCTIONS_MAX {
                return None;
            }
            let (is_once, enters) = match asked.ways().turned(id, at)? {
                Turned::ByPeers { once } => (once, true),
                Turned::ByCallers { once } => (once, false),
                Turned::Otherwise => return None,
            };
            if once && !is_once {
                return None;
            }
            if enters {
                continue;
            }
            let calls = |caller: FnId, call: usize| &judged.summary.facts[caller.ix()].calls[call];
            let runs = |caller: FnId| judged.context.runs[caller.ix()].often.is_some();
            let callers = judged.callers.of(id).iter().copied();
            let callers =
                callers.filter(|(caller, call)| runs(*caller) && !calls(*caller, *call).is_callback);
            let before = open.len();
            open.extend(callers.map(|(caller, call)| (caller, calls(caller, call).at)));
            if open.len() == before {
                return None;
            }
        }
        Some(Self { at: (site.id, site.event.at), ways: known })
    }

    /// Whether what these begin is ended by others: where a function leads to both, it does so in two branches, one of
    /// which is taken. What is `late` is also ended before it begins anew.
    pub(super) fn is_apart(&self, asked: &Asked<'_, '_, '_>, ends: &Requests, late: bool) -> bool {
        let is_other = self.at != ends.at;
        let mut both = self.ways.iter().filter_map(|(id, begins)| Some((id, begins, ends.ways.get(id)?)));
        is_other
            && both.all(|(id, begins, ends)| {
                let Some(tree) = asked.tree(*id) else { return false };
                let apart = |begin: &Range, end: &Range| {
                    if begin == end || asked.ways().are_of_two_handlers(*id, *begin, *end) {
                        return true;
                    }
                    let (Some(begin), Some(end)) = (tree.call_at(*begin), tree.call_at(*end)) else {
                        return false;
                    };
                    is_either(&tree, begin, end) || late && !tree.may_follow(begin, end)
                };
                begins.iter().all(|begin| ends.iter().all(|end| apart(begin, end)))
            })
    }
}

/// Whether two things stand in two branches of one choice.
fn is_either(tree: &Tree<'_>, one: ExprId, other: ExprId) -> bool {
    let others = tree.arms(other);
    tree.arms(one).iter().any(|arm| others.iter().any(|of| of.of == arm.of && of.index != arm.index))
}
