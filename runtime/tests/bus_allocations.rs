//! Steady state allocates nothing: a million 64-byte messages, on one pool and across two.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::mpsc;

use locus::prelude::*;

#[global_allocator]
static COUNTING: locus::alloc::Counting = locus::alloc::Counting::new();

const MESSAGES: u64 = 1_000_000;
const BURST: u64 = 64;

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

#[locus]
pub struct Sink {
    taken: u64,
    sum: u64,
    /// Allocations of the whole process when the count began.
    before: u64,
    done: mpsc::Sender<(u64, u64)>,
}

#[locus]
impl Sink {
    #[on]
    fn on_message(&mut self, message: &Message) {
        // The first half million warms buffers and lanes up.
        if self.taken == MESSAGES / 2 {
            self.before = locus::alloc::allocations();
            self.sum = 0;
        }
        self.sum += message.words[7];
        self.taken += 1;
        if self.taken == MESSAGES / 2 + MESSAGES {
            self.done.send((locus::alloc::allocations() - self.before, self.sum)).unwrap();
        }
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

fn sink(done: &std::sync::Mutex<mpsc::Sender<(u64, u64)>>) -> Sink {
    Sink { taken: 0, sum: 0, before: 0, done: done.lock().unwrap().clone() }
}

fn check(start: impl Fn(std::sync::Mutex<mpsc::Sender<(u64, u64)>>) -> locus::App) {
    let (sender, done) = mpsc::channel();
    let app = start(std::sync::Mutex::new(sender));
    app.topic::<Go>().publish_blocking(Go { left: 2 * MESSAGES }).unwrap();
    let (allocations, sum) = done.recv().unwrap();
    drop(app);
    assert_eq!(sum, MESSAGES / BURST * (0..BURST).sum::<u64>());
    assert_eq!(allocations, 0, "allocations for {MESSAGES} messages");
}

// One test, so that no other thread of the process allocates meanwhile.
#[test]
fn a_million_messages_allocate_nothing() {
    check(|done| locus::start(move || OnePool { source: Source {}, sink: sink(&done) }).unwrap());
    check(|done| locus::start(move || TwoPools { source: Source {}, sink: sink(&done) }).unwrap());
}
