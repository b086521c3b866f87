//! The cases, and the controls that show that they can fail.

#[cfg(not(miri))]
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
#[cfg(not(miri))]
use std::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(miri))]
use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::app::control::Reports;
use crate::app::plan::plan;
use crate::app::settings::Limits;
use crate::pool::rig::case::{self, Threading};
#[cfg(not(miri))]
use crate::pool::rig::fault::{self, Fault};
use crate::pool::rig::graph::{Graph, SMALL_MESSAGES_MAX};
use crate::pool::rig::random::Random;
use crate::pool::rig::sum::{Sum, Totals};
use crate::pool::thread::make_pool;

/// Cases in an ordinary test run: some seconds.
#[cfg(not(miri))]
const CASES: u64 = 600;

/// Seeds of small cases, found by a search: each way of taking messages is met in two of them at least. Those that run
/// under miri meet each once, and are the cheapest two that do.
const SMALL_CASES: &[u64] = if cfg!(miri) { &[2937, 18737] } else { &[133, 255, 2937, 18737] };

/// Cases in which a planted fault must show.
#[cfg(not(miri))]
const CONTROL_CASES: u64 = 400;

/// Cases from which on the figures of a run say something about it.
#[cfg(not(miri))]
const CASES_TO_JUDGE: u64 = 500;

/// Messages that one case may publish.
#[cfg(not(miri))]
const MESSAGES_MAX: usize = 600;

#[cfg(not(miri))]
fn from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// One case in ten runs on threads. The controls do not: each shows where the seed decides everything.
#[cfg(not(miri))]
fn threading(seed: u64) -> Threading {
    let is_on_threads = seed.is_multiple_of(10) && !fault::is_any_planted();
    if is_on_threads { Threading::Threads } else { Threading::Stepped }
}

/// Runs one case; a panic of the runtime is a failure like any other.
fn run(seed: u64, messages_max: usize, threading: Threading) -> Result<Totals, String> {
    let case = || case::run(seed, messages_max, threading);
    catch_unwind(AssertUnwindSafe(case)).unwrap_or_else(|panic| {
        Err(format!("the runtime panicked: {}", crate::supervise::panic_text(panic.as_ref())))
    })
}

/// Runs many cases, as many at once as there are cores, and sums up what they did.
///
/// # Errors
/// What did not hold in the first case found, with its seed.
#[cfg(not(miri))]
fn run_all(seeds: RangeInclusive<u64>) -> Result<Sum, String> {
    let next = AtomicU64::new(*seeds.start());
    let failed = Mutex::new(None);
    let work = || {
        fault::plant_from_env();
        let mut sum = Sum::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if !seeds.contains(&seed) {
                return sum;
            }
            match run(seed, MESSAGES_MAX, threading(seed)) {
                Ok(totals) => sum.add(&totals),
                Err(complaints) => {
                    next.store(u64::MAX / 2, Ordering::Relaxed);
                    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                    failed.get_or_insert(format!("LOCUS_RIG_SEED={seed}\n{complaints}"));
                }
            }
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
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

/// What was published since a flush is noted, also where no activation began in between: messages that have found room.
#[test]
fn what_leaves_between_two_activations_is_noted_after_each_flush() {
    let mut seeds = (1..).map(|seed| Graph::draw(&mut Random::new(seed), SMALL_MESSAGES_MAX));
    let graph = seeds.find(|graph| graph.pools() > 1).expect("one of several pools");
    let mut plan = plan("rig", graph.parts(), Limits::default()).expect("few pools");
    let (sender, _reports) = mpsc::unbounded_channel();
    let mut pool = make_pool(plan.pools.remove(0), &plan.app, &Reports(sender));
    let core = Rc::clone(&pool.core);
    for _ in 0..2 {
        core.out(1).mark(&core);
        core.ask_for_flush();
        assert!(core.is_outgoing.get());
        pool.flush();
        assert!(!core.is_outgoing.get() && !core.flush_soon.get(), "nothing is left");
    }
}

/// The cases that also run under miri: small ones, in which together messages are taken in every way.
#[test]
fn small_cases_take_messages_in_every_way() {
    let mut sum = Sum::default();
    for seed in SMALL_CASES {
        match run(*seed, SMALL_MESSAGES_MAX, Threading::Stepped) {
            Ok(totals) => sum.add(&totals),
            Err(complaints) => panic!("case {seed} of the small ones\n{complaints}"),
        }
    }
    println!("{sum}");
    // Which interleaving a seed means may change with the code: then the few under miri are to be chosen anew.
    let is_met = |(_, count): &(&str, usize)| *count > 0;
    assert!(cfg!(miri) || sum.taken().iter().all(is_met), "messages are not taken in one of the ways");
}

/// `LOCUS_RIG_CASES=n` runs more cases, `LOCUS_RIG_SEED=n` a single one.
#[cfg(not(miri))]
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
        assert!(sum.taken().iter().all(|(_, count)| *count > 0), "messages are not taken in one of the ways");
        assert!(sum.coverage.least_percent() >= 1.0, "something is hardly ever tried");
    }
}

/// What the checks say about the first case in which a fault shows; `None` where it shows in none.
///
/// A process of its own: a fault that stops a case in the middle may abort it while it unwinds.
#[cfg(not(miri))]
fn complaints_about(fault: Fault) -> Option<String> {
    let cases = std::process::Command::new(std::env::current_exe().expect("the test's own path"))
        .args(["pool::rig::tests::what_the_bus_promises_holds_in_random_graphs", "--exact", "--nocapture"])
        .env(fault::VARIABLE, format!("{fault:?}"))
        .env("LOCUS_RIG_CASES", CONTROL_CASES.to_string())
        .env("RUST_BACKTRACE", "0")
        .output()
        .expect("the test runs itself");
    let said = [cases.stdout, cases.stderr].concat();
    (!cases.status.success()).then(|| String::from_utf8_lossy(&said).into_owned())
}

/// Each fault, and what the checks say about it.
#[cfg(not(miri))]
const CONTROLS: [(Fault, &str); 22] = [
    (Fault::BellLost, "sleeps on work|sleeps though there is room"),
    (Fault::RoomUntold, "sleeps though there is room|sleeps on work"),
    (Fault::CreditKept, "credits under way|never quiet"),
    (Fault::RingCreditKept, "credits under way|never quiet"),
    (Fault::CreditLostInRollback, "credits under way|never quiet"),
    (Fault::CreditReturnedEarly, "attempt to subtract|given back twice|credits under way|never quiet"),
    (Fault::RollbackSkipped, "was taken back, and yet delivered|never quiet"),
    (Fault::StageOutlivesFailure, "was taken back, and yet delivered|never quiet"),
    (Fault::StageOvertaken, "came after"),
    (Fault::BlockedRuns, "while a message of it waits for room"),
    (Fault::AsideOvertaken, "came after"),
    (Fault::MissedForgotten, "missed of"),
    (Fault::MissedLate, "is told of"),
    (Fault::StageReleasedEarly, "was taken back, and yet delivered"),
    (Fault::MarkOutlivesFlush, "subscriptions on pool|of the replicas|attempt to add with overflow"),
    (Fault::CreditLostOnPanic, "credits under way|never quiet"),
    (Fault::InlineOvertakes, "came after"),
    (Fault::ChangeLost, "subscriptions on pool|unmatched: "),
    (Fault::StashOvertaken, "after|delivered twice"),
    (Fault::ShareTakenByAll, "of the replicas"),
    (Fault::DoomedTooSoon, "subscriptions on pool"),
    (Fault::RoomKeptByRun, "for which there was room"),
];

#[cfg(not(miri))]
#[test]
fn every_planted_fault_is_noticed() {
    for (fault, words) in CONTROLS {
        let said = complaints_about(fault).unwrap_or_else(|| panic!("{fault:?} goes unnoticed"));
        let noticed = said.lines().find(|line| words.split('|').any(|words| line.contains(words)));
        let line = noticed.unwrap_or_else(|| panic!("{fault:?} is noticed as:\n{said}"));
        println!("{fault:?}: {line}");
    }
}
