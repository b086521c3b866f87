//! Handlers that run beside each other: `#[on(concurrent = N)]`.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use locus::arena::Scratch;
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

#[topic(bounded = 4)]
#[derive(Clone)]
pub struct Job {
    n: u32,
    name: String,
}

#[topic(reply = u32)]
#[derive(Clone)]
pub struct Square(u32);

#[topic(reply = u32)]
#[derive(Clone)]
pub struct Late(u32);

#[topic]
#[derive(Clone)]
pub struct Look(u32);

#[topic]
#[derive(Clone)]
pub struct Done(u32);

#[locus(publishes(Done))]
pub struct Desk {
    log: Log,
    gate: Arc<Semaphore>,
    begun: u32,
}

#[locus]
impl Desk {
    #[on(concurrent = 3)]
    async fn on_job(run: Run<Self>, job: Job, scratch: &Scratch) -> Result<(), String> {
        let line = scratch_format!(Lent(scratch), "{} {}", job.name, job.n);
        let gate = run
            .with(|me, _cx| {
                me.begun += 1;
                note(&me.log, format!("begin {}", job.n));
                Arc::clone(&me.gate)
            })
            .await;
        gate.acquire().await.unwrap().forget();
        match &*job.name {
            "fail" => return Err("asked to".into()),
            "panic" => panic!("asked to"),
            _ => {}
        }
        let line = line.to_owned();
        run.with(move |me, cx| {
            note(&me.log, format!("end {line} of {}", me.begun));
            cx.publish(Done(job.n));
        })
        .await;
        Ok(())
    }

    #[on(concurrent = 2)]
    async fn on_square(_run: Run<Self>, square: Square) -> u32 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        square.0 * square.0
    }

    #[on(concurrent = 1, timeout = "20ms")]
    async fn on_late(run: Run<Self>, late: Late, reply: Reply<u32>) {
        if late.0 == 0 {
            run.draining().await;
        }
        reply.send(late.0);
    }

    #[on]
    fn on_look(&mut self, look: &Look) {
        note(&self.log, format!("look {}", look.0));
    }

    #[on]
    fn on_done(&mut self, done: &Done) {
        note(&self.log, format!("done {}", done.0));
    }
}

/// Gives `scratch_format!` the scratch of a call.
struct Lent<'s>(&'s Scratch);

impl<'s> Lent<'s> {
    fn scratch(&self) -> &'s Scratch {
        self.0
    }
}

#[locus(main)]
pub struct Office {
    desk: Desk,
}

fn office(log: &Log, gate: &Arc<Semaphore>) -> locus::App {
    let (log, gate) = (Arc::clone(log), Arc::clone(gate));
    locus::start(move || Office { desk: Desk { log: Arc::clone(&log), gate: Arc::clone(&gate), begun: 0 } })
        .unwrap()
}

fn begun(log: &Log) -> Vec<String> {
    lines(log).into_iter().filter(|line| line.starts_with("begin")).collect()
}

#[test]
fn so_many_calls_run_beside_each_other_and_the_next_wait_in_order() {
    let (log, gate) = (Log::default(), Arc::new(Semaphore::new(0)));
    let app = office(&log, &gate);
    for n in 1..=7 {
        app.topic::<Job>().publish_blocking(Job { n, name: "job".into() }).unwrap();
    }
    wait_until(|| begun(&log).len() == 3);
    app.topic::<Look>().publish_blocking(Look(1)).unwrap();
    wait_until(|| lines(&log).contains(&"look 1".to_owned()));
    assert_eq!(begun(&log).len(), 3, "the fourth waits, the locus does not");
    gate.add_permits(1);
    wait_until(|| begun(&log).len() == 4);
    gate.add_permits(100);
    wait_until(|| lines(&log).iter().filter(|line| line.starts_with("done")).count() == 7);
    assert_eq!(begun(&log), (1..=7).map(|n| format!("begin {n}")).collect::<Vec<_>>());
}

#[test]
fn an_error_fails_one_call_and_a_panic_cancels_the_others() {
    let (log, gate) = (Log::default(), Arc::new(Semaphore::new(0)));
    let app = office(&log, &gate);
    let jobs = app.topic::<Job>();
    let publish = |n, name: &str| jobs.publish_blocking(Job { n, name: name.into() }).unwrap();
    publish(1, "fail");
    publish(2, "job");
    wait_until(|| begun(&log).len() == 2);
    gate.add_permits(2);
    wait_until(|| lines(&log).contains(&"done 2".to_owned()));
    assert!(lines(&log).contains(&"end job 2 of 2".to_owned()), "{:?}", lines(&log));
    publish(3, "panic");
    publish(4, "job");
    publish(5, "job");
    publish(6, "job");
    publish(7, "job");
    wait_until(|| begun(&log).len() == 5);
    gate.add_permits(1);
    // Born anew, it takes those that waited; those under way are gone.
    wait_until(|| begun(&log).len() == 7);
    gate.add_permits(100);
    wait_until(|| lines(&log).contains(&"done 7".to_owned()) && lines(&log).contains(&"done 6".to_owned()));
    let ended = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(app.drain());
    assert_eq!((ended.exit, ended.loci[0].failed, ended.loci[0].cancelled), (Exit::Drained, 2, 0));
    let lines = lines(&log);
    assert!(!lines.contains(&"done 4".to_owned()) && !lines.contains(&"done 5".to_owned()), "{lines:?}");
    assert!(lines.contains(&"end job 7 of 2".to_owned()), "{lines:?}");
}

#[tokio::test]
async fn calls_answer_by_what_they_return_or_through_a_reply() {
    let (log, gate) = (Log::default(), Arc::new(Semaphore::new(0)));
    let app = office(&log, &gate);
    app.ready().await.unwrap();
    let (squares, lates) = (app.topic::<Square>(), app.topic::<Late>());
    let (three, four, five) =
        tokio::join!(squares.ask(Square(3)), squares.ask(Square(4)), squares.ask(Square(5)));
    assert_eq!((three, four, five), (Ok(9), Ok(16), Ok(25)));
    let (none, one) = tokio::join!(lates.ask(Late(0)), lates.ask(Late(1)));
    assert_eq!((none, one), (Err(AskError::Failed), Ok(1)), "a timeout makes way for the next");
}

/// A step of a call, or of `run`, that panics where it is asked to.
#[topic]
#[derive(Clone)]
pub struct Step(&'static str);

#[locus(receives(Step))]
pub struct Stepper {
    log: Log,
    steps: u32,
}

impl Stepper {
    fn step(&mut self, step: &str) {
        self.steps += 1;
        note(&self.log, format!("{step} {}", self.steps));
        assert!(!step.starts_with("panic"), "asked to");
    }
}

#[locus]
impl Stepper {
    async fn run(run: Run<Self>) {
        run.with(|me, _cx| me.step("run begins")).await;
        while let Some(step) = run.recv::<Step>().await {
            if step.0.ends_with("run") {
                run.with(move |me, _cx| me.step(step.0)).await;
            }
        }
    }

    #[on(concurrent = 1)]
    async fn on_step(run: Run<Self>, step: Step) {
        if step.0.ends_with("call") {
            run.with(move |me, _cx| me.step(step.0)).await;
        }
    }
}

#[locus(main)]
pub struct Steady {
    #[place(pool = "steady")]
    stepper: Stepper,
}

#[locus]
impl Steady {
    fn on_failure(failure: &Failure) -> Decision {
        assert!(failure.is_panic(), "{} {}", failure.phase(), failure.cause());
        Decision::Resume
    }
}

#[test]
fn where_a_panic_is_resumed_the_call_is_over_and_run_goes_on() {
    let log = Log::default();
    let inner = Arc::clone(&log);
    let app =
        locus::start(move || Steady { stepper: Stepper { log: Arc::clone(&inner), steps: 0 } }).unwrap();
    let steps = app.topic::<Step>();
    let mut expected = vec!["run begins 1".to_owned()];
    wait_until(|| lines(&log) == expected);
    let mut after = |step: &'static str, then: &[&str]| {
        steps.publish_blocking(Step(step)).unwrap();
        expected.extend(then.iter().map(|line| (*line).to_owned()));
        wait_until(|| lines(&log).len() >= expected.len());
        assert_eq!(lines(&log), expected);
    };
    after("call", &["call 2"]);
    after("panic call", &["panic call 3"]);
    after("call", &["call 4"]);
    after("run", &["run 5"]);
    after("panic run", &["panic run 6", "run begins 7"]);
    after("run", &["run 8"]);
    after("call", &["call 9"]);
    let ended = pollster::block_on(app.drain());
    assert_eq!((ended.exit, ended.loci[0].failed, ended.loci[0].cancelled), (Exit::Drained, 2, 0));
}
