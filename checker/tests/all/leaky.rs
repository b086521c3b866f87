//! `examples/leaky`: each planted leak once, at its line, with a help; every twin silent.

use std::path::{Path, PathBuf};

use crate::harness::command::{checker_in, has_help};
use crate::harness::marks;

fn workspace() -> PathBuf {
    let checker = Path::new(env!("CARGO_MANIFEST_DIR"));
    checker.parent().expect("the crate lies in the workspace").to_owned()
}

fn planted() -> marks::Found {
    let folders = ["examples/leaky", "examples/parts"].map(|folder| workspace().join(folder));
    folders
        .iter()
        .flat_map(|folder| marks::rust_files(folder))
        .flat_map(|file| marks::of_file(&file))
        .collect()
}

#[test]
fn each_planted_leak_is_found_once_and_nothing_else_in_the_workspace() {
    let run = checker_in(&workspace(), &["--format", "json", "--show-expected"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.found(&workspace()), planted());
    for message in run.messages() {
        assert!(has_help(&message.message), "{message}");
    }
}

#[test]
fn there_are_enough_of_them() {
    assert!(planted().len() >= 12, "{:?}", planted());
    let descriptors = planted().into_iter().filter(|(.., rule)| rule == "resource-leak").count();
    assert!(descriptors >= 1 && descriptors < planted().len());
}

#[test]
fn denying_the_two_rules_of_the_promise_fails_the_build() {
    let run = checker_in(
        &workspace(),
        &["-p", "locus-examples", "--show-expected", "-D", "unbounded-growth", "-D", "resource-leak"],
    );
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stdout.contains("error[unbounded-growth]") && run.stdout.contains("error[resource-leak]"));
}
