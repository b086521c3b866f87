//! Schedules of small programs, with subscriptions, waits for room and the drain in flight, and the controls.
//!
//! ```text
//! RUSTFLAGS="--cfg shuttle" cargo test -p locus-runtime --lib shuttle_
//! ```

use std::process::Command;

use shuttle::Runner;
use shuttle::scheduler::RandomScheduler;

use crate::pool::rig::fault::{self, Fault};
use crate::pool::rig::{case, coverage};

/// Graphs, and schedules of each: more of both where one of a few interleavings is looked for.
const GRAPHS: u64 = 40;
const SCHEDULES: usize = 10;

/// Messages that one case may publish: a schedule is a few thousand switches long then.
const MESSAGES_MAX: usize = 30;

/// For each thread: as much as the turns of a pool need without optimisation.
const STACK_BYTES: usize = 1 << 20;

/// What a case says that does not hold, as shuttle reports it.
const FAILED: &str = "LOCUS_RIG_SEED=";

/// Explores graphs under schedules of shuttle's choice.
///
/// # Panics
/// When something does not hold: with the seed of the graph, and shuttle's own of the schedule.
fn explore(graphs: std::ops::RangeInclusive<u64>) -> coverage::Coverage {
    let met = std::sync::Arc::new(std::sync::Mutex::new(coverage::Coverage::default()));
    for seed in graphs {
        let sum = std::sync::Arc::clone(&met);
        let mut config = shuttle::Config::new();
        config.stack_size = STACK_BYTES;
        // Always the same schedules: a failure belongs to the change.
        let scheduler = RandomScheduler::new_from_seed(seed, SCHEDULES);
        Runner::new(scheduler, config).run(move || {
            fault::plant_from_env();
            match case::run(seed, MESSAGES_MAX, case::Threading::Shuttled) {
                Ok(totals) => sum.lock().expect("nobody panics with it").add(totals.met),
                Err(complaints) => panic!("{FAILED}{seed}\n{complaints}"),
            }
        });
    }
    std::mem::take(&mut *met.lock().expect("nobody panics with it"))
}

/// `LOCUS_RIG_SEED=n` explores a single graph.
#[test]
fn shuttle_what_the_bus_promises_holds_in_any_schedule() {
    let single = std::env::var("LOCUS_RIG_SEED").ok().and_then(|seed| seed.parse().ok());
    let met = explore(single.map_or(1..=GRAPHS, |seed| seed..=seed));
    println!("{met}");
}

/// Each fault, and what a case says about it.
const CONTROLS: [(Fault, &str); 6] = [
    (Fault::BellLost, "sleeps on work|does not answer|is not born|does nothing any more"),
    (Fault::ParkedBlindly, "sleeps on work|does not answer|is not born|does nothing any more|deadlock"),
    (Fault::CreditKept, "never quiet|credits under way"),
    (Fault::ChangeLost, "subscriptions on pool|unmatched: "),
    (Fault::StageReleasedEarly, "was taken back, and yet delivered"),
    (Fault::AsideOvertaken, "came after|slow: "),
];

#[test]
fn shuttle_every_control_is_caught() {
    for (fault, words) in CONTROLS {
        let run = Command::new(std::env::current_exe().expect("the test's own path"))
            .args([
                "pool::rig::shuttled::tests::shuttle_what_the_bus_promises_holds_in_any_schedule",
                "--exact",
                "--nocapture",
            ])
            .env(fault::VARIABLE, format!("{fault:?}"))
            .env("RUST_BACKTRACE", "0")
            .output()
            .expect("the test runs itself");
        let said = [run.stdout, run.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(!run.status.success(), "{fault:?} goes unnoticed");
        let noticed = said.lines().find(|line| words.split('|').any(|words| line.contains(words)));
        let line = noticed.unwrap_or_else(|| panic!("{fault:?} is noticed as:\n{said}"));
        println!("{fault:?}: {line}");
    }
}
