//! `per_locus`: what a slow subscriber may hold of a topic, while the others take everything.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use locus::prelude::*;
use locus::watch::{DropReason, TopicFigures, topics};
use tokio::sync::Semaphore;

type Log = Arc<Mutex<Vec<(&'static str, u64)>>>;

const MESSAGES: u64 = 100;
const HELD: u64 = 8;

/// Fewer credits than messages: a subscriber that held all of them would stop the publisher.
#[topic(bounded = 20, per_locus = 8, on_slow = drop_new)]
#[derive(Clone)]
pub struct New(u64);

#[topic(bounded = 20, per_locus = 8, on_slow = drop_old)]
#[derive(Clone)]
pub struct Old(u64);

#[topic]
#[derive(Clone)]
pub struct Begin;

/// Keeps the slow one busy until there is a permit.
#[topic]
#[derive(Clone)]
pub struct Wait;

#[locus(publishes(Wait, New, Old))]
pub struct Source {}

#[locus]
impl Source {
    #[on]
    fn on_begin(&mut self, _begin: &Begin, cx: &mut Cx<'_, Self>) {
        cx.publish(Wait);
        for n in 0..MESSAGES {
            cx.publish(New(n));
            cx.publish(Old(n));
        }
    }
}

#[locus]
pub struct Slow {
    permits: Arc<Semaphore>,
    log: Log,
}

impl Slow {
    fn note(&self, what: &'static str, n: u64) {
        self.log.lock().unwrap().push((what, n));
    }
}

#[locus]
impl Slow {
    #[on]
    async fn on_wait(&mut self, _wait: &Wait) {
        let permit = self.permits.acquire().await;
        permit.unwrap().forget();
    }

    #[on]
    fn on_new(&mut self, new: &New) {
        self.note("new", new.0);
    }

    #[on(missed = on_missed_new)]
    fn on_told_new(&mut self, new: &New) {
        self.note("told new", new.0);
    }

    fn on_missed_new(&mut self, n: u64) {
        self.note("missed new", n);
    }

    #[on(missed = on_missed_old)]
    fn on_old(&mut self, old: &Old) {
        self.note("old", old.0);
    }

    fn on_missed_old(&mut self, n: u64) {
        self.note("missed old", n);
    }

    #[on(batch)]
    fn on_batch(&mut self, items: Batch<'_, New>) {
        items.for_each(|new| self.note("batch", new.0));
    }
}

#[locus]
pub struct Quick {
    log: Log,
}

#[locus]
impl Quick {
    #[on]
    fn on_new(&mut self, new: &New) {
        self.log.lock().unwrap().push(("quick new", new.0));
    }

    #[on(bounded = 200, on_full = block)]
    fn on_old(&mut self, old: &Old) {
        self.log.lock().unwrap().push(("quick old", old.0));
    }
}

#[locus(main)]
pub struct OnePool {
    source: Source,
    slow: Slow,
    quick: Quick,
}

#[locus(main)]
pub struct TwoPools {
    #[place(pool = "a")]
    source: Source,
    #[place(pool = "b")]
    slow: Slow,
    #[place(pool = "b")]
    quick: Quick,
}

fn heard(log: &Log, who: &str) -> Vec<u64> {
    log.lock().unwrap().iter().filter(|(name, _)| *name == who).map(|(_, n)| *n).collect()
}

fn figures(subject: &str) -> TopicFigures {
    topics().into_iter().find(|figures| figures.subject == subject).unwrap_or_default()
}

fn run(start: impl Fn(Arc<Semaphore>, Log) -> locus::App) {
    let (permits, log) = (Arc::new(Semaphore::new(0)), Log::default());
    let (new, old) = (figures("new"), figures("old"));
    let app = start(Arc::clone(&permits), Arc::clone(&log));
    app.topic::<Begin>().publish_blocking(Begin).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while heard(&log, "quick old").len() < MESSAGES as usize
        || heard(&log, "quick new").len() < MESSAGES as usize
    {
        assert!(Instant::now() < deadline, "the slow one holds up the quick one");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(heard(&log, "new").is_empty(), "the slow one is busy");
    permits.add_permits(1);
    drop(app);
    let (first, last): (Vec<u64>, Vec<u64>) = ((0..HELD).collect(), (MESSAGES - HELD..MESSAGES).collect());
    assert_eq!(heard(&log, "new"), first, "the first ones are held, the new ones go");
    assert_eq!(heard(&log, "told new"), first);
    assert_eq!(heard(&log, "missed new"), [MESSAGES - HELD]);
    assert_eq!(heard(&log, "batch"), first);
    assert_eq!(heard(&log, "old"), last, "the last ones are held, the old ones go");
    assert_eq!(heard(&log, "missed old"), [MESSAGES - HELD]);
    let all: Vec<u64> = (0..MESSAGES).collect();
    assert_eq!(heard(&log, "quick new"), all);
    assert_eq!(heard(&log, "quick old"), all);
    let grown =
        |after: &TopicFigures, before: &TopicFigures, reason| after.dropped(reason) - before.dropped(reason);
    let (new_after, old_after) = (figures("new"), figures("old"));
    assert_eq!(grown(&new_after, &new, DropReason::Slow), MESSAGES - HELD);
    assert_eq!(grown(&new_after, &new, DropReason::Overrun), 2 * (MESSAGES - HELD));
    assert_eq!(grown(&old_after, &old, DropReason::Overrun), MESSAGES - HELD);
    assert_eq!(new_after.delivered - new.delivered, MESSAGES + 3 * HELD, "a message counts once");
}

#[test]
fn a_slow_subscriber_holds_what_it_may_and_holds_up_nobody() {
    run(|permits, log| {
        locus::start(move || OnePool {
            source: Source {},
            slow: Slow { permits: Arc::clone(&permits), log: Arc::clone(&log) },
            quick: Quick { log: Arc::clone(&log) },
        })
        .unwrap()
    });
    run(|permits, log| {
        locus::start(move || TwoPools {
            source: Source {},
            slow: Slow { permits: Arc::clone(&permits), log: Arc::clone(&log) },
            quick: Quick { log: Arc::clone(&log) },
        })
        .unwrap()
    });
}
