//! `--fix`: `fix/<case>.rs` becomes `fix/<case>.fixed.rs`, which is silent, compiles, and stays as it is.

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::diagnostic::{Applicability, DiagnosticSpan};

use crate::harness::command::{Run, checker_in, tests_folder};

/// A folder for one test, outside of any repository's history.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // Left over from the last run.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Name, text before and text after of each case.
fn cases() -> Vec<(String, String, String)> {
    let folder = tests_folder().join("fix");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("the cases are there") {
        let name = entry.expect("a case").file_name().to_string_lossy().into_owned();
        if let Some(name) = name.strip_suffix(".rs").filter(|name| !name.ends_with(".fixed")) {
            let fixed = read(&folder.join(format!("{name}.fixed.rs")));
            cases.push((name.to_owned(), read(&folder.join(format!("{name}.rs"))), fixed));
        }
    }
    assert!(cases.len() >= 5, "{cases:?}");
    cases
}

fn check(folder: &Path, args: &[&str]) -> Run {
    checker_in(folder, &[&["case.rs"], args].concat())
}

#[test]
fn each_case_is_mended_silent_and_stays_so() {
    let folder = folder("fix_cases");
    for (name, before, after) in cases() {
        std::fs::write(folder.join("case.rs"), &before).unwrap();
        let found = check(&folder, &["-D", "all"]);
        assert_eq!(found.code, Some(1), "{name} is not found: {}", found.stdout);
        let run = check(&folder, &["-D", "all", "--fix", "--allow-dirty"]);
        assert_eq!(read(&folder.join("case.rs")), after, "{name}");
        assert_eq!(run.code, Some(0), "{name}: {}", run.stdout);
        assert_eq!(run.stderr, "fixed: case.rs (1)\n", "{name}");
        let again = check(&folder, &["--fix", "--allow-dirty"]);
        assert_eq!((read(&folder.join("case.rs")), again.stderr.as_str()), (after, ""), "{name}");
    }
}

#[test]
fn what_needs_no_other_crate_compiles_before_and_after() {
    let folder = folder("fix_compiles");
    let mut compiled = 0;
    for (name, before, after) in cases() {
        if before.contains("tokio") {
            continue;
        }
        for (state, text) in [("before", before), ("after", after)] {
            std::fs::write(folder.join("case.rs"), text).unwrap();
            let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
            let args = ["--edition", "2024", "--emit=metadata", "--out-dir", "out", "case.rs"];
            let output =
                Command::new(rustc).args(args).current_dir(&folder).output().expect("rustc is there");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{name} {state}: {said}");
            compiled += 1;
        }
    }
    assert!(compiled >= 8, "{compiled}");
}

/// Puts the suggestions of a message into a text, as rust-analyzer and rustfix do.
fn with_suggestions(text: &str, spans: &[DiagnosticSpan]) -> String {
    let mut spans: Vec<&DiagnosticSpan> = spans.iter().collect();
    spans.sort_by_key(|span| span.byte_start);
    let mut out = text.to_owned();
    for span in spans.into_iter().rev() {
        assert_eq!(span.suggestion_applicability, Some(Applicability::MachineApplicable));
        let new = span.suggested_replacement.as_deref().expect("a replacement");
        out.replace_range(span.byte_start as usize..span.byte_end as usize, new);
    }
    out
}

#[test]
fn editors_are_offered_the_same_edits() {
    let folder = folder("fix_json");
    for (name, before, after) in cases() {
        std::fs::write(folder.join("case.rs"), &before).unwrap();
        let messages = check(&folder, &["--format", "json"]).messages();
        let [message] = messages.as_slice() else { panic!("{name}: {messages:?}") };
        let fixes: Vec<_> = message.message.children.iter().filter(|child| !child.spans.is_empty()).collect();
        let [fix] = fixes.as_slice() else { panic!("{name}: {fixes:?}") };
        assert_eq!(with_suggestions(&before, &fix.spans), after, "{name}");
        assert_eq!(read(&folder.join("case.rs")), before, "nothing is written without `--fix`");
    }
}

fn git(folder: &Path, args: &[&str]) {
    let settings = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"];
    let status = Command::new("git")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .args(settings.iter().chain(args))
        .current_dir(folder)
        .status();
    assert!(status.expect("git is installed where the repository is worked on").success(), "git {args:?}");
}

#[test]
fn what_is_not_committed_is_left_alone() {
    let folder = folder("fix_dirty");
    let (_, before, after) = cases().remove(0);
    std::fs::write(folder.join("case.rs"), &before).unwrap();
    git(&folder, &["init", "--quiet"]);
    let refused = |why: &str| {
        let run = check(&folder, &["--fix"]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{why}: {}", run.stderr);
        assert!(
            run.stderr.contains("case.rs` has changes that are not committed\nhelp: commit it first"),
            "{why}: {}",
            run.stderr
        );
        assert!(run.stderr.contains("`--allow-dirty`"), "{}", run.stderr);
    };
    refused("git does not know it");
    git(&folder, &["add", "case.rs"]);
    refused("it is staged");
    git(&folder, &["commit", "--quiet", "--message=x"]);
    let changed = before.clone() + "// more\n";
    std::fs::write(folder.join("case.rs"), &changed).unwrap();
    refused("it has changed since");
    assert_eq!(read(&folder.join("case.rs")), changed);
    std::fs::write(folder.join("case.rs"), &before).unwrap();
    std::fs::write(folder.join("other.rs"), "fn untracked() {}\n").unwrap();
    let run = check(&folder, &["--fix"]);
    assert_eq!((run.code, read(&folder.join("case.rs"))), (Some(0), after), "{}", run.stderr);
}

#[test]
fn outside_of_a_repository_and_without_a_finding() {
    let outside = std::env::temp_dir().join(format!("locus-fix-{}", std::process::id()));
    std::fs::create_dir_all(&outside).unwrap();
    let (_, before, after) = cases().remove(0);
    std::fs::write(outside.join("case.rs"), &before).unwrap();
    let run = check(&outside, &["--fix"]);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(
        run.stderr.contains("is not in a git repository: ") && run.stderr.contains("`--allow-dirty`"),
        "{}",
        run.stderr
    );
    assert_eq!(read(&outside.join("case.rs")), before);
    // What an allow or a level silences is not mended either, and asks git for nothing.
    let run = check(&outside, &["--fix", "-A", "all"]);
    assert_eq!((run.code, read(&outside.join("case.rs"))), (Some(0), before), "{}", run.stderr);
    let run = check(&outside, &["--fix", "--allow-dirty"]);
    assert_eq!((run.code, read(&outside.join("case.rs"))), (Some(0), after), "{}", run.stderr);
    std::fs::remove_dir_all(&outside).unwrap();
}
