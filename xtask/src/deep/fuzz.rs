//! Foreign bytes at random: what people write into attributes, ceilings files, sources and `locus.toml`.
//!
//! The targets are tests that know their texts and what must hold; here they run for their share of time. A failure
//! prints the seed that repeats it.

use std::time::Duration;

use super::{PATIENCE, RUNTIME};
use crate::ledger::Ledger;
use crate::process;
use crate::workspace::Workspace;

/// Where the targets are, what cargo is told, and how many there are.
const TARGETS: [(&str, &[&str], u32); 2] = [
    ("fuzz, checker and grammar", &["--package", "locus-checker", "--test", "fuzz"], 3),
    ("fuzz, settings", &["--package", RUNTIME, "--lib", "settings::fuzz"], 1),
];

const SECONDS_VARIABLE: &str = "LOCUS_FUZZ_SECONDS";

/// Part of the share that is left for building.
const BUILD_PART: u32 = 3;

/// Enters one outcome for each group of targets; the first has most of the texts and so most of the time.
pub(super) fn part(workspace: &Workspace, share: Duration, ledger: &mut Ledger) {
    let [first, second] = TARGETS;
    for ((name, which, targets), share) in [(first, share / 4 * 3), (second, share / 4)] {
        ledger.planned(name, share, || run(workspace, which, targets, share).into());
    }
}

fn run(workspace: &Workspace, which: &[&str], targets: u32, share: Duration) -> Result<(), String> {
    let test = || {
        let mut test = workspace.cargo();
        test.arg("test").args(which);
        test
    };
    // A build that is slow is no target that hangs.
    process::show(test().arg("--no-run"))?;
    let mut test = test();
    test.args(["--", "--nocapture"]);
    // As many at once as there are cores; each gets the same time.
    let cores =
        std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
    let seconds = ((share - share / BUILD_PART) / targets.div_ceil(cores)).as_secs();
    process::show_within(share * PATIENCE, test.env(SECONDS_VARIABLE, seconds.to_string()))
}
