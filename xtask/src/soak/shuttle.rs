//! `cargo xtask soak shuttle [MINUTES]`: whole pools under shuttle, on graphs and schedules that are drawn anew until the
//! time is up. `cargo xtask deep` explores the same ones each time, so that a failure belongs to the change.
//!
//! A failure prints the seeds of the graph and of its schedules, which reproduce it.

use crate::process;
use crate::workspace::Workspace;

const MINUTES_DEFAULT: u64 = 10;
const MINUTES_VARIABLE: &str = "LOCUS_RIG_MINUTES";

/// The test that explores; without the variable, what `deep` does.
const TEST: &str = "shuttle_what_the_bus_promises_holds_in_any_schedule";

/// Explores, with assertions. Returns whether all held.
pub(super) fn run(workspace: &Workspace, minutes: Option<&str>) -> Result<bool, String> {
    let minutes = match minutes.map(str::parse) {
        None => MINUTES_DEFAULT,
        Some(Ok(minutes)) => minutes,
        Some(Err(error)) => return Err(format!("`soak shuttle` takes a number of minutes: {error}")),
    };
    let mut test = workspace.cargo();
    test.args(["test", "--package", "locus-runtime", "--lib", TEST, "--", "--nocapture"]);
    test.env(MINUTES_VARIABLE, minutes.to_string());
    // A directory of its own: other flags would make the ordinary build start over.
    test.env("RUSTFLAGS", "--cfg shuttle").env("CARGO_TARGET_DIR", workspace.target.join("shuttle"));
    let outcome = process::show(&mut test);
    if let Err(message) = &outcome {
        eprintln!("{message}");
    }
    Ok(outcome.is_ok())
}
