//! The runtime in the code that ships, optimised and without debug assertions: its tests, and the seeded rig for many
//! cases.
//!
//! What only holds because an assertion stops the program, or because the optimiser was off, shows here. The rig's cases
//! follow from their seeds, always the same ones: a failure belongs to the change, and prints the seed that repeats it.

use std::time::Duration;

use super::{PATIENCE, RUNTIME};
use crate::ledger::Ledger;
use crate::process;
use crate::provision::{self, Runner};
use crate::workspace::Workspace;

/// The profile that differs from `release` only in what makes building it slow.
const PROFILE: &str = "testrelease";

/// The test that runs the rig's cases, and how it is told how many.
const RIG_TEST: &str = "what_the_bus_promises_holds_in_random_graphs";
const RIG_CASES_VARIABLE: &str = "LOCUS_RIG_CASES";
/// As many as take two of the part's minutes on two cores: one in ten runs on threads, which wait for each other.
const RIG_CASES: u32 = 10_000;

/// Enters two outcomes, which share the time: of the tests, and of the rig.
pub(super) fn part(workspace: &Workspace, share: Duration, ledger: &mut Ledger) {
    let limit = share * PATIENCE;
    ledger.planned("tests, as optimised", share / 2, || tests(workspace, limit).into());
    ledger.planned(&format!("{RIG_CASES} seeds"), share / 2, || rig(workspace, limit).into());
}

fn tests(workspace: &Workspace, limit: Duration) -> Result<(), String> {
    let mut test = workspace.cargo();
    match provision::runner() {
        Runner::Nextest => test.args(["nextest", "run", "--no-fail-fast", "--cargo-profile", PROFILE]),
        Runner::CargoTest => test.args(["test", "--no-fail-fast", "--lib", "--tests", "--profile", PROFILE]),
    };
    process::show_within(limit, test.args(["--package", RUNTIME]))
}

fn rig(workspace: &Workspace, limit: Duration) -> Result<(), String> {
    let mut test = workspace.cargo();
    test.args(["test", "--package", RUNTIME, "--lib", "--profile", PROFILE, RIG_TEST, "--", "--nocapture"]);
    process::show_within(limit, test.env(RIG_CASES_VARIABLE, RIG_CASES.to_string()))
}
