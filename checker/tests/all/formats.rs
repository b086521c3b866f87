//! The formats that other programs read, each judged by what reads it.

use serde_json::Value;

use crate::harness::command::{Run, checker_in, tests_folder};
use crate::harness::workspace::Copy;

const GROWTH: &str = "fixtures/unbounded-growth/fail/map_keyed_by_message.rs";
const MENDED: &str = "fixtures/unbounded-growth/pass/map_keyed_by_message.rs";
const LEAK: &str = "fixtures/resource-leak/fail/file_forgotten.rs";

fn checker(args: &[&str]) -> Run {
    checker_in(&tests_folder(), args)
}

/// The log of a `--format sarif` run, valid by the published schema.
fn sarif(args: &[&str]) -> Value {
    let run = checker(&[args, &["--format", "sarif"]].concat());
    let log: Value = serde_json::from_str(&run.stdout).expect("the log is JSON");
    let mut schemas = boon::Schemas::new();
    let path = tests_folder().join("schemas/sarif-2.1.0.json");
    let schema =
        boon::Compiler::new().compile(&path.to_string_lossy(), &mut schemas).expect("the schema compiles");
    schemas.validate(&log, schema).unwrap_or_else(|error| panic!("{error:#}"));
    log
}

#[test]
fn sarif_is_valid_and_complete() {
    let log = sarif(&[GROWTH, LEAK, "-D", "resource-leak"]);
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let said: Vec<_> =
        results.iter().map(|r| (r["ruleId"].as_str().unwrap(), r["level"].as_str().unwrap())).collect();
    assert_eq!(said, [("resource-leak", "error"), ("unbounded-growth", "warning")]);
    for result in results {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        assert!(result["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64().unwrap() > 1);
        assert_eq!(result["partialFingerprints"]["locusFinding/v1"].as_str().unwrap().len(), 16);
    }
    assert_eq!(sarif(&[MENDED])["runs"][0]["results"].as_array().unwrap().len(), 0);
}

#[test]
fn sarif_with_a_violated_ceiling_and_a_broken_file_is_valid() {
    let folder = Copy::of_service("sarif");
    folder.write("src/broken.rs", "fn broken( {\n");
    folder.write("none.toml", "bus_subjects = 0\n");
    let source = folder.path().join("src").to_string_lossy().into_owned();
    let ceilings = folder.path().join("none.toml").to_string_lossy().into_owned();
    let log = sarif(&[&source, "--check-resource-budget", &ceilings]);
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(results.iter().any(|result| result["ruleId"] == "unparsed"), "{results:#?}");
}

#[test]
fn a_fingerprint_survives_what_is_written_above_it() {
    let folder = Copy::of_service("fingerprint");
    let text = std::fs::read_to_string(tests_folder().join(GROWTH)).unwrap();
    let print = |text: &str| {
        folder.write("src/lost.rs", text);
        let path = folder.path().join("src/lost.rs").to_string_lossy().into_owned();
        let result = sarif(&[&path])["runs"][0]["results"][0].clone();
        (result["partialFingerprints"].clone(), result["locations"].clone())
    };
    let (before, after) = (print(&text), print(&format!("// One line more.\n{text}")));
    assert_eq!(before.0, after.0);
    assert_ne!(before.1, after.1);
}

#[test]
fn one_line_a_finding() {
    let run = checker(&[GROWTH, "--format", "short"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.stdout);
    assert!(lines[0].starts_with(&format!("{GROWTH}:")), "{}", lines[0]);
    assert!(lines[0].contains(": warning[unbounded-growth]: "), "{}", lines[0]);
    assert!(lines[1].starts_with("checker: 1 warning, nothing was denied"), "{}", lines[1]);
}

#[test]
fn github_gets_one_command_a_finding() {
    let run = checker(&[GROWTH, "--format", "github", "-D", "all"]);
    assert_eq!(run.code, Some(1));
    let command = run.stdout.lines().next().unwrap();
    assert!(command.starts_with(&format!("::error file={GROWTH},line=")), "{command}");
    assert!(command.contains(",title=unbounded-growth::"), "{command}");
    assert!(command.contains("%0Ahelp: "), "one line, whatever is in the text: {command}");
}

#[test]
fn a_baseline_silences_what_was_there_and_nothing_else() {
    let folder = Copy::of_service("baseline");
    let growth = std::fs::read_to_string(tests_folder().join(GROWTH)).unwrap();
    let leak = std::fs::read_to_string(tests_folder().join(LEAK)).unwrap();
    folder.write("src/lost.rs", &growth);
    folder.replace("src/main.rs", "use locus::prelude::*;", "mod lost;\nuse locus::prelude::*;");
    let checked = |args: &[&str]| checker_in(folder.path(), &[&["-D", "all"], args].concat());
    assert_eq!(checked(&[]).code, Some(1));
    assert_eq!(checked(&["--write-baseline", "known.json"]).code, Some(0));

    let run = checked(&["--baseline", "known.json"]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert!(
        run.stdout.starts_with("checker: nothing found, 1 finding known to the baseline; "),
        "{}",
        run.stdout
    );

    folder.write("src/lost.rs", &format!("// Moved down.\n{growth}"));
    folder.write("src/more.rs", &leak);
    folder.replace("src/main.rs", "mod lost;", "mod lost;\nmod more;");
    let run = checked(&["--baseline", "known.json"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.contains("error[resource-leak]: "), "{}", run.stdout);
    assert!(!run.stdout.contains("error[unbounded-growth]: "), "{}", run.stdout);

    folder.write("src/lost.rs", "");
    folder.write("src/more.rs", "");
    let run = checked(&["--baseline", "known.json"]);
    assert!(
        run.stdout.contains(", 1 of the baseline gone: `--write-baseline` writes it anew"),
        "{}",
        run.stdout
    );

    folder.write("known.json", "{}");
    let run = checked(&["--baseline", "known.json"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.starts_with("error: `known.json`: not a baseline: missing field"), "{}", run.stderr);
}
