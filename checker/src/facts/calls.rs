//! The call graph and what calls take, as the events of every function body tell them.

use super::{Calls, Site, Takes};
use crate::events::seen::Sight;
use crate::events::{FnFacts, Root};
use crate::finding::Span;
use crate::lower::ir::Range;
use crate::names::{FnId, Names, StaticId};

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

    fn takes(&self, of: FnId) -> Vec<(Site, Takes)> {
        let file = self.names.function(of).file;
        let site = |name: &str, at: Range| Site {
            name: name.to_owned(),
            span: Span { file, start: at.start, end: at.end },
        };
        let facts = &self.events[of.ix()];
        let opened =
            facts.opens.iter().map(|open| (site(&open.name, open.at), Takes::Descriptor(open.kind.clone())));
        let seen = facts.seen.iter().filter_map(|seen| {
            let (name, what) = match &seen.sight {
                Sight::Starts(name) => (name, Takes::Start),
                Sight::MakesQueue(name) => (name, Takes::Queue),
                Sight::Workers(name, most) => (name, Takes::Workers(*most)),
                _ => return None,
            };
            Some((site(name, seen.at), what))
        });
        opened.chain(seen).collect()
    }

    fn grown_statics(&self, of: FnId) -> Vec<StaticId> {
        let grown = self.events[of.ix()].events.iter().filter(|event| event.what.grows());
        let of_static = grown.filter_map(|event| match event.place.root {
            Root::Static(of) => Some(of),
            _ => None,
        });
        of_static.collect()
    }
}
