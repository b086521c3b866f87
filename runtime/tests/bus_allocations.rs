//! Steady state allocates nothing: a million 64-byte messages, on one pool and across two, one by one and in
//! batches.
//!
//! Buffers double until they hold the most that was ever under way, so a busy machine may let one grow late, a handful
//! of times in all. Hence several windows of a million messages each: growth ends, and a window without a single
//! allocation has to be among them. What allocates once in a million messages or more often leaves none.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::{Mutex, mpsc};

use locus::prelude::*;

#[global_allocator]
static COUNTING: locus::alloc::Counting = locus::alloc::Counting::new();

const MESSAGES: u64 = 1_000_000;
const BURST: u64 = 64;
const WINDOWS: usize = 4;

#[topic]
#[derive(Clone)]
pub struct Message {
    words: [u64; 8],
}

#[topic]
#[derive(Clone)]
pub struct Go {
    left: u64,
}

#[locus(publishes(Message, Go))]
pub struct Source {}

#[locus]
impl Source {
    #[on]
    fn on_go(&mut self, go: &Go, cx: &mut Cx<'_, Self>) {
        for n in 0..BURST {
            cx.publish(Message { words: [n; 8] });
        }
        if go.left > BURST {
            cx.publish(Go { left: go.left - BURST });
        }
    }
}

/// Counts what is taken, and what the whole process allocates meanwhile.
pub struct Meter {
    taken: u64,
    sum: u64,
    /// Allocations when the window began.
    before: u64,
    windows: [u64; WINDOWS],
    done: mpsc::Sender<([u64; WINDOWS], u64)>,
}

impl Meter {
    fn take(&mut self, message: &Message) {
        if self.taken.is_multiple_of(MESSAGES) {
            self.before = locus::alloc::allocations();
        }
        self.sum += message.words[7];
        self.taken += 1;
        if self.taken.is_multiple_of(MESSAGES) {
            let window = (self.taken / MESSAGES) as usize - 1;
            if window < WINDOWS {
                self.windows[window] = locus::alloc::allocations() - self.before;
            }
            if window == WINDOWS - 1 {
                self.done.send((self.windows, self.sum)).unwrap();
            }
        }
    }
}

#[locus]
pub struct Sink {
    meter: Meter,
}

#[locus]
impl Sink {
    #[on]
    fn on_message(&mut self, message: &Message) {
        self.meter.take(message);
    }
}

#[locus]
pub struct BatchSink {
    meter: Meter,
}

#[locus]
impl BatchSink {
    #[on(batch)]
    fn on_messages(&mut self, items: Batch<'_, Message>) {
        items.for_each(|message| self.meter.take(&message));
    }
}

#[locus(main)]
pub struct OnePool {
    #[place(pool = "a")]
    source: Source,
    #[place(pool = "a")]
    sink: Sink,
}

#[locus(main)]
pub struct TwoPools {
    #[place(pinned)]
    source: Source,
    #[place(pinned)]
    sink: Sink,
}

#[locus(main)]
pub struct OnePoolBatches {
    #[place(pool = "a")]
    source: Source,
    #[place(pool = "a")]
    sink: BatchSink,
}

#[locus(main)]
pub struct TwoPoolsBatches {
    #[place(pinned)]
    source: Source,
    #[place(pinned)]
    sink: BatchSink,
}

type Done = mpsc::Sender<([u64; WINDOWS], u64)>;

fn meter(done: &Mutex<Done>) -> Meter {
    Meter { taken: 0, sum: 0, before: 0, windows: [0; WINDOWS], done: done.lock().unwrap().clone() }
}

fn sink(done: &Mutex<Done>) -> Sink {
    Sink { meter: meter(done) }
}

fn batch_sink(done: &Mutex<Done>) -> BatchSink {
    BatchSink { meter: meter(done) }
}

fn check(start: impl Fn(Mutex<Done>) -> locus::App) {
    let messages = WINDOWS as u64 * MESSAGES;
    let (sender, done) = mpsc::channel();
    let app = start(Mutex::new(sender));
    app.topic::<Go>().publish_blocking(Go { left: messages }).unwrap();
    let (allocations, sum) = done.recv().unwrap();
    // Ended for good, so that nothing of it allocates beside what is measured next.
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(app.drain());
    assert_eq!(sum, messages / BURST * (0..BURST).sum::<u64>());
    assert!(allocations.contains(&0), "allocations in each window of {MESSAGES} messages: {allocations:?}");
}

// One test, so that no other thread of the process allocates meanwhile.
#[test]
fn a_million_messages_allocate_nothing() {
    check(|done| locus::start(move || OnePool { source: Source {}, sink: sink(&done) }).unwrap());
    check(|done| locus::start(move || TwoPools { source: Source {}, sink: sink(&done) }).unwrap());
    check(|done| {
        locus::start(move || OnePoolBatches { source: Source {}, sink: batch_sink(&done) }).unwrap()
    });
    check(|done| {
        locus::start(move || TwoPoolsBatches { source: Source {}, sink: batch_sink(&done) }).unwrap()
    });
}
