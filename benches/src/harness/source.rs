//! The sender's half of the work: which messages to send next, and the hand-made window of peers without one.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Work;

/// Messages that may be under way at once: the bound of every bounded contestant, and the window that a
/// feeder keeps by hand where the peer's mailbox has no bound.
pub const WINDOW_MESSAGES: u64 = 8192;

/// Deals out sequence numbers, one turn at a time.
#[derive(Clone, Debug)]
pub struct Source {
    next: u64,
    total: u64,
    turn: u64,
}

impl Source {
    /// A source of all messages of `work`.
    #[must_use]
    pub fn new(work: Work) -> Self {
        Self { next: 0, total: work.total(), turn: work.turn }
    }

    /// A source of the warm-up of `work`, until [`Self::go_on`].
    #[must_use]
    pub fn of_warmup(work: Work) -> Self {
        Self { total: work.warmup, ..Self::new(work) }
    }

    /// Goes on to the measured messages of `work`.
    pub fn go_on(&mut self, work: Work) {
        self.total = work.total();
    }

    /// The sequence numbers of the next turn; empty when all are dealt.
    #[inline]
    pub fn turn(&mut self) -> Range<u64> {
        let first = self.next;
        self.next = (first + self.turn).min(self.total);
        first..self.next
    }

    /// Whether all messages have been dealt.
    #[must_use]
    #[inline]
    pub fn is_spent(&self) -> bool {
        self.next == self.total
    }

    /// Whether another turn fits into the window, given what the receiver has taken.
    #[must_use]
    pub fn has_room(&self, taken: &Taken) -> bool {
        self.next + self.turn <= taken.load() + WINDOW_MESSAGES
    }
}

/// What the receiver has taken, told once per turn, for peers whose mailbox has no bound.
#[derive(Clone, Debug, Default)]
pub struct Taken(Arc<AtomicU64>);

impl Taken {
    /// Tells the feeder how far the receiver has come.
    pub fn store(&self, taken: u64) {
        self.0.store(taken, Ordering::Release);
    }

    fn load(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Senders of a shape that has several.
pub const PRODUCERS: u64 = 4;

/// What one of [`PRODUCERS`] senders has to do, and what all of them have to together: in whole turns of each.
#[must_use]
pub fn shared_among_producers(work: Work) -> (Work, Work) {
    let all = work.in_turns_of(work.turn * PRODUCERS);
    let (warmup, measured) = (all.warmup / PRODUCERS, all.measured / PRODUCERS);
    (Work { warmup, measured, turn: work.turn }, all)
}
