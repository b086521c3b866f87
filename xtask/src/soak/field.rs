//! `cargo xtask soak field DIR`: the checker over foreign services, one sub-directory of `DIR` each.
//!
//! For every service: files, lines, time per line beside a bare syn parse of the same files, calls the checker could
//! not resolve. The run fails when the checker could not run or reported a bug of its own, and when, over all
//! services together, more than [`UNRESOLVED_PERCENT_MAX`] of the calls stay unresolved.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::process;
use crate::workspace::Workspace;

/// Above this share, silence of the checker says too little.
const UNRESOLVED_PERCENT_MAX: f64 = 25.0;

/// Exit codes with which the checker has looked at the code: nothing denied, or something denied.
const EXITS_OF_A_VERDICT: [i32; 2] = [0, 1];

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
    process::show(workspace.cargo().args(["build", "--release", "--package", "locus-checker"]))?;
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

fn measure(checker: &Path, service: &Path) -> Result<Figures, String> {
    let (status, output) = process::capture_any(Command::new(checker).arg("--time-bare-parse").arg(service))?;
    if !status.code().is_some_and(|code| EXITS_OF_A_VERDICT.contains(&code)) {
        return Err(format!("the checker ended with {status}"));
    }
    Figures::read(&output)
}

impl Figures {
    /// Reads the JSON line the checker ends with.
    fn read(output: &str) -> Result<Self, String> {
        let line = output
            .lines()
            .rev()
            .find(|line| line.starts_with('{'))
            .ok_or("the checker printed no figures")?;
        let values: Value = serde_json::from_str(line).map_err(|error| format!("`{line}`: {error}"))?;
        let figure = |key: &str| values[key].as_f64().ok_or_else(|| format!("`{line}` has no `{key}`"));
        Ok(Self {
            files: figure("files")?,
            lines: figure("lines")?,
            seconds: figure("seconds")?,
            bare_parse_seconds: figure("bare_parse_seconds")?,
            calls: figure("calls")?,
            unresolved: figure("unresolved")?,
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

    const LINE: &str =
        r#"{"files":2,"lines":1000,"seconds":0.002,"bare_parse_seconds":0.001,"calls":40,"unresolved":10}"#;

    #[test]
    fn the_last_json_line_holds_the_figures() {
        let figures = Figures::read(&format!("warning: x\n{{\"other\":1}}\n{LINE}\n")).unwrap();
        assert_eq!((figures.files, figures.lines, figures.unresolved_percent()), (2.0, 1000.0, 25.0));
        let words: Vec<String> = figures.line("svc").split_whitespace().map(str::to_owned).collect();
        assert_eq!(words, ["svc", "2", "1000", "2000", "1000", "2.00", "40", "25.0"]);
    }

    #[test]
    fn totals_are_sums() {
        let one = Figures::read(LINE).unwrap();
        let mut total = one;
        total.add(one);
        assert_eq!((total.lines, total.calls, total.unresolved_percent()), (2000.0, 80.0, 25.0));
    }

    #[test]
    fn output_without_figures_is_an_error() {
        assert!(Figures::read("done\n").is_err());
        assert!(Figures::read("{\"files\":1}\n").unwrap_err().contains("no `lines`"));
    }
}
