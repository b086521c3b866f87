//! Every fixture says inline what must be found in it, and nothing else may be.
//!
//! `fixtures/<rule>/fail/<case>.rs` holds a bug, `pass/<case>.rs` the same code mended, which is silent.

use std::path::Path;

use rayon::prelude::*;

use crate::harness::command::{checker_on, has_help, tests_folder};
use crate::harness::marks;

/// What is wrong with one fixture; empty when nothing is.
fn judge(path: &Path) -> Vec<String> {
    let run = checker_on(path);
    if run.code != Some(0) {
        return vec![format!("{}: exit {:?}: {}", path.display(), run.code, run.stderr)];
    }
    let (expected, found) = (marks::of_file(path), run.found(&tests_folder()));
    let told = |what: &str, of: &marks::Found, but: &marks::Found| {
        let lines = of
            .difference(but)
            .map(|(path, line, rule)| format!("{what} {rule} at {}:{line}", path.display()));
        lines.collect::<Vec<_>>()
    };
    let mut wrong = told("missed", &expected, &found);
    wrong.extend(told("unexpected", &found, &expected));
    let helpless = run.messages().into_iter().filter(|message| !has_help(&message.message));
    wrong.extend(helpless.map(|message| format!("no help: {}", message.message.message)));
    wrong
}

#[test]
fn every_fixture_gives_what_it_is_marked_with() {
    let files = marks::rust_files(&tests_folder().join("fixtures"));
    assert!(files.len() >= 300, "only {} fixtures", files.len());
    let wrong: Vec<String> = files.par_iter().flat_map(|path| judge(path)).collect();
    assert!(wrong.is_empty(), "{} of {} fixtures:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}

#[test]
fn bugs_are_marked_and_have_a_silent_twin() {
    for path in marks::rust_files(&tests_folder().join("fixtures")) {
        let marks = marks::of_file(&path).len();
        let kind = path.parent().and_then(Path::file_name).expect("a fixture lies in a folder");
        let other = if kind == "fail" { "pass" } else { "fail" };
        let twin = path.parent().and_then(Path::parent).expect("and that in a rule's").join(other);
        let twin = twin.join(path.file_name().expect("a file has a name"));
        assert!(twin.exists(), "{} has no twin", path.display());
        assert_eq!(kind == "fail", marks > 0, "{}: {marks} marks", path.display());
    }
}
