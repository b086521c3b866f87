//! The cases, and the controls that show that they can fail.

use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::pool::rig::case;
use crate::pool::rig::fault::{self, Fault};
use crate::pool::rig::sum::{Sum, Totals};

/// Cases in an ordinary test run: some seconds.
const CASES: u64 = if cfg!(miri) { 3 } else { 600 };

/// Cases in which a planted fault must show.
const CONTROL_CASES: u64 = 400;

/// Cases from which on the figures of a run say something about it.
const CASES_TO_JUDGE: u64 = 500;

/// Messages that one case may publish.
const MESSAGES_MAX: usize = if cfg!(miri) { 20 } else { 600 };

fn from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs one case; a panic of the runtime is a failure like any other.
fn run(seed: u64) -> Result<Totals, String> {
    catch_unwind(AssertUnwindSafe(|| case::run(seed, MESSAGES_MAX))).unwrap_or_else(|panic| {
        Err(format!("the runtime panicked: {}", crate::supervise::panic_text(panic.as_ref())))
    })
}

/// Runs many cases, as many at once as there are cores, and sums up what they did.
///
/// # Errors
/// What did not hold in the first case found, with its seed.
fn run_all(seeds: RangeInclusive<u64>) -> Result<Sum, String> {
    let next = AtomicU64::new(*seeds.start());
    let failed = Mutex::new(None);
    let work = || {
        let mut sum = Sum::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if !seeds.contains(&seed) {
                return sum;
            }
            match run(seed) {
                Ok(totals) => sum.add(&totals),
                Err(complaints) => {
                    next.store(u64::MAX / 2, Ordering::Relaxed);
                    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                    failed.get_or_insert(format!("LOCUS_RIG_SEED={seed}\n{complaints}"));
                }
            }
        }
    };
    let workers = if cfg!(miri) { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) };
    let sum = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("cases fail without a panic"))
            .fold(Sum::default(), Sum::with)
    });
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        None => Ok(sum),
        Some(complaints) => Err(complaints),
    }
}

/// `LOCUS_RIG_CASES=n` runs more cases, `LOCUS_RIG_SEED=n` a single one.
#[test]
fn what_the_bus_promises_holds_in_random_graphs() {
    let single = from_env("LOCUS_RIG_SEED");
    let seeds = match single {
        Some(seed) => seed..=seed,
        None => 1..=from_env("LOCUS_RIG_CASES").unwrap_or(CASES),
    };
    let cases = seeds.end() - seeds.start() + 1;
    let sum = run_all(seeds).unwrap_or_else(|complaints| panic!("{complaints}"));
    println!("{sum}");
    if cases >= CASES_TO_JUDGE {
        let (loci, pools, messages) = sum.medians();
        assert!(loci >= 8 && pools >= 3 && messages >= 200, "the cases are too small");
        assert!(sum.ends().iter().all(|count| *count > 0), "no question ends in one of the ways");
        assert!(sum.coverage.least_percent() >= 1.0, "something is hardly ever tried");
    }
}

/// Plants a fault and returns what the checks say about the first case in which it shows.
fn complaints_about(fault: Fault) -> Option<String> {
    // A thread of its own: a fault that stops a case in the middle leaves things behind.
    let cases = move || {
        fault::plant(Some(fault));
        (1..=CONTROL_CASES).find_map(|seed| run(seed).err())
    };
    std::thread::spawn(cases).join().expect("cases fail without a panic")
}

#[cfg(not(miri))]
#[test]
fn every_planted_fault_is_noticed() {
    let controls = [
        (Fault::BellLost, "sleeps on work|sleeps though there is room"),
        (Fault::RoomUntold, "sleeps though there is room|sleeps on work"),
        (Fault::CreditKept, "credits under way|never quiet"),
        (Fault::RingCreditKept, "credits under way|never quiet"),
        (Fault::CreditLostInRollback, "credits under way|never quiet"),
        (Fault::CreditReturnedEarly, "attempt to subtract|given back twice|credits under way|never quiet"),
        (Fault::RollbackSkipped, "was taken back, and yet delivered"),
        (Fault::StageOutlivesFailure, "was taken back, and yet delivered|never quiet"),
        (Fault::StageOvertaken, "came after"),
        (Fault::BlockedRuns, "while a message of it waits for room"),
        (Fault::AsideOvertaken, "came after"),
        (Fault::MissedForgotten, "missed of"),
        (Fault::MissedLate, "is told of"),
    ];
    for (fault, words) in controls {
        let said = complaints_about(fault).unwrap_or_else(|| panic!("{fault:?} goes unnoticed"));
        assert!(words.split('|').any(|words| said.contains(words)), "{fault:?} is noticed as:\n{said}");
    }
}
