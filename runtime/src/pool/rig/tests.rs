//! The cases, and the controls that show that they can fail.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::pool::rig::case::{self, Totals};
use crate::pool::rig::fault::{self, Fault};

/// Cases in an ordinary test run: some seconds.
const CASES: u64 = if cfg!(miri) { 3 } else { 1_500 };

/// Cases in which a planted fault must show.
const CONTROL_CASES: u64 = 400;

/// Messages that one case may publish.
const MESSAGES_MAX: usize = if cfg!(miri) { 20 } else { 150 };

fn from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs one case; a panic of the runtime is a failure like any other.
fn run(seed: u64) -> Result<Totals, String> {
    catch_unwind(AssertUnwindSafe(|| case::run(seed, MESSAGES_MAX))).unwrap_or_else(|panic| {
        Err(format!("the runtime panicked: {}", crate::supervise::panic_text(panic.as_ref())))
    })
}

/// `LOCUS_RIG_CASES=n` runs more cases, `LOCUS_RIG_SEED=n` a single one.
#[test]
fn what_the_bus_promises_holds_in_random_graphs() {
    let single = from_env("LOCUS_RIG_SEED");
    let seeds = match single {
        Some(seed) => seed..=seed,
        None => 1..=from_env("LOCUS_RIG_CASES").unwrap_or(CASES),
    };
    let mut sum = Totals::default();
    for seed in seeds {
        match run(seed) {
            Ok(totals) => {
                sum.sent += totals.sent;
                sum.got += totals.got;
                sum.missed += totals.missed;
            }
            Err(complaints) => panic!("LOCUS_RIG_SEED={seed}\n{complaints}"),
        }
    }
    eprintln!("{sum:?}");
    assert!(single.is_some() || (sum.got > 0 && sum.sent > 0), "nothing happened: {sum:?}");
}

/// Takes a planted fault out again, also when the test fails.
struct Planted;

impl Drop for Planted {
    fn drop(&mut self) {
        fault::plant(None);
    }
}

/// Plants a fault and returns what the checks say about the first case in which it shows.
fn complaints_about(fault: Fault) -> Option<String> {
    let _planted = Planted;
    fault::plant(Some(fault));
    (1..=CONTROL_CASES).find_map(|seed| run(seed).err())
}

#[cfg(not(miri))]
#[test]
fn every_planted_fault_is_noticed() {
    let controls = [
        (Fault::BellLost, "sleeps on work|sleeps though there is room"),
        (Fault::CreditKept, "credits under way|never quiet"),
        (Fault::RollbackSkipped, "was taken back, and yet delivered"),
        (Fault::StageOvertaken, "came after"),
        (Fault::BlockedRuns, "while a message of it waits for room"),
        (Fault::MissedForgotten, "missed of"),
    ];
    for (fault, words) in controls {
        let said = complaints_about(fault).unwrap_or_else(|| panic!("{fault:?} goes unnoticed"));
        assert!(words.split('|').any(|words| said.contains(words)), "{fault:?} is noticed as:\n{said}");
    }
}
