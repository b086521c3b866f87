//! Credits: how many messages of one topic may be under way from one pool to another.
//!
//! The publisher's pool counts what it sent, the consumer's pool what its subscribers have taken; the
//! difference stays at or below the topic's bound. The count sits above the lane: the consumer always empties
//! the lane, so a full topic holds up nobody else.
//!
//! A consumer returns credits while it still drains, a share of the bound at a time: with a small bound both sides would
//! otherwise wait for each other in turns. What is left is returned when it settles, behind whose fence it asks who waits.
//! A publisher says that it waits only when its pool is about to park: until then it looks for itself.
//!
//! Invariants
//! - I1. `returned <= sent <= returned + bound`; both only grow, except that `sent` falls by what a failed activation takes
//!   back.
//! - I2. Each counter has one writer: `sent` is local to the publisher, `returned` is stored by the consumer.
//! - I3. `returned` is stored with release after the consumer is done with the counted messages, and loaded
//!   with acquire before a credit is taken again.
//! - I4. While `waits` is set, `sent` has not been below `limit`: the next credit is found by a look, which clears it.
//!
//! It does not queue the messages that find no credit: they wait with their publisher.

use std::cell::Cell;

use crate::sync::{Arc, AtomicBool, AtomicU64, Edge, Ordering, Padded};

/// A bound below this is used up within a turn: what is sent under it is handed over before the next activation.
#[cfg(not(loom))]
const NARROW_BELOW: u64 = 1024;

/// The part of a bound whose credits are returned while the consumer still drains.
const RETURN_SHARE: u64 = 4;

/// Makes the two ends of a credit count. `bound` is the number of messages that may be under way.
pub(crate) fn credit(bound: u32) -> (CreditOut, CreditIn) {
    let line =
        Arc::new(CreditLine { returned: Padded(AtomicU64::new(0)), waits: Padded(AtomicBool::new(false)) });
    let bound = u64::from(bound);
    let out = CreditOut {
        line: Arc::clone(&line),
        sent: Cell::new(0),
        limit: Cell::new(bound),
        bound,
        waits: Cell::new(false),
    };
    let share = (bound / RETURN_SHARE).max(1);
    (out, CreditIn { line, taken: 0, published: 0, share, is_settled: true })
}

#[derive(Debug)]
struct CreditLine {
    /// Stored by the consumer only.
    returned: Padded<AtomicU64>,
    /// Stored by the publisher only: it found no credit, parks, and wants to hear of one.
    waits: Padded<AtomicBool>,
}

/// The publisher's end.
#[derive(Debug)]
pub(crate) struct CreditOut {
    line: Arc<CreditLine>,
    sent: Cell<u64>,
    /// What `sent` has to stay below, by the latest count seen; the true one may be higher.
    limit: Cell<u64>,
    bound: u64,
    waits: Cell<bool>,
}

impl CreditOut {
    /// Takes a credit for one message, and returns whether there was one.
    ///
    /// # Cost
    /// Local arithmetic; looks at the consumer's line only when the count seen last says full.
    #[inline]
    pub(crate) fn try_take(&self) -> bool {
        self.try_take_known() || (self.look_for_credit() && self.try_take_known())
    }

    /// Takes a credit that is known of.
    #[inline]
    pub(crate) fn try_take_known(&self) -> bool {
        let sent = self.sent.get();
        let has_credit = sent < self.limit.get();
        if has_credit {
            self.sent.set(sent + 1);
        }
        has_credit
    }

    /// How many credits are known of.
    #[cfg(not(loom))]
    #[inline]
    pub(crate) fn known(&self) -> u64 {
        self.limit.get().saturating_sub(self.sent.get())
    }

    /// Takes so many credits that are known of.
    #[cfg(not(loom))]
    #[inline]
    pub(crate) fn take_known(&self, count: u64) {
        debug_assert!(count <= self.known(), "{count} of {}", self.known());
        self.sent.set(self.sent.get() + count);
    }

    /// Whether the bound is so small that the other side waits for each flush.
    #[cfg(not(loom))]
    #[inline]
    pub(crate) fn is_narrow(&self) -> bool {
        self.bound < NARROW_BELOW
    }

    /// Gives back the credits of the `count` messages last taken for, which a failed activation takes back.
    #[inline]
    pub(crate) fn undo(&self, count: u64) {
        debug_assert!(count <= self.unreturned(), "{count} of {}", self.unreturned());
        self.sent.set(self.sent.get() - count);
    }

    /// Returns whether a message could be sent at this moment.
    #[inline]
    pub(crate) fn has_credit(&self) -> bool {
        self.sent.get() < self.limit.get() || self.look_for_credit()
    }

    /// Says that the publisher waits if it has no credit; its pool is about to park, and looks once more behind the fence
    /// in its bell.
    pub(crate) fn tell_wait(&self) {
        if !self.has_credit() && !self.waits.get() {
            self.set_waits(true);
        }
    }

    /// How many messages were sent, less those taken back.
    #[cfg(not(loom))]
    pub(crate) fn sent(&self) -> u64 {
        self.sent.get()
    }

    /// How many messages have not been taken yet.
    #[cfg(not(loom))]
    pub(crate) fn under_way(&self) -> u64 {
        self.refresh();
        self.unreturned()
    }

    #[cold]
    #[inline(never)]
    fn look_for_credit(&self) -> bool {
        self.refresh();
        let has_credit = self.sent.get() < self.limit.get();
        if has_credit && self.waits.get() {
            self.set_waits(false);
        }
        has_credit
    }

    fn unreturned(&self) -> u64 {
        self.sent.get() + self.bound - self.limit.get()
    }

    fn set_waits(&self, waits: bool) {
        self.waits.set(waits);
        self.line.waits.store(waits, Ordering::Relaxed);
    }

    fn refresh(&self) {
        self.limit.set(self.line.returned.load(Edge::CreditTake.acquire()) + self.bound);
    }
}

/// The consumer's end.
#[derive(Debug)]
pub(crate) struct CreditIn {
    line: Arc<CreditLine>,
    taken: u64,
    published: u64,
    /// Messages whose credits are returned at once.
    share: u64,
    /// Whether nothing was returned since the last look at who waits.
    is_settled: bool,
}

impl CreditIn {
    /// Counts messages whose last subscriber has taken or dropped them, and returns their credits once they are a share
    /// of the bound; else that is left to [`publish`](Self::publish).
    #[inline]
    pub(crate) fn count(&mut self, messages: u64) {
        self.taken += messages;
        self.is_settled = false;
        if self.taken - self.published >= self.share {
            self.publish();
        }
    }

    /// Returns the counted credits to the publisher.
    ///
    /// # Cost
    /// Nothing if nothing was counted; otherwise one release store.
    pub(crate) fn publish(&mut self) {
        if self.published != self.taken {
            self.published = self.taken;
            self.line.returned.store(self.taken, Edge::CreditReturn.release());
        }
    }

    /// Returns whether the publisher waits for a credit and so wants its bell rung, where some were returned since the
    /// last call.
    ///
    /// To be called once per turn, behind a sequentially consistent fence ([`Edge::CreditWait`]) that comes after the last
    /// `publish`. A publisher that waits and parks has looked for credit after the fence in its bell, so one of the two
    /// sees the other.
    pub(crate) fn settle(&mut self) -> bool {
        debug_assert_eq!(self.published, self.taken, "everything is returned before the look");
        !std::mem::replace(&mut self.is_settled, true) && self.line.waits.load(Ordering::Relaxed)
    }

    /// Whether the bound is so small that the publisher waits for each credit.
    #[cfg(not(loom))]
    #[inline]
    pub(crate) fn is_narrow(&self) -> bool {
        self.share < NARROW_BELOW / RETURN_SHARE
    }

    /// Messages of one run, after which credits are returned.
    #[cfg(not(loom))]
    pub(crate) fn share(&self) -> u64 {
        self.share
    }
}

#[cfg(all(test, not(loom)))]
mod tests;

#[cfg(all(test, loom))]
mod models;
