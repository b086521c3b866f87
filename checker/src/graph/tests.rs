//! Small programs, and what their graph says of each edge.

use super::{Graph, Moves, dot, json};
use crate::load::{TargetKind, Workspace};
use crate::models::Models;
use crate::rules::check;

/// `from > to Topic kind: why` of each edge, then circles and orphans, of the first binary.
fn said(text: &str, locus_toml: &str) -> Vec<String> {
    let workspace = Workspace::of_texts(&[("app", TargetKind::Bin, text)]);
    for file in &workspace.files {
        assert!(file.ir.is_ok(), "{:?}", file.ir);
    }
    let wirings = check(&workspace, Models::shipped()).wirings;
    let graph = Graph::of(&wirings[0], &Moves::read(locus_toml));
    let wiring = graph.wiring;
    let path = |locus: Option<usize>| locus.map_or("outside", |locus| wiring.loci[locus].path.as_str());
    let name = |topic: usize| wiring.topics[topic].name.as_str();
    let mut said: Vec<String> = Vec::new();
    for edge in &graph.edges {
        let (from, to) = (&wiring.publishers[edge.publisher], &wiring.takers[edge.taker]);
        let circle = if edge.in_circle { ", in a circle" } else { "" };
        let (from, by, topic) = (path(from.locus), path(to.locus), name(to.topic));
        said.push(format!("{from} > {by} {topic} {}: {}{circle}", edge.kind.as_str(), edge.why));
    }
    said.extend(
        wiring
            .circles
            .iter()
            .map(|circle| circle.iter().map(|topic| name(*topic)).collect::<Vec<_>>().join(" > ")),
    );
    for (topic, orphan) in graph.orphans.iter().enumerate() {
        said.extend(orphan.map(|orphan| format!("{} {}", name(topic), orphan.as_str())));
    }
    said
}

/// A program of a source that publishes `Item` with a timer, and what takes it.
fn program(topic: &str, parts: &str, more: &str) -> String {
    format!(
        "use locus::prelude::*;
{topic} #[derive(Clone)] pub struct Item {{ pub n: u64 }}
#[locus(publishes(Item))] pub struct Source {{ n: u64 }}
#[locus] impl Source {{
    #[every(\"1s\")] fn tick(&mut self, cx: &mut Cx<'_, Self>) {{ cx.publish(Item {{ n: self.n }}); }}
}}
#[locus(main)] pub struct App {{ {parts} }}
fn main() -> locus::Exit {{ locus::run(App::new) }}
{more}"
    )
}

/// A locus with one method.
fn taker(name: &str, method: &str) -> String {
    format!("#[locus] pub struct {name} {{ n: u64 }}\n#[locus] impl {name} {{ {method} }}\n")
}

const INLINE: &str = "#[on(inline)] fn on_item(&mut self, item: &Item) { self.n = item.n; }";

#[test]
fn a_sink_on_the_same_pool_is_called_and_one_elsewhere_is_not() {
    let sink = taker("Sink", INLINE);
    let text = program("#[topic(to = Sink)]", "source: Source, sink: Sink", &sink);
    let called = "app/source > app/sink Item static: `to = Sink`, its only taker, on the same pool";
    assert_eq!(said(&text, ""), [called]);
    let elsewhere = ["app/source > app/sink Item queued: other pool"];
    assert_eq!(said(&text, "[place]\nsink = \"io\"\n"), elsewhere);
    assert_eq!(said(&text, "[place]\nsink = \"io\"\nsource = \"io\"\n"), [called]);
    let text = program("#[topic(to = Sink)]", "source: Source, #[place(pinned)] sink: Sink", &sink);
    assert_eq!(said(&text, ""), elsewhere);
    assert_eq!(said(&text, "[place]\nsink = \"main\"\n"), [called]);
    let text = program("#[topic]", "source: Source, sink: Sink", &sink);
    let through_a_table = "`#[on(inline)]`, the only taker, on the same pool";
    assert_eq!(said(&text, ""), [format!("app/source > app/sink Item inline: {through_a_table}")]);
}

#[test]
fn what_keeps_a_handler_from_being_called_is_named() {
    for (method, why) in [
        ("#[on] fn f(&mut self, i: &Item, cx: &mut Cx<'_, Self>) { self.n = i.n; }", "handler takes `cx`"),
        ("#[on] fn f(&mut self, i: &Item) { self.n = i.n; }", "handler is not `inline`"),
        (
            "#[on(batch)] fn f(&mut self, i: Batch<'_, Item>, cx: &mut Cx<'_, Self>) {}",
            "handler takes batches",
        ),
        ("#[on] async fn f(&mut self, i: &Item, cx: &mut Cx<'_, Self>) {}", "handler is `async`"),
        ("#[on(bounded = 8, on_full = drop_old)] fn f(&mut self, i: &Item) {}", "a ring of its own"),
        ("#[on(inline, key = 1)] fn f(&mut self, i: &Item) {}", "taken by key"),
    ] {
        let text = program("#[topic(key = n)]", "source: Source, sink: Sink", &taker("Sink", method));
        assert_eq!(said(&text, ""), [format!("app/source > app/sink Item queued: {why}")], "{method}");
    }
    let question = taker("Sink", "#[on(inline)] fn f(&mut self, i: &Item) -> u64 { i.n }");
    let text = program("#[topic(reply = u64)]", "source: Source, sink: Sink", &question);
    assert_eq!(said(&text, ""), ["app/source > app/sink Item queued: a question"]);
    let received = "#[locus(receives(Item, bounded = 4))] pub struct Sink { n: u64 }
#[locus] impl Sink { async fn run(run: Run<Self>) { while let Some(_) = run.recv::<Item>().await {} } }";
    let text = program("#[topic]", "source: Source, sink: Sink", received);
    assert_eq!(said(&text, ""), ["app/source > app/sink Item queued: taken by `run`"]);
}

#[test]
fn what_is_around_an_inline_handler_keeps_it_from_being_called() {
    let sink = taker("Sink", INLINE);
    let two = said(&program("#[topic(to = Sink)]", "source: Source, one: Sink, two: Sink", &sink), "");
    assert_eq!(
        two,
        [
            "app/source > app/one Item queued: there are other takers",
            "app/source > app/two Item queued: there are other takers"
        ]
    );
    let bound = program("#[topic(to = Sink)]", "source: Source, sink: Sink", &sink);
    let bound = bound.replace("#[locus(main)]", "#[locus(main)] #[bind(Item = nats(subject = \"i\"))]");
    assert_eq!(said(&bound, ""), ["app/source > app/sink Item queued: bound to `nats` too"]);
    let replicas = program("#[topic]", "#[place(pinned, replicas = 2)] both: Both", "")
        + "#[locus(publishes(Item))] pub struct Both { n: u64 }
#[locus] impl Both { #[every(\"1s\")] fn tick(&mut self, cx: &mut Cx<'_, Self>) { cx.publish(Item { n: 1 }); }
#[on(inline)] fn on_item(&mut self, item: &Item) { self.n = item.n; } }";
    assert_eq!(said(&replicas, ""), ["app/both > app/both Item queued: other replicas"]);
    let itself = replicas.replace("#[place(pinned, replicas = 2)] ", "");
    assert_eq!(said(&itself, ""), ["app/both > app/both Item queued: a locus is not called inside itself"]);
}

#[test]
fn children_run_where_their_parent_does_and_code_outside_reaches_by_handle() {
    let text = program("#[topic]", "#[place(pool = \"io\")] hub: Hub", &taker("Feed", INLINE))
        + "#[locus(publishes(Item), children(Conn = flow, max = 8))] pub struct Hub { feed: Child<Feed> }
#[locus] impl Hub { #[every(\"1s\")] fn tick(&mut self, cx: &mut Cx<'_, Self>) { cx.publish(Item { n: 1 }); } }
#[locus] pub struct Conn { n: u64 }
#[locus] impl Conn { #[on] fn on_item(&mut self, item: &Item) {} }
fn beside(items: TopicHandle<Item>) { items.publish_blocking(Item { n: 2 }); }";
    assert_eq!(
        said(&text, "[place]\nhub = { replicas = 2 }\n"),
        [
            "app/hub > app/hub/feed Item queued: other replicas",
            "app/hub > app/hub/Conn Item queued: other replicas",
            "outside > app/hub/feed Item queued: through a handle",
            "outside > app/hub/Conn Item queued: through a handle",
        ]
    );
    let here = said(&text, "");
    assert_eq!(here[0], "app/hub > app/hub/feed Item queued: there are other takers");
    assert_eq!(here[1], "app/hub > app/hub/Conn Item queued: handler is not `inline`");
}

#[test]
fn circles_and_orphans_are_told() {
    let text = "use locus::prelude::*;
#[topic] #[derive(Clone)] pub struct Ping; #[topic] #[derive(Clone)] pub struct Pong;
#[topic] #[derive(Clone)] pub struct Lost; #[topic] #[derive(Clone)] pub struct Never;
#[locus(publishes(Pong))] pub struct Left { n: u64 }
#[locus] impl Left { #[on] fn f(&mut self, _: &Ping, cx: &mut Cx<'_, Self>) { cx.publish(Pong); } }
#[locus(publishes(Ping, Lost))] pub struct Right { n: u64 }
#[locus] impl Right {
    #[on] fn f(&mut self, _: &Pong, cx: &mut Cx<'_, Self>) { cx.publish(Ping); cx.publish(Lost); }
    #[on] fn g(&mut self, _: &Never) {}
}
#[locus(main)] pub struct App { left: Left, right: Right }
fn main() -> locus::Exit { locus::run(App::new) }";
    assert_eq!(
        said(text, ""),
        [
            "app/left > app/right Pong queued: handler takes `cx`, in a circle",
            "app/right > app/left Ping queued: handler takes `cx`, in a circle",
            "Pong > Ping",
            "Lost never handled",
            "Never never published",
        ]
    );
    // One queue that drops opens the circle.
    let open = said(&text.replacen("#[topic]", "#[topic(on_full = drop_old)]", 1), "");
    assert!(open.iter().all(|said| !said.contains("circle") && !said.contains("Pong > Ping")), "{open:?}");
}

#[test]
fn both_formats_hold_every_edge_and_names_are_escaped() {
    let text = program("#[topic]", "source: Source, sink: Sink", &taker("Sink", INLINE));
    let workspace =
        Workspace::of_texts(&[("app", TargetKind::Bin, &text), ("none", TargetKind::Bin, "fn main() {}")]);
    let mut wirings = check(&workspace, Models::shipped()).wirings;
    assert_eq!(wirings.len(), 1, "a binary without a main locus has no bus");
    wirings[0].binary = "a \"quoted\" \\ name".to_owned();
    let graphs: Vec<Graph<'_>> = wirings.iter().map(|wiring| Graph::of(wiring, &Moves::default())).collect();
    let drawn = dot(&graphs);
    assert!(drawn.starts_with("digraph \"a \\\"quoted\\\" \\\\ name\" {\n"), "{drawn}");
    assert!(drawn.contains("\"app/source\" -> \"app/sink\" [label=\"Item\\ninline: "), "{drawn}");
    let sources: Vec<_> = workspace.files.iter().map(|file| file.source.clone()).collect();
    let value = json(&graphs, &sources);
    assert_eq!(value["version"], super::VERSION);
    let edge = &value["graphs"][0]["edges"][0];
    assert_eq!((edge["kind"].as_str(), edge["sites"][0].as_str()), (Some("inline"), Some("app.rs:5:64")));
}
