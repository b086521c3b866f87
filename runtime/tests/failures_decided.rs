//! Failures that are no plain `Err` of a handler are put before the parent too, and before a parent that cannot decide yet.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::{Arc, Mutex};

use locus::prelude::*;
use tokio::sync::Semaphore;

#[derive(Default)]
pub struct Shared {
    log: Mutex<Vec<String>>,
    gate: Option<Semaphore>,
}

type Log = Arc<Shared>;

fn note(log: &Log, line: impl Into<String>) {
    log.log.lock().unwrap().push(line.into());
}

/// What was noted once there are `count` lines, or after ten seconds.
async fn lines(log: &Log, count: usize) -> Vec<String> {
    for _ in 0..2000 {
        if log.log.lock().unwrap().len() >= count {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    log.log.lock().unwrap().clone()
}

#[topic]
#[derive(Clone)]
pub struct TakeLong;

#[topic]
#[derive(Clone)]
pub struct Refuse;

#[topic]
#[derive(Clone)]
pub struct Crowd;

#[topic(bounded = 2)]
#[derive(Clone)]
pub struct ToMyself;

#[topic]
#[derive(Clone)]
pub struct Count;

#[locus(publishes(ToMyself))]
pub struct Clerk {
    count: u32,
    log: Log,
}

#[locus]
impl Clerk {
    #[on(timeout = "20ms")]
    async fn on_long(&mut self, _: &TakeLong, _cx: &mut Cx<'_, Self>) {
        self.count += 1;
        std::future::pending::<()>().await;
    }

    #[on(inline)]
    fn on_refuse(&mut self, _: &Refuse) -> Result<(), String> {
        self.count += 1;
        Err("refused".into())
    }

    #[on]
    async fn on_crowd(&mut self, _: &Crowd, cx: &mut Cx<'_, Self>) {
        self.count += 1;
        (0..3).for_each(|_| cx.publish(ToMyself));
        tokio::task::yield_now().await;
        unreachable!("it waits for itself");
    }

    #[on]
    fn on_mine(&mut self, _: &ToMyself) {}

    #[on]
    fn on_count(&mut self, _: &Count) {
        note(&self.log, format!("counted {}", self.count));
    }
}

/// What the parent does: with `true` it waits at the gate, else it publishes what its child refuses and fails itself.
#[topic]
#[derive(Clone)]
pub struct Busy(bool);

#[topic]
#[derive(Clone)]
pub struct Pass;

#[locus(children(Clerk = resident, max = 1), publishes(Refuse))]
pub struct Head {
    log: Log,
    decision: Decision,
}

#[locus]
impl Head {
    fn birth(&mut self, cx: &mut Cx<'_, Self>) {
        let log = Arc::clone(&self.log);
        cx.spawn_with::<Clerk, _>(move || Clerk { count: 0, log: Arc::clone(&log) }).unwrap();
    }

    #[on]
    async fn on_busy(&mut self, busy: &Busy, cx: &mut Cx<'_, Self>) -> Result<(), String> {
        if !busy.0 {
            cx.publish(Refuse);
            return Err("head".into());
        }
        note(&self.log, "waits");
        let log = Arc::clone(&self.log);
        log.gate.as_ref().unwrap().acquire().await.unwrap().forget();
        note(&self.log, "goes on");
        Ok(())
    }

    #[on]
    fn on_pass(&mut self, _: &Pass, cx: &mut Cx<'_, Self>) {
        cx.publish(Refuse);
    }

    fn on_failure(&mut self, failure: &Failure, _cx: &mut Cx<'_, Self>) -> Decision {
        let cause = failure.cause();
        note(&self.log, format!("{} {}", failure.phase(), cause.split(" for `").next().unwrap_or_default()));
        self.decision
    }
}

#[locus(main)]
pub struct Office {
    head: Head,
}

#[locus]
impl Office {
    fn on_failure(_: &Failure) -> Decision {
        Decision::Resume
    }
}

async fn office(log: &Log, decision: Decision) -> locus::App {
    let log = Arc::clone(log);
    let app = locus::start(move || Office { head: Head { log: Arc::clone(&log), decision } }).unwrap();
    app.ready().await.unwrap();
    app
}

async fn tell<T: Topic>(app: &locus::App, message: T) {
    assert!(app.topic::<T>().publish(message).await.is_ok());
}

const TOOK_LONG: &str = "on_long it took longer than its `timeout`";

#[tokio::test]
async fn a_handler_that_takes_too_long_is_resumed_or_begins_anew_as_the_parent_says() {
    for (decision, counted) in [(Decision::Resume, "counted 1"), (Decision::Restart, "counted 0")] {
        let log = Log::default();
        let app = office(&log, decision).await;
        tell(&app, TakeLong).await;
        assert_eq!(lines(&log, 1).await, [TOOK_LONG]);
        tell(&app, Count).await;
        assert_eq!(lines(&log, 2).await, [TOOK_LONG, counted], "{decision:?}");
        assert_eq!(app.drain().await.exit, Exit::Drained);
    }
}

#[tokio::test]
async fn what_is_called_at_the_publish_is_resumed_or_begins_anew_as_the_parent_says() {
    for (decision, counted) in [(Decision::Resume, "counted 1"), (Decision::Restart, "counted 0")] {
        let log = Log::default();
        let app = office(&log, decision).await;
        tell(&app, Pass).await;
        assert_eq!(lines(&log, 1).await, ["on_refuse refused"]);
        tell(&app, Count).await;
        assert_eq!(lines(&log, 2).await, ["on_refuse refused", counted], "{decision:?}");
        assert_eq!(app.drain().await.exit, Exit::Drained);
    }
}

#[tokio::test]
async fn a_handler_that_waits_for_itself_at_an_await_is_resumed_or_begins_anew_as_the_parent_says() {
    for (decision, counted) in [(Decision::Resume, "counted 1"), (Decision::Restart, "counted 0")] {
        let log = Log::default();
        let app = office(&log, decision).await;
        tell(&app, Crowd).await;
        let first = lines(&log, 1).await;
        assert!(first[0].starts_with("on_crowd "), "{first:?}");
        tell(&app, Count).await;
        assert_eq!(lines(&log, 2).await[1], counted, "{decision:?}");
        assert_eq!(app.drain().await.exit, Exit::Drained);
    }
}

#[tokio::test]
async fn a_parent_that_is_busy_decides_when_it_is_ready_and_the_child_gets_nothing_until_then() {
    let log = Log::new(Shared { gate: Some(Semaphore::new(0)), ..Shared::default() });
    let app = office(&log, Decision::Restart).await;
    tell(&app, Busy(true)).await;
    assert_eq!(lines(&log, 1).await, ["waits"]);
    tell(&app, TakeLong).await;
    tell(&app, Count).await;
    // More than the handler has, and not yet decided.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(lines(&log, 1).await, ["waits"]);
    log.gate.as_ref().unwrap().add_permits(1);
    assert_eq!(lines(&log, 4).await, ["waits", "goes on", TOOK_LONG, "counted 0"]);
    assert_eq!(app.drain().await.exit, Exit::Drained);
}

#[tokio::test]
async fn a_parent_that_has_failed_itself_decides_once_it_is_resumed() {
    let log = Log::default();
    let app = office(&log, Decision::Restart).await;
    tell(&app, Busy(false)).await;
    tell(&app, Count).await;
    assert_eq!(lines(&log, 2).await, ["on_refuse refused", "counted 0"]);
    assert_eq!(app.drain().await.exit, Exit::Drained);
}
