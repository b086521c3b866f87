//! Children: spawned, born, counted, ended and released.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use locus::prelude::*;
use locus::{App, ChildId, SpawnError};

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

fn wait_for(log: &Log, line: &str) {
    wait_until(|| lines(log).iter().any(|other| other == line));
}

fn count(log: &Log, line: &str) -> usize {
    lines(log).iter().filter(|other| *other == line).count()
}

/// Spawns one child and greets it, in one activation; then fails, or not.
#[topic]
#[derive(Clone)]
pub struct Open {
    pub key: u32,
    pub fail: bool,
}

#[topic(key = to)]
#[derive(Clone)]
pub struct Hello {
    pub to: u32,
    pub what: &'static str,
}

#[topic]
#[derive(Clone)]
pub struct Look;

#[topic]
#[derive(Clone)]
pub struct Close;

#[locus]
pub struct Conn {
    key: u32,
    log: Log,
}

#[locus]
impl Conn {
    fn birth(&mut self, cx: &mut Cx<'_, Self>) -> Result<(), String> {
        note(&self.log, format!("birth {} {}", self.key, cx.path()));
        if self.key == 666 { Err("unlucky".into()) } else { Ok(()) }
    }

    #[on(key = self.key)]
    fn on_hello(&mut self, hello: &Hello, cx: &mut Cx<'_, Self>) {
        note(&self.log, format!("{} hears {}", self.key, hello.what));
        match hello.what {
            "bye" => cx.terminate(),
            "panic" => panic!("asked to"),
            _ => {}
        }
    }

    fn drain(&mut self) {
        note(&self.log, format!("drain {}", self.key));
    }

    fn dissolve(&mut self) {
        note(&self.log, format!("dissolve {}", self.key));
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        note(&self.log, format!("drop {}", self.key));
    }
}

#[locus(children(Conn = resident, max = 3), publishes(Hello))]
pub struct Server {
    log: Log,
    ids: Vec<ChildId>,
}

#[locus]
impl Server {
    #[on]
    fn on_open(&mut self, open: &Open, cx: &mut Cx<'_, Self>) -> Result<(), String> {
        match cx.spawn(Conn { key: open.key, log: Arc::clone(&self.log) }) {
            Ok(id) => self.ids.push(id),
            Err(SpawnError::Full(child)) => note(&self.log, format!("no room for {}", child.key)),
            Err(other) => note(&self.log, format!("{other}")),
        }
        cx.publish(Hello { to: open.key, what: "welcome" });
        if open.fail { Err("asked to".into()) } else { Ok(()) }
    }

    #[on]
    fn on_look(&mut self, _look: &Look, cx: &mut Cx<'_, Self>) {
        let mut keys = Vec::new();
        cx.children::<Conn>().for_each(|_, conn| keys.push(conn.key));
        let paths: Vec<_> = self.ids.iter().filter_map(|id| cx.child_path(*id)).collect();
        note(&self.log, format!("{} children: {keys:?} {paths:?}", cx.children::<Conn>().count()));
    }

    #[on]
    fn on_close(&mut self, _close: &Close, cx: &mut Cx<'_, Self>) {
        for id in self.ids.drain(..) {
            let known = cx.terminate_child(id);
            note(&self.log, format!("terminate {known}"));
        }
    }

    fn drain(&mut self) {
        note(&self.log, "drain server");
    }

    fn dissolve(&mut self) {
        note(&self.log, "dissolve server");
    }
}

#[locus(main)]
pub struct Web {
    server: Server,
}

fn web(log: &Log) -> App {
    let log = Arc::clone(log);
    locus::start(move || Web { server: Server { log: Arc::clone(&log), ids: Vec::new() } }).unwrap()
}

fn open(app: &App, key: u32) {
    app.topic::<Open>().publish_blocking(Open { key, fail: false }).unwrap();
}

fn hello(app: &App, to: u32, what: &'static str) {
    app.topic::<Hello>().publish_blocking(Hello { to, what }).unwrap();
}

#[tokio::test]
async fn a_child_hears_what_is_published_behind_its_spawn() {
    let log = Log::default();
    let app = web(&log);
    app.ready().await.unwrap();
    open(&app, 1);
    wait_for(&log, "1 hears welcome");
    assert_eq!(lines(&log)[0], "birth 1 web/server/Conn#1");
    assert_eq!(app.drain().await.exit, Exit::Drained);
    let lines = lines(&log);
    assert_eq!(
        lines[2..],
        ["drain 1", "drain server", "dissolve 1", "drop 1", "dissolve server"],
        "children before parents"
    );
}

#[tokio::test]
async fn a_failing_activation_spawns_nothing() {
    let log = Log::default();
    let app = web(&log);
    app.ready().await.unwrap();
    app.topic::<Open>().publish_blocking(Open { key: 7, fail: true }).unwrap();
    wait_for(&log, "drop 7");
    // It left no gap under the ceiling.
    for key in 1..=3 {
        open(&app, key);
    }
    wait_for(&log, "3 hears welcome");
    drop(app);
    assert!(!lines(&log).iter().any(|line| line.starts_with("birth 7")), "{:?}", lines(&log));
}

#[tokio::test]
async fn at_the_ceiling_the_child_comes_back() {
    let log = Log::default();
    let app = web(&log);
    app.ready().await.unwrap();
    for key in 1..=4 {
        open(&app, key);
    }
    wait_for(&log, "no room for 4");
    app.topic::<Look>().publish_blocking(Look).unwrap();
    let expected = r#"3 children: [1, 2, 3] ["web/server/Conn#1", "web/server/Conn#2", "web/server/Conn#3"]"#;
    wait_for(&log, expected);
    hello(&app, 2, "bye");
    wait_for(&log, "drop 2");
    hello(&app, 2, "anybody there?");
    open(&app, 5);
    wait_for(&log, "5 hears welcome");
    app.topic::<Look>().publish_blocking(Look).unwrap();
    let expected = r#"3 children: [1, 3, 5] ["web/server/Conn#1", "web/server/Conn#3", "web/server/Conn#4"]"#;
    wait_for(&log, expected);
    app.topic::<Close>().publish_blocking(Close).unwrap();
    wait_for(&log, "drop 5");
    assert_eq!(count(&log, "terminate true"), 3);
    assert_eq!(count(&log, "terminate false"), 1, "a stale name names nobody");
    assert_eq!(app.drain().await.exit, Exit::Drained);
    assert_eq!(count(&log, "2 hears anybody there?"), 0);
    for key in [1, 2, 3, 5] {
        assert_eq!(count(&log, &format!("dissolve {key}")), 1);
        assert_eq!(count(&log, &format!("drop {key}")), 1);
    }
}

#[tokio::test]
async fn a_child_without_a_factory_that_fails_is_dissolved() {
    let log = Log::default();
    let app = web(&log);
    app.ready().await.unwrap();
    open(&app, 666);
    wait_for(&log, "drop 666");
    open(&app, 1);
    wait_for(&log, "1 hears welcome");
    hello(&app, 1, "panic");
    wait_for(&log, "drop 1");
    let ended = app.drain().await;
    assert_eq!(ended.exit, Exit::Drained);
    let conns = ended.loci.iter().find(|account| account.path == "web/server/Conn").unwrap();
    assert_eq!((conns.handled, conns.failed), (2, 1), "{:?}", ended.loci);
}
