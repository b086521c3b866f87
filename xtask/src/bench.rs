//! `cargo xtask bench`: runs the benchmarks and keeps their rows.
//!
//! The benchmark program prints its table as it goes and one JSON object a line; this command writes those to
//! `target/bench.json`. A missed target is told and is no failure: the figures of a shared machine are no gate.

use std::process::{Command, ExitCode};

use serde_json::Value;

use crate::process;
use crate::workspace::Workspace;

const PACKAGE: &str = "locus-benches";

/// What every row holds.
const KEYS: [&str; 8] = ["shape", "unit", "ours", "reference", "reference_value", "ratio", "target", "pass"];

/// Entry point of the command; its arguments go to the benchmark program.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, String> {
    let workspace = Workspace::load()?;
    process::show(workspace.cargo().args(["build", "--release", "--package", PACKAGE]))?;
    let mut bench = Command::new(workspace.program("release", "", PACKAGE));
    let rows = rows(&process::capture(bench.args(arguments))?)?;
    let path = workspace.target.join("bench.json");
    let text = serde_json::to_string_pretty(&rows).map_err(|error| error.to_string())?;
    std::fs::write(&path, text + "\n")
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    println!("{}", verdict(&rows));
    Ok(ExitCode::SUCCESS)
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
    let missed: Vec<String> = rows
        .iter()
        .filter(|row| row["pass"] == Value::Bool(false))
        .map(|row| {
            format!("\n  {} beside {}: {} of {}", row["shape"], row["reference"], row["ratio"], row["target"])
        })
        .collect();
    match missed.len() {
        0 => format!("{} rows, every target met; they are in target/bench.json", rows.len()),
        n => format!("{} rows in target/bench.json, {n} targets missed:{}", rows.len(), missed.concat()),
    }
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
    fn a_row_that_lacks_something_is_refused() {
        assert!(rows(r#"{"shape":"same pool"}"#).unwrap_err().contains("no `unit`"));
        assert!(rows("nothing\n").is_err());
    }
}
