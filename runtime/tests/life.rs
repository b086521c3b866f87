//! The life of loci: births in order, timers, questions, failures, restarts, and the end.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use locus::prelude::*;
use locus::{App, StartError};

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
pub struct Poke(u32);

#[topic]
#[derive(Clone)]
pub struct Said(String);

#[locus(publishes(Said))]
pub struct Member {
    name: &'static str,
    log: Log,
    refuse_birth: bool,
    ticks: u32,
}

#[locus]
impl Member {
    async fn birth(&mut self, cx: &mut Cx<'_, Self>) -> Result<(), String> {
        let line = scratch_format!(cx, "birth {}", self.name);
        tokio::time::sleep(Duration::from_millis(5)).await;
        note(&self.log, line);
        cx.publish(Said(format!("hello from {}", self.name)));
        if self.refuse_birth { Err("no".into()) } else { Ok(()) }
    }

    #[on]
    fn on_poke(&mut self, poke: &Poke) {
        assert_ne!(poke.0, 13, "unlucky");
        note(&self.log, format!("poke {} {}", self.name, poke.0));
    }

    #[every("5ms")]
    fn tick(&mut self, _cx: &mut Cx<'_, Self>) {
        self.ticks += 1;
        if self.ticks == 3 {
            note(&self.log, format!("third tick {}", self.name));
        }
    }

    fn drain(&mut self, cx: &mut Cx<'_, Self>) {
        note(&self.log, format!("drain {}", self.name));
        cx.publish(Said(format!("bye from {}", self.name)));
    }

    fn dissolve(&mut self, _cx: &mut Cx<'_, Self>) {
        note(&self.log, format!("dissolve {}", self.name));
    }
}

#[locus]
pub struct Listener {
    log: Log,
}

#[locus]
impl Listener {
    #[on]
    fn on_said(&mut self, said: &Said) {
        note(&self.log, said.0.clone());
    }
}

#[locus(main)]
pub struct Family {
    #[place(pool = "x")]
    a: Member,
    #[place(pool = "y")]
    b: Member,
    listener: Listener,
}

fn family(log: &Log, refuse_birth: bool) -> Result<App, StartError> {
    let log = Arc::clone(log);
    let member =
        |name, log: &Log, refuse_birth| Member { name, log: Arc::clone(log), refuse_birth, ticks: 0 };
    locus::start(move || Family {
        a: member("a", &log, false),
        b: member("b", &log, refuse_birth),
        listener: Listener { log: Arc::clone(&log) },
    })
}

#[tokio::test]
async fn a_life_has_its_order() {
    let log = Log::default();
    let app = family(&log, false).unwrap();
    app.ready().await.unwrap();
    wait_until(|| lines(&log).iter().filter(|line| line.starts_with("third tick")).count() == 2);
    let ended = app.drain().await;
    assert_eq!(ended.exit, Exit::Drained);
    let lines = lines(&log);
    let at = |line: &str| {
        lines.iter().position(|other| other == line).unwrap_or_else(|| panic!("{line}: {lines:?}"))
    };
    assert!(at("birth a") < at("birth b"));
    assert!(at("birth b") < at("hello from a"), "nothing is delivered before the last birth");
    assert!(
        at("drain b") < at("bye from b") && at("bye from b") < at("drain a"),
        "what drain says is delivered first"
    );
    assert!(at("bye from a") < at("dissolve b") && at("dissolve b") < at("dissolve a"));
    assert_eq!(lines.iter().filter(|line| line.starts_with("dissolve")).count(), 2);
}

#[tokio::test]
async fn a_refused_birth_refuses_the_start_and_dissolves_what_was_born() {
    let log = Log::default();
    let app = family(&log, true).unwrap();
    let error = app.ready().await.unwrap_err();
    assert_eq!(error.to_string(), "the start was refused by family/b: no");
    assert_eq!(app.ended().await.exit, Exit::StartRefused);
    assert_eq!(lines(&log), ["birth a", "birth b", "dissolve a"]);
}

#[tokio::test]
async fn a_panic_restarts_and_too_many_end_the_program() {
    let log = Log::default();
    let app = family(&log, false).unwrap();
    app.ready().await.unwrap();
    let pokes = app.topic::<Poke>();
    pokes.publish(Poke(13)).await.unwrap();
    pokes.publish(Poke(1)).await.unwrap();
    wait_until(|| lines(&log).iter().filter(|line| line.starts_with("poke")).count() == 2);
    assert_eq!(lines(&log).iter().filter(|line| line.starts_with("birth a")).count(), 2, "born again");
    for _ in 0..3 {
        pokes.publish(Poke(13)).await.unwrap();
    }
    let ended = app.ended().await;
    assert_eq!(ended.exit, Exit::RootFailure);
    assert!(ended.loci.iter().any(|locus| locus.path == "family/a" && locus.failed >= 2), "{:?}", ended.loci);
}

#[topic(reply = u32)]
#[derive(Clone)]
pub struct Square(u32);

#[topic]
#[derive(Clone)]
pub struct AskFor(u32);

#[locus]
pub struct Calculator {
    /// Kept unanswered for ever.
    kept: Vec<Reply<u32>>,
}

#[locus]
impl Calculator {
    #[on]
    fn on_square(
        &mut self,
        square: &Square,
        _cx: &mut Cx<'_, Self>,
        reply: Reply<u32>,
    ) -> Result<(), String> {
        match square.0 {
            7 => self.kept.push(reply),
            8 => drop(reply),
            9 => return Err("nine".into()),
            13 => panic!("unlucky"),
            n => {
                // Any thread may answer.
                std::thread::spawn(move || reply.send(n * n));
            }
        }
        Ok(())
    }
}

#[locus(publishes(Square))]
pub struct Asker {
    log: Log,
}

#[locus]
impl Asker {
    #[on]
    fn on_ask(&mut self, ask: &AskFor, cx: &mut Cx<'_, Self>) {
        let n = ask.0;
        cx.ask(Square(n)).within(Duration::from_millis(50)).then(move |me, answer, _cx| {
            note(&me.log, format!("{n}: {answer:?}"));
        });
    }
}

#[locus(main)]
pub struct OneDesk {
    calculator: Calculator,
    asker: Asker,
}

#[locus(main)]
pub struct TwoDesks {
    #[place(pinned)]
    calculator: Calculator,
    asker: Asker,
}

fn check_questions(app: &App, log: &Log) {
    // The one that panics last: its restart drops what the calculator keeps.
    for (n, answers) in [(3, 0), (7, 0), (8, 0), (9, 0), (4, 5), (13, 6)] {
        app.topic::<AskFor>().publish_blocking(AskFor(n)).unwrap();
        wait_until(|| lines(log).len() >= answers);
    }
    let mut lines = lines(log);
    lines.sort();
    assert_eq!(
        lines,
        [
            "13: Err(Failed)",
            "3: Ok(9)",
            "4: Ok(16)",
            "7: Err(Timeout)",
            "8: Err(Unanswered)",
            "9: Err(Failed)"
        ]
    );
}

#[test]
fn every_question_ends_in_an_answer_or_the_reason_why_not() {
    let log = Log::default();
    let inner = Arc::clone(&log);
    let make = move || OneDesk {
        calculator: Calculator { kept: Vec::new() },
        asker: Asker { log: Arc::clone(&inner) },
    };
    let app = locus::start(make).unwrap();
    check_questions(&app, &log);
    drop(app);
    let log = Log::default();
    let inner = Arc::clone(&log);
    let make = move || TwoDesks {
        calculator: Calculator { kept: Vec::new() },
        asker: Asker { log: Arc::clone(&inner) },
    };
    let app = locus::start(make).unwrap();
    check_questions(&app, &log);
}

#[test]
fn a_question_from_a_plain_thread_has_its_time_and_needs_no_thread() {
    let log = Log::default();
    let make = move || OneDesk {
        calculator: Calculator { kept: Vec::new() },
        asker: Asker { log: Arc::clone(&log) },
    };
    let app = locus::start(make).unwrap();
    let squares = app.topic::<Square>();
    let ask = |n, within| pollster::block_on(squares.ask(Square(n)).within(within).into_future());
    let threads = || std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    assert_eq!(ask(3, Duration::from_secs(60)), Ok(9));
    let before = threads();
    for _ in 0..32 {
        assert_eq!(ask(3, Duration::from_secs(60)), Ok(9));
    }
    assert!(threads() < before + 8, "{before} threads, then {}", threads());
    assert_eq!(ask(7, Duration::from_millis(20)), Err(AskError::Timeout));
}

#[tokio::test]
async fn run_is_refused_inside_a_runtime() {
    let log = Log::default();
    let exit = locus::run(move || OneDesk {
        calculator: Calculator { kept: Vec::new() },
        asker: Asker { log: Arc::clone(&log) },
    });
    assert_eq!(exit, Exit::StartRefused);
}

#[topic(bounded = 8)]
#[derive(Clone)]
pub struct Unread {}

#[locus(receives(Unread))]
pub struct Leaver {}

#[locus]
impl Leaver {
    async fn run(run: Run<Self>) {
        let _ = run.recv::<Unread>().await;
    }
}

#[locus(main)]
pub struct Left {
    leaver: Leaver,
}

#[test]
fn a_run_that_has_returned_holds_up_no_publisher() {
    let app = locus::start(|| Left { leaver: Leaver {} }).unwrap();
    let unread = app.topic::<Unread>();
    (0..100).for_each(|_| unread.publish_blocking(Unread {}).unwrap());
    drop(app);
    let figures = locus::watch::topics().into_iter().find(|topic| topic.subject == "unread").unwrap();
    assert_eq!(figures.published, 100);
    assert_eq!(figures.dropped(locus::watch::DropReason::Closed), 99, "{figures:?}");
}
