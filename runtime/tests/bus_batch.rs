//! `#[on(batch)]`: one activation for all that waits, in order, with nothing lost and nothing twice.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use locus::prelude::*;

/// The numbers each batch held.
type Batches = Arc<Mutex<Vec<Vec<u64>>>>;

#[topic]
#[derive(Clone)]
pub struct Burst {
    messages: u64,
}

#[topic(key = shelf, bounded = 64)]
#[derive(Clone)]
pub struct Item {
    shelf: u8,
    number: u64,
}

#[topic]
#[derive(Clone)]
pub struct Stored(u64);

#[locus(publishes(Item))]
pub struct Source {}

#[locus]
impl Source {
    #[on]
    fn on_burst(&mut self, burst: &Burst, cx: &mut Cx<'_, Self>) {
        for number in 0..burst.messages {
            cx.publish(Item { shelf: (number % 2) as u8, number });
        }
    }
}

/// Takes everything, and by another subscription one shelf alone.
#[locus(publishes(Stored))]
pub struct Store {
    all: Batches,
    short: Batches,
    one_shelf: Batches,
    lossy: Batches,
}

#[locus]
impl Store {
    #[on(batch)]
    fn on_items(&mut self, items: Batch<'_, Item>, cx: &mut Cx<'_, Self>) {
        assert_eq!(items.len(), items.iter().count());
        for item in items.iter() {
            cx.publish(Stored(item.number));
        }
        self.all.lock().unwrap().push(items.map(|item| item.number).collect());
    }

    #[on(batch, bounded = 7, on_full = block)]
    fn on_few(&mut self, mut items: Batch<'_, Item>) {
        let mut taken = Vec::new();
        while !items.is_empty() {
            taken.extend(items.next().map(|item| item.number));
        }
        self.short.lock().unwrap().push(taken);
    }

    #[on(batch, key = 1)]
    fn on_one_shelf(&mut self, items: Batch<'_, Item>) -> Result<(), String> {
        assert!(items.iter().all(|item| item.shelf == 1));
        self.one_shelf.lock().unwrap().push(items.map(|item| item.number).collect());
        Ok(())
    }

    #[on(batch, bounded = 4, on_full = drop_old, missed = on_missed)]
    fn on_latest(&mut self, items: Batch<'_, Item>) {
        self.lossy.lock().unwrap().push(items.map(|item| item.number).collect());
    }

    fn on_missed(&mut self, n: u64) {
        self.lossy.lock().unwrap().push(vec![u64::MAX; usize::try_from(n).unwrap()]);
    }
}

/// Counts what the store says of each item, in batches of its own.
#[locus]
pub struct Clerk {
    stored: Batches,
}

#[locus]
impl Clerk {
    #[on(batch)]
    fn on_stored(&mut self, items: Batch<'_, Stored>) {
        self.stored.lock().unwrap().push(items.map(|stored| stored.0).collect());
    }
}

#[derive(Clone, Default)]
struct Logs {
    all: Batches,
    short: Batches,
    one_shelf: Batches,
    lossy: Batches,
    stored: Batches,
}

impl Logs {
    fn store(&self) -> Store {
        Store {
            all: Arc::clone(&self.all),
            short: Arc::clone(&self.short),
            one_shelf: Arc::clone(&self.one_shelf),
            lossy: Arc::clone(&self.lossy),
        }
    }
}

#[locus(main)]
pub struct OnePool {
    #[place(pool = "a")]
    source: Source,
    #[place(pool = "a")]
    store: Store,
    #[place(pool = "a")]
    clerk: Clerk,
}

#[locus(main)]
pub struct TwoPools {
    #[place(pool = "a")]
    source: Source,
    #[place(pool = "b")]
    store: Store,
    #[place(pool = "a")]
    clerk: Clerk,
}

fn flat(batches: &Batches) -> Vec<u64> {
    batches.lock().unwrap().concat()
}

const MESSAGES: u64 = 500;

fn check(logs: &Logs) {
    let all: Vec<u64> = (0..MESSAGES).collect();
    assert_eq!(flat(&logs.all), all);
    assert!(logs.all.lock().unwrap().len() < 100, "a batch holds what waits, not one message");
    assert_eq!(flat(&logs.short), all);
    assert!(logs.short.lock().unwrap().iter().all(|batch| batch.len() <= 7));
    let odd: Vec<u64> = all.iter().copied().filter(|number| number % 2 == 1).collect();
    assert_eq!(flat(&logs.one_shelf), odd);
    assert_eq!(flat(&logs.stored), all);
    let lossy = flat(&logs.lossy);
    assert_eq!(lossy.len() as u64, MESSAGES, "taken and missed make all");
    for (number, seen) in (0..).zip(&lossy) {
        assert!(*seen == u64::MAX || *seen == number, "a gap is told before the oldest survivor");
    }
    assert_eq!(lossy.last(), Some(&(MESSAGES - 1)));
}

#[test]
fn batches_hold_everything_once_and_in_order_on_one_pool_and_across_two() {
    let logs = Logs::default();
    let inner = logs.clone();
    let app = locus::start(move || OnePool {
        source: Source {},
        store: inner.store(),
        clerk: Clerk { stored: Arc::clone(&inner.stored) },
    });
    let app = app.unwrap();
    app.topic::<Burst>().publish_blocking(Burst { messages: MESSAGES }).unwrap();
    drop(app);
    check(&logs);

    let logs = Logs::default();
    let inner = logs.clone();
    let app = locus::start(move || TwoPools {
        source: Source {},
        store: inner.store(),
        clerk: Clerk { stored: Arc::clone(&inner.stored) },
    });
    let app = app.unwrap();
    app.topic::<Burst>().publish_blocking(Burst { messages: MESSAGES }).unwrap();
    drop(app);
    check(&logs);
}

#[topic]
#[derive(Clone)]
pub struct Row(i64);

#[topic]
#[derive(Clone)]
pub struct Written(i64);

/// Fails a batch that holds a negative row, and panics at a zero.
#[locus(publishes(Written))]
pub struct Writer {
    log: Arc<Mutex<Vec<i64>>>,
}

#[locus]
impl Writer {
    #[on(batch)]
    fn on_rows(&mut self, items: Batch<'_, Row>, cx: &mut Cx<'_, Self>) -> Result<(), String> {
        for row in items {
            cx.publish(Written(row.0));
            assert_ne!(row.0, 0);
            if row.0 < 0 {
                return Err("a negative row".into());
            }
        }
        Ok(())
    }

    #[on]
    fn on_written(&mut self, written: &Written) {
        self.log.lock().unwrap().push(written.0);
    }
}

#[locus(publishes(Row))]
pub struct Feeder {}

#[locus]
impl Feeder {
    #[on]
    fn on_burst(&mut self, burst: &Burst, cx: &mut Cx<'_, Self>) {
        let bad = match burst.messages {
            1 => -1,
            2 => 0,
            _ => 3,
        };
        for row in [1, 2, bad, 4] {
            cx.publish(Row(row));
        }
    }
}

#[locus(main)]
pub struct Failing {
    feeder: Feeder,
    writer: Writer,
}

#[test]
fn a_batch_that_fails_publishes_nothing_and_is_gone_as_a_whole() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let inner = Arc::clone(&log);
    let app = locus::start(move || Failing { feeder: Feeder {}, writer: Writer { log: Arc::clone(&inner) } });
    let app = app.unwrap();
    let bursts = app.topic::<Burst>();
    for (messages, bursts_before) in [0, 1, 2, 0].into_iter().zip(0..) {
        bursts.publish_blocking(Burst { messages }).unwrap();
        // The count is told once the pool has nothing left to do, so each burst is a batch of its own.
        let deadline = Instant::now() + Duration::from_secs(5);
        while rows_taken() < 4 * (bursts_before + 1) {
            assert!(Instant::now() < deadline, "burst {bursts_before} is not taken");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    drop(app);
    assert_eq!(*log.lock().unwrap(), [1, 2, 3, 4, 1, 2, 3, 4]);
}

fn rows_taken() -> u64 {
    locus::watch::topics().into_iter().find(|figures| figures.subject == "row").map_or(0, |row| row.delivered)
}
