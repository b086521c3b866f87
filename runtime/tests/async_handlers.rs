//! Handlers that wait: what happens to their locus, their messages and what they publish meanwhile.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use locus::prelude::*;
use tokio::sync::Semaphore;

type Log = Arc<Mutex<Vec<String>>>;

fn note(log: &Log, line: impl Into<String>) {
    log.lock().unwrap().push(line.into());
}

fn lines(log: &Log) -> Vec<String> {
    log.lock().unwrap().clone()
}

/// Waits until `done` holds, for at most ten seconds.
fn wait_until(done: impl Fn() -> bool) {
    for _ in 0..2000 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it did not happen in time");
}

#[topic]
#[derive(Clone)]
pub struct Job {
    n: u32,
    name: String,
}

#[topic]
#[derive(Clone)]
pub struct Look(u32);

#[topic]
#[derive(Clone)]
pub struct Said(String);

/// Waits for a permit in each job.
#[locus(publishes(Said))]
pub struct Worker {
    log: Log,
    gate: Arc<Semaphore>,
    jobs: u32,
    ticks: u32,
}

#[locus]
impl Worker {
    #[on]
    async fn on_job(&mut self, job: &Job, cx: &mut Cx<'_, Self>) -> Result<(), String> {
        let line = scratch_format!(cx, "{} {}", job.name, job.n);
        self.jobs += 1;
        note(&self.log, format!("begin {line}"));
        cx.publish(Said(format!("before {line}")));
        self.gate.acquire().await.unwrap().forget();
        cx.publish(Said(format!("after {line}")));
        match &*job.name {
            "fail" => return Err("asked to".into()),
            "panic" => panic!("asked to"),
            _ => {}
        }
        note(&self.log, format!("end {line}, the {}th", self.jobs));
        Ok(())
    }

    #[on]
    fn on_look(&mut self, look: &Look) {
        note(&self.log, format!("look {}", look.0));
    }

    #[every("5ms")]
    fn tick(&mut self) {
        self.ticks += 1;
        if self.jobs > 0 && self.ticks == 1 {
            note(&self.log, "tick");
        }
    }
}

#[locus]
pub struct Neighbour {
    log: Log,
}

#[locus]
impl Neighbour {
    #[on]
    async fn on_look(&mut self, look: &Look) {
        note(&self.log, format!("neighbour {}", look.0));
    }

    #[on]
    fn on_said(&mut self, said: &Said) {
        note(&self.log, said.0.clone());
    }
}

#[locus(main)]
pub struct Shop {
    worker: Worker,
    neighbour: Neighbour,
}

fn shop(log: &Log, gate: &Arc<Semaphore>) -> locus::App {
    let (log, gate) = (Arc::clone(log), Arc::clone(gate));
    locus::start(move || Shop {
        worker: Worker { log: Arc::clone(&log), gate: Arc::clone(&gate), jobs: 0, ticks: 0 },
        neighbour: Neighbour { log: Arc::clone(&log) },
    })
    .unwrap()
}

fn job(n: u32, name: &str) -> Job {
    Job { n, name: name.into() }
}

#[test]
fn a_busy_locus_takes_its_messages_in_order_and_the_others_go_on() {
    let (log, gate) = (Log::default(), Arc::new(Semaphore::new(0)));
    let app = shop(&log, &gate);
    let (jobs, looks) = (app.topic::<Job>(), app.topic::<Look>());
    jobs.publish_blocking(job(1, "job")).unwrap();
    wait_until(|| lines(&log).contains(&"before job 1".to_owned()));
    for n in 2..4 {
        looks.publish_blocking(Look(n)).unwrap();
    }
    wait_until(|| lines(&log).contains(&"neighbour 3".to_owned()));
    assert!(!lines(&log).contains(&"look 2".to_owned()));
    gate.add_permits(1);
    wait_until(|| lines(&log).contains(&"look 3".to_owned()));
    let mine: Vec<String> = lines(&log)
        .into_iter()
        .filter(|line| !line.starts_with("neighbour") && line != "tick" && line != "after job 1")
        .collect();
    assert_eq!(mine, ["begin job 1", "before job 1", "end job 1, the 1th", "look 2", "look 3"]);
    drop(app);
    assert_eq!(lines(&log).iter().filter(|line| *line == "after job 1").count(), 1);
}

#[test]
fn what_was_published_before_an_await_has_left_and_what_follows_it_goes_with_the_failure() {
    let (log, gate) = (Log::default(), Arc::new(Semaphore::new(0)));
    let app = shop(&log, &gate);
    let jobs = app.topic::<Job>();
    for (n, name) in (1..).zip(["fail", "ok", "panic", "ok"]) {
        jobs.publish_blocking(job(n, name)).unwrap();
        wait_until(|| lines(&log).contains(&format!("before {name} {n}")));
        gate.add_permits(1);
    }
    wait_until(|| lines(&log).contains(&"after ok 4".to_owned()));
    let ended = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(app.drain());
    assert_eq!(ended.exit, Exit::Drained);
    let lines = lines(&log);
    assert!(
        !lines.iter().any(|line| line.starts_with("after fail") || line.starts_with("after panic")),
        "{lines:?}"
    );
    assert!(lines.contains(&"end ok 2, the 2th".to_owned()), "an `Err` keeps the state: {lines:?}");
    assert!(lines.contains(&"end ok 4, the 1th".to_owned()), "a panic builds the locus anew: {lines:?}");
}
