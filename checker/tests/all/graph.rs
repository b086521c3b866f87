//! `--graph` over the examples of this repository: what the documentation shows, and what programs read.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::command::{Run, checker_in, tests_folder};
use crate::harness::workspace::Copy;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn graphs(run: &Run) -> Vec<Value> {
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let value: Value = serde_json::from_str(&run.stdout).expect("one object");
    assert_eq!(value["version"], 1);
    value["graphs"].as_array().expect("an array").clone()
}

fn words<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// Statements of the DOT language as we write them: braces in pairs, every string closed, each line one statement.
fn is_dot(text: &str) {
    let mut depth = 0;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let code: String = line.replace("\\\\", "").replace("\\\"", "").split('"').step_by(2).collect();
        assert_eq!(line.replace("\\\\", "").replace("\\\"", "").matches('"').count() % 2, 0, "{line}");
        depth += code.matches('{').count();
        depth -= code.matches('}').count();
        assert!(code.ends_with(['{', '}', ';']), "{line}");
        assert_eq!(code.matches('[').count(), code.matches(']').count(), "{line}");
    }
    assert_eq!(depth, 0, "{text}");
}

#[test]
fn the_documentation_shows_the_chat_as_it_is() {
    let run = checker_in(&root(), &["--graph", "dot", "--bin", "chat"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    is_dot(&run.stdout);
    let page = std::fs::read_to_string(root().join("docs/graph.md")).expect("the page");
    let shown = page.split_once("```dot\n").and_then(|(_, rest)| rest.split_once("```")).expect("a graph").0;
    assert_eq!(shown, run.stdout, "`checker --graph dot --bin chat` goes into docs/graph.md");
}

#[test]
fn the_chat_is_read_with_its_places_and_bounds() {
    let graphs = graphs(&checker_in(&root(), &["--graph", "json", "--bin", "chat"]));
    let [chat] = graphs.as_slice() else { panic!("{graphs:?}") };
    assert_eq!((words(chat, "binary"), words(chat, "main")), ("chat", "Chat"));
    let loci: Vec<_> =
        chat["loci"].as_array().unwrap().iter().map(|one| (words(one, "path"), words(one, "pool"))).collect();
    let rooms = ["lobby", "rust", "random", "help"].map(|room| (format!("chat/{room}"), "rooms"));
    let expected: Vec<_> =
        rooms.iter().map(|(path, pool)| (path.as_str(), *pool)).chain([("chat/web", "web")]).collect();
    assert_eq!(loci, expected);
    let edges = chat["edges"].as_array().unwrap();
    let relayed: Vec<_> = edges.iter().filter(|edge| edge["topic"] == "Relayed").collect();
    assert_eq!(relayed.len(), 4);
    for edge in &relayed {
        assert_eq!((words(edge, "to"), words(edge, "kind")), ("chat/web", "queued"));
        let site = edge["sites"][0].as_str().unwrap_or_default();
        assert!(site.starts_with("examples/chat/room.rs:"), "{edge}");
    }
    let posted: Vec<_> = edges.iter().filter(|edge| edge["topic"] == "Posted").collect();
    assert_eq!(posted.len(), 4);
    assert!(posted.iter().all(|edge| words(edge, "by") == "on_post" && edge["bounded"] == 8192));
    assert_eq!((&chat["circles"], &chat["unresolved"]), (&serde_json::json!([]), &serde_json::json!(0)));
    assert!(chat["topics"].as_array().unwrap().iter().all(|topic| topic["orphan"].is_null()), "{chat:#}");
}

#[test]
fn several_binaries_give_one_graph_each_whatever_the_number_of_threads() {
    let all = graphs(&checker_in(&root(), &["--graph", "json", "-p", "locus-examples"]));
    let names: Vec<&str> = all.iter().map(|graph| words(graph, "binary")).collect();
    for name in ["chat", "leaky", "rooms"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let drawn = |threads: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_checker"));
        let command = command.args(["--graph", "dot"]).env("RAYON_NUM_THREADS", threads).current_dir(root());
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let (one, many) = (drawn("1"), drawn("4"));
    is_dot(&one);
    assert_eq!(one, many);
    assert!(one.matches("digraph ").count() >= names.len());
}

#[test]
fn locus_toml_moves_parts_and_the_edges_follow() {
    let copy = Copy::of_service("graph");
    let service = "use locus::prelude::*;
#[topic(to = Sink)]
#[derive(Clone)]
pub struct Item(pub u64);
#[locus(publishes(Item))]
pub struct Source(u64);
#[locus]
impl Source {
    #[every(\"1s\")]
    fn tick(&mut self, cx: &mut Cx<'_, Self>) { cx.publish(Item(self.0)); }
}
#[locus]
pub struct Sink(u64);
#[locus]
impl Sink {
    #[on(inline)]
    fn on_item(&mut self, item: &Item) { self.0 = item.0; }
}
#[locus(main)]
pub struct Service { source: Source, sink: Sink }
fn main() -> locus::Exit { locus::run(Service::new) }
";
    copy.write("src/main.rs", service);
    let edge = || {
        let graphs = graphs(&checker_in(copy.path(), &["--graph", "json"]));
        let (edge, sink) = (graphs[0]["edges"][0].clone(), graphs[0]["loci"][1].clone());
        [words(&edge, "kind"), words(&sink, "pool"), words(&sink, "placed_by")].map(str::to_owned)
    };
    assert_eq!(edge(), ["static", "main", "default"]);
    copy.write("locus.toml", "[place]\nsink = \"io\"\n");
    assert_eq!(edge(), ["queued", "io", "locus.toml"]);
}

#[test]
fn what_has_no_graph_is_an_error_with_help() {
    let run =
        checker_in(&tests_folder(), &["fixtures/resource-leak/fail/file_forgotten.rs", "--graph", "dot"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(run.stderr.starts_with("error: no binary here has a `#[locus(main)]`\nhelp: "), "{}", run.stderr);
    let run = checker_in(&root(), &["--graph", "dot", "--bin", "caht"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert_eq!(run.stderr, "error: no binary or example is called `caht`\nhelp: did you mean `chat`?\n");
}

#[test]
fn a_binary_alone_is_counted_alone() {
    let run = checker_in(&root(), &["--dump-resource-budget", "--format", "json", "--bin", "chat"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("\"chat\"") && !run.stdout.contains("\"leaky\""), "{}", run.stdout);
}
