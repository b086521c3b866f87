//! `cargo xtask oracle DIR..`: the checker's front end judged by rustc, over whole workspaces.
//!
//! A driver made of rustc's own crates (`xtask/oracle-driver`) checks each workspace as cargo would and tells the
//! type of the receiver of every method call; the checker tells what it takes the same receivers for. Calls on
//! collections, channels, tasks and file descriptors are compared. The run fails when one differs, or when the
//! checker knows fewer than [`KNOWN_PERCENT_MIN`] of them; it writes its table into `docs/oracle.md`.
//!
//! Needs a nightly toolchain with `rustc-dev`; where that is missing it says so and compares nothing.

mod compare;
mod kind;
mod table;

use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::ledger;
use crate::process;
use crate::workspace::Workspace;
use compare::{Comparison, Known};
use table::Row;

/// Below this share the front end guesses too little or sees too little.
const KNOWN_PERCENT_MIN: f64 = 98.0;
/// Fewer calls or workspaces than these prove little, and their table is not written.
const CALLS_MIN: usize = 2_000;
const WORKSPACES_MIN: usize = 4;
/// Exit code in CI of a run that compared nothing.
const EXIT_NOT_RUN: u8 = 4;
/// What to install where the driver cannot be built.
const INSTALL: &str = "rustup component add --toolchain nightly rustc-dev llvm-tools";
const DOCUMENT: &str = "docs/oracle.md";

/// Entry point of the command.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, String> {
    if arguments.is_empty() {
        return Err("`oracle` takes the directories of the workspaces to compare over".to_owned());
    }
    let Some(sysroot) = sysroot() else {
        println!("not run: no nightly toolchain with `rustc-dev`; run `{INSTALL}`");
        return Ok(if ledger::in_ci() { ExitCode::from(EXIT_NOT_RUN) } else { ExitCode::SUCCESS });
    };
    let oracle = Oracle::build(Workspace::load()?, sysroot)?;
    let mut rows = Vec::new();
    for directory in arguments {
        rows.push(oracle.workspace(Path::new(directory))?);
    }
    let total = Comparison::sum(rows.iter().map(|row| &row.comparison));
    print!("{}", table::text(&rows, &total));
    if total.calls() >= CALLS_MIN && rows.len() >= WORKSPACES_MIN {
        let path = oracle.workspace.root.join(DOCUMENT);
        let document = table::document(&rows, &total);
        std::fs::write(&path, document).map_err(|error| format!("cannot write `{DOCUMENT}`: {error}"))?;
    }
    let passed = total.wrong() == 0 && total.known_percent() >= KNOWN_PERCENT_MIN;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where the nightly toolchain lies, if it has the crates of rustc.
fn sysroot() -> Option<PathBuf> {
    let mut ask = Command::new("rustc");
    let output = ask.args(["+nightly", "--print", "sysroot"]).output().ok()?;
    let sysroot = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    let has = std::fs::read_dir(sysroot.join("lib/rustlib")).ok()?.flatten();
    let mut names = has.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.any(|name| name.starts_with("manifest-rustc-dev")).then_some(sysroot)
}

/// Both sides, built.
struct Oracle {
    workspace: Workspace,
    sysroot: PathBuf,
    driver: PathBuf,
    checker: PathBuf,
    /// Where what the driver says of each workspace lies; another driver writes elsewhere.
    receivers: PathBuf,
    /// Where the compared workspaces are built; apart from ours, whose flags and profiles differ.
    target: PathBuf,
}

impl Oracle {
    fn build(workspace: Workspace, sysroot: PathBuf) -> Result<Self, String> {
        process::show(workspace.cargo().args(["build", "--package", "locus-checker"]))?;
        let target = workspace.target.join("oracle");
        let driver_target = target.join("driver");
        let manifest = workspace.root.join("xtask/oracle-driver/Cargo.toml");
        let mut build = nightly(&workspace.root);
        build.args(["build", "--release", "--manifest-path"]).arg(manifest);
        process::show(build.env("CARGO_TARGET_DIR", &driver_target))?;
        let built = driver_target.join(format!("release/oracle-driver{}", std::env::consts::EXE_SUFFIX));
        let (driver, receivers) = kept(&built, &target)?;
        let checker = workspace.program("debug", "", "checker");
        Ok(Self { workspace, sysroot, driver, checker, receivers, target })
    }

    /// Asks both sides about the workspace in `directory`.
    fn workspace(&self, directory: &Path) -> Result<Row, String> {
        let directory = directory
            .canonicalize()
            .map_err(|error| format!("cannot find `{}`: {error}", directory.display()))?;
        let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        println!("==> {name}");
        let truth = self.truth(&directory, &name)?;
        let mut ask = Command::new(&self.checker);
        ask.arg("--manifest-path").arg(directory.join("Cargo.toml")).arg("--dump-receivers");
        let told = Known::read(&process::capture(&mut ask)?)?;
        let comparison = compare::compare(&truth, &told, &directory);
        comparison.differences.iter().for_each(|difference| println!("{difference}"));
        Ok(Row { name, version: version(&directory), comparison })
    }

    /// What rustc says: the lines of every crate of the workspace.
    fn truth(&self, directory: &Path, name: &str) -> Result<String, String> {
        let out = self.receivers.join(name);
        std::fs::create_dir_all(&out)
            .map_err(|error| format!("cannot create `{}`: {error}", out.display()))?;
        let mut check = nightly(directory);
        check.args(["check", "--quiet", "--workspace"]);
        check.env("CARGO_TARGET_DIR", &self.target).env("RUSTC_WORKSPACE_WRAPPER", &self.driver);
        check.env("LOCUS_ORACLE_OUT", &out).env("LD_LIBRARY_PATH", self.sysroot.join("lib"));
        process::show(&mut check)?;
        let entries = std::fs::read_dir(&out).map_err(|error| format!("cannot list: {error}"))?;
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        let read = |path: &PathBuf| std::fs::read_to_string(path).map_err(|error| error.to_string());
        paths.iter().map(read).collect()
    }
}

/// A copy of the driver under a name that its content decides, and a directory for what it says: cargo takes a
/// crate for unchanged, and does not run the driver again, as long as the path of the driver is the same.
fn kept(built: &Path, target: &Path) -> Result<(PathBuf, PathBuf), String> {
    let bytes = std::fs::read(built).map_err(|error| format!("cannot read the driver: {error}"))?;
    let mut hasher = std::hash::DefaultHasher::new();
    bytes.hash(&mut hasher);
    let directory = target.join(format!("{:016x}", hasher.finish()));
    let driver = directory.join(built.file_name().unwrap_or_default());
    if !driver.is_file() {
        let copied = std::fs::create_dir_all(&directory).and_then(|()| std::fs::copy(built, &driver));
        copied.map_err(|error| format!("cannot keep the driver: {error}"))?;
    }
    Ok((driver, directory.join("receivers")))
}

/// The nightly cargo in `directory`, without what the outer cargo set for its own children.
fn nightly(directory: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.arg("+nightly").current_dir(directory);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let ours = ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| text.starts_with(prefix));
        if ours || text == "CARGO" || text == "RUSTUP_TOOLCHAIN" {
            command.env_remove(&name);
        }
    }
    command
}

/// The commit that is checked out in `directory`, shortened; empty where it is no repository of its own.
fn version(directory: &Path) -> String {
    if !directory.join(".git").exists() {
        return String::new();
    }
    let mut ask = Command::new("git");
    ask.current_dir(directory).args(["rev-parse", "--short", "HEAD"]);
    process::capture(&mut ask).map_or_else(|_| String::new(), |text| text.trim().to_owned())
}
