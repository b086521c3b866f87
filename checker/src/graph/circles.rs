//! Circles of topics: handlers that publish what leads back to them.

use super::bus::Feed;
use crate::names::AdtId;
use std::collections::{BTreeMap, BTreeSet};

/// The circles that `feeds` close, each once, from the topic that it closes at; the last feed is the one that closes it.
///
/// Depth first: of circles that close with the same feed one is listed.
pub(crate) fn circles(feeds: &[Feed]) -> Vec<Vec<Feed>> {
    let mut edges: BTreeMap<AdtId, Vec<Feed>> = BTreeMap::new();
    for feed in feeds {
        edges.entry(feed.from).or_default().push(*feed);
    }
    let mut search = Search { edges: &edges, state: BTreeMap::new(), path: Vec::new(), found: Vec::new() };
    for start in edges.keys() {
        search.visit(*start);
    }
    search.found
}

/// For each feed, whether it is part of a circle: whether what it publishes leads back to what it comes from.
pub(crate) fn in_circles(feeds: &[Feed]) -> Vec<bool> {
    let mut edges: BTreeMap<AdtId, BTreeSet<AdtId>> = BTreeMap::new();
    for feed in feeds {
        edges.entry(feed.from).or_default().insert(feed.to);
    }
    let leads = |from: AdtId, to: AdtId| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(at) = open.pop() {
            if at == to {
                return true;
            }
            if seen.insert(at) {
                open.extend(edges.get(&at).into_iter().flatten());
            }
        }
        false
    };
    feeds.iter().map(|feed| leads(feed.to, feed.from)).collect()
}

struct Search<'e> {
    edges: &'e BTreeMap<AdtId, Vec<Feed>>,
    /// True while a topic is on the path, false afterwards.
    state: BTreeMap<AdtId, bool>,
    path: Vec<Feed>,
    found: Vec<Vec<Feed>>,
}

impl Search<'_> {
    fn visit(&mut self, from: AdtId) {
        if self.state.contains_key(&from) {
            return;
        }
        self.state.insert(from, true);
        for edge in self.edges.get(&from).into_iter().flatten() {
            self.path.push(*edge);
            if self.state.get(&edge.to) == Some(&true) {
                let begin = self.path.iter().rposition(|known| known.to == edge.to && known.at != edge.at);
                self.found.push(self.path[begin.map_or(0, |begin| begin + 1)..].to_vec());
            }
            self.visit(edge.to);
            self.path.pop();
        }
        self.state.insert(from, false);
    }
}
