//! The graph as JSON, whose shape `docs/graph.md` describes.

use super::{By, Graph, Publisher, Taker, Topic};
use crate::finding::{SourceFile, Span};
use crate::lower::attr::Policy;
use crate::report::LineIndex;
use serde_json::{Value, json};

/// Version of the shape: raised when a reader of the last one could misread it.
pub const VERSION: u32 = 1;

/// All graphs in one object; `sources` say what line a span is on.
pub fn json(graphs: &[Graph<'_>], sources: &[SourceFile]) -> Value {
    let lines: Vec<LineIndex<'_>> = sources.iter().map(|source| LineIndex::new(&source.text)).collect();
    let places = Places { sources, lines };
    json!({ "version": VERSION, "graphs": graphs.iter().map(|graph| one(graph, &places)).collect::<Vec<_>>() })
}

/// What holds for the way to a taker: its own ring's, else the topic's; a subscription made in code has what the call
/// says, which may be anything.
pub(super) fn limits(topic: &Topic, to: &Taker) -> Option<(u64, Policy)> {
    match (&to.by, to.ring) {
        (By::Subscription, _) => None,
        (_, Some(ring)) => Some((ring.bounded.unwrap_or(topic.bounded), ring.on_full)),
        (_, None) => Some((topic.bounded, topic.on_full)),
    }
}

struct Places<'s> {
    sources: &'s [SourceFile],
    lines: Vec<LineIndex<'s>>,
}

impl Places<'_> {
    /// `path:line:column`.
    fn at(&self, span: Span) -> String {
        let file = span.file.0 as usize;
        let (Some(source), Some(lines)) = (self.sources.get(file), self.lines.get(file)) else {
            return String::new();
        };
        let (line, column) = lines.position(span.start as usize);
        format!("{}:{line}:{column}", source.path.display())
    }
}

fn one(graph: &Graph<'_>, places: &Places<'_>) -> Value {
    let wiring = graph.wiring;
    let circles = wiring
        .circles
        .iter()
        .map(|circle| circle.iter().map(|topic| wiring.topics[*topic].name.as_str()).collect::<Vec<_>>());
    json!({
        "package": wiring.package,
        "binary": wiring.binary,
        "main": wiring.main,
        "loci": (0..wiring.loci.len()).map(|at| locus(graph, at, places)).collect::<Vec<_>>(),
        "topics": (0..wiring.topics.len()).map(|at| topic(graph, at, places)).collect::<Vec<_>>(),
        "edges": graph.edges.iter().map(|one| edge(graph, one, places)).collect::<Vec<_>>(),
        "circles": circles.collect::<Vec<_>>(),
        "unresolved": wiring.unresolved,
    })
}

fn locus(graph: &Graph<'_>, at: usize, places: &Places<'_>) -> Value {
    let (locus, pool) = (&graph.wiring.loci[at], &graph.pools[at]);
    json!({
        "path": locus.path,
        "type": locus.name,
        "pool": pool.name,
        "pinned": pool.is_pinned,
        "threads": pool.threads,
        "placed_by": pool.said_by.as_str(),
        "any_number": locus.is_many,
        "at": places.at(locus.span),
    })
}

fn topic(graph: &Graph<'_>, at: usize, places: &Places<'_>) -> Value {
    let topic = &graph.wiring.topics[at];
    let publishers = graph.wiring.publishers.iter().filter(|one| one.topic == at);
    let takers = graph.wiring.takers.iter().filter(|one| one.topic == at);
    json!({
        "name": topic.name,
        "bounded": topic.bounded,
        "on_full": topic.on_full.as_str(),
        "keyed": topic.is_keyed,
        "question": topic.is_question,
        "to": topic.sink,
        "bound": topic.bound,
        "handles": topic.is_held,
        "orphan": graph.orphans[at].map(super::Orphan::as_str),
        "publishers": publishers.map(|one| publisher(graph, one, places)).collect::<Vec<_>>(),
        "takers": takers.map(|one| taker(graph, one, places)).collect::<Vec<_>>(),
        "at": places.at(topic.span),
    })
}

fn publisher(graph: &Graph<'_>, one: &Publisher, places: &Places<'_>) -> Value {
    json!({
        "locus": path(graph, one.locus),
        "by_handle": one.by_handle,
        "sites": one.sites.iter().map(|span| places.at(*span)).collect::<Vec<_>>(),
    })
}

fn taker(graph: &Graph<'_>, one: &Taker, places: &Places<'_>) -> Value {
    json!({ "locus": path(graph, one.locus), "by": by(one), "at": places.at(one.span) })
}

fn edge(graph: &Graph<'_>, edge: &super::Edge, places: &Places<'_>) -> Value {
    let (from, to) = (&graph.wiring.publishers[edge.publisher], &graph.wiring.takers[edge.taker]);
    let topic = &graph.wiring.topics[to.topic];
    let limits = limits(topic, to);
    json!({
        "from": path(graph, from.locus),
        "to": path(graph, to.locus),
        "topic": topic.name,
        "by": by(to),
        "kind": edge.kind.as_str(),
        "why": edge.why,
        "bounded": limits.map(|(bounded, _)| bounded),
        "on_full": limits.map(|(_, on_full)| on_full.as_str()),
        "in_circle": edge.in_circle,
        "sites": from.sites.iter().map(|span| places.at(*span)).collect::<Vec<_>>(),
    })
}

/// A locus by its path; `null` is code outside the loci.
fn path<'g>(graph: &'g Graph<'_>, locus: Option<usize>) -> Option<&'g str> {
    locus.map(|locus| graph.wiring.loci[locus].path.as_str())
}

fn by(taker: &Taker) -> &str {
    match &taker.by {
        By::Handler(handler) => &handler.name,
        By::Run => "run",
        By::Subscription => "subscription",
    }
}
