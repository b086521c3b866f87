//! Handlers that wait allocate nothing in steady state: ready ones, ones that ask and await the answer, and ones that
//! wait for room, on one pool and across two.
//!
//! As in `bus_allocations`, buffers and slots may still grow late on a busy machine, so there are several windows, and
//! one without a single allocation has to be among them.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, mpsc};
use std::task::{Context, Poll};

use locus::prelude::*;

#[global_allocator]
static COUNTING: locus::alloc::Counting = locus::alloc::Counting::new();

const MESSAGES: u64 = 4_000;
const WINDOWS: usize = 4;

#[topic]
#[derive(Clone)]
pub struct Go {
    left: u64,
}

#[topic(reply = u64)]
#[derive(Clone)]
pub struct Double(u64);

#[topic(bounded = 4)]
#[derive(Clone)]
pub struct Narrow(u64);

/// Suspends once. Tokio's own `yield_now` wakes only when the pool has nothing else to do.
struct Again(bool);

impl Future for Again {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

#[locus(publishes(Go, Double, Narrow))]
pub struct Source {
    sum: u64,
}

#[locus]
impl Source {
    #[on]
    async fn on_go(&mut self, go: &Go, cx: &mut Cx<'_, Self>) -> Result<(), AskError> {
        let text = scratch_format!(cx, "{}", go.left);
        let answer = cx.ask(Double(go.left)).await?;
        self.sum += answer + text.len() as u64;
        cx.publish_wait(Narrow(answer)).await;
        if go.left > 1 {
            cx.publish(Go { left: go.left - 1 });
        }
        Ok(())
    }
}

#[locus]
pub struct Sink {
    taken: u64,
    sum: u64,
    /// Allocations of the whole process when the window began.
    before: u64,
    windows: [u64; WINDOWS],
    done: mpsc::Sender<([u64; WINDOWS], u64)>,
}

#[locus]
impl Sink {
    #[on]
    async fn on_double(&mut self, double: &Double) -> u64 {
        Again(false).await;
        double.0 * 2
    }

    /// Ready at its first poll.
    #[on]
    async fn on_narrow(&mut self, narrow: &Narrow) {
        if self.taken.is_multiple_of(MESSAGES) {
            self.before = locus::alloc::allocations();
        }
        self.sum += narrow.0;
        self.taken += 1;
        if self.taken.is_multiple_of(MESSAGES) {
            let window = (self.taken / MESSAGES) as usize - 1;
            self.windows[window] = locus::alloc::allocations() - self.before;
            if window == WINDOWS - 1 {
                self.done.send((self.windows, self.sum)).unwrap();
            }
        }
    }
}

#[locus(main)]
pub struct OnePool {
    source: Source,
    sink: Sink,
}

#[locus(main)]
pub struct TwoPools {
    source: Source,
    #[place(pinned)]
    sink: Sink,
}

type Done = mpsc::Sender<([u64; WINDOWS], u64)>;

fn sink(done: &Mutex<Done>) -> Sink {
    Sink { taken: 0, sum: 0, before: 0, windows: [0; WINDOWS], done: done.lock().unwrap().clone() }
}

fn check(start: impl Fn(Mutex<Done>) -> locus::App) {
    let messages = WINDOWS as u64 * MESSAGES;
    let (sender, done) = mpsc::channel();
    let app = start(Mutex::new(sender));
    app.topic::<Go>().publish_blocking(Go { left: messages }).unwrap();
    let (allocations, sum) = done.recv().unwrap();
    // Ended for good, so that nothing of it allocates beside what is measured next.
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(app.drain());
    assert_eq!(sum, messages * (messages + 1));
    assert!(allocations.contains(&0), "allocations in each window of {MESSAGES} messages: {allocations:?}");
}

// One test, so that no other thread of the process allocates meanwhile.
#[test]
fn handlers_that_wait_allocate_nothing() {
    check(|done| locus::start(move || OnePool { source: Source { sum: 0 }, sink: sink(&done) }).unwrap());
    check(|done| locus::start(move || TwoPools { source: Source { sum: 0 }, sink: sink(&done) }).unwrap());
}
