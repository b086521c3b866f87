//! The rules themselves: each is registered, documented, tested, and speaks as the others do.

use std::collections::BTreeSet;
use std::path::Path;

use crate::harness::command::{checker_in, tests_folder};
use crate::harness::marks;
use locus_checker::rule::Rule;

fn rules() -> Vec<&'static Rule> {
    locus_checker::rules::all().collect()
}

fn file_stems(folder: &Path) -> BTreeSet<String> {
    let stem = |path: &Path| path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
    let files = std::fs::read_dir(folder)
        .expect("a folder of this crate")
        .map(|entry| entry.expect("can be read").path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| stem(&path))
        .collect()
}

#[test]
fn each_file_is_a_registered_rule_and_each_rule_has_its_file() {
    let mut files = file_stems(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules"));
    files.remove("tests");
    files.remove("judged");
    let registered: BTreeSet<String> = rules().iter().map(|rule| rule.attribute_name()).collect();
    assert_eq!(registered.len(), rules().len(), "two rules share a name");
    assert_eq!(registered, files);
}

#[test]
fn each_rule_says_what_why_bad_and_good() {
    for rule in rules() {
        let text = rule.doc;
        let sections = text.lines().filter_map(|line| line.strip_prefix("## ")).collect::<Vec<_>>();
        for section in
            ["What it checks", "Why", "An incident", "How it decides", "How it can be wrong", "Bad", "Good"]
        {
            assert!(sections.contains(&section), "{}: no section `{section}`", rule.name);
        }
        let examples = text.split("## Bad").nth(1).unwrap_or_default();
        assert!(examples.matches("```rust").count() >= 2, "{}: Bad and Good need an example", rule.name);
        assert!(!rule.shapes.is_empty(), "{} has no shape", rule.name);
    }
}

#[test]
fn each_rule_has_fixtures_of_both_kinds() {
    for rule in rules() {
        let folder = tests_folder().join("fixtures").join(rule.name);
        let expected = marks::rust_files(&folder.join("fail"));
        assert!(!marks::rust_files(&folder.join("pass")).is_empty(), "{}: nothing passes", rule.name);
        let speaks =
            expected.iter().flat_map(|file| marks::of_file(file)).any(|(.., marked)| marked == rule.name);
        assert!(speaks, "{}: no fixture shows it", rule.name);
    }
}

/// Lower case first, no full stop last; a name in backticks may begin it.
fn well_formed(message: &str) -> bool {
    let starts =
        message.starts_with(|first: char| first.is_lowercase() || first == '`' || first.is_numeric());
    starts && !message.ends_with('.') && !message.contains('\n')
}

#[test]
fn summaries_follow_the_convention() {
    for rule in rules() {
        assert!(well_formed(rule.summary), "{}", rule.summary);
        for shape in rule.shapes {
            assert!(well_formed(shape.summary), "{}: {}", rule.name, shape.summary);
            assert!(
                shape.name.chars().all(|char| char.is_ascii_lowercase() || char == '-'),
                "{}",
                shape.name
            );
        }
    }
}

#[test]
fn messages_and_labels_follow_the_convention() {
    let run = checker_in(&tests_folder(), &["fixtures", "--format", "json"]);
    let messages = run.messages();
    assert!(messages.len() > 20, "{}", messages.len());
    for message in messages {
        let diagnostic = message.message;
        assert!(well_formed(&diagnostic.message), "{}", diagnostic.message);
        for label in diagnostic.spans.iter().filter_map(|span| span.label.as_deref()) {
            assert!(label.is_empty() || well_formed(label), "{label}");
        }
        for child in diagnostic.children {
            assert!(!child.message.ends_with('.'), "{}", child.message);
        }
    }
}
