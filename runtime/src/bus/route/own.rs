//! The credits of a pool's own queue: how many messages of one topic lie in it, and whether publishers may use it at all.
//!
//! One comparison tells a publisher that the topic has subscribers on its own pool alone and that there is room: while
//! the short way is closed, the limit lies out of reach. What was published the short way is not counted twice: it is
//! what has entered the queue.
//!
//! Invariants
//! - I1. `returned <= entered <= returned + bound`, where `returned` is `limit - bound`, less [`CLOSED`] while closed.
//! - I2. `limit` is [`CLOSED`] lower while the short way is closed, so `entered < limit` is false then.

use std::cell::Cell;

/// What the limit is lowered by while the short way is closed: more messages than any pool lives to see.
const CLOSED: i64 = 1 << 62;

pub(crate) struct OwnCredit {
    /// Messages that entered the queue, less those taken back.
    entered: Cell<i64>,
    /// What `entered` has to stay below.
    limit: Cell<i64>,
    bound: u32,
    /// How far `entered` lies above the limit of a closed way when nothing is in the queue.
    idle_gap: i64,
    is_open: Cell<bool>,
}

impl OwnCredit {
    pub(crate) fn new(bound: u32) -> Self {
        Self {
            entered: Cell::new(0),
            limit: Cell::new(i64::from(bound) - CLOSED),
            bound,
            idle_gap: CLOSED - i64::from(bound),
            is_open: Cell::new(false),
        }
    }

    pub(crate) fn bound(&self) -> u32 {
        self.bound
    }

    /// Opens the short way, or closes it.
    pub(crate) fn set_open(&self, is_open: bool) {
        let limit = self.open_limit();
        self.is_open.set(is_open);
        self.limit.set(if is_open { limit } else { limit - CLOSED });
    }

    /// Whether a message may go the short way now.
    #[inline]
    pub(crate) fn is_open_with_credit(&self) -> bool {
        self.entered.get() < self.limit.get()
    }

    /// Whether there is a credit, whichever way the message goes.
    pub(crate) fn has_credit(&self) -> bool {
        self.entered.get() < self.open_limit()
    }

    /// How many messages have room, whichever way they go.
    pub(crate) fn free(&self) -> u64 {
        u64::try_from(self.open_limit() - self.entered.get()).unwrap_or_default()
    }

    /// Takes a credit that is there.
    #[inline]
    pub(crate) fn take(&self) {
        debug_assert!(self.has_credit(), "it was there a moment ago");
        self.entered.set(self.entered.get() + 1);
    }

    /// Takes the latest message out again.
    pub(crate) fn undo(&self) {
        self.entered.set(self.entered.get() - 1);
    }

    /// Gives credits back: so many messages have been taken by everybody here.
    #[inline]
    pub(crate) fn give_back(&self, messages: u32) {
        self.limit.set(self.limit.get() + i64::from(messages));
        debug_assert!(self.entered.get() >= self.open_limit() - i64::from(self.bound), "given back twice");
    }

    /// Whether nothing is in the queue, or kept from it, where the short way is closed.
    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        self.entered.get() - self.limit.get() == self.idle_gap
    }

    /// Messages in the queue, or kept from it, that hold a credit.
    pub(crate) fn queued(&self) -> u64 {
        let returned = self.open_limit() - i64::from(self.bound);
        u64::try_from(self.entered.get() - returned).unwrap_or_default()
    }

    /// Messages that entered the queue, less those taken back.
    pub(crate) fn entered(&self) -> u64 {
        self.entered.get().cast_unsigned()
    }

    fn open_limit(&self) -> i64 {
        self.limit.get() + if self.is_open.get() { 0 } else { CLOSED }
    }
}

#[cfg(test)]
mod tests {
    use super::OwnCredit;

    #[test]
    fn credits_come_back_and_the_short_way_closes_for_itself() {
        let own = OwnCredit::new(2);
        assert!(!own.is_open_with_credit() && own.has_credit() && own.is_idle());
        own.take();
        assert!(!own.is_idle());
        own.set_open(true);
        assert!(own.is_open_with_credit());
        own.take();
        assert!(!own.is_open_with_credit() && !own.has_credit());
        assert_eq!((own.queued(), own.free(), own.entered()), (2, 0, 2));
        own.give_back(1);
        assert!(own.is_open_with_credit());
        own.set_open(false);
        own.undo();
        assert!(own.is_idle() && own.has_credit() && !own.is_open_with_credit());
        assert_eq!((own.queued(), own.free(), own.entered()), (0, 2, 1));
    }
}
