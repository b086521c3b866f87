//! What is decided about failures: by a parent for its children, by main for its parts.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use locus::prelude::*;

type Log = Arc<Mutex<Vec<String>>>;

fn note(log: &Log, line: impl Into<String>) {
    log.lock().unwrap().push(line.into());
}

fn lines(log: &Log) -> Vec<String> {
    log.lock().unwrap().clone()
}

/// Waits until the log holds `line`, for at most ten seconds.
fn wait_for(log: &Log, line: &str) {
    for _ in 0..2000 {
        if lines(log).iter().any(|other| other == line) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("no {line:?} in {:?}", lines(log));
}

/// What a worker shall do, and what is to be decided about it.
#[topic]
#[derive(Clone)]
pub struct Do(pub &'static str);

#[topic]
#[derive(Clone)]
pub struct Done(pub u32);

#[locus(publishes(Done))]
pub struct Worker {
    count: u32,
    log: Log,
}

#[locus]
impl Worker {
    fn birth(&mut self) {
        note(&self.log, "birth");
    }

    #[on]
    fn on_do(&mut self, what: &Do, cx: &mut Cx<'_, Self>) -> Result<(), String> {
        self.count += 1;
        cx.publish(Done(self.count));
        match what.0 {
            "work" => Ok(()),
            "fail" => Err("asked to".into()),
            text => panic!("{text}"),
        }
    }
}

#[locus]
pub struct Listener {
    log: Log,
}

#[locus]
impl Listener {
    #[on]
    fn on_done(&mut self, done: &Done) {
        note(&self.log, format!("done {}", done.0));
    }
}

#[locus(children(Worker = resident, max = 1))]
pub struct Boss {
    log: Log,
}

#[locus]
impl Boss {
    fn birth(&mut self, cx: &mut Cx<'_, Self>) {
        note(&self.log, "birth boss");
        let log = Arc::clone(&self.log);
        cx.spawn_with::<Worker, _>(move || Worker { count: 0, log: Arc::clone(&log) }).unwrap();
    }

    fn release(&mut self, worker: &Worker) {
        note(&self.log, format!("release after {}", worker.count));
    }

    fn on_failure(&mut self, failure: &Failure, cx: &mut Cx<'_, Self>) -> Decision {
        let cause = failure.cause();
        note(&self.log, format!("{} {} {cause} {}", failure.path(), failure.phase(), failure.count()));
        assert_eq!(failure.is_panic(), cause != "asked to");
        assert_eq!(cx.child_path(failure.child().unwrap()).as_deref(), Some(failure.path()));
        match &*cause {
            "asked to" | "resume" => Decision::Resume,
            "restart" => Decision::Restart,
            "bubble" => Decision::Bubble,
            _ => Decision::Dissolve,
        }
    }
}

#[locus(main)]
pub struct Firm {
    boss: Boss,
    #[place(pool = "other")]
    listener: Listener,
}

#[locus]
impl Firm {
    fn on_failure(failure: &Failure) -> Decision {
        assert_eq!(failure.path(), "firm/boss");
        Decision::Restart
    }
}

fn firm(log: &Log) -> locus::App {
    let log = Arc::clone(log);
    locus::start(move || Firm {
        boss: Boss { log: Arc::clone(&log) },
        listener: Listener { log: Arc::clone(&log) },
    })
    .unwrap()
}

fn order(app: &locus::App, what: &'static str) {
    app.topic::<Do>().publish_blocking(Do(what)).unwrap();
}

#[tokio::test]
async fn a_resumed_child_keeps_its_state_and_publishes_nothing_of_what_failed() {
    let log = Log::default();
    let app = firm(&log);
    app.ready().await.unwrap();
    for what in ["work", "resume", "fail", "work"] {
        order(&app, what);
    }
    wait_for(&log, "done 4");
    assert_eq!(app.drain().await.exit, Exit::Drained);
    let lines = lines(&log);
    let done: Vec<_> = lines.iter().filter(|line| line.starts_with("done")).collect();
    assert_eq!(done, ["done 1", "done 4"], "{lines:?}");
    let path = "firm/boss/Worker#1";
    assert!(lines.contains(&format!("{path} on_do resume 1")), "{lines:?}");
    assert!(lines.contains(&format!("{path} on_do asked to 2")), "{lines:?}");
    assert_eq!(lines.iter().filter(|line| *line == "birth").count(), 1);
}

#[tokio::test]
async fn a_restarted_child_begins_anew_and_a_dissolved_one_is_gone() {
    let log = Log::default();
    let app = firm(&log);
    app.ready().await.unwrap();
    order(&app, "work");
    order(&app, "restart");
    order(&app, "work");
    wait_for(&log, "firm/boss/Worker#1 on_do restart 1");
    order(&app, "dissolve");
    wait_for(&log, "release after 2");
    assert_eq!(app.drain().await.exit, Exit::Drained);
    let lines = lines(&log);
    let done: Vec<_> = lines.iter().filter(|line| line.starts_with("done")).collect();
    assert_eq!(done, ["done 1", "done 1"], "{lines:?}");
    assert_eq!(lines.iter().filter(|line| *line == "birth").count(), 2);
}

#[tokio::test]
async fn a_failure_that_bubbles_is_the_parents() {
    let log = Log::default();
    let app = firm(&log);
    app.ready().await.unwrap();
    order(&app, "bubble");
    // Main restarts the boss, which spawns a worker of its own.
    for _ in 0..2000 {
        if lines(&log).iter().filter(|line| *line == "birth").count() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    order(&app, "work");
    wait_for(&log, "done 1");
    assert_eq!(app.drain().await.exit, Exit::Drained);
    let births = |what| lines(&log).iter().filter(|line| *line == what).count();
    assert_eq!((births("birth boss"), births("birth")), (2, 2), "{:?}", lines(&log));
}

#[locus(main)]
pub struct Lenient {
    worker: Worker,
    listener: Listener,
}

#[locus]
impl Lenient {
    fn on_failure(failure: &Failure) -> Decision {
        match failure.cause().as_str() {
            "resume" => Decision::Resume,
            "dissolve" => Decision::Dissolve,
            _ => Decision::Bubble,
        }
    }
}

fn lenient(log: &Log) -> locus::App {
    let log = Arc::clone(log);
    locus::start(move || Lenient {
        worker: Worker { count: 0, log: Arc::clone(&log) },
        listener: Listener { log: Arc::clone(&log) },
    })
    .unwrap()
}

#[tokio::test]
async fn main_decides_about_its_parts() {
    let log = Log::default();
    let app = lenient(&log);
    app.ready().await.unwrap();
    order(&app, "resume");
    order(&app, "work");
    wait_for(&log, "done 2");
    order(&app, "dissolve");
    order(&app, "work");
    let ended = app.drain().await;
    assert_eq!(ended.exit, Exit::Drained, "a dissolved part takes nobody along");
    assert_eq!(lines(&log), ["birth", "done 2"]);
}

#[tokio::test]
async fn a_part_that_bubbles_ends_the_program() {
    let log = Log::default();
    let app = lenient(&log);
    app.ready().await.unwrap();
    order(&app, "fail");
    assert_eq!(app.ended().await.exit, Exit::RootFailure);
}
