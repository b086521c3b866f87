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

#[topic(reply = u32)]
#[derive(Clone)]
pub struct Square(u32);

#[topic(reply = u32)]
#[derive(Clone)]
pub struct Cube(u32);

#[topic]
#[derive(Clone)]
pub struct AskFor(u32);

/// Answers squares late, and cubes by asking for a square.
#[locus(publishes(Square))]
pub struct Calculator {
    log: Log,
}

#[locus]
impl Calculator {
    #[on]
    async fn on_cube(&mut self, cube: &Cube, cx: &mut Cx<'_, Self>) -> u32 {
        let square = cx.ask(Square(cube.0)).await.unwrap();
        note(&self.log, format!("square {square}"));
        square * cube.0
    }
}

#[locus]
pub struct Squares {
    kept: Vec<Reply<u32>>,
}

#[locus]
impl Squares {
    #[on]
    async fn on_square(&mut self, square: &Square, reply: Reply<u32>) -> Result<(), String> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        match square.0 {
            7 => self.kept.push(reply),
            8 => drop(reply),
            9 => return Err("nine".into()),
            13 => panic!("unlucky"),
            n => reply.send(n * n),
        }
        Ok(())
    }
}

#[locus(publishes(Square, Cube))]
pub struct Asker {
    log: Log,
}

#[locus]
impl Asker {
    #[on]
    async fn on_ask(&mut self, ask: &AskFor, cx: &mut Cx<'_, Self>) -> Result<(), AskError> {
        let line = scratch_format!(cx, "{}", ask.0);
        if ask.0 == 3 {
            let answer = cx.ask(Cube(3)).await?;
            note(&self.log, format!("{line}: {answer}"));
            return Ok(());
        }
        let answer = cx.ask(Square(ask.0)).within(Duration::from_millis(100)).await;
        note(&self.log, format!("{line}: {answer:?}"));
        answer.map(drop)
    }
}

#[locus(main)]
pub struct OneDesk {
    calculator: Calculator,
    squares: Squares,
    asker: Asker,
}

#[locus(main)]
pub struct ThreeDesks {
    #[place(pinned)]
    calculator: Calculator,
    #[place(pinned)]
    squares: Squares,
    asker: Asker,
}

fn check_questions(app: locus::App, log: &Log) {
    // The one that panics last: its restart drops what is kept.
    for (n, answers) in [(3, 2), (4, 3), (7, 4), (8, 5), (9, 6), (5, 7), (13, 8)] {
        app.topic::<AskFor>().publish_blocking(AskFor(n)).unwrap();
        wait_until(|| lines(log).len() >= answers);
    }
    assert_eq!(
        lines(log),
        [
            "square 9",
            "3: 27",
            "4: Ok(16)",
            "7: Err(Timeout)",
            "8: Err(Unanswered)",
            "9: Err(Failed)",
            "5: Ok(25)",
            "13: Err(Failed)"
        ]
    );
}

#[test]
fn a_question_that_is_awaited_ends_in_an_answer_or_the_reason_why_not() {
    let log = Log::default();
    let inner = Arc::clone(&log);
    let app = locus::start(move || OneDesk {
        calculator: Calculator { log: Arc::clone(&inner) },
        squares: Squares { kept: Vec::new() },
        asker: Asker { log: Arc::clone(&inner) },
    });
    check_questions(app.unwrap(), &log);
    let log = Log::default();
    let inner = Arc::clone(&log);
    let app = locus::start(move || ThreeDesks {
        calculator: Calculator { log: Arc::clone(&inner) },
        squares: Squares { kept: Vec::new() },
        asker: Asker { log: Arc::clone(&inner) },
    });
    check_questions(app.unwrap(), &log);
}

#[topic(bounded = 2)]
#[derive(Clone)]
pub struct Narrow(u32);

#[topic]
#[derive(Clone)]
pub struct Produce {
    count: u32,
    waits: bool,
}

#[locus(publishes(Narrow, Said))]
pub struct Producer {
    log: Log,
}

#[locus]
impl Producer {
    #[on]
    async fn on_produce(&mut self, produce: &Produce, cx: &mut Cx<'_, Self>) {
        for n in 0..produce.count {
            if produce.waits {
                cx.publish_wait(Narrow(n)).await;
            } else {
                cx.publish(Narrow(n));
                tokio::task::yield_now().await;
            }
            note(&self.log, format!("sent {n}"));
        }
        cx.publish(Said("all sent".into()));
    }

    #[on]
    fn on_look(&mut self, look: &Look) {
        note(&self.log, format!("look {}", look.0));
    }
}

#[locus]
pub struct Consumer {
    log: Log,
    gate: Arc<Semaphore>,
}

#[locus]
impl Consumer {
    #[on]
    async fn on_narrow(&mut self, narrow: &Narrow) {
        self.gate.acquire().await.unwrap().forget();
        note(&self.log, format!("got {}", narrow.0));
    }

    #[on]
    fn on_said(&mut self, said: &Said) {
        note(&self.log, said.0.clone());
    }
}

#[locus(main)]
pub struct OneLine {
    producer: Producer,
    consumer: Consumer,
}

#[locus(main)]
pub struct TwoLines {
    #[place(pinned)]
    producer: Producer,
    #[place(pinned)]
    consumer: Consumer,
}

fn check_room(app: locus::App, log: &Log, gate: &Semaphore, waits: bool) {
    app.topic::<Produce>().publish_blocking(Produce { count: 20, waits }).unwrap();
    app.topic::<Look>().publish_blocking(Look(1)).unwrap();
    // Two messages are under way and a third is with the consumer; without `publish_wait` a fourth waits with the locus.
    wait_until(|| lines(log).iter().filter(|line| line.starts_with("sent")).count() == 3);
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(lines(log), ["sent 0", "sent 1", "sent 2"]);
    gate.add_permits(100);
    wait_until(|| lines(log).contains(&"all sent".to_owned()) && lines(log).contains(&"look 1".to_owned()));
    drop(app);
    let lines = lines(log);
    let got: Vec<&String> = lines.iter().filter(|line| line.starts_with("got")).collect();
    assert!(got.iter().map(|line| line.as_str()).eq((0..20).map(|n| format!("got {n}"))), "{lines:?}");
    let at = |line: &str| lines.iter().position(|other| other == line).unwrap();
    assert!(at("look 1") > at("sent 19") && at("all sent") > at("got 19"), "{lines:?}");
}

#[test]
fn a_handler_waits_for_room_by_itself_or_with_its_locus() {
    for waits in [true, false] {
        for is_apart in [false, true] {
            let (log, gate) = (Log::default(), Arc::new(Semaphore::new(0)));
            let (inner, inner_gate) = (Arc::clone(&log), Arc::clone(&gate));
            let parts = move || {
                let consumer = Consumer { log: Arc::clone(&inner), gate: Arc::clone(&inner_gate) };
                (Producer { log: Arc::clone(&inner) }, consumer)
            };
            let app = match is_apart {
                false => locus::start(move || {
                    let (producer, consumer) = parts();
                    OneLine { producer, consumer }
                }),
                true => locus::start(move || {
                    let (producer, consumer) = parts();
                    TwoLines { producer, consumer }
                }),
            };
            check_room(app.unwrap(), &log, &gate, waits);
        }
    }
}
