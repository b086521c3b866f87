//! `cargo xtask soak speed DIR`: what the checker costs on the workspace in `DIR`, beside a bare syn parse.
//!
//! The workspace is copied first, so that one of its files can be changed. Each round then starts four processes one
//! after the other, every one of which reads its files itself: a parse of the files that the checker reads, with the
//! syn it is built with and as many threads; the checker without a store; with one, after a file was changed in the
//! body of a function; and after a function was added to that file. Ratios are made within a round, of processor time,
//! and the median over the rounds counts: on a machine that does something else the clock says little. `cargo check` is
//! measured by hand, since what a workspace needs to compile is not for this command to know.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process;
use crate::workspace::Workspace;

const ROUNDS: usize = 15;

/// Smaller workspaces say nothing about the limits below, which are of the whole of a run.
const LINES_MIN: f64 = 300_000.0;

/// What one process has cost.
type Figures = BTreeMap<String, f64>;

/// A figure that has a limit.
struct Row {
    shape: &'static str,
    value: f64,
    limit: f64,
    /// Whether the limit is the least that is wanted.
    least: bool,
}

/// Runs the measurement; returns whether every limit holds.
pub(super) fn run(workspace: &Workspace, directory: &Path) -> Result<bool, String> {
    process::show(workspace.cargo().args([
        "build",
        "--release",
        "--package",
        "locus-checker",
        "--bin",
        "checker",
    ]))?;
    let bench = Bench::new(workspace, directory)?;
    let rounds = (0..ROUNDS).map(|round| bench.round(round)).collect::<Result<Vec<_>, String>>()?;
    println!("{} files, {} lines, {ROUNDS} rounds", bench.files.len(), bench.lines);
    for (at, name) in ["parse", "cold", "body changed", "function added"].iter().enumerate() {
        let of = |figure: &str| median(rounds.iter().map(|round| round[at].get(figure).copied()));
        let (wall, cpu, peak) = (of("wall_ms")?, of("cpu_ms")?, of("peak_kb")?);
        println!("{name:<16} {cpu:>9.1} ms cpu {wall:>9.1} ms wall {peak:>9.0} KB");
    }
    let rows = bench.rows(&rounds)?;
    for row in &rows {
        let sign = if row.least { ">=" } else { "<=" };
        let verdict = if row.holds() { "holds" } else { "missed" };
        println!("{:<40} {:>12.3} {sign} {:<10} {verdict}", row.shape, row.value, row.limit);
    }
    if bench.lines < LINES_MIN {
        println!("fewer than {LINES_MIN} lines: the limits are of larger workspaces");
    }
    Ok(rows.iter().all(Row::holds))
}

impl Row {
    fn holds(&self) -> bool {
        if self.least { self.value >= self.limit } else { self.value <= self.limit }
    }
}

/// A copy of the workspace, and what is run over it.
struct Bench {
    checker: PathBuf,
    copy: PathBuf,
    files: Vec<PathBuf>,
    lines: f64,
    /// The file that is changed, as it was.
    changed: (PathBuf, String),
}

impl Bench {
    fn new(workspace: &Workspace, directory: &Path) -> Result<Self, String> {
        let checker = workspace.program("release", "", "checker");
        let copy = workspace.target.join("soak-speed");
        match std::fs::remove_dir_all(&copy) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(told(&copy, &error)),
            _ => {}
        }
        copy_sources(directory, &copy.join("tree"))?;
        let manifest = copy.join("tree/Cargo.toml");
        let mut list = Command::new(&checker);
        let list = process::capture(list.arg("--list-files").arg("--manifest-path").arg(&manifest))?;
        let files: Vec<PathBuf> = list.lines().map(PathBuf::from).collect();
        std::fs::write(copy.join("list"), &list).map_err(|error| told(&copy, &error))?;
        let lines = files.iter().map(|file| read(file).map(|text| text.lines().count()));
        let lines = lines.sum::<Result<usize, String>>()? as f64;
        let changed = files
            .iter()
            .find(|file| read(file).is_ok_and(|text| body_of(&text).is_some()))
            .ok_or("no file has a public function")?;
        let changed = (changed.clone(), read(changed)?);
        Ok(Self { checker, copy, files, lines, changed })
    }

    /// Parse, cold, a body changed, a function added.
    fn round(&self, round: usize) -> Result<[Figures; 4], String> {
        let (path, text) = &self.changed;
        let store = self.copy.join("store");
        let manifest = self.copy.join("tree/Cargo.toml");
        let write = |text: String| std::fs::write(path, text).map_err(|error| told(path, &error));
        let cached = |command: &mut Command| {
            command.arg("--manifest-path").arg(&manifest).arg("--cache").arg(&store);
        };
        write(text.clone())?;
        let parse = self.figures(|command| {
            command.arg("--parse-only").arg(self.copy.join("list"));
        })?;
        let cold = self.figures(|command| {
            command.arg("--manifest-path").arg(&manifest).arg("--no-cache");
        })?;
        self.figures(cached)?;
        let at = body_of(text).ok_or("the file has a function with a body")?;
        write(format!("{}    let _ = {round};\n{}", &text[..at], &text[at..]))?;
        let body = self.figures(cached)?;
        write(format!("{text}\npub fn added_{round}() -> usize {{\n    {round}\n}}\n"))?;
        let function = self.figures(cached)?;
        Ok([parse, cold, body, function])
    }

    fn figures(&self, arguments: impl Fn(&mut Command)) -> Result<Figures, String> {
        let mut command = Command::new(&self.checker);
        command.args(["--figures", "--format", "short"]);
        arguments(&mut command);
        let output = command.stdin(Stdio::null()).output();
        let output = output.map_err(|error| format!("cannot start the checker: {error}"))?;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let figure = |line: &str| {
            let (name, value) = line.split_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        match output.status.code() {
            Some(0 | 1) => Ok(told.lines().filter_map(figure).collect()),
            _ => Err(format!("the checker ended with {}: {told}", output.status)),
        }
    }

    fn rows(&self, rounds: &[[Figures; 4]]) -> Result<Vec<Row>, String> {
        let ratio = |one: usize, other: usize| {
            median(rounds.iter().map(|round| Some(round[one].get("cpu_ms")? / round[other].get("cpu_ms")?)))
        };
        let of_cold = |figure: &str| median(rounds.iter().map(|round| round[1].get(figure).copied()));
        let row = |shape, value, limit, least| Row { shape, value, limit, least };
        Ok(vec![
            row("cold / bare parse", ratio(1, 0)?, 2.5, false),
            row("cold, lines a second and core", self.lines * 1e3 / of_cold("cpu_ms")?, 100_000.0, true),
            row("body changed / cold", ratio(2, 1)?, 0.1, false),
            row("function added / cold", ratio(3, 1)?, 0.1, false),
            row("cold, peak bytes a line", of_cold("peak_kb")? * 1024.0 / self.lines, 1024.0, false),
        ])
    }
}

/// Where the body of the first public function begins.
fn body_of(text: &str) -> Option<usize> {
    let function = text.find("\npub fn ")?;
    Some(function + text[function..].find("{\n")? + 2)
}

fn median(values: impl Iterator<Item = Option<f64>>) -> Result<f64, String> {
    let mut values =
        values.collect::<Option<Vec<f64>>>().ok_or("this system does not tell what a process costs")?;
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().ok_or_else(|| "nothing was measured".to_owned())
}

/// Copies manifests and Rust files, and leaves targets and hidden folders behind.
fn copy_sources(from: &Path, to: &Path) -> Result<(), String> {
    std::fs::create_dir_all(to).map_err(|error| told(to, &error))?;
    for entry in std::fs::read_dir(from).map_err(|error| told(from, &error))? {
        let path = entry.map_err(|error| told(from, &error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_link = path.symlink_metadata().is_ok_and(|of| of.is_symlink());
        if path.is_dir() && !is_link && name != "target" && !name.starts_with('.') {
            copy_sources(&path, &to.join(&name))?;
        } else if path.is_file() && (name.ends_with(".rs") || name.ends_with(".toml")) {
            std::fs::copy(&path, to.join(&name)).map_err(|error| told(&path, &error))?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| told(path, &error))
}

fn told(path: &Path, error: &std::io::Error) -> String {
    format!("`{}`: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::{Row, median};

    #[test]
    fn the_median_is_of_what_was_measured() {
        assert_eq!(median([Some(3.0), Some(1.0), Some(2.0)].into_iter()), Ok(2.0));
        assert!(median([Some(1.0), None].into_iter()).is_err());
        assert!(median([].into_iter()).is_err());
    }

    #[test]
    fn a_body_is_found_behind_its_signature() {
        let text = "struct A {\n}\npub fn f(a: u8) -> u8\nwhere\n{\n    a\n}\n";
        assert_eq!(super::body_of(text).map(|at| &text[at..]), Some("    a\n}\n"));
        assert_eq!(super::body_of("fn f() {\n}"), None);
    }

    #[test]
    fn limits_hold_from_their_side() {
        let row = |value, least| Row { shape: "x", value, limit: 2.0, least };
        assert!(row(1.0, false).holds() && !row(3.0, false).holds());
        assert!(row(3.0, true).holds() && !row(1.0, true).holds());
    }
}
