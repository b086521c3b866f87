//! `cargo xtask soak drain`: a drain under full load from eight pools, a thousand times; nothing accepted may be lost.

use crate::process;
use crate::workspace::Workspace;

const REPEATS: u32 = 1_000;
const REPEATS_VARIABLE: &str = "LOCUS_DRAIN_REPEATS";

/// Runs the test that `cargo xtask test` runs fifty times, optimised. Returns whether it passed.
pub(super) fn run(workspace: &Workspace) -> Result<bool, String> {
    let mut test = workspace.cargo();
    test.args(["test", "--profile", "testrelease", "--package", "locus-runtime", "--test", "drain_load"]);
    test.args(["--", "--nocapture"]).env(REPEATS_VARIABLE, REPEATS.to_string());
    let outcome = process::show(&mut test);
    if let Err(message) = &outcome {
        eprintln!("{message}");
    }
    Ok(outcome.is_ok())
}
