//! What the way of a message from a publisher to a taker costs, and why.
//!
//! The conditions are those under which the runtime calls a handler at the publish itself, as far as the source decides
//! them; whether the locus is idle at that moment it does not say.

use super::{By, Handler, Pool, Publisher, Taker, Topic, Wiring};

/// A publisher and a taker of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Index of the publisher.
    pub publisher: usize,
    /// Index of the taker.
    pub taker: usize,
    /// What it is.
    pub kind: Kind,
    /// Why, in a few words.
    pub why: String,
    /// Part of a circle of queues that all block.
    pub in_circle: bool,
}

/// How a message travels along an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A call that the compiler knows.
    Static,
    /// A call through a table.
    Inline,
    /// A queue between the two.
    Queued,
}

impl Kind {
    /// The word of the formats.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Inline => "inline",
            Self::Queued => "queued",
        }
    }
}

/// Every pair of a publisher and a taker of the same topic.
pub(super) fn edges(wiring: &Wiring, pools: &[Pool]) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (publisher, from) in wiring.publishers.iter().enumerate() {
        for (taker, to) in wiring.takers.iter().enumerate().filter(|(_, to)| to.topic == from.topic) {
            let (kind, why) = match queued(wiring, pools, from, to) {
                Some(why) => (Kind::Queued, why),
                None => called(wiring, to),
            };
            edges.push(Edge { publisher, taker, kind, why, in_circle: in_circle(wiring, from, to) });
        }
    }
    edges
}

/// Why a message waits in a queue; `None` if the handler is called at the publish.
fn queued(wiring: &Wiring, pools: &[Pool], from: &Publisher, to: &Taker) -> Option<String> {
    let topic = &wiring.topics[to.topic];
    let (Some(by), false) = (from.locus, from.by_handle) else {
        return Some("through a handle".to_owned());
    };
    let (handler, locus) = match (&to.by, to.locus) {
        (By::Handler(handler), Some(locus)) => (handler, locus),
        (By::Run, _) => return Some("taken by `run`".to_owned()),
        _ => return Some("taken by a subscription".to_owned()),
    };
    if !pools[by].is(&pools[locus]) {
        return Some("other pool".to_owned());
    }
    if pools[by].threads > 1 {
        return Some("other replicas".to_owned());
    }
    not_inline(topic, handler, to.ring.is_some())
        .map(str::to_owned)
        .or_else(|| not_alone(wiring, by, locus, to, handler))
}

/// What in its declaration keeps a handler from being called at the publish.
fn not_inline(topic: &Topic, handler: &Handler, has_ring: bool) -> Option<&'static str> {
    match handler {
        _ if topic.is_question => Some("a question"),
        Handler { is_inline: true, .. } => None,
        Handler { is_async: true, .. } => Some("handler is `async`"),
        Handler { is_batch: true, .. } => Some("handler takes batches"),
        _ if has_ring => Some("a ring of its own"),
        Handler { takes_cx: true, .. } => Some("handler takes `cx`"),
        _ => Some("handler is not `inline`"),
    }
}

/// What around an inline handler keeps it from being called at the publish.
fn not_alone(wiring: &Wiring, by: usize, locus: usize, to: &Taker, handler: &Handler) -> Option<String> {
    let topic = &wiring.topics[to.topic];
    let takers = wiring.takers.iter().filter(|other| other.topic == to.topic).count();
    if by == locus && !wiring.loci[by].is_many {
        Some("a locus is not called inside itself".to_owned())
    } else if handler.is_partly {
        Some("taken by key".to_owned())
    } else if let Some(transport) = topic.bound.first() {
        Some(format!("bound to `{transport}` too"))
    } else if wiring.loci[locus].is_many {
        Some("there may be several takers".to_owned())
    } else if takers > 1 {
        Some("there are other takers".to_owned())
    } else {
        None
    }
}

fn called(wiring: &Wiring, to: &Taker) -> (Kind, String) {
    let taker = to.locus.map(|locus| wiring.loci[locus].name.as_str());
    match &wiring.topics[to.topic].sink {
        Some(sink) if taker == Some(sink) => {
            (Kind::Static, format!("`to = {sink}`, its only taker, on the same pool"))
        }
        _ => (Kind::Inline, "`#[on(inline)]`, the only taker, on the same pool".to_owned()),
    }
}

/// Whether a handler of a circle publishes what a handler of the same circle takes.
fn in_circle(wiring: &Wiring, from: &Publisher, to: &Taker) -> bool {
    let circular = || wiring.feeds.iter().filter(|feed| feed.in_circle);
    let arrives = circular().any(|feed| feed.to == from.topic && Some(feed.locus) == from.locus);
    let goes_on = circular().any(|feed| feed.from == to.topic && Some(feed.locus) == to.locus);
    arrives && goes_on && matches!(to.by, By::Handler(_))
}
