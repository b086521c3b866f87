//! The tests of the runtime in the code that ships: optimised, without debug assertions.
//!
//! What only holds because an assertion stops the program, or because the optimiser was off, shows here.

use std::time::Duration;

use super::{PATIENCE, RUNTIME};
use crate::ledger::Ledger;
use crate::process;
use crate::provision::{self, Runner};
use crate::workspace::Workspace;

/// The profile that differs from `release` only in what makes building it slow.
const PROFILE: &str = "testrelease";

/// Enters their outcome.
pub(super) fn part(workspace: &Workspace, share: Duration, ledger: &mut Ledger) {
    ledger.planned("tests, as optimised", share, || run(workspace, share * PATIENCE).into());
}

fn run(workspace: &Workspace, limit: Duration) -> Result<(), String> {
    let mut test = workspace.cargo();
    match provision::runner() {
        Runner::Nextest => test.args(["nextest", "run", "--no-fail-fast", "--cargo-profile", PROFILE]),
        Runner::CargoTest => test.args(["test", "--no-fail-fast", "--lib", "--tests", "--profile", PROFILE]),
    };
    process::show_within(limit, test.args(["--package", RUNTIME]))
}
