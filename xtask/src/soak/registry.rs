//! `cargo xtask soak registry DIR`: the checker over every package below `DIR`, such as cargo's registry sources.
//!
//! Each package is checked alone, as a folder of files. The run fails when the checker reports a bug of its own, ends in
//! a way it has no name for, or takes longer than [`FILE_LIMIT`] for one file. A package that takes longer than that in
//! all is checked once more, file by file, to tell: each alone in a folder of its own, since the root of a package, where it
//! lies, stands for all its modules.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::process;
use crate::workspace::Workspace;

/// What a file may take at most.
const FILE_LIMIT: Duration = Duration::from_secs(2);
/// What a package may take before it is stopped: the largest have thousands of files.
const PACKAGE_LIMIT: Duration = Duration::from_secs(120);
/// Exit codes with a meaning: clean, denied, could not run.
const NAMED_CODES: [i32; 3] = [0, 1, 2];

/// Runs the trial; returns whether it passed.
pub(super) fn run(workspace: &Workspace, directory: &Path) -> Result<bool, String> {
    process::show(workspace.cargo().args([
        "build",
        "--release",
        "--package",
        "locus-checker",
        "--bin",
        "checker",
    ]))?;
    let checker = workspace.program("release", "", "checker");
    let packages = folders(directory)?;
    let folder = workspace.target.join("soak-registry");
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot make `{}`: {error}", folder.display()))?;
    let alone = folder.join("alone.rs");
    let (mut slowest, mut failures) = ((Duration::ZERO, PathBuf::new()), Vec::new());
    for package in &packages {
        let outcome = check(&checker, package, PACKAGE_LIMIT)?;
        failures.extend(outcome.failure);
        if outcome.took <= FILE_LIMIT {
            continue;
        }
        for file in files(package)? {
            std::fs::copy(&file, &alone)
                .map_err(|error| format!("cannot copy `{}`: {error}", file.display()))?;
            let outcome = check(&checker, &alone, PACKAGE_LIMIT)?;
            failures.extend(outcome.failure.map(|failure| format!("{}: {failure}", file.display())));
            if outcome.took > FILE_LIMIT {
                failures.push(format!("{}: {:.1} s", file.display(), outcome.took.as_secs_f64()));
            }
            if outcome.took > slowest.0 {
                slowest = (outcome.took, file);
            }
        }
    }
    println!("{} packages, {} failures", packages.len(), failures.len());
    println!("slowest file: {:.2} s, {}", slowest.0.as_secs_f64(), slowest.1.display());
    failures.iter().for_each(|failure| println!("{failure}"));
    Ok(failures.is_empty())
}

struct Outcome {
    took: Duration,
    failure: Option<String>,
}

fn check(checker: &Path, path: &Path, limit: Duration) -> Result<Outcome, String> {
    let began = Instant::now();
    let mut command = Command::new(checker);
    command
        .args(["--format", "short"])
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("cannot start the checker: {error}"))?;
    let status = process::wait_within(limit, &mut child)?;
    let failure = match status.map(|status| (status.code(), status)) {
        None => Some(format!("{}: still running after {} s", path.display(), limit.as_secs())),
        Some((Some(code), _)) if NAMED_CODES.contains(&code) => None,
        Some((_, status)) => Some(format!("{}: {status}", path.display())),
    };
    Ok(Outcome { took: began.elapsed(), failure })
}

/// The folders of `directory` that hold a manifest, and those one level further down: cargo keeps one folder for each
/// registry, and in it one for each package.
fn folders(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for entry in entries(directory)? {
        if entry.join("Cargo.toml").is_file() {
            found.push(entry);
        } else if entry.is_dir() {
            found.extend(entries(&entry)?.into_iter().filter(|inner| inner.join("Cargo.toml").is_file()));
        }
    }
    if found.is_empty() { Err(format!("`{}` holds no package", directory.display())) } else { Ok(found) }
}

/// Every Rust file below `directory`.
fn files(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let (mut found, mut open) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(directory) = open.pop() {
        for entry in entries(&directory)? {
            let is_link = entry.symlink_metadata().is_ok_and(|of| of.is_symlink());
            if entry.is_dir() && !is_link {
                open.push(entry);
            } else if entry.extension().is_some_and(|of| of == "rs") {
                found.push(entry);
            }
        }
    }
    Ok(found)
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(directory);
    let entries = entries.map_err(|error| format!("cannot read `{}`: {error}", directory.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}
