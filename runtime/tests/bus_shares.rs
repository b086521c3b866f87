//! `#[on(shard)]` and `#[on(any)]`: what replicas divide among themselves, across pools.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use locus::prelude::*;
use locus::watch::{TopicFigures, topics};

/// Which replica took which key and number.
type Log = Arc<Mutex<Vec<(&'static str, u32, u64, u64)>>>;

const MESSAGES: u64 = 600;
const KEYS: u64 = 60;
const REPLICAS: u32 = 3;

#[topic]
#[derive(Clone)]
pub struct Begin;

static CLONES: AtomicU64 = AtomicU64::new(0);

struct Payload(u64);

impl Clone for Payload {
    fn clone(&self) -> Self {
        CLONES.fetch_add(1, Ordering::Relaxed);
        Self(self.0)
    }
}

#[topic(key = account, bounded = 8)]
#[derive(Clone)]
pub struct Entry {
    account: u64,
    payload: Payload,
}

#[topic(bounded = 8)]
#[derive(Clone)]
pub struct Job(Payload);

/// Both ways at once, and to everybody: still one copy for each pool.
#[topic(key = account, bounded = 4)]
#[derive(Clone)]
pub struct Mixed {
    account: u64,
    number: u64,
}

/// Without a key there is nothing to divide by.
#[topic]
#[derive(Clone)]
pub struct Notice(u64);

#[topic(reply = u32)]
#[derive(Clone)]
pub struct Who(u64);

#[locus(publishes(Entry, Mixed, Notice, Who))]
pub struct Source {
    log: Log,
}

#[locus]
impl Source {
    #[on]
    fn on_begin(&mut self, _begin: &Begin, cx: &mut Cx<'_, Self>) {
        for number in 0..MESSAGES {
            cx.publish(Entry { account: number % KEYS, payload: Payload(number) });
            cx.publish(Mixed { account: number % KEYS, number });
        }
        cx.publish(Notice(1));
        for number in 0..10 {
            cx.ask(Who(number)).within(Duration::from_secs(30)).then(move |me, replica, _| {
                me.log.lock().unwrap().push(("answered", replica.unwrap_or(u32::MAX), 0, number));
            });
        }
    }
}

/// Has nothing else to publish that would wait for the slow replica.
#[locus(publishes(Job))]
pub struct Foreman {}

#[locus]
impl Foreman {
    #[on]
    fn on_begin(&mut self, _begin: &Begin, cx: &mut Cx<'_, Self>) {
        (0..MESSAGES).for_each(|number| cx.publish(Job(Payload(number))));
    }
}

#[locus]
pub struct Worker {
    log: Log,
}

impl Worker {
    fn note(&self, what: &'static str, cx: &Cx<'_, Self>, key: u64, number: u64) {
        self.log.lock().unwrap().push((what, cx.replica(), key, number));
    }
}

#[locus]
impl Worker {
    #[on(shard)]
    fn on_entry(&mut self, entry: &Entry, cx: &mut Cx<'_, Self>) {
        self.note("entry", cx, entry.account, entry.payload.0);
    }

    #[on(any)]
    fn on_job(&mut self, job: &Job, cx: &mut Cx<'_, Self>) {
        if cx.replica() == 0 {
            // The slow one is given less.
            std::thread::sleep(Duration::from_micros(300));
        }
        self.note("job", cx, 0, job.0.0);
    }

    #[on(shard)]
    fn on_own(&mut self, mixed: &Mixed, cx: &mut Cx<'_, Self>) {
        self.note("own", cx, mixed.account, mixed.number);
    }

    #[on(any, batch)]
    fn on_some(&mut self, items: Batch<'_, Mixed>, cx: &mut Cx<'_, Self>) {
        for mixed in items {
            self.note("some", cx, mixed.account, mixed.number);
        }
    }

    #[on(any, bounded = 2, on_full = block)]
    fn on_others(&mut self, mixed: &Mixed, cx: &mut Cx<'_, Self>) {
        self.note("others", cx, mixed.account, mixed.number);
    }

    #[on]
    fn on_every(&mut self, mixed: &Mixed, cx: &mut Cx<'_, Self>) {
        self.note("every", cx, mixed.account, mixed.number);
    }

    #[on(shard)]
    fn on_notice(&mut self, notice: &Notice, cx: &mut Cx<'_, Self>) {
        self.note("notice", cx, 0, notice.0);
    }

    #[on(any)]
    fn on_who(&mut self, who: &Who, cx: &mut Cx<'_, Self>) -> u32 {
        self.note("who", cx, 0, who.0);
        cx.replica()
    }
}

#[locus(main)]
pub struct Service {
    source: Source,
    foreman: Foreman,
    #[place(pinned, replicas = 3)]
    worker: Worker,
}

/// A single instance takes everything.
#[locus(main)]
pub struct Single {
    source: Source,
    foreman: Foreman,
    worker: Worker,
}

fn figures(subject: &str) -> TopicFigures {
    topics().into_iter().find(|figures| figures.subject == subject).unwrap_or_default()
}

/// Each number was taken once, and per key in order.
fn check_all_once(log: &[(&'static str, u32, u64, u64)], what: &str) {
    let mut numbers: Vec<u64> = log.iter().filter(|one| one.0 == what).map(|one| one.3).collect();
    let mut latest: HashMap<(u32, u64), u64> = HashMap::new();
    for (_, replica, key, number) in log.iter().filter(|one| one.0 == what) {
        if let Some(before) = latest.insert((*replica, *key), *number) {
            assert!(before < *number, "{what}: {number} after {before}");
        }
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..MESSAGES).collect::<Vec<_>>(), "{what}");
}

/// How many messages each replica took.
fn loads(log: &[(&'static str, u32, u64, u64)], what: &str) -> Vec<usize> {
    let count = |replica| log.iter().filter(|one| one.0 == what && one.1 == replica).count();
    (0..REPLICAS).map(count).collect()
}

fn check_owners(log: &[(&'static str, u32, u64, u64)], what: &str) {
    let mut owners: HashMap<u64, u32> = HashMap::new();
    for (_, replica, key, _) in log.iter().filter(|one| one.0 == what) {
        assert_eq!(owners.entry(*key).or_insert(*replica), replica, "{what}: a key has one owner");
    }
    assert!(loads(log, what).iter().all(|load| *load > 0), "{what}: every replica owns keys");
}

#[test]
fn replicas_divide_keys_and_messages_and_nothing_is_lost_or_taken_twice() {
    let log = Log::default();
    let inner = Arc::clone(&log);
    let app = locus::start(move || Service {
        source: Source { log: Arc::clone(&inner) },
        foreman: Foreman {},
        worker: Worker { log: Arc::clone(&inner) },
    });
    let app = app.unwrap();
    app.topic::<Begin>().publish_blocking(Begin).unwrap();
    drop(app);
    let log = log.lock().unwrap().clone();
    for what in ["entry", "job", "own", "some", "others"] {
        check_all_once(&log, what);
    }
    check_owners(&log, "entry");
    check_owners(&log, "own");
    assert_eq!(CLONES.load(Ordering::Relaxed), 0, "what one replica takes goes to its pool alone");
    assert_eq!(loads(&log, "every"), [MESSAGES as usize; 3]);
    assert_eq!(loads(&log, "notice"), [1; 3]);
    assert_eq!(loads(&log, "who").iter().sum::<usize>(), 10);
    assert_eq!(loads(&log, "answered").iter().sum::<usize>(), 10, "each question has one responder");
    let jobs = loads(&log, "job");
    assert!(jobs.iter().all(|load| *load > 0), "{jobs:?}");
    assert!(jobs[0] < jobs[1] && jobs[0] < jobs[2], "the slow replica takes less: {jobs:?}");
    for subject in ["entry", "job", "mixed", "notice"] {
        let figures = figures(subject);
        assert_eq!(figures.dropped.iter().sum::<u64>(), 0, "{figures:?}");
    }
}

#[test]
fn a_single_instance_takes_everything() {
    let log = Log::default();
    let inner = Arc::clone(&log);
    let app = locus::start(move || Single {
        source: Source { log: Arc::clone(&inner) },
        foreman: Foreman {},
        worker: Worker { log: Arc::clone(&inner) },
    });
    let app = app.unwrap();
    app.topic::<Begin>().publish_blocking(Begin).unwrap();
    drop(app);
    let log = log.lock().unwrap().clone();
    for what in ["entry", "job", "own", "some", "others", "every"] {
        check_all_once(&log, what);
    }
}
