//! `--diff-base`: what was there at a revision is silent, what is new speaks, and the repository is left as it was.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::command::{Run, checker_in, tests_folder};
use crate::harness::workspace::Copy;

const GROWTH: &str = "fixtures/unbounded-growth/fail/map_keyed_by_message.rs";
const LEAK: &str = "fixtures/resource-leak/fail/file_forgotten.rs";

/// A git that knows no settings of the machine.
fn git(folder: &Path, args: &[&str]) -> String {
    let settings = ["user.name=t", "user.email=t@t", "commit.gpgsign=false", "protocol.file.allow=always"];
    let mut command = Command::new("git");
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null").current_dir(folder);
    settings.iter().for_each(|setting| {
        command.args(["-c", setting]);
    });
    let output = command.args(args).output().expect("git is installed where the repository is worked on");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("git says UTF-8")
}

fn fixture(path: &str) -> String {
    std::fs::read_to_string(tests_folder().join(path)).expect("a fixture")
}

/// A repository with a copy of the service, in which one collection grows, all committed.
fn repository(name: &str) -> Copy {
    let copy = Copy::of_service(name);
    copy.write("src/lost.rs", &fixture(GROWTH));
    copy.replace("src/main.rs", "use locus::prelude::*;", "mod lost;\nuse locus::prelude::*;");
    git(copy.path(), &["init", "--quiet", "--initial-branch=main"]);
    commit(&copy);
    copy
}

fn commit(copy: &Copy) {
    git(copy.path(), &["add", "--all"]);
    git(copy.path(), &["commit", "--quiet", "--message=x"]);
}

/// Adds a descriptor that leaks, and moves what grows.
fn change(copy: &Copy) {
    copy.write("src/lost.rs", &format!("//! Moved.\n\n\n{}", fixture(GROWTH)));
    copy.write("src/leak.rs", &fixture(LEAK));
    copy.replace("src/main.rs", "mod lost;", "mod leak;\nmod lost;");
}

fn rules(run: &Run, base: &Path) -> Vec<String> {
    run.found(base).into_iter().map(|(.., rule)| rule).collect()
}

/// All that git could show to have changed.
fn state(folder: &Path) -> (String, String, Vec<u8>, usize) {
    let entries = std::fs::read_dir(folder.join(".git")).expect("a repository").count();
    let index = std::fs::read(folder.join(".git/index")).expect("an index");
    (git(folder, &["worktree", "list"]), git(folder, &["diff", "--cached"]), index, entries)
}

#[test]
fn only_what_is_new_speaks_and_the_repository_is_left_alone() {
    let copy = repository("diff_base");
    let run = checker_in(copy.path(), &["-D", "all", "--diff-base", "HEAD"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let line = run.stdout.lines().last().unwrap();
    assert!(line.starts_with("checker: nothing found, 1 finding there at `HEAD` already; "), "{line}");

    change(&copy);
    git(copy.path(), &["add", "src/lost.rs"]);
    let before = state(copy.path());
    let run = checker_in(copy.path(), &["-D", "all", "--format", "json", "--diff-base", "main"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!(rules(&run, copy.path()), ["resource-leak"]);
    assert_eq!(run.summary()["diff_base"], "main");
    assert_eq!(run.summary()["known_at_base"], 1);
    assert_eq!(before, state(copy.path()));

    for format in ["human", "sarif", "github", "short"] {
        let run = checker_in(copy.path(), &["--format", format, "--diff-base", "HEAD"]);
        assert!(run.stdout.contains("src/leak.rs"), "{format}: {}", run.stdout);
        assert!(!run.stdout.contains("src/lost.rs"), "{format}: {}", run.stdout);
    }
    commit(&copy);
    let run = checker_in(copy.path(), &["-D", "all", "--diff-base", "HEAD^"]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
}

#[test]
fn a_base_that_is_known_says_the_same() {
    let copy = repository("diff_base_known");
    change(&copy);
    let store = copy.path().join("store");
    let store = store.to_str().expect("a plain name");
    let compared = |stored: &[&str]| {
        let run = checker_in(
            copy.path(),
            &[&["-D", "all", "--format", "json", "--diff-base", "main"], stored].concat(),
        );
        let known = run.summary()["known_at_base"].clone();
        (run.code, rules(&run, copy.path()), known)
    };
    let fresh = compared(&["--no-cache"]);
    assert_eq!((&fresh.1[..], &fresh.2), (&["resource-leak".to_owned()][..], &1.into()));
    let base = || std::fs::read(Path::new(store).join("base-tree/base")).expect("a store was written");
    assert_eq!(compared(&["--cache", store]), fresh);
    let before = base();
    assert_eq!(compared(&["--cache", store]), fresh);
    assert_eq!(before, base(), "nothing is found out twice");
    assert!(!Path::new(store).join("base-tree/delta").exists());
    // The base moves on, and what leaks is known there.
    commit(&copy);
    assert_eq!(compared(&["--cache", store]), compared(&["--no-cache"]));
    assert_ne!(before, base());
}

#[test]
fn one_more_of_a_kind_and_one_no_longer_allowed_are_new() {
    let copy = Copy::of_service("diff_base_kinds");
    let leak = fixture(LEAK);
    let silence = "#[locus::allow(resource_leak, reason = \"for now\")]\n    fn on_touch(";
    copy.write("src/leak.rs", &leak.replace("fn on_touch(", silence));
    copy.replace("src/main.rs", "use locus::prelude::*;", "mod leak;\nuse locus::prelude::*;");
    git(copy.path(), &["init", "--quiet", "--initial-branch=main"]);
    commit(&copy);
    let found = |args: &[&str]| {
        let run = checker_in(copy.path(), &[args, &["--format", "json", "--diff-base", "HEAD"]].concat());
        rules(&run, copy.path())
    };
    assert!(found(&[]).is_empty());
    copy.write("src/leak.rs", &leak);
    assert_eq!(found(&[]), ["resource-leak"]);
    // What a baseline knows is not taken for what the base had.
    let run = checker_in(copy.path(), &["--write-baseline", "known.json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    commit(&copy);
    assert!(found(&["--baseline", "known.json"]).is_empty());
    let again =
        "forget(file);\n        let more = File::create(&touch.path)?;\n        std::mem::forget(more);";
    copy.write("src/leak.rs", &leak.replace("forget(file);", again));
    assert_eq!(found(&["--baseline", "known.json"]), ["resource-leak"]);
}

#[test]
fn bare_paths_and_workspaces_below_the_top_are_found_at_the_base() {
    let copy = repository("diff_base_below");
    let inner = copy.path().join("deep/service");
    std::fs::create_dir_all(inner.parent().unwrap()).unwrap();
    git(copy.path(), &["mv", "src", "deep"]);
    let before = copy.path().join("deep/src");
    std::fs::create_dir_all(&inner).unwrap();
    std::fs::rename(before, inner.join("src")).unwrap();
    std::fs::rename(copy.path().join("Cargo.toml"), inner.join("Cargo.toml")).unwrap();
    // The workspace was not there: all of it is new.
    let run = checker_in(&inner, &["--format", "json", "--diff-base", "HEAD"]);
    assert_eq!(rules(&run, &inner), ["unbounded-growth"], "{}", run.stderr);
    commit(&copy);
    let silent = |args: &[&str]| {
        let run = checker_in(&inner, &[args, &["--diff-base", "HEAD", "-D", "all"]].concat());
        assert_eq!(run.code, Some(0), "{args:?}: {}{}", run.stdout, run.stderr);
        assert!(run.stdout.contains("1 finding there at `HEAD` already"), "{args:?}: {}", run.stdout);
    };
    silent(&[]);
    silent(&["src/lost.rs"]);
    silent(&["src"]);
    silent(&["-p", "service"]);
}

#[test]
fn ceilings_hold_whatever_the_base_had() {
    let copy = repository("diff_base_budget");
    copy.write("none.toml", "bus_subjects = 0\n");
    commit(&copy);
    let args = ["--check-resource-budget", "none.toml", "--diff-base", "HEAD"];
    let run = checker_in(copy.path(), &args);
    assert_eq!(run.code, Some(1), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("bus_subjects"), "{}", run.stdout);
}

fn with_environment(folder: &Path, args: &[&str], environment: &[(&str, &OsStr)]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_checker"));
    let output = command.args(args).current_dir(folder).envs(environment.iter().copied()).output();
    let output = output.expect("the binary was built for this test");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the report is UTF-8");
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn the_settings_of_a_hook_lead_nowhere_else() {
    let copy = repository("diff_base_hook");
    change(&copy);
    let (elsewhere, index) = (OsStr::new("/nonexistent"), copy.path().join(".git/index"));
    let before = std::fs::read(&index).unwrap();
    let environment = [("GIT_DIR", elsewhere), ("GIT_INDEX_FILE", index.as_os_str())];
    let run = with_environment(copy.path(), &["--diff-base", "HEAD", "--format", "json"], &environment);
    assert_eq!(rules(&run, copy.path()), ["resource-leak"], "{}", run.stderr);
    assert_eq!(before, std::fs::read(&index).unwrap());
}

/// A folder that no repository holds.
struct Outside(PathBuf);

impl Outside {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("locus-outside-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("temporary files can be made");
        std::fs::write(folder.join("lost.rs"), fixture(GROWTH)).expect("temporary files can be made");
        Self(folder)
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        // What cannot be removed harms no other test.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// One error and one help, nothing on standard output, exit 2.
fn refused(run: &Run, message: &str, help: &str) {
    assert_eq!(run.code, Some(2), "{}{}", run.stdout, run.stderr);
    assert_eq!(run.stdout, "");
    assert_eq!(run.stderr.matches("error: ").count(), 1, "{}", run.stderr);
    let (said, helped) = run.stderr.split_once("\nhelp: ").unwrap_or_else(|| panic!("{}", run.stderr));
    assert!(said.contains(message), "{said}");
    assert!(helped.contains(help), "{helped}");
}

#[test]
fn what_cannot_be_compared_is_one_error_with_help() {
    let copy = repository("diff_base_wrong");
    let run = checker_in(copy.path(), &["--diff-base", "mian"]);
    refused(&run, "unknown revision `mian`: no commit has that name", "`origin/main`");
    let run = checker_in(copy.path(), &["--diff-base=--help"]);
    refused(&run, "unknown revision `--help`", "a tag or a commit");

    let outside = Outside::new("wrong");
    let run = checker_in(&outside.0, &["--diff-base", "HEAD", "lost.rs"]);
    refused(&run, "is not in a git repository: not a git repository", "`--baseline FILE`");
    let lost = outside.0.join("lost.rs").to_string_lossy().into_owned();
    let run = checker_in(copy.path(), &["--diff-base", "HEAD", "src/lost.rs", &lost]);
    refused(&run, "lies outside the repository", "check the others on their own");

    let nowhere = [("PATH", OsStr::new("/nonexistent"))];
    let run = with_environment(copy.path(), &["--diff-base", "HEAD", "src/lost.rs"], &nowhere);
    refused(&run, "cannot run git: ", "`--baseline FILE`");
    let both = checker_in(copy.path(), &["--diff-base", "HEAD", "--write-baseline", "known.json"]);
    assert_eq!(both.code, Some(2));
}

#[test]
fn a_shallow_clone_and_a_base_that_cargo_cannot_read_are_named() {
    let copy = repository("diff_base_shallow");
    change(&copy);
    commit(&copy);
    let url = format!("file://{}", copy.path().display());
    let clone = Path::new(env!("CARGO_TARGET_TMPDIR")).join("diff_base_shallow_clone");
    // Left over from the last run.
    let _ = std::fs::remove_dir_all(&clone);
    git(copy.path(), &["clone", "--quiet", "--depth=1", &url, &clone.to_string_lossy()]);
    let run = checker_in(&clone, &["--diff-base", "HEAD^"]);
    refused(&run, "unknown revision `HEAD^`: this clone is shallow", "`fetch-depth: 0`");
    assert_eq!(checker_in(&clone, &["--diff-base", "HEAD", "-D", "all"]).code, Some(0));

    let manifest = std::fs::read_to_string(copy.path().join("Cargo.toml")).unwrap();
    copy.write("Cargo.toml", "[package\n");
    commit(&copy);
    copy.write("Cargo.toml", &manifest);
    let run = checker_in(copy.path(), &["--diff-base", "HEAD"]);
    refused(&run, "the tree of `HEAD` cannot be checked: cargo cannot read", "that cargo can read");
}
