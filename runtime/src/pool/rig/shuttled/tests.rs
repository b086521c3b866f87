//! Schedules of small programs, with subscriptions, waits for room and the drain in flight, and the controls.
//!
//! ```text
//! RUSTFLAGS="--cfg shuttle" cargo test -p locus-runtime --lib shuttle_
//! ```
//!
//! `cargo xtask soak shuttle` explores graphs and schedules that nobody has seen.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use shuttle::Runner;
use shuttle::scheduler::RandomScheduler;

use crate::pool::rig::case;
use crate::pool::rig::coverage::Coverage;
use crate::pool::rig::fault::{self, Fault};

const GRAPH_VARIABLE: &str = "LOCUS_RIG_SEED";
const SCHEDULES_VARIABLE: &str = "LOCUS_RIG_SCHEDULES";
const MINUTES_VARIABLE: &str = "LOCUS_RIG_MINUTES";

/// Graphs, and schedules of each: more of both where one of a few interleavings is looked for.
const GRAPHS: u64 = 40;
const SCHEDULES: usize = 10;

/// Messages that one case may publish: a schedule is a few thousand switches long then.
const MESSAGES_MAX: usize = 30;

/// For each thread: as much as the turns of a pool need without optimisation.
const STACK_BYTES: usize = 1 << 20;

/// Explores a graph under schedules of shuttle's choice, which are drawn from a seed.
///
/// # Panics
/// When something does not hold: with the seeds of the graph and of its schedules.
fn explore(graph: u64, schedules_from: u64, met: &Arc<Mutex<Coverage>>) {
    let sum = Arc::clone(met);
    let mut config = shuttle::Config::new();
    config.stack_size = STACK_BYTES;
    let told = TellOnUnwind(graph, schedules_from);
    let scheduler = RandomScheduler::new_from_seed(schedules_from, SCHEDULES);
    Runner::new(scheduler, config).run(move || {
        fault::plant_from_env();
        match case::run(graph, MESSAGES_MAX, case::Threading::Shuttled) {
            Ok(totals) => sum.lock().expect("nobody panics with it").add(totals.met),
            Err(complaints) => panic!("{complaints}"),
        }
    });
    std::mem::forget(told);
}

/// Says what to explore again, also where shuttle itself fails: a deadlock is not a case's to tell.
struct TellOnUnwind(u64, u64);

impl Drop for TellOnUnwind {
    fn drop(&mut self) {
        let Self(graph, schedules_from) = self;
        println!("again with {GRAPH_VARIABLE}={graph} {SCHEDULES_VARIABLE}={schedules_from}");
    }
}

fn from_env(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// A seed that no earlier run had, but by chance; short enough to be typed.
fn fresh_seed() -> u64 {
    RandomState::new().build_hasher().finish() >> 24
}

/// The same graphs and schedules each time: a failure belongs to the change. `LOCUS_RIG_SEED=n` explores a single graph,
/// `LOCUS_RIG_SCHEDULES=n` under schedules from another seed; `LOCUS_RIG_MINUTES=n` draws both anew for so long.
#[test]
fn shuttle_what_the_bus_promises_holds_in_any_schedule() {
    let met = Arc::default();
    if let Some(minutes) = from_env(MINUTES_VARIABLE) {
        let (begun, mut explored) = (Instant::now(), 0_u64);
        while begun.elapsed() < Duration::from_secs(60 * minutes) {
            explore(fresh_seed(), fresh_seed(), &met);
            explored += 1;
        }
        println!("{explored} graphs under {SCHEDULES} schedules each");
    } else {
        let single = from_env(GRAPH_VARIABLE);
        for graph in single.map_or(1..=GRAPHS, |graph| graph..=graph) {
            explore(graph, from_env(SCHEDULES_VARIABLE).unwrap_or(graph), &met);
        }
    }
    println!("{}", met.lock().expect("nobody panics with it"));
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
