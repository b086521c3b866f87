//! Foreign bytes at random: what people write into attributes, ceilings files, sources and `locus.toml`.
//!
//! The targets are tests that know their texts and what must hold; here they run for their share of time. A failure
//! prints the seed that repeats it.

use std::time::Duration;

use super::{PATIENCE, RUNTIME};
use crate::ledger::Ledger;
use crate::process;
use crate::workspace::Workspace;

/// Where the targets are, and what cargo is told.
const TARGETS: [(&str, &[&str]); 2] = [
    ("fuzz, checker and grammar", &["--package", "locus-checker", "--test", "fuzz"]),
    ("fuzz, settings", &["--package", RUNTIME, "--lib", "settings::fuzz"]),
];

const SECONDS_VARIABLE: &str = "LOCUS_FUZZ_SECONDS";

/// Part of the share that is left for building.
const BUILD_PART: u32 = 3;

/// Enters one outcome for each group of targets; the first has most of the texts and so most of the time.
pub(super) fn part(workspace: &Workspace, share: Duration, ledger: &mut Ledger) {
    let [first, second] = TARGETS;
    for ((name, which), share) in [(first, share / 4 * 3), (second, share / 4)] {
        ledger.planned(name, share, || run(workspace, which, share).into());
    }
}

fn run(workspace: &Workspace, which: &[&str], share: Duration) -> Result<(), String> {
    let mut test = workspace.cargo();
    test.arg("test").args(which).args(["--", "--nocapture"]);
    let seconds = (share - share / BUILD_PART).as_secs();
    process::show_within(share * PATIENCE, test.env(SECONDS_VARIABLE, seconds.to_string()))
}
