//! Reading `locus.toml`: what it changes, and how each mistake in it is told.

use std::sync::Arc;

use super::*;

fn part(name: &'static str) -> Part {
    let make: crate::locus::main::MakeCell = Arc::new(|_| unreachable!("nothing is built here"));
    Part { name, place: Place::Pool("main".into()), make, subscribes: Vec::new(), publishes: Vec::new() }
}

pub(super) fn read_places(text: &str) -> Result<(Vec<Place>, Limits), String> {
    let mut parts = vec![part("lobby"), part("web")];
    let limits = read("locus.toml", text, &mut parts)?;
    Ok((parts.into_iter().map(|part| part.place).collect(), limits))
}

#[test]
fn parts_move_and_limits_change() {
    let text = "[place]\nlobby = \"rooms\"\nweb = { replicas = 2, cores = \"4..6\" }\n\
                [limits]\ndrain_timeout = \"3s\"\n[checker]\nanything = 1\n";
    let (places, limits) = read_places(text).expect("a good file");
    let pinned = Place::Pinned { core: None, cores: Some(4..6), replicas: 2 };
    assert_eq!(places, [Place::Pool("rooms".into()), pinned]);
    assert_eq!(limits, Limits { drain_timeout: Duration::from_secs(3), ..Limits::default() });
}

#[test]
fn an_empty_file_changes_nothing() {
    let (places, limits) = read_places("").expect("a good file");
    assert_eq!(places, [Place::Pool("main".into()), Place::Pool("main".into())]);
    assert_eq!(limits, Limits::default());
}

#[test]
fn every_problem_is_reported_with_its_place_and_a_help() {
    let text = "[place]\nlobbi = \"rooms\"\nweb = { pool = \"a\", replicas = 2 }\n[limits]\ndrain_timeout = 3\n[plaec]\n";
    let problems = read_places(text).expect_err("a bad file");
    let expected = [
        "locus.toml:2:1: unknown part `lobbi`\nhelp: did you mean `lobby`?",
        "locus.toml:3:7: a part is in a pool or pinned, not both\nhelp: leave out `pool`, or `core`, `cores` and `replicas`",
        "locus.toml:5:17: expected a duration\nhelp: for example `\"10s\"`, `\"250ms\"`, `\"20us\"`",
        "locus.toml:6:2: unknown table `plaec`\nhelp: did you mean `place`?",
    ];
    for problem in expected {
        assert!(problems.contains(problem), "{problem}\nis not in\n{problems}");
    }
    assert_eq!(problems.matches("help: ").count(), expected.len(), "{problems}");
}

#[test]
fn what_is_no_toml_is_said_so() {
    let problems = read_places("[place\n").expect_err("a bad file");
    assert!(problems.starts_with("locus.toml:1:"), "{problems}");
}

#[test]
fn a_place_without_a_name_or_a_thread_is_refused() {
    let expected_name = "expected the name of a pool\nhelp: for example `\"io\"`";
    let expected_one = "expected 1 or more\nhelp: leave it out for the default";
    let cases = [
        ("[place]\nlobby = \"\"\n", "2:9", expected_name),
        ("[place]\nlobby = { pool = \"\" }\n", "2:18", expected_name),
        ("[place]\nlobby = { pool = 3 }\n", "2:18", expected_name),
        ("[place]\nlobby = { replicas = 0 }\n", "2:22", expected_one),
        ("[limits]\nstage_messages_max = 0\n", "2:22", expected_one),
        ("[limits]\ncontrol_messages_max = 0\n", "2:24", expected_one),
    ];
    for (text, at, what) in cases {
        assert_eq!(read_places(text).expect_err(text), format!("locus.toml:{at}: {what}"));
    }
}
