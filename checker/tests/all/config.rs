//! What a workspace says of the checker in its own files.

use crate::harness::command::{checker_in, tests_folder};
use crate::harness::workspace::Copy;

const GROWTH: &str = "fixtures/unbounded-growth/fail/map_keyed_by_message.rs";

/// A copy of the service with one planted growth.
fn growing(name: &str) -> Copy {
    let copy = Copy::of_service(name);
    copy.write("src/lost.rs", &std::fs::read_to_string(tests_folder().join(GROWTH)).expect("a fixture"));
    copy.replace("src/main.rs", "use locus::prelude::*;", "mod lost;\nuse locus::prelude::*;");
    copy
}

fn append(copy: &Copy, file: &str, text: &str) {
    let before = std::fs::read_to_string(copy.path().join(file)).unwrap_or_default();
    copy.write(file, &format!("{before}\n{text}"));
}

#[test]
fn levels_hold_until_the_command_line_says_otherwise() {
    let copy = growing("config_levels");
    let code = |args: &[&str]| checker_in(copy.path(), args).code;
    assert_eq!(code(&[]), Some(0));
    append(&copy, "Cargo.toml", "[workspace.metadata.locus]\nlevels = { all = \"deny\" }\n");
    assert_eq!(code(&[]), Some(1));
    assert_eq!(code(&["-W", "unbounded-growth"]), Some(0));
    copy.write("locus.toml", "[checker]\nlevels = { unbounded-growth = \"allow\" }\n");
    assert_eq!(code(&[]), Some(0), "the later file is on top");
    assert_eq!(code(&["-D", "unbounded-growth"]), Some(1));
}

#[test]
fn what_is_wrong_is_all_said_and_the_rules_still_run() {
    let copy = growing("config_wrong");
    copy.write("locus.toml", "[checker]\nlevel = 3\nexpected = [\"servise\"]\n");
    let run = checker_in(copy.path(), &[] as &[&str]);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    for part in [
        "error[checker-config]: unknown key `level`",
        "--> locus.toml:2:1",
        "error[checker-config]: unknown package `servise`",
        "help: did you mean `service`?",
        "warning[unbounded-growth]: ",
    ] {
        assert!(run.stdout.contains(part), "{part} in\n{}", run.stdout);
    }
}

#[test]
fn planted_findings_are_compared_with_their_marks() {
    let copy = growing("config_expected");
    copy.write("locus.toml", "[checker]\nexpected = [\"service\"]\n");
    let run = checker_in(copy.path(), &["-D", "all"]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert!(run.stdout.starts_with("checker: nothing found, 1 finding as marks expect; "), "{}", run.stdout);

    let text = std::fs::read_to_string(copy.path().join("src/lost.rs")).expect("written above");
    copy.write("src/lost.rs", &text.replace(" //~ unbounded-growth", ""));
    append(&copy, "src/main.rs", "// Nothing here. //~ resource-leak\n");
    let run = checker_in(copy.path(), &["-A", "all"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.contains("`resource-leak` is expected on this line and not found"), "{}", run.stdout);
    let run = checker_in(copy.path(), &[] as &[&str]);
    assert!(run.stdout.contains("`unbounded-growth` is found here and no mark expects it"), "{}", run.stdout);
}

#[test]
fn models_of_ones_own_tell_what_foreign_crates_do() {
    let copy = Copy::of_service("config_models");
    append(&copy, "Cargo.toml", "hoard = \"1\"\n");
    copy.write(
        "src/lost.rs",
        "use locus::prelude::*;\n\n#[topic]\npub struct Seen;\n\n#[locus]\npub struct Keeper { kept: hoard::Pile }\n\n\
         #[locus]\nimpl Keeper {\n    #[on]\n    fn on_seen(&mut self, _seen: &Seen) { self.kept.heap_up(1); }\n}\n",
    );
    copy.replace("src/main.rs", "use locus::prelude::*;", "mod lost;\nuse locus::prelude::*;");
    assert_eq!(checker_in(copy.path(), &["-D", "all"]).code, Some(0), "nothing is known of `hoard`");
    copy.write("locus.toml", "[checker]\nmodels = [\"ours.toml\"]\n");
    let run = checker_in(copy.path(), &[] as &[&str]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.starts_with("error: cannot read models: `ours.toml`: "), "{}", run.stderr);
    copy.write(
        "ours.toml",
        "[[type]]\npath = \"hoard::Pile\"\ngrows = true\n[type.methods]\n\"heap_up\" = \"grow fn(T)\"\n",
    );
    let run = checker_in(copy.path(), &["-D", "all"]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert!(run.stdout.contains("`Keeper.kept` grows with every message"), "{}", run.stdout);
    copy.write("ours.toml", "[[type]]\npath = \"hoard::Pile\"\n[type.methods]\n\"heap_up\" = \"explode\"\n");
    let run = checker_in(copy.path(), &[] as &[&str]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("ours.toml: hoard::Pile: heap_up: unknown word `explode`"), "{}", run.stderr);
}

#[test]
fn features_are_on_as_cargo_takes_them() {
    let copy = growing("config_features");
    append(&copy, "Cargo.toml", "[features]\nmore = []\n");
    copy.replace("src/main.rs", "mod lost;", "#[cfg(feature = \"more\")]\nmod lost;");
    let code = |args: &[&str]| checker_in(copy.path(), &[args, &["-D", "all"]].concat()).code;
    assert_eq!(code(&[]), Some(0));
    assert_eq!(code(&["--features", "more"]), Some(1));
    assert_eq!(code(&["-F", "service/more"]), Some(1));
    assert_eq!(code(&["--all-features"]), Some(1));
    let run = checker_in(copy.path(), &["--features", "mor"]);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(run.stderr.contains("has the feature `mor`\nhelp: did you mean `more`?"), "{}", run.stderr);
}
