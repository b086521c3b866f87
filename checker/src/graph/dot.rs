//! The graph as DOT, for graphviz.
//!
//! Pools are boxes around their loci. A dashed arrow is a queue, a plain one a call through a table, a thick one a call the
//! compiler knows. What is red wants a look: circles of queues that block, and topics that lack a half.

use super::{Graph, Kind, Orphan, Pool};
use std::fmt::Write;

/// Name of the node that stands for code outside the loci.
const OUTSIDE: &str = "outside";

/// One `digraph` for each graph.
pub fn dot(graphs: &[Graph<'_>]) -> String {
    graphs.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn one(graph: &Graph<'_>) -> String {
    let mut out = format!("digraph {} {{\n", quoted(&graph.wiring.binary));
    out.push_str("  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n");
    pools(graph, &mut out);
    let wiring = graph.wiring;
    let publishes = wiring.publishers.iter().any(|one| one.locus.is_none());
    if publishes || wiring.takers.iter().any(|one| one.locus.is_none()) {
        let label = quoted("outside the loci");
        let _ = writeln!(out, "  {} [label={label}, style=dashed];", quoted(OUTSIDE));
    }
    topics(graph, &mut out);
    edges(graph, &mut out);
    out.push_str("}\n");
    out
}

/// A box for each pool, in the order in which its first locus is declared.
fn pools(graph: &Graph<'_>, out: &mut String) {
    let mut known: Vec<&Pool> = Vec::new();
    for pool in &graph.pools {
        if !known.iter().any(|other| other.is(pool)) {
            known.push(pool);
        }
    }
    for (number, pool) in known.iter().enumerate() {
        let label = match (pool.is_pinned, pool.threads) {
            (false, _) => format!("pool {}", pool.name),
            (true, 1) => format!("{}, pinned", pool.name),
            (true, replicas) => format!("{}, {replicas} replicas, pinned", pool.name),
        };
        let _ = writeln!(out, "  subgraph \"cluster_{number}\" {{\n    label={};", quoted(&label));
        for (locus, _) in graph.wiring.loci.iter().zip(&graph.pools).filter(|(_, at)| at.is(pool)) {
            let many = if locus.is_many { ", any number" } else { "" };
            let label = quoted(&format!("{}\n{}{many}", locus.path, locus.name));
            let _ = writeln!(out, "    {} [label={label}];", quoted(&locus.path));
        }
        out.push_str("  }\n");
    }
}

/// Topics that go beyond the process or lack a half have a node of their own.
fn topics(graph: &Graph<'_>, out: &mut String) {
    for (at, topic) in graph.wiring.topics.iter().enumerate() {
        let node = format!("topic {}", topic.name);
        let about = match (graph.orphans[at], topic.bound.as_slice()) {
            (Some(orphan), _) => format!("{}\n{}", topic.name, orphan.as_str()),
            (None, []) => continue,
            (None, bound) => format!("{}\nbound to {}", topic.name, bound.join(", ")),
        };
        let colour = if graph.orphans[at].is_some() { ", color=red" } else { "" };
        let _ = writeln!(out, "  {} [label={}, shape=ellipse{colour}];", quoted(&node), quoted(&about));
        let mut arrow = |from: &str, to: &str| {
            let _ = writeln!(out, "  {from} -> {to} [style=dashed{colour}];");
        };
        if graph.orphans[at] != Some(Orphan::NeverPublished) {
            let publishers = graph.wiring.publishers.iter().filter(|one| one.topic == at);
            publishers.for_each(|one| arrow(&locus(graph, one.locus), &quoted(&node)));
        }
        if graph.orphans[at] != Some(Orphan::NeverHandled) {
            let takers = graph.wiring.takers.iter().filter(|one| one.topic == at);
            takers.for_each(|one| arrow(&quoted(&node), &locus(graph, one.locus)));
        }
    }
}

fn edges(graph: &Graph<'_>, out: &mut String) {
    for edge in &graph.edges {
        let (from, to) = (&graph.wiring.publishers[edge.publisher], &graph.wiring.takers[edge.taker]);
        let topic = &graph.wiring.topics[to.topic];
        let mut label = format!("{}\n{}: {}", topic.name, edge.kind.as_str(), edge.why);
        if let (Kind::Queued, Some((bounded, on_full))) = (edge.kind, super::json::limits(topic, to)) {
            let _ = write!(label, "\n{bounded} {}", on_full.as_str());
        }
        let style = match edge.kind {
            Kind::Static => "bold",
            Kind::Inline => "solid",
            Kind::Queued => "dashed",
        };
        let colour = if edge.in_circle { ", color=red, fontcolor=red" } else { "" };
        let ends = format!("{} -> {}", locus(graph, from.locus), locus(graph, to.locus));
        let _ = writeln!(out, "  {ends} [label={}, style={style}{colour}];", quoted(&label));
    }
}

fn locus(graph: &Graph<'_>, at: Option<usize>) -> String {
    quoted(at.map_or(OUTSIDE, |locus| graph.wiring.loci[locus].path.as_str()))
}

/// A quoted string of DOT, in which a line break is `\n`.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}
