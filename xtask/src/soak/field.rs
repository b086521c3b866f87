//! `cargo xtask soak field DIR`: the checker over foreign services, one sub-directory of `DIR` each.
//!
//! For every service: files, lines, time per line beside a bare syn parse of the same files, calls the checker could
//! not resolve. The run fails when the checker could not run or reported a bug of its own, and when, over all
//! services together, more than [`UNRESOLVED_PERCENT_MAX`] of the calls stay unresolved.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process;
use crate::workspace::Workspace;

/// Above this share, silence of the checker says too little.
const UNRESOLVED_PERCENT_MAX: f64 = 25.0;

/// What the checker says about one service, or the sum over several.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Figures {
    files: f64,
    lines: f64,
    seconds: f64,
    bare_parse_seconds: f64,
    calls: f64,
    unresolved: f64,
}

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
    let services = services(directory)?;
    let mut total = Figures::default();
    let mut failures = Vec::new();
    println!("{}", head());
    for service in &services {
        let name = service.file_name().unwrap_or_default().to_string_lossy();
        match measure(&checker, service) {
            Ok(figures) => {
                println!("{}", figures.line(&name));
                total.add(figures);
            }
            Err(message) => failures.push(format!("{name}: {message}")),
        }
    }
    println!("{}", total.line("total"));
    failures.iter().for_each(|failure| println!("{failure}"));
    Ok(failures.is_empty() && total.unresolved_percent() <= UNRESOLVED_PERCENT_MAX)
}

fn services(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(directory);
    let entries = entries.map_err(|error| format!("cannot read `{}`: {error}", directory.display()))?;
    let mut found: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    found.sort();
    if found.is_empty() { Err(format!("`{}` holds no directory", directory.display())) } else { Ok(found) }
}

/// One service, as a workspace where it has a manifest, else as bare files.
fn measure(checker: &Path, service: &Path) -> Result<Figures, String> {
    let manifest = service.join("Cargo.toml");
    let mut command = Command::new(checker);
    command.arg("--time-bare-parse");
    if manifest.is_file() {
        command.arg("--manifest-path").arg(manifest);
    } else {
        command.arg(service);
    }
    Figures::read(&process::capture(&mut command)?)
}

impl Figures {
    /// Reads what the checker prints: a name and a number a line.
    fn read(output: &str) -> Result<Self, String> {
        let pairs: Vec<(&str, &str)> = output.lines().filter_map(|line| line.split_once(' ')).collect();
        let figure = |name: &str| {
            let value = pairs.iter().find(|(found, _)| *found == name).map(|(_, value)| *value);
            value
                .and_then(|value| value.trim().parse().ok())
                .ok_or_else(|| format!("no figure `{name}`:\n{output}"))
        };
        Ok(Self {
            files: figure("files")?,
            lines: figure("lines")?,
            seconds: figure("run_seconds")?,
            bare_parse_seconds: figure("bare_parse_seconds")?,
            calls: figure("calls")?,
            unresolved: figure("calls_unresolved")?,
        })
    }

    fn add(&mut self, other: Self) {
        self.files += other.files;
        self.lines += other.lines;
        self.seconds += other.seconds;
        self.bare_parse_seconds += other.bare_parse_seconds;
        self.calls += other.calls;
        self.unresolved += other.unresolved;
    }

    fn unresolved_percent(&self) -> f64 {
        100.0 * self.unresolved / self.calls.max(1.0)
    }

    fn line(&self, name: &str) -> String {
        let ns_per_line = |seconds: f64| seconds * 1e9 / self.lines.max(1.0);
        format!(
            "{name:<24} {:>7} {:>9} {:>10.0} {:>11.0} {:>7.2} {:>9} {:>12.1}",
            self.files,
            self.lines,
            ns_per_line(self.seconds),
            ns_per_line(self.bare_parse_seconds),
            self.seconds / self.bare_parse_seconds.max(f64::MIN_POSITIVE),
            self.calls,
            self.unresolved_percent(),
        )
    }
}

fn head() -> String {
    format!(
        "{:<24} {:>7} {:>9} {:>10} {:>11} {:>7} {:>9} {:>12}",
        "service", "files", "lines", "ns/line", "syn ns/line", "ratio", "calls", "unresolved %"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str =
        "files 2\nlines 1000\nrun_seconds 0.002\nbare_parse_seconds 0.001\ncalls 40\ncalls_unresolved 10\n";

    #[test]
    fn figures_are_read_by_name() {
        let figures = Figures::read(&format!("threads 2\n{OUTPUT}findings 3\n")).unwrap();
        assert_eq!((figures.files, figures.lines, figures.unresolved_percent()), (2.0, 1000.0, 25.0));
        let words: Vec<String> = figures.line("svc").split_whitespace().map(str::to_owned).collect();
        assert_eq!(words, ["svc", "2", "1000", "2000", "1000", "2.00", "40", "25.0"]);
    }

    #[test]
    fn totals_are_sums() {
        let one = Figures::read(OUTPUT).unwrap();
        let mut total = one;
        total.add(one);
        assert_eq!((total.lines, total.calls, total.unresolved_percent()), (2000.0, 80.0, 25.0));
    }

    #[test]
    fn output_without_figures_is_an_error() {
        assert!(Figures::read("done\n").is_err());
        assert!(Figures::read("files 1\n").unwrap_err().contains("`lines`"));
    }
}
