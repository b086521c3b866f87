//! The call graph and the opened descriptors, as the events of every function body tell them.

use super::{Calls, Site};
use crate::events::FnFacts;
use crate::finding::Span;
use crate::names::{FnId, Names};

/// Kinds of descriptors that others can reach the program through, as the models call them.
const REACHABLE: [&str; 2] = ["listener", "socket"];

/// The bodies of a workspace, by function.
pub struct Bodies<'a, 'w> {
    /// Whose bodies.
    pub names: &'a Names<'w>,
    /// What each does.
    pub events: &'a [FnFacts],
}

impl Calls for Bodies<'_, '_> {
    fn callees(&self, of: FnId) -> Vec<FnId> {
        self.events[of.ix()].calls.iter().flat_map(|call| call.callees.iter().copied()).collect()
    }

    fn opens(&self, of: FnId) -> Vec<(Site, bool)> {
        let file = self.names.function(of).file;
        let site = |open: &crate::events::Open| {
            let span = Span { file, start: open.at.start, end: open.at.end };
            (Site { name: open.name.clone(), span }, REACHABLE.contains(&&*open.kind))
        };
        self.events[of.ix()].opens.iter().map(site).collect()
    }
}
