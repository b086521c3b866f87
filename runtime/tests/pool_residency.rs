//! `LOCUS_POOL_RESIDENCY`: a locus that hogs its pool is named, while the program runs and at its end.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::process::Command;
use std::time::{Duration, Instant};

use locus::prelude::*;
use locus::watch::{LongActivation, pool_residency};

/// Long enough to count as a hog, and far longer than anything else here.
const HOGGED: Duration = Duration::from_millis(200);

const VARIABLE: &str = "LOCUS_POOL_RESIDENCY";

#[topic]
#[derive(Clone)]
pub struct Work {
    pub time: Duration,
}

#[locus]
pub struct Hog {}

#[locus]
impl Hog {
    #[on]
    fn on_work(&mut self, work: &Work) {
        std::thread::sleep(work.time);
    }
}

#[locus]
pub struct Waiter {}

#[locus]
impl Waiter {
    #[on]
    async fn on_work(&mut self, work: &Work) {
        tokio::time::sleep(work.time).await;
    }
}

#[locus(main)]
pub struct Hogging {
    #[place(pool = "work")]
    hog: Hog,
    #[place(pool = "wait")]
    waiter: Waiter,
}

/// Runs the program until the hog's work is done.
fn run_program(is_timed: bool) {
    let app = locus::start(|| Hogging { hog: Hog {}, waiter: Waiter {} }).unwrap();
    pollster::block_on(app.ready()).unwrap();
    let work = app.topic::<Work>();
    for _ in 0..50 {
        work.publish_blocking(Work { time: Duration::ZERO }).unwrap();
    }
    work.publish_blocking(Work { time: HOGGED }).unwrap();
    let of = |pool: &str| pool_residency().into_iter().find(|entry| *entry.path == *pool).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while of("hogging:work").longest_turn < HOGGED {
        assert!(Instant::now() < deadline, "{:?}", pool_residency());
        std::thread::sleep(Duration::from_millis(1));
    }
    let pool = of("hogging:work");
    assert!(pool.busy >= HOGGED && pool.busy_share() > 0.0 && pool.age >= pool.busy, "{pool:?}");
    assert!(pool.depth_high_water >= pool.depth, "{pool:?}");
    assert_eq!(pool.longest_activation.is_some(), is_timed, "{pool:?}");
    if let Some(LongActivation { path, method, time }) = pool.longest_activation {
        assert_eq!((&*path, method), ("hogging/hog", "on_work"));
        assert!(time >= HOGGED);
    }
    // Who waits hogs nothing.
    assert!(of("hogging:wait").busy < HOGGED, "{:?}", pool_residency());
    let ended = pollster::block_on(app.drain());
    assert_eq!(ended.exit, locus::Exit::Drained);
}

#[test]
fn a_hog_is_named_where_activations_are_timed() {
    if std::env::var_os(VARIABLE).is_some() {
        return run_program(true);
    }
    run_program(false);
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_hog_is_named_where_activations_are_timed", "--nocapture"])
        .env(VARIABLE, "20ms")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}");
    assert!(said.contains("on_work of hogging/hog kept pool hogging:work for 2"), "{said}");
    let reports = said.matches("pool residency: 3 pools").count();
    assert!(reports >= 3, "every so often, and at exit: {said}");
    let last = said.rsplit("pool residency:").next().unwrap();
    let line = last.lines().find(|line| line.contains("hogging:work")).unwrap();
    assert!(line.contains("in on_work of hogging/hog"), "{line}");
}
