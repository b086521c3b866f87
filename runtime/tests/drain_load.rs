//! A drain under full load: eight pools publish as fast as they can to each other when it comes, and nothing that was
//! accepted is lost, also not what is published because of it.
//!
//! `LOCUS_DRAIN_REPEATS=n` repeats it more often.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use locus::prelude::*;

/// Repetitions in an ordinary test run.
const REPEATS: u64 = 50;

const POOLS: usize = 8;

/// Messages that one activation publishes, under a bound that they soon reach.
const BURST: u64 = 16;

/// Every so many-th message is passed on.
const RELAYED_EVERY: u64 = 8;

/// From one source to every sink.
#[topic(bounded = 64)]
#[derive(Clone)]
pub struct Ball {
    pub from: usize,
    pub number: u64,
    /// Text on the heap, so that a message lost or dropped twice shows in more than a count.
    pub text: String,
}

/// From a sink that took a ball to the one counter of its half.
#[topic(key = half, bounded = 16)]
#[derive(Clone)]
pub struct Thrown {
    pub half: usize,
}

/// What the loci with one number published and took.
#[derive(Default)]
pub struct Figures {
    sent: AtomicU64,
    taken_from: [AtomicU64; POOLS],
    relayed: AtomicU64,
    counted: AtomicU64,
}

type Table = Arc<[Figures; POOLS]>;

#[locus(publishes(Ball))]
pub struct Source {
    number: usize,
    sent: u64,
    table: Table,
}

#[locus]
impl Source {
    fn throw(&mut self, count: u64, cx: &mut Cx<'_, Self>) {
        for _ in 0..count {
            let text = format!("{} from {}", self.sent, self.number);
            cx.publish(Ball { from: self.number, number: self.sent, text });
            self.sent += 1;
        }
        self.table[self.number].sent.store(self.sent, Relaxed);
    }

    async fn run(run: Run<Self>) {
        while !run.is_draining() {
            run.with(|me, cx| me.throw(BURST, cx)).await;
        }
    }

    /// The last words are heard too.
    fn drain(&mut self, cx: &mut Cx<'_, Self>) {
        self.throw(1, cx);
    }
}

#[locus(publishes(Thrown))]
pub struct Sink {
    number: usize,
    table: Table,
}

#[locus]
impl Sink {
    #[on]
    fn on_ball(&mut self, ball: &Ball, cx: &mut Cx<'_, Self>) {
        let mine = &self.table[self.number];
        let before = mine.taken_from[ball.from].fetch_add(1, Relaxed);
        let text = scratch_format!(cx, "{before} from {}", ball.from);
        assert_eq!((&*ball.text, ball.number), (text, before), "in order");
        if ball.number.is_multiple_of(RELAYED_EVERY) {
            mine.relayed.fetch_add(1, Relaxed);
            cx.publish(Thrown { half: self.number % 2 });
        }
    }
}

#[locus]
pub struct Counter {
    half: usize,
    table: Table,
}

#[locus]
impl Counter {
    #[on(key = self.half)]
    fn on_thrown(&mut self, _thrown: &Thrown) {
        self.table[self.half].counted.fetch_add(1, Relaxed);
    }
}

#[locus(main)]
pub struct Ring {
    #[place(pool = "p0")]
    source_0: Source,
    #[place(pool = "p1")]
    source_1: Source,
    #[place(pool = "p2")]
    source_2: Source,
    #[place(pool = "p3")]
    source_3: Source,
    #[place(pool = "p4")]
    source_4: Source,
    #[place(pool = "p5")]
    source_5: Source,
    #[place(pool = "p6")]
    source_6: Source,
    #[place(pool = "p7")]
    source_7: Source,
    #[place(pool = "p0")]
    even: Counter,
    #[place(pool = "p1")]
    odd: Counter,
    #[place(pool = "p0")]
    sink_0: Sink,
    #[place(pool = "p1")]
    sink_1: Sink,
    #[place(pool = "p2")]
    sink_2: Sink,
    #[place(pool = "p3")]
    sink_3: Sink,
    #[place(pool = "p4")]
    sink_4: Sink,
    #[place(pool = "p5")]
    sink_5: Sink,
    #[place(pool = "p6")]
    sink_6: Sink,
    #[place(pool = "p7")]
    sink_7: Sink,
}

impl Ring {
    fn new(table: &Table) -> Self {
        let source = |number| Source { number, sent: 0, table: Arc::clone(table) };
        let sink = |number| Sink { number, table: Arc::clone(table) };
        let counter = |half| Counter { half, table: Arc::clone(table) };
        Self {
            source_0: source(0),
            source_1: source(1),
            source_2: source(2),
            source_3: source(3),
            source_4: source(4),
            source_5: source(5),
            source_6: source(6),
            source_7: source(7),
            even: counter(0),
            odd: counter(1),
            sink_0: sink(0),
            sink_1: sink(1),
            sink_2: sink(2),
            sink_3: sink(3),
            sink_4: sink(4),
            sink_5: sink(5),
            sink_6: sink(6),
            sink_7: sink(7),
        }
    }
}

/// Starts, lets the pools work for `busy`, drains, and returns how many messages were accepted.
fn round(busy: Duration) -> u64 {
    let table: Table = Arc::default();
    let inner = Arc::clone(&table);
    let app = locus::start(move || Ring::new(&inner)).unwrap();
    pollster::block_on(app.ready()).unwrap();
    std::thread::sleep(busy);
    let account = pollster::block_on(app.drain());
    assert_eq!(account.exit, locus::Exit::Drained);
    let all =
        |figure: fn(&Figures) -> &AtomicU64| table.iter().map(|one| figure(one).load(Relaxed)).sum::<u64>();
    for (from, source) in table.iter().enumerate() {
        let sent = source.sent.load(Relaxed);
        for (number, sink) in table.iter().enumerate() {
            let taken = sink.taken_from[from].load(Relaxed);
            assert_eq!(taken, sent, "sink {number} took so many of what source {from} published");
        }
    }
    assert_eq!(all(|one| &one.counted), all(|one| &one.relayed), "and of what was published because of it");
    all(|one| &one.sent)
}

#[test]
fn a_drain_under_full_load_loses_nothing_that_was_accepted() {
    let repeats = std::env::var("LOCUS_DRAIN_REPEATS").ok().and_then(|n| n.parse().ok()).unwrap_or(REPEATS);
    let began = Instant::now();
    let mut accepted = 0;
    for repeat in 0..repeats {
        accepted += round(Duration::from_millis(repeat % 20));
    }
    println!("{repeats} drains, {accepted} messages, {:.1} s", began.elapsed().as_secs_f64());
    assert!(accepted > repeats * POOLS as u64 * BURST, "hardly anything was published: {accepted}");
}
