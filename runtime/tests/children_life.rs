//! The lives of children: flows, hooks of the parent, factories, families of several levels, the start.

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

fn at(log: &Log, line: &str) -> usize {
    let lines = lines(log);
    lines.iter().position(|other| other == line).unwrap_or_else(|| panic!("no {line:?} in {lines:?}"))
}

#[topic]
#[derive(Clone)]
pub struct Start(pub u32);

#[topic(key = job)]
#[derive(Clone)]
pub struct Step {
    pub job: u32,
    pub end: bool,
}

/// A flow: it ends when its `run` returns.
#[locus(receives(Step, key = self.job))]
pub struct Job {
    job: u32,
    steps: u32,
    log: Log,
}

#[locus]
impl Job {
    async fn birth(&mut self) {
        tokio::task::yield_now().await;
        note(&self.log, format!("birth {}", self.job));
    }

    async fn run(run: Run<Self>) {
        while let Some(step) = run.recv::<Step>().await {
            run.with(|me, _| me.steps += 1).await;
            if step.end {
                return;
            }
        }
    }

    fn dissolve(&mut self) {
        note(&self.log, format!("dissolve {} after {} steps", self.job, self.steps));
    }
}

/// A child that panics now and then.
#[locus]
pub struct Fragile {
    made: u32,
    log: Log,
}

#[locus]
impl Fragile {
    fn birth(&mut self, cx: &mut Cx<'_, Self>) {
        note(&self.log, format!("birth fragile {} {}", self.made, cx.path()));
    }

    #[on]
    fn on_start(&mut self, start: &Start) {
        assert_ne!(start.0, 13, "unlucky");
    }
}

#[locus(children(Job = flow, max = 10), children(Fragile = resident, max = 1))]
pub struct Desk {
    log: Log,
}

#[locus]
impl Desk {
    fn birth(&mut self, cx: &mut Cx<'_, Self>) {
        note(&self.log, "birth desk");
        let (log, made) = (Arc::clone(&self.log), std::cell::Cell::new(0));
        let make = move || {
            made.set(made.get() + 1);
            Fragile { made: made.get(), log: Arc::clone(&log) }
        };
        cx.spawn_with::<Fragile, _>(make).unwrap();
    }

    #[on]
    fn on_start(&mut self, start: &Start, cx: &mut Cx<'_, Self>) {
        let _ = cx.spawn(Job { job: start.0, steps: 0, log: Arc::clone(&self.log) });
    }

    #[accept]
    fn look_at(&mut self, job: &Job, cx: &mut Cx<'_, Self>) -> Result<(), Refused> {
        assert!(cx.children::<Job>().count() > 0, "it counts already");
        note(&self.log, format!("accept {}", job.job));
        if job.job == 99 { Err(Refused::because("a hundred is too many")) } else { Ok(()) }
    }

    #[release]
    fn see_off(&mut self, job: &Job) {
        note(&self.log, format!("release {} after {} steps", job.job, job.steps));
    }
}

/// Born after the desk and all that it spawned.
#[locus]
pub struct Late {
    log: Log,
}

#[locus]
impl Late {
    fn birth(&mut self) {
        note(&self.log, "birth late");
    }
}

#[locus(main)]
pub struct Office {
    desk: Desk,
    late: Late,
}

fn office(log: &Log) -> locus::App {
    let log = Arc::clone(log);
    locus::start(move || Office {
        desk: Desk { log: Arc::clone(&log) },
        late: Late { log: Arc::clone(&log) },
    })
    .unwrap()
}

fn start(app: &locus::App, job: u32) {
    app.topic::<Start>().publish_blocking(Start(job)).unwrap();
}

#[tokio::test]
async fn a_flow_ends_with_its_run_and_its_parent_sees_it_off() {
    let log = Log::default();
    let app = office(&log);
    app.ready().await.unwrap();
    start(&app, 1);
    wait_for(&log, "birth 1");
    let step = app.topic::<Step>();
    step.publish_blocking(Step { job: 1, end: false }).unwrap();
    step.publish_blocking(Step { job: 1, end: true }).unwrap();
    wait_for(&log, "release 1 after 2 steps");
    assert!(at(&log, "accept 1") < at(&log, "birth 1"));
    assert!(at(&log, "dissolve 1 after 2 steps") < at(&log, "release 1 after 2 steps"));
    // A flow whose `run` waits in `recv` holds up no drain.
    start(&app, 2);
    wait_for(&log, "birth 2");
    let ended = app.drain().await;
    assert_eq!(ended.exit, Exit::Drained);
    assert!(at(&log, "release 2 after 0 steps") > at(&log, "dissolve 2 after 0 steps"));
}

#[tokio::test]
async fn a_refused_child_is_not_born() {
    let log = Log::default();
    let app = office(&log);
    app.ready().await.unwrap();
    start(&app, 99);
    start(&app, 5);
    wait_for(&log, "birth 5");
    assert!(at(&log, "accept 99") < at(&log, "accept 5"));
    drop(app);
    assert!(!lines(&log).iter().any(|line| line == "birth 99" || line.starts_with("release 99")));
}

#[tokio::test]
async fn children_of_a_birth_are_born_before_the_next_part_and_restart_by_their_factory() {
    let log = Log::default();
    let app = office(&log);
    app.ready().await.unwrap();
    assert_eq!(lines(&log), ["birth desk", "birth fragile 1 office/desk/Fragile#1", "birth late"]);
    start(&app, 13);
    wait_for(&log, "birth fragile 2 office/desk/Fragile#1");
    assert_eq!(app.drain().await.exit, Exit::Drained);
}

/// Spawns another of itself, down to depth 0, where it refuses to be born if told so.
#[locus(children(Nest = resident, max = 2))]
pub struct Nest {
    depth: u32,
    fail: bool,
    log: Log,
}

#[locus]
impl Nest {
    fn birth(&mut self, cx: &mut Cx<'_, Self>) -> Result<(), String> {
        note(&self.log, format!("birth {}", cx.path()));
        if self.depth == 0 {
            return if self.fail { Err("asked to".into()) } else { Ok(()) };
        }
        for _ in 0..2 {
            let (depth, log) = (self.depth - 1, Arc::clone(&self.log));
            cx.spawn(Self { depth, fail: self.fail, log }).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn drain(&mut self, cx: &mut Cx<'_, Self>) {
        note(&self.log, format!("drain {}", cx.path()));
    }

    fn dissolve(&mut self, cx: &mut Cx<'_, Self>) {
        note(&self.log, format!("dissolve {}", cx.path()));
        // Nobody is spawned any more.
        assert!(cx.spawn(Self { depth: 0, fail: false, log: Arc::clone(&self.log) }).is_err());
    }
}

#[locus(main)]
pub struct Tree {
    nest: Nest,
}

fn tree(log: &Log, fail: bool) -> locus::App {
    let log = Arc::clone(log);
    locus::start(move || Tree { nest: Nest { depth: 2, fail, log: Arc::clone(&log) } }).unwrap()
}

#[tokio::test]
async fn families_are_born_from_above_and_end_from_below() {
    let log = Log::default();
    let app = tree(&log, false);
    app.ready().await.unwrap();
    assert_eq!(app.drain().await.exit, Exit::Drained);
    let (first, last) = ("tree/nest/Nest#1/Nest#1", "tree/nest/Nest#2/Nest#2");
    assert!(at(&log, "birth tree/nest") < at(&log, "birth tree/nest/Nest#1"));
    assert!(at(&log, "birth tree/nest/Nest#1") < at(&log, &format!("birth {first}")));
    for leaf in [first, last] {
        assert!(at(&log, &format!("drain {leaf}")) < at(&log, "drain tree/nest/Nest#1"));
        assert!(at(&log, &format!("dissolve {leaf}")) < at(&log, "dissolve tree/nest"));
    }
    assert!(at(&log, "drain tree/nest/Nest#2") < at(&log, "drain tree/nest"));
    assert!(
        at(&log, &format!("dissolve {last}")) < at(&log, &format!("dissolve {first}")),
        "the youngest first"
    );
    assert_eq!(lines(&log).iter().filter(|line| line.starts_with("dissolve")).count(), 7);
}

#[tokio::test]
async fn a_child_that_cannot_be_born_at_the_start_refuses_it() {
    let log = Log::default();
    let app = tree(&log, true);
    let error = app.ready().await.unwrap_err();
    assert_eq!(error.to_string(), "the start was refused by tree/nest/Nest#1/Nest#1: asked to");
    assert_eq!(app.ended().await.exit, Exit::StartRefused);
    let dissolved = lines(&log).iter().filter(|line| line.starts_with("dissolve")).count();
    assert_eq!(dissolved, 3, "those that were born: {:?}", lines(&log));
}

// ---- the end of a flow, in order with what its `run` published -----------------------------------------------------

#[topic(key = of)]
#[derive(Clone)]
pub struct Word {
    pub of: u32,
    pub n: u32,
}

/// Counts the words of its parent.
#[locus]
pub struct Count {
    of: u32,
    words: u32,
    log: Log,
}

#[locus]
impl Count {
    #[on(key = self.of)]
    fn on_word(&mut self, word: &Word) {
        assert_eq!(word.n, self.words, "in order");
        self.words += 1;
    }

    fn dissolve(&mut self) {
        note(&self.log, format!("count {}", self.words));
    }
}

/// Says a hundred words, the last of them right before its `run` returns.
#[locus(publishes(Word), children(Count = resident, max = 1))]
pub struct Talk {
    of: u32,
    words: u32,
    log: Log,
}

#[locus]
impl Talk {
    async fn run(run: Run<Self>) {
        run.with(|me, cx| {
            let count = Count { of: me.of, words: 0, log: Arc::clone(&me.log) };
            assert!(cx.spawn(count).is_ok());
        })
        .await;
        for n in 0..100 {
            run.with(|me, cx| cx.publish(Word { of: me.of, n })).await;
        }
    }

    #[on(key = self.of)]
    fn on_word(&mut self, _: &Word) {
        self.words += 1;
    }

    fn dissolve(&mut self) {
        note(&self.log, format!("talk {}", self.words));
    }
}

#[locus(children(Talk = flow, max = 10))]
pub struct Hall {
    log: Log,
}

#[locus]
impl Hall {
    #[on]
    fn on_start(&mut self, start: &Start, cx: &mut Cx<'_, Self>) {
        cx.spawn(Talk { of: start.0, words: 0, log: Arc::clone(&self.log) }).unwrap();
    }
}

#[locus(main)]
pub struct House {
    hall: Hall,
}

#[tokio::test]
async fn what_a_run_published_arrives_before_its_flow_ends() {
    let log = Log::default();
    let shared = Arc::clone(&log);
    let app = locus::start(move || House { hall: Hall { log: Arc::clone(&shared) } }).unwrap();
    app.ready().await.unwrap();
    start(&app, 1);
    wait_for(&log, "talk 100");
    assert_eq!(lines(&log), ["count 100", "talk 100"]);
    let ended = app.drain().await;
    let word = ended.topics.iter().find(|topic| topic.subject == "word").unwrap();
    assert_eq!((word.published, word.delivered), (100, 200));
}
