//! Handlers that are called at the publish itself, and when they are not.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::{Arc, Mutex};

use locus::prelude::*;
use locus::watch::topics;

type Log = Arc<Mutex<Vec<String>>>;

fn note(log: &Log, what: impl Into<String>) {
    log.lock().unwrap().push(what.into());
}

#[topic]
#[derive(Clone)]
pub struct Go(pub &'static str);

#[topic]
#[derive(Clone)]
pub struct Line(pub String);

#[topic(to = Writer)]
#[derive(Clone)]
pub struct Written(pub String);

/// Asks the writer to publish what it takes itself.
#[topic]
#[derive(Clone)]
pub struct Echo;

#[locus(publishes(Line, Written, Echo))]
pub struct Source {
    log: Log,
}

#[locus]
impl Source {
    #[on]
    fn on_go(&mut self, go: &Go, cx: &mut Cx<'_, Self>) -> Result<(), String> {
        note(&self.log, "before");
        match go.0 {
            "echo" => cx.publish(Echo),
            "written" => cx.publish(Written("w".to_owned())),
            text => cx.publish(Line(text.to_owned())),
        }
        note(&self.log, "after");
        if go.0 == "fails" { Err("after it was taken".to_owned()) } else { Ok(()) }
    }
}

#[locus(publishes(Line))]
pub struct Writer {
    log: Log,
    lines: u64,
}

#[locus]
impl Writer {
    #[on(inline)]
    fn on_line(&mut self, line: &Line) -> Result<(), String> {
        self.lines += 1;
        note(&self.log, format!("{} {}", self.lines, line.0));
        match line.0.as_str() {
            "panics" => panic!("as asked"),
            "refused" => Err("as asked".to_owned()),
            _ => Ok(()),
        }
    }

    #[on(inline)]
    fn on_written(&mut self, written: &Written) {
        note(&self.log, format!("to {}", written.0));
    }

    #[on]
    fn on_echo(&mut self, _: &Echo, cx: &mut Cx<'_, Self>) {
        cx.publish(Line("first".to_owned()));
        cx.publish(Line("second".to_owned()));
        note(&self.log, "echoed");
    }
}

#[locus(main)]
pub struct Near {
    #[place(pool = "one")]
    source: Source,
    #[place(pool = "one")]
    writer: Writer,
}

#[locus(main)]
pub struct Apart {
    #[place(pool = "one")]
    source: Source,
    #[place(pool = "two")]
    writer: Writer,
}

async fn said(make: impl locus::Constructor, log: &Log, order: &'static [&'static str]) -> Vec<String> {
    let app = locus::start(make).unwrap();
    app.ready().await.unwrap();
    for go in order {
        app.topic::<Go>().publish(Go(go)).await.unwrap();
    }
    app.drain().await;
    std::mem::take(&mut log.lock().unwrap())
}

fn near(log: &Log) -> impl locus::Constructor {
    let log = Arc::clone(log);
    move || Near {
        source: Source { log: Arc::clone(&log) },
        writer: Writer { log: Arc::clone(&log), lines: 0 },
    }
}

#[tokio::test]
async fn it_is_called_inside_the_publish_of_its_pool() {
    let log = Log::default();
    assert_eq!(said(near(&log), &log, &["a"]).await, ["before", "1 a", "after"]);
    assert_eq!(said(near(&log), &log, &["written"]).await, ["before", "to w", "after"]);
}

#[tokio::test]
async fn on_another_pool_it_is_queued() {
    let log = Log::default();
    let own = Arc::clone(&log);
    let apart = move || Apart {
        source: Source { log: Arc::clone(&own) },
        writer: Writer { log: Arc::clone(&own), lines: 0 },
    };
    let mut said = said(apart, &log, &["a", "written"]).await;
    said.sort();
    assert_eq!(said, ["1 a", "after", "after", "before", "before", "to w"]);
}

#[tokio::test]
async fn a_locus_on_the_call_stack_is_not_idle() {
    let log = Log::default();
    assert_eq!(said(near(&log), &log, &["echo"]).await, ["before", "after", "echoed", "1 first", "2 second"]);
}

#[tokio::test]
async fn what_fails_is_its_own_locus_and_the_publisher_goes_on() {
    let log = Log::default();
    let said = said(near(&log), &log, &["refused", "panics", "b"]).await;
    assert_eq!(said[..6], ["before", "1 refused", "after", "before", "2 panics", "after"]);
    // Built anew, the writer counts from one; what came meanwhile has waited for it.
    assert_eq!(said[6..].iter().filter(|line| *line == "1 b").count(), 1, "{said:?}");
}

#[tokio::test]
async fn a_failing_publisher_takes_nothing_back() {
    let log = Log::default();
    assert_eq!(said(near(&log), &log, &["fails"]).await, ["before", "1 fails", "after"]);
    let figures = topics().into_iter().find(|figures| figures.subject == "line").unwrap();
    assert_eq!(figures.published, figures.delivered);
}
