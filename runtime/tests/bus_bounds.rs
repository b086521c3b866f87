//! Bounds and policies: `block` loses nothing, the drop policies account for every message, `fail` gives it back.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::{Arc, Mutex};

use locus::prelude::*;
use locus::watch::{DropReason, TopicFigures, topics};

type Log = Arc<Mutex<Vec<(&'static str, u64)>>>;

/// Starts a burst of so many messages.
#[topic]
#[derive(Clone)]
pub struct Burst {
    pub messages: u64,
}

#[topic(bounded = 4)]
#[derive(Clone)]
pub struct Blocking(u64);

#[topic]
#[derive(Clone)]
pub struct Between(u64);

#[topic(bounded = 4, on_full = drop_old)]
#[derive(Clone)]
pub struct Latest(u64);

#[topic(bounded = 4, on_full = drop_new)]
#[derive(Clone)]
pub struct First(u64);

#[topic(bounded = 4, on_full = fail)]
#[derive(Clone)]
pub struct Refused(u64);

#[locus(publishes(Blocking, Between, Latest, First))]
pub struct Source {}

#[locus]
impl Source {
    #[on]
    fn on_burst(&mut self, burst: &Burst, cx: &mut Cx<'_, Self>) {
        for n in 0..burst.messages {
            cx.publish(Blocking(n));
            cx.publish(Between(n));
            cx.publish(Latest(n));
            cx.publish(First(n));
        }
    }
}

#[locus(publishes(Refused))]
pub struct Refuser {
    log: Log,
}

#[locus]
impl Refuser {
    #[on]
    fn on_burst(&mut self, burst: &Burst, cx: &mut Cx<'_, Self>) {
        for n in 0..burst.messages {
            if let Err(locus::Full(Refused(back))) = cx.publish(Refused(n)) {
                assert_eq!(back, n);
                self.log.lock().unwrap().push(("given back", n));
            }
        }
    }
}

#[locus]
pub struct Sink {
    log: Log,
}

#[locus]
impl Sink {
    fn note(&self, what: &'static str, n: u64) {
        self.log.lock().unwrap().push((what, n));
    }

    #[on]
    fn on_blocking(&mut self, message: &Blocking) {
        self.note("blocking", message.0);
    }

    #[on]
    fn on_between(&mut self, message: &Between) {
        self.note("between", message.0);
    }

    #[on(missed = on_missed)]
    fn on_latest(&mut self, message: &Latest) {
        self.note("latest", message.0);
    }

    fn on_missed(&mut self, n: u64) {
        self.note("missed", n);
    }

    #[on]
    fn on_first(&mut self, message: &First) {
        self.note("first", message.0);
    }

    #[on]
    fn on_refused(&mut self, message: &Refused) {
        self.note("refused", message.0);
    }
}

#[locus(main)]
pub struct OnePool {
    #[place(pool = "a")]
    source: Source,
    #[place(pool = "a")]
    refuser: Refuser,
    #[place(pool = "a")]
    sink: Sink,
}

#[locus(main)]
pub struct TwoPools {
    #[place(pool = "a")]
    source: Source,
    #[place(pool = "a")]
    refuser: Refuser,
    #[place(pool = "b")]
    sink: Sink,
}

const MESSAGES: u64 = 200;

fn of(log: &[(&'static str, u64)], what: &str) -> Vec<u64> {
    log.iter().filter(|(kind, _)| *kind == what).map(|(_, n)| *n).collect()
}

fn figures(subject: &str) -> TopicFigures {
    topics().into_iter().find(|figures| figures.subject == subject).unwrap_or_default()
}

/// What the counters of a topic grew by while `run` ran.
fn grown(subject: &str, before: &TopicFigures) -> (u64, u64, u64) {
    let after = figures(subject);
    let dropped: u64 = after.dropped.iter().sum::<u64>() - before.dropped.iter().sum::<u64>();
    (after.published - before.published, after.delivered - before.delivered, dropped)
}

fn check(log: &[(&'static str, u64)]) {
    let all: Vec<u64> = (0..MESSAGES).collect();
    assert_eq!(of(log, "blocking"), all, "`block` delivers all, in order");
    assert_eq!(of(log, "between"), all, "and so does what was published beside it");
    let both: Vec<_> = log.iter().filter(|(kind, _)| matches!(*kind, "blocking" | "between")).collect();
    let in_order = (0..MESSAGES).flat_map(|n| [("blocking", n), ("between", n)]);
    assert!(both.into_iter().copied().eq(in_order), "order holds across topics");

    let latest = of(log, "latest");
    assert!(
        latest.is_sorted() && latest.last() == Some(&(MESSAGES - 1)),
        "`drop_old` keeps the newest: {latest:?}"
    );
    let missed: u64 = of(log, "missed").iter().sum();
    assert_eq!(latest.len() as u64 + missed, MESSAGES, "delivered and missed make all");
    let mut next = 0;
    for (kind, n) in log.iter().filter(|(kind, _)| matches!(*kind, "latest" | "missed")) {
        if *kind == "missed" {
            next += n;
        } else {
            assert_eq!(*n, next, "a gap is told before the oldest survivor");
            next += 1;
        }
    }
    assert!(of(log, "first").is_sorted());

    let mut refused = of(log, "refused");
    refused.extend(of(log, "given back"));
    refused.sort_unstable();
    assert_eq!(refused, all, "`fail` delivers a message or gives it back");
    assert!(!of(log, "given back").is_empty());
}

#[test]
fn every_policy_accounts_for_every_message_on_one_pool_and_across_two() {
    let run = |start: &dyn Fn(Log) -> locus::App| {
        let log = Log::default();
        let app = start(Arc::clone(&log));
        app.topic::<Burst>().publish_blocking(Burst { messages: MESSAGES }).unwrap();
        drop(app);
        let log = log.lock().unwrap().clone();
        check(&log);
        log
    };
    let before = figures("first");
    let first = figures("first").dropped(DropReason::Full);
    let one = run(&|log| {
        let parts = move || OnePool {
            source: Source {},
            refuser: Refuser { log: Arc::clone(&log) },
            sink: Sink { log: Arc::clone(&log) },
        };
        locus::start(parts).unwrap()
    });
    let two = run(&|log| {
        let parts = move || TwoPools {
            source: Source {},
            refuser: Refuser { log: Arc::clone(&log) },
            sink: Sink { log: Arc::clone(&log) },
        };
        locus::start(parts).unwrap()
    });
    let (published, delivered, dropped) = grown("first", &before);
    assert_eq!(published, delivered + dropped);
    assert_eq!(dropped, figures("first").dropped(DropReason::Full) - first);
    assert_eq!(delivered, (of(&one, "first").len() + of(&two, "first").len()) as u64);
}

/// As large as a message may be.
#[topic(bounded = 1)]
#[derive(Clone)]
pub struct Largest([u64; 512]);

#[locus(publishes(Largest))]
pub struct LargeSource {}

#[locus]
impl LargeSource {
    #[on]
    fn on_burst(&mut self, burst: &Burst, cx: &mut Cx<'_, Self>) {
        (0..burst.messages).for_each(|n| cx.publish(Largest([n; 512])));
    }
}

#[locus]
pub struct LargeSink {
    log: Log,
}

#[locus]
impl LargeSink {
    #[on(bounded = 2, on_full = block)]
    fn on_largest(&mut self, message: &Largest) {
        self.log.lock().unwrap().push(("largest", message.0.iter().sum()));
    }
}

#[locus(main)]
pub struct Large {
    #[place(pool = "a")]
    source: LargeSource,
    #[place(pool = "b")]
    sink: LargeSink,
}

#[test]
fn the_largest_message_waits_crosses_and_arrives() {
    let log = Log::default();
    let inner = Arc::clone(&log);
    let app =
        locus::start(move || Large { source: LargeSource {}, sink: LargeSink { log: Arc::clone(&inner) } })
            .unwrap();
    app.topic::<Burst>().publish_blocking(Burst { messages: 50 }).unwrap();
    drop(app);
    let sums: Vec<u64> = (0..50).map(|n| n * 512).collect();
    assert_eq!(of(&log.lock().unwrap(), "largest"), sums);
}
