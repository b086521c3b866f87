//! `cargo xtask bench [FILTER]`: runs the benchmarks and keeps their rows.
//!
//! The benchmark program prints its table as it goes and one JSON object a line; this command writes those to
//! `target/bench.json`. A missed target is told and is no failure: the figures of a shared machine are no gate. The Go
//! peers are built beside the benchmark program, which starts them; where Go is not to be had, their rows are told as
//! not run.

use std::path::Path;
use std::process::{Command, ExitCode};

use serde_json::Value;

use crate::ledger::Outcome;
use crate::workspace::Workspace;
use crate::{process, provision};

const PACKAGE: &str = "locus-benches";

/// The program of the Go peers, and where its source is.
const GO_PEERS: &str = "locus-benches-go";
const GO_SOURCE: &str = "benches/go";

/// Many Intel processors decode a jump anew each time it is met where it touches the end of 32 bytes of code. Which jumps do
/// is chance, and differs between builds of the same source by more than what is measured: so none does, in whoever is
/// measured. Go's compiler sees to it by itself.
const STEADY_JUMPS: &str = concat!(
    "target.'cfg(target_arch = \"x86_64\")'.",
    "rustflags = ['-Cllvm-args=-x86-branches-within-32B-boundaries']"
);

/// What every row holds.
const KEYS: [&str; 8] = ["shape", "unit", "ours", "reference", "reference_value", "ratio", "target", "pass"];

/// Entry point of the command; its arguments go to the benchmark program.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, String> {
    let workspace = Workspace::load()?;
    let build = ["build", "--release", "--package", PACKAGE, "--config", STEADY_JUMPS];
    process::show(workspace.cargo().args(build))?;
    build_go_peers(&workspace.root, &workspace.program("release", "", GO_PEERS))?;
    let mut bench = Command::new(workspace.program("release", "", PACKAGE));
    let rows = rows(&process::capture(bench.args(arguments))?)?;
    let path = workspace.target.join("bench.json");
    let text = serde_json::to_string_pretty(&rows).map_err(|error| error.to_string())?;
    std::fs::write(&path, text + "\n")
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    println!("{}", verdict(&rows));
    Ok(ExitCode::SUCCESS)
}

/// Builds `program`, or removes one of an earlier run where Go is gone: a row is of this source or not run.
fn build_go_peers(root: &Path, program: &Path) -> Result<(), String> {
    if let Outcome::NotRun { lacks, command } = provision::go() {
        println!("{lacks}: its rows are not run (`{command}`)");
        return match std::fs::remove_file(program) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(format!("cannot remove `{}`: {error}", program.display()))
            }
            _ => Ok(()),
        };
    }
    process::show(
        Command::new("go").current_dir(root.join(GO_SOURCE)).args(["build", "-o"]).arg(program).arg("."),
    )
}

fn rows(output: &str) -> Result<Vec<Value>, String> {
    let lines = output.lines().filter(|line| line.starts_with('{'));
    let rows: Vec<Value> = lines.map(row).collect::<Result<_, _>>()?;
    if rows.is_empty() { Err("the benchmarks printed no row".to_owned()) } else { Ok(rows) }
}

fn row(line: &str) -> Result<Value, String> {
    let row: Value = serde_json::from_str(line).map_err(|error| format!("`{line}` is no row: {error}"))?;
    match KEYS.iter().find(|key| row.get(**key).is_none()) {
        None => Ok(row),
        Some(key) => Err(format!("`{line}` has no `{key}`")),
    }
}

fn verdict(rows: &[Value]) -> String {
    let not_run: Vec<_> = rows.iter().filter(|row| !row["not_run"].is_null()).map(not_run).collect();
    let missed: Vec<_> = rows
        .iter()
        .filter(|row| row["not_run"].is_null() && row["pass"] == Value::Bool(false))
        .map(missed)
        .collect();
    let outcome = match (missed.len(), not_run.len()) {
        (0, 0) => "every target met".to_owned(),
        (missed, not_run) => format!("{missed} targets missed, {not_run} not run:"),
    };
    format!("{} rows in target/bench.json, {outcome}{}{}", rows.len(), missed.concat(), not_run.concat())
}

fn missed(row: &Value) -> String {
    format!("\n  {} beside {}: {} of {}", row["shape"], row["reference"], row["ratio"], row["target"])
}

fn not_run(row: &Value) -> String {
    format!("\n  {} beside {} not run: {}", row["shape"], row["reference"], row["not_run"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(pass: bool) -> String {
        format!(
            r#"{{"shape":"same pool","unit":"ns","ours":5.0,"reference":"actix","reference_value":100.0,"ratio":20.0,"target":">= 10","pass":{pass}}}"#
        )
    }

    #[test]
    fn rows_are_taken_from_among_other_lines() {
        let rows = rows(&format!("machine: x\n{}\n{}\n", line(true), line(false))).unwrap();
        assert_eq!(rows.len(), 2);
        assert!(
            verdict(&rows).contains("1 targets missed") && verdict(&rows[..1]).contains("every target met")
        );
    }

    #[test]
    fn what_was_not_run_is_told_and_not_met() {
        let row = r#"{"shape":"ticks","unit":"ns","ours":5.0,"reference":"go","reference_value":null,"ratio":null,"target":">= 8","pass":false,"not_run":"no Go"}"#;
        let told = verdict(&rows(row).unwrap());
        assert!(told.contains("0 targets missed, 1 not run") && told.contains("no Go"), "{told}");
    }

    #[test]
    fn a_row_that_lacks_something_is_refused() {
        assert!(rows(r#"{"shape":"same pool"}"#).unwrap_err().contains("no `unit`"));
        assert!(rows("nothing\n").is_err());
    }
}
