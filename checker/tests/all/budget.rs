//! Ceilings as CI meets them: what passes, what does not, and what a wrong file is answered with.

use crate::harness::command::{Run, checker_in};
use crate::harness::workspace::Copy;

const CHECK: [&str; 2] = ["--check-resource-budget", "budget.toml"];

fn check(copy: &Copy) -> Run {
    checker_in(copy.path(), &CHECK)
}

#[test]
fn equal_passes() {
    let copy = Copy::of_service("budget_equal");
    let run = check(&copy);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_pinned_locus_added_without_raising_the_ceiling_exits_1() {
    let copy = Copy::of_service("budget_pinned");
    copy.replace("src/main.rs", "    #[place(pool = \"io\")]\n", "    #[place(pinned)]\n");
    copy.replace("budget.toml", "cooperative_pools = 1", "cooperative_pools = 0");
    let run = check(&copy);
    assert_eq!(run.code, Some(1), "{}{}", run.stdout, run.stderr);
    for part in [
        "error[resource-budget]: `service` has 3 pinned threads, and its ceiling is 2",
        "--> budget.toml:1:18",
        "`web: Web` is pinned, 2 replicas (counts 2)",
        "`audit: Audit` is pinned",
        "raise `pinned_threads` to 3",
    ] {
        assert!(run.stdout.contains(part), "{part} in\n{}", run.stdout);
    }
    copy.replace("budget.toml", "pinned_threads = 2", "pinned_threads = 3");
    assert_eq!(check(&copy).code, Some(0));
}

#[test]
fn every_violation_is_reported_beside_the_findings() {
    let copy = Copy::of_service("budget_all");
    copy.write(
        "budget.toml",
        "pinned_threads = 0\ncooperative_pools = 0\nbus_subjects = 0\nfd_open_sites = 0\n",
    );
    copy.replace("src/main.rs", "self.last = posted.text.clone();", "self.last.push_str(&posted.text);");
    let run = checker_in(copy.path(), &[&CHECK[..], &["--format", "json"]].concat());
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let found: Vec<(String, String)> =
        run.messages().into_iter().map(|m| (m.message.code.unwrap().code, m.message.message)).collect();
    let codes: Vec<&str> = found.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes[0], "unbounded-growth", "{found:?}");
    let violations: Vec<&str> = found[1..].iter().map(|(_, message)| message.as_str()).collect();
    assert_eq!(
        violations,
        [
            "`service` has 2 pinned threads, and its ceiling is 0",
            "`service` has 1 cooperative pool, and its ceiling is 0",
            "`service` has 1 bus subject, and its ceiling is 0",
            "`service` has 1 fd open site, and its ceiling is 0",
        ]
    );
}

#[test]
fn a_table_of_its_own_overrides_for_one_binary() {
    let copy = Copy::of_service("budget_override");
    copy.write("budget.toml", "pinned_threads = 0\n[bin.service]\npinned_threads = 2\n");
    assert_eq!(check(&copy).code, Some(0));
    copy.write("budget.toml", "pinned_threads = 9\n[bin.service]\npinned_threads = 1\n");
    assert_eq!(check(&copy).code, Some(1));
}

#[test]
fn every_mistake_in_the_file_is_reported_with_its_place_and_exits_2() {
    let copy = Copy::of_service("budget_mistakes");
    copy.write(
        "budget.toml",
        "pined_threads = 2\nbus_subjects = \"one\"\nfd_open_sites = -1\n[bin.servise]\ncooperative_pools = 1.5\n",
    );
    copy.replace("src/main.rs", "self.last = posted.text.clone();", "self.last.push_str(&posted.text);");
    let run = check(&copy);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    for part in [
        "error[budget-file]: unknown key `pined_threads`\n --> budget.toml:1:1",
        "help: did you mean `pinned_threads`?",
        "error[budget-file]: `bus_subjects` must be a whole number\n --> budget.toml:2:16",
        "error[budget-file]: `fd_open_sites` must not be negative\n --> budget.toml:3:17",
        "error[budget-file]: `cooperative_pools` must be a whole number\n --> budget.toml:5:21",
        "error[budget-file]: no binary is called `servise`\n --> budget.toml:4:6",
        "help: did you mean `service`?",
        "warning[unbounded-growth]",
    ] {
        assert!(run.stdout.contains(part), "{part} in\n{}", run.stdout);
    }
}

#[test]
fn a_file_that_is_missing_or_no_toml_exits_2() {
    let copy = Copy::of_service("budget_missing");
    let run = checker_in(copy.path(), &["--check-resource-budget", "none.toml"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.starts_with("error: cannot read `none.toml`: "), "{}", run.stderr);
    copy.write("budget.toml", "pinned_threads = = 2\n");
    let run = check(&copy);
    assert_eq!(run.code, Some(2));
    assert!(run.stdout.contains("error[budget-file]: "), "{}", run.stdout);
}

#[test]
fn a_written_file_passes_until_something_is_added() {
    let copy = Copy::of_service("budget_written");
    let run = checker_in(copy.path(), &["--write-resource-budget", "budget.toml"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(check(&copy).code, Some(0));
    copy.replace(
        "src/main.rs",
        "#[every(\"1s\")]",
        "#[every(\"2s\")]\n    fn more(&mut self) {}\n\n    #[every(\"1s\")]",
    );
    let run = check(&copy);
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.contains("`service` has 2 timers, and its ceiling is 1"), "{}", run.stdout);
    copy.write("budget.toml", "timers = 40\n");
    let run = check(&copy);
    assert!(run.stdout.contains("note: `timers = 40` is well above what it holds"), "{}", run.stdout);
}

#[test]
fn the_dump_is_a_file_that_passes_and_lists_the_sites() {
    let copy = Copy::of_service("budget_dump");
    let run = checker_in(copy.path(), &["--dump-resource-budget"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for part in [
        "[bin.service] # package service\npinned_threads = 2\n",
        "`web: Web` is pinned, 2 replicas\n",
        "cooperative_pools = 1\n",
        "bus_subjects = 1\n",
        "topic `Posted`\n",
        "fd_open_sites = 1\n",
    ] {
        assert!(run.stdout.contains(part), "{part} in\n{}", run.stdout);
    }
    copy.write("budget.toml", &run.stdout);
    assert_eq!(check(&copy).code, Some(0));

    let run = checker_in(copy.path(), &["--dump-resource-budget", "--format", "json"]);
    let dumped: serde_json::Value = serde_json::from_str(run.stdout.trim()).unwrap();
    let counts = &dumped["binaries"][0]["counts"];
    assert_eq!(counts["pinned_threads"]["actual"], 2);
    assert_eq!(counts["fd_open_sites"]["sites"][0]["file_name"], "src/main.rs");
}

const MORE: &str = r#"
use std::sync::Mutex;

static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
const WORKERS: usize = 3;

#[locus(scratch_bytes_max = "32MiB")]
pub struct Archive { lines: Option<std::sync::mpsc::Sender<String>> }

fn open_as<P: AsRef<std::path::Path>>(path: P) -> std::io::Result<std::fs::File> {
    std::fs::OpenOptions::new().append(true).open(path)
}

#[locus::allow(opens_in_constructor, reason = "a test")]
#[locus]
impl Archive {
    fn birth(&mut self, _cx: &mut Cx<'_, Self>) -> std::io::Result<()> {
        let (first, second) = (open_as("a")?, open_as("b")?);
        let (lines, taken) = std::sync::mpsc::channel();
        self.lines = Some(lines);
        std::thread::spawn(move || drop((first, second, taken)));
        std::process::Command::new("sync").status()?;
        let _pool = rayon::ThreadPoolBuilder::new().num_threads(WORKERS).build();
        Ok(())
    }

    #[on]
    fn on_posted(&mut self, posted: &Posted, _cx: &mut Cx<'_, Self>) {
        SEEN.lock().expect("not poisoned").push(posted.text.clone());
    }
}
"#;

#[test]
fn what_code_starts_makes_and_silences_is_counted() {
    let copy = Copy::of_service("budget_more");
    let before = std::fs::read_to_string(copy.path().join("src/main.rs")).expect("copied");
    copy.write("src/main.rs", &format!("{before}{MORE}"));
    copy.replace("src/main.rs", "    audit: Audit,\n}", "    audit: Audit,\n    archive: Archive,\n}");
    let run = checker_in(copy.path(), &["--dump-resource-budget"]);
    for part in [
        "fd_open_sites = 2\n",
        "opens a file descriptor: `.open`, used from 2 places\n",
        "spawn_sites = 2\n",
        "starts `thread::spawn`\n",
        "starts `.status`\n",
        "worker_threads = 3\n",
        "workers by `.num_threads`, 3\n",
        "scratch_bytes_max = 33554432\n",
        "unbounded_channels = 1\n",
        "makes a queue: `mpsc::channel`\n",
        "growing_statics = 1\n",
        "static `SEEN`\n",
        "allow_reasons = 1\n",
        "allows `opens-in-constructor`\n",
        "[bin.service.fd_open_sites_by_kind]\nfile = 2\n",
    ] {
        assert!(run.stdout.contains(part), "{part} in\n{}", run.stdout);
    }
    let json = checker_in(copy.path(), &["--dump-resource-budget", "--format", "json"]);
    let dumped: serde_json::Value = serde_json::from_str(json.stdout.trim()).expect("one object");
    let binary = &dumped["binaries"][0];
    assert_eq!(binary["counts"]["fd_open_sites"]["sites"][1]["uses"], 2);
    assert_eq!(binary["fd_open_sites_by_kind"]["file"]["actual"], 2);
    copy.write("budget.toml", &run.stdout);
    assert_eq!(check(&copy).code, Some(0), "what is dumped is a file that passes");
}

#[test]
fn a_kind_of_descriptors_has_a_ceiling_of_its_own() {
    let copy = Copy::of_service("budget_kinds");
    copy.write("budget.toml", "[fd_open_sites_by_kind]\nfile = 0\n");
    let run = check(&copy);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    let over = "`service` has 1 open site of kind `file`, and its ceiling is 0";
    assert!(run.stdout.contains(over), "{}", run.stdout);
    copy.write("budget.toml", "[fd_open_sites_by_kind]\nfile = 9\n");
    let run = check(&copy);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert!(run.stdout.contains("`fd_open_sites_by_kind.file = 9` is well above"), "{}", run.stdout);
    copy.write("budget.toml", "[fd_open_sites_by_kind]\nfiel = 1\n");
    let run = check(&copy);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(run.stdout.contains("did you mean `file`?"), "{}", run.stdout);
}
