//! The command line as users meet it: options, formats, exit status.

use std::path::Path;

use crate::harness::command::{Run, checker_in, tests_folder};
use crate::harness::workspace::Copy;

const GROWTH: &str = "fixtures/unbounded-growth/fail/map_keyed_by_message.rs";
const MENDED: &str = "fixtures/unbounded-growth/pass/map_keyed_by_message.rs";
const UNTOLD: &str = "fixtures/unbounded-growth/fail/names_that_no_message_tells.rs";
const LEAK: &str = "fixtures/resource-leak/fail/file_forgotten.rs";

fn checker(args: &[&str]) -> Run {
    checker_in(&tests_folder(), args)
}

#[test]
fn clean_code_exits_0_and_says_how_much_was_looked_at() {
    let run = checker(&[MENDED]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let line = run.stdout.lines().last().unwrap();
    assert!(line.starts_with("checker: nothing found; 1 file, 2 functions, 0 of "), "{line}");
    assert!(line.contains("macro calls not understood, "), "{line}");
}

#[test]
fn findings_are_advice_until_they_are_denied() {
    let run = checker(&[GROWTH]);
    assert_eq!(run.code, Some(0));
    assert!(run.stdout.contains("warning[unbounded-growth]: "), "{}", run.stdout);
    assert!(run.stdout.contains("help: "), "{}", run.stdout);
    assert!(run.stdout.contains("checker: 1 warning, nothing was denied; "), "{}", run.stdout);

    let run = checker(&[GROWTH, "-D", "unbounded-growth"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.contains("error[unbounded-growth]: "), "{}", run.stdout);
    assert!(run.stdout.contains("checker: 1 error; "), "{}", run.stdout);
}

#[test]
fn what_no_message_tells_is_likely_and_no_more() {
    let run = checker(&[UNTOLD]);
    assert!(run.stdout.contains("checker: nothing found; "), "{}", run.stdout);
    let run = checker(&[UNTOLD, "-W", "likely"]);
    assert!(run.stdout.contains("shape `field-only-grows` (likely)"), "{}", run.stdout);
}

/// How sure the finding of a fixture is, where that hangs on more than its shape.
const PROVED: &[(&str, &str)] = &[
    ("unbounded-growth/fail/map_keyed_by_message.rs", "certain"),
    ("unbounded-growth/fail/connections_in_a_join_set.rs", "certain"),
    ("unbounded-growth/fail/timer_appends.rs", "certain"),
    ("unbounded-growth/fail/next_of_own_work.rs", "nursery"),
    ("unbounded-growth/fail/index_by_time.rs", "certain"),
    ("unbounded-growth/fail/static_registry.rs", "certain"),
    ("unbounded-growth/fail/frames_of_any_reader.rs", "certain"),
    ("unbounded-growth/fail/ids_of_a_variant.rs", "certain"),
    ("unbounded-growth/fail/prices_within_a_time.rs", "certain"),
    ("unbounded-growth/fail/header_read_by_a_closure.rs", "certain"),
    ("unbounded-growth/fail/sessions_awaited_at_the_end.rs", "certain"),
    ("unbounded-growth/fail/callbacks_of_sessions.rs", "certain"),
    ("missed-cleanup/fail/presence_of_a_broken_session.rs", "certain"),
    ("missed-cleanup/fail/upload_dropped_by_a_race.rs", "likely"),
    ("missed-cleanup/fail/watcher_whose_guard_is_kept.rs", "likely"),
    ("missed-cleanup/fail/left_by_who_serves.rs", "certain"),
    ("missed-cleanup/fail/watcher_that_has_left.rs", "likely"),
    ("missed-cleanup/fail/batch_put_back_when_sending_fails.rs", "likely"),
    ("detached-task/fail/forwards_to_nobody.rs", "likely"),
    ("resource-leak/fail/child_given_up.rs", "likely"),
    ("missed-cleanup/fail/slot_of_a_request_that_failed.rs", "certain"),
    ("missed-cleanup/fail/slot_of_a_request_that_failed.rs", "likely"),
    ("missed-cleanup/fail/upload_that_is_never_finished.rs", "likely"),
    ("missed-cleanup/fail/room_left_by_a_broken_connection.rs", "likely"),
    ("missed-cleanup/fail/webhook_of_an_endpoint_that_is_gone.rs", "likely"),
    ("missed-cleanup/fail/flight_of_a_failed_lookup.rs", "certain"),
    ("resource-leak/fail/child_killed_at_its_deadline.rs", "likely"),
    ("resource-leak/fail/upload_left_on_the_disk.rs", "likely"),
    ("missed-cleanup/fail/answers_that_have_expired.rs", "likely"),
    ("detached-task/fail/ticker_of_each_subscription.rs", "certain"),
    ("resource-leak/fail/answer_that_got_lost.rs", "certain"),
    ("resource-leak/fail/hook_that_nobody_waits_for.rs", "certain"),
    ("lock-across-await/fail/entry_or_an_error.rs", "certain"),
    ("leaked-memory/fail/leaked_into_a_table.rs", "certain"),
    ("unbounded-growth/fail/names_of_one_moment.rs", "nursery"),
    ("unbounded-growth/fail/packages_in_memory.rs", "nursery"),
    ("unbounded-growth/fail/only_store_in_memory.rs", "certain"),
    ("unbounded-growth/fail/targets_of_operators.rs", "likely"),
    ("unbounded-growth/fail/served_by_a_closure.rs", "certain"),
    ("unbounded-input/fail/pipe_of_a_child.rs", "certain"),
    ("unbounded-input/fail/reader_of_a_connection.rs", "likely"),
    ("unbounded-growth/fail/main_loop_local.rs", "likely"),
    ("unbounded-growth/fail/text_of_the_program.rs", "nursery"),
    ("unbounded-growth/fail/told_by_the_program.rs", "nursery"),
    ("unbounded-growth/fail/names_far_from_requests.rs", "nursery"),
    ("unbounded-growth/fail/noted_far_from_its_loop.rs", "likely"),
    ("unbounded-growth/fail/started_from_where.rs", "nursery"),
    ("unbounded-growth/fail/loop_with_a_way_out.rs", "nursery"),
    ("label-cardinality/fail/path_as_label.rs", "likely"),
    ("hot-allocation/fail/pattern_in_a_cell.rs", "nursery"),
    ("detached-task/fail/stream_replaced_in_a_struct.rs", "nursery"),
    ("detached-task/fail/webhooks.rs", "likely"),
    ("detached-task/fail/halves_of_a_connection.rs", "likely"),
    ("detached-task/fail/far_from_its_peers.rs", "nursery"),
    ("detached-task/fail/behind_a_queue.rs", "nursery"),
    ("detached-task/fail/flag_of_another.rs", "likely"),
    ("detached-task/fail/greeted_within_a_time.rs", "nursery"),
    ("blocking-in-handler/fail/reads_below_a_request.rs", "certain"),
    ("blocking-in-handler/fail/tried_again_for_a_request.rs", "certain"),
    ("blocking-in-handler/fail/page_read_for_a_reload.rs", "nursery"),
    ("blocking-in-handler/fail/read_for_a_line_typed.rs", "nursery"),
    ("unbounded-channel/fail/reader_keeps_up.rs", "likely"),
    ("unbounded-channel/fail/read_by_who_asked.rs", "nursery"),
    ("unbounded-input/fail/length_prefix.rs", "certain"),
    ("unbounded-input/fail/count_from_the_wire.rs", "nursery"),
    ("unbounded-input/fail/line_of_a_peer.rs", "certain"),
    ("unbounded-input/fail/lines_of_the_same_machine.rs", "likely"),
    ("unbounded-input/fail/answer_of_a_daemon.rs", "nursery"),
    ("lock-across-await/fail/cache_refilled_under_its_lock.rs", "nursery"),
];

#[test]
fn outside_of_loci_a_finding_is_as_sure_as_its_shape_has_proved() {
    for (fixture, confidence) in PROVED {
        let run = checker(&[&format!("fixtures/{fixture}"), "-W", "likely", "-W", "nursery"]);
        assert!(run.stdout.contains(&format!("` ({confidence}): ")), "{fixture}: {}", run.stdout);
    }
}

#[test]
fn the_last_level_that_names_a_rule_decides() {
    let code = |args: &[&str]| checker(&[&[GROWTH, LEAK], args].concat()).code;
    assert_eq!(code(&["-D", "all"]), Some(1));
    assert_eq!(code(&["-D", "all", "-A", "unbounded-growth", "-W", "resource_leak"]), Some(0));
    assert_eq!(code(&["-A", "unbounded_growth", "-D", "all"]), Some(1));
    let run = checker(&[GROWTH, LEAK, "-A", "all"]);
    assert!(run.stdout.starts_with("checker: nothing found; 2 files"), "{}", run.stdout);
}

#[test]
fn every_unknown_rule_is_answered_with_its_neighbour() {
    let run = checker(&[GROWTH, "-D", "unbounded-grwth", "-A", "resource_lek"]);
    assert_eq!(run.code, Some(2));
    assert_eq!(run.stdout, "");
    assert!(
        run.stderr.contains("error: unknown rule `unbounded-grwth`\nhelp: did you mean `unbounded-growth`?")
    );
    assert!(run.stderr.contains("error: unknown rule `resource_lek`\nhelp: did you mean `resource-leak`?"));
}

#[test]
fn explain_and_list_print_the_rules_own_text() {
    let run = checker(&["--explain", "unbounded_growth"]);
    assert_eq!(run.code, Some(0));
    for part in
        ["# unbounded-growth\n", "## Why\n", "## Bad\n", "## Good\n", "## Shapes\n", "Default level: warn."]
    {
        assert!(run.stdout.contains(part), "{part} in {}", run.stdout);
    }
    let run = checker(&["--explain", "resource-leek"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("did you mean `resource-leak`?"), "{}", run.stderr);

    let run = checker(&["--list-rules"]);
    assert_eq!(run.code, Some(0));
    assert!(run.stdout.lines().any(|line| line.starts_with("unbounded-growth") && line.contains(" warn ")));
}

#[test]
fn json_is_what_cargo_prints() {
    let run = checker(&[GROWTH, LEAK, "--format", "json", "-D", "resource-leak"]);
    assert_eq!(run.code, Some(1));
    let messages = run.messages();
    let levels: Vec<String> = messages.iter().map(|message| format!("{:?}", message.message.level)).collect();
    assert_eq!(levels, ["Error", "Warning"]);
    let rendered = messages[0].message.rendered.as_deref().unwrap();
    assert!(rendered.starts_with("error[resource-leak]: "), "{rendered}");
    let primary = messages[1].message.spans.iter().find(|span| span.is_primary).unwrap();
    let text = &primary.text[0];
    let shown =
        text.text.chars().skip(text.highlight_start - 1).take(text.highlight_end - text.highlight_start);
    assert!(shown.collect::<String>().contains("insert"), "{text:?}");
    let summary = run.summary();
    assert_eq!((summary["errors"].as_u64(), summary["warnings"].as_u64()), (Some(1), Some(1)));
    assert_eq!(summary["files"].as_u64(), Some(2));
}

#[test]
fn a_file_that_does_not_parse_does_not_stop_the_rest() {
    let copy = Copy::of_service("unparsed");
    copy.write("src/broken.rs", "fn broken( {\n");
    copy.write("src/lost.rs", &std::fs::read_to_string(tests_folder().join(GROWTH)).unwrap());
    copy.replace("src/main.rs", "use locus::prelude::*;", "mod broken;\nmod lost;\nuse locus::prelude::*;");
    let run = checker_in(copy.path(), &["--format", "json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let rules: Vec<String> = run.found(copy.path()).into_iter().map(|(.., rule)| rule).collect();
    assert_eq!(rules, ["unparsed", "unbounded-growth"]);
    assert_eq!(run.summary()["files_unparsed"].as_u64(), Some(1));
    assert_eq!(checker_in(copy.path(), &["-D", "unparsed"]).code, Some(1));

    let run = checker_in(copy.path(), &["src/broken.rs"]);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
}

#[test]
fn modules_are_found_where_path_attributes_put_them() {
    let copy = Copy::of_service("path_attributes");
    std::fs::create_dir_all(copy.path().join("src/made/deep")).unwrap();
    let growth = std::fs::read_to_string(tests_folder().join(GROWTH)).unwrap();
    copy.write("src/made/deep/a.v1.rs", &growth);
    let modules = "#[path = \"made\"]\nmod outer {\n    mod deep {\n        #[path = \"a.v1.rs\"]\n        mod v1;\n    }\n}\n";
    copy.replace("src/main.rs", "use locus::prelude::*;", &format!("{modules}use locus::prelude::*;"));
    let run = checker_in(copy.path(), &["--format", "json"]);
    let rules: Vec<String> = run.found(copy.path()).into_iter().map(|(.., rule)| rule).collect();
    assert_eq!(rules, ["unbounded-growth"], "{}", run.stdout);
}

#[test]
fn what_is_not_there_cannot_be_checked() {
    for args in [&["no/such/folder"][..], &["--manifest-path", "no/Cargo.toml"], &["--no-such-option"]] {
        let run = checker(args);
        assert_eq!(run.code, Some(2), "{args:?}: {}", run.stdout);
        assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    }
    let nowhere = checker_in(Path::new("/"), &[] as &[&str]);
    assert_eq!(nowhere.code, Some(2));
    assert!(
        nowhere.stderr.starts_with("error: no `Cargo.toml` in `/` or above\nhelp: "),
        "{}",
        nowhere.stderr
    );
    let copy = Copy::of_service("no_package");
    let run = checker_in(copy.path(), &["-p", "servise"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("servise"), "{}", run.stderr);
}

#[test]
fn cargo_finds_it_as_a_subcommand() {
    let program = Path::new(env!("CARGO_BIN_EXE_cargo-locus-check"));
    let path = std::env::var_os("PATH").unwrap();
    let folders = std::iter::once(program.parent().unwrap().to_owned()).chain(std::env::split_paths(&path));
    let mut command = std::process::Command::new("cargo");
    // Away from this repository, whose alias of the same name cargo would prefer.
    command.env("PATH", std::env::join_paths(folders).unwrap()).current_dir(std::env::temp_dir());
    let output =
        command.arg("locus-check").arg(tests_folder().join(GROWTH)).args(["-D", "all"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("error[unbounded-growth]: "), "{output:?}");
}

#[test]
fn a_closed_output_is_no_bug_of_ours() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_checker"));
    let status = command.args(["--list-rules"]).stdout(writer).status().unwrap();
    assert_eq!(status.code(), Some(2));
}

#[test]
fn a_workspace_and_its_files_give_the_same_verdict() {
    let copy = Copy::of_service("same_verdict");
    copy.write("src/lost.rs", &std::fs::read_to_string(tests_folder().join(GROWTH)).unwrap());
    copy.replace("src/main.rs", "use locus::prelude::*;", "mod lost;\nuse locus::prelude::*;");
    let by_manifest = checker_in(Path::new("/"), &["--format", "json", "--manifest-path", &copy.manifest()]);
    let by_path = checker_in(copy.path(), &["--format", "json", "src"]);
    assert_eq!(by_manifest.found(copy.path()), by_path.found(copy.path()));
    assert_eq!(by_path.messages().len(), 1);
}

#[test]
fn the_number_of_threads_and_the_order_of_paths_change_nothing() {
    let said = |threads: &str, paths: [&str; 2]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_checker"));
        let command = command.args(paths).args(["--format", "json"]).env("RAYON_NUM_THREADS", threads);
        let stdout = command.current_dir(tests_folder()).output().unwrap().stdout;
        let stdout = String::from_utf8(stdout).unwrap();
        let findings = stdout.lines().filter(|line| line.contains("\"compiler-message\""));
        findings.map(str::to_owned).collect::<Vec<_>>()
    };
    let once = said("1", ["fixtures/unbounded-growth", "fixtures/resource-leak"]);
    assert!(once.len() > 20, "{}", once.len());
    assert_eq!(once, said("4", ["fixtures/resource-leak", "fixtures/unbounded-growth"]));
}

#[test]
fn the_numbers_stand_behind_the_report_where_people_read_it() {
    let run = checker(&[GROWTH, LEAK, "--stats"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let (report, table) = run.stdout.split_once("nothing was denied; ").expect("a last line");
    assert!(report.contains("warning[resource-leak]: "), "{report}");
    let value = |name: &str| table.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    assert_eq!(value("files  "), Some("2"), "{table}");
    assert_eq!((value("resource-leak"), value("unbounded-growth")), (Some("1"), Some("1")), "{table}");
    let run = checker(&[GROWTH, LEAK, "--stats", "--format", "json"]);
    assert_eq!(run.messages().len(), 2);
}
