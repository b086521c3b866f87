//! Credits: how many messages of one topic may be under way from one pool to another.
//!
//! The publisher's pool counts what it sent, the consumer's pool what its subscribers have taken; the
//! difference stays at or below the topic's bound. The count sits above the lane: the consumer always empties
//! the lane, so a full topic holds up nobody else.
//!
//! Invariants
//! - I1. `returned <= sent <= returned + bound`; both only grow.
//! - I2. Each counter has one writer: `sent` is local to the publisher, `returned` is stored by the consumer.
//! - I3. `returned` is stored with release after the consumer is done with the counted messages, and loaded
//!   with acquire before a credit is taken again.
//!
//! It does not queue the messages that find no credit: they wait with their publisher.

use crate::sync::{Arc, AtomicBool, AtomicU64, Edge, Ordering, Padded};

/// Makes the two ends of a credit count. `bound` is the number of messages that may be under way.
pub(crate) fn credit(bound: u32) -> (CreditOut, CreditIn) {
    let line =
        Arc::new(CreditLine { returned: Padded(AtomicU64::new(0)), waits: Padded(AtomicBool::new(false)) });
    let out =
        CreditOut { line: Arc::clone(&line), sent: 0, returned: 0, bound: u64::from(bound), waits: false };
    (out, CreditIn { line, taken: 0, published: 0 })
}

#[derive(Debug)]
struct CreditLine {
    /// Stored by the consumer only.
    returned: Padded<AtomicU64>,
    /// Stored by the publisher only: it found no credit and wants to hear of one.
    waits: Padded<AtomicBool>,
}

/// The publisher's end.
#[derive(Debug)]
pub(crate) struct CreditOut {
    line: Arc<CreditLine>,
    sent: u64,
    /// The latest count seen; the true one may be higher.
    returned: u64,
    bound: u64,
    waits: bool,
}

impl CreditOut {
    /// Takes a credit for one message, and returns whether there was one.
    ///
    /// Without one, the publisher counts as waiting until a later call finds one.
    ///
    /// # Cost
    /// Local arithmetic; looks at the consumer's line only when the count seen last says full.
    #[inline]
    pub(crate) fn try_take(&mut self) -> bool {
        if self.sent - self.returned < self.bound && !self.waits {
            self.sent += 1;
            return true;
        }
        self.try_take_slow()
    }

    /// Gives back the credits of the `count` messages last taken for, which a failed activation takes back.
    #[inline]
    pub(crate) fn undo(&mut self, count: u64) {
        debug_assert!(count <= self.sent - self.returned, "{count} of {}", self.sent - self.returned);
        self.sent -= count;
    }

    /// Returns whether a message could be sent at this moment.
    ///
    /// If not, the publisher counts as waiting until a later call finds a credit.
    #[inline]
    pub(crate) fn has_credit(&mut self) -> bool {
        (self.sent - self.returned < self.bound && !self.waits) || self.look_for_credit()
    }

    /// How many messages have not been taken yet.
    #[cfg(not(loom))]
    pub(crate) fn under_way(&mut self) -> u64 {
        self.refresh();
        self.sent - self.returned
    }

    #[cold]
    #[inline(never)]
    fn try_take_slow(&mut self) -> bool {
        let has_credit = self.look_for_credit();
        self.sent += u64::from(has_credit);
        has_credit
    }

    #[cold]
    #[inline(never)]
    fn look_for_credit(&mut self) -> bool {
        self.refresh();
        if self.is_full() && !self.waits {
            self.set_waits(true);
            // Once more, behind a fence: a consumer that has not seen the flag has returned its credits before it.
            Edge::CreditWait.fence();
            self.refresh();
        }
        if !self.is_full() && self.waits {
            self.set_waits(false);
        }
        !self.is_full()
    }

    fn is_full(&self) -> bool {
        self.sent - self.returned >= self.bound
    }

    fn set_waits(&mut self, waits: bool) {
        self.waits = waits;
        self.line.waits.store(waits, Ordering::Relaxed);
    }

    fn refresh(&mut self) {
        self.returned = self.line.returned.load(Edge::CreditTake.acquire());
    }
}

/// The consumer's end.
#[derive(Debug)]
pub(crate) struct CreditIn {
    line: Arc<CreditLine>,
    taken: u64,
    published: u64,
}

impl CreditIn {
    /// Counts a message whose last subscriber has taken or dropped it. Only local until
    /// [`publish`](Self::publish).
    #[inline]
    pub(crate) fn count(&mut self, messages: u64) {
        self.taken += messages;
    }

    /// Returns the counted credits to the publisher, and whether it waits for one and so wants its bell rung.
    ///
    /// To be called once per turn. A publisher that waits and parks has looked for credit after the fence in
    /// its bell, so one of the two sees the other.
    ///
    /// # Cost
    /// Nothing if nothing was counted; otherwise one release store and one sequentially consistent fence.
    pub(crate) fn publish(&mut self) -> bool {
        if self.published == self.taken {
            return false;
        }
        self.published = self.taken;
        self.line.returned.store(self.taken, Edge::CreditReturn.release());
        Edge::CreditWait.fence();
        self.line.waits.load(Ordering::Relaxed)
    }
}

#[cfg(all(test, not(loom)))]
mod tests;

#[cfg(all(test, loom))]
mod models;
