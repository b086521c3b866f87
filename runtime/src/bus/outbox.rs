//! The outbox: what a pool has published for one other pool since its last flush.
//!
//! `publish` writes only here, into memory no other core looks at; a flush copies the records densely into
//! the lane. So the lane's lines move between the cores once per flush, a failed activation takes its
//! messages back by truncating, and a full lane makes the outbox wait instead of a thread.
//!
//! Invariants
//! - I1. Records leave in the order in which they were pushed, and nothing overtakes a record that waits.
//! - I2. A flush never happens inside an activation, so a mark outlives no flush.
//! - I3. A reference to the buffer lives only inside a method of this module, and what is called meanwhile never comes back
//!   to the outbox. The type is `!Sync`, so no two of them overlap.

use std::cell::UnsafeCell;

use super::{
    lane::LaneWriter,
    record::{Header, Word},
    words::{Mark, Words},
};

/// Records on their way to one other pool.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    words: UnsafeCell<Words>,
}

impl Outbox {
    #[inline]
    #[expect(clippy::mut_from_ref, reason = "fenced by I3")]
    fn words(&self) -> &mut Words {
        // SAFETY: the only reference to the buffer (I3).
        unsafe { &mut *self.words.get() }
    }

    /// Stages a message behind all others; see [`Words::push`].
    #[inline]
    pub(crate) fn push<T: Send>(&self, topic: u16, hash: u32, value: T) {
        self.words().push(topic, hash, value);
    }

    /// Makes a record behind all others, and returns where its payload goes.
    ///
    /// # Safety
    /// `header` is that of a `T`, and the caller writes the payload before anybody looks at the outbox.
    #[inline]
    pub(crate) unsafe fn claim<T: Send>(&self, header: Header) -> *mut T {
        let words = self.words();
        words.make_room::<T>();
        // SAFETY: room was made just above; the rest is the caller's promise.
        unsafe { words.claim(header) }
    }

    /// Returns the mark an activation rolls back to if it fails.
    #[inline]
    pub(crate) fn mark(&self) -> Mark {
        self.words().mark()
    }

    /// Takes back every record behind `mark`, and calls `visit` with the header and payload of each.
    ///
    /// # Safety
    /// `mark` was taken from this outbox, which has neither been flushed nor gone back to an earlier mark
    /// since; and `visit` does not come back to it.
    pub(crate) unsafe fn rollback_with(&self, mark: Mark, visit: impl FnMut(Header, *mut Word)) {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.words().truncate_with(mark, visit) };
    }

    /// Copies as many records as the lane takes, and returns whether none is left.
    ///
    /// # Cost
    /// One copy and one release store; what stays behind moves to the front at most once per word taken.
    pub(crate) fn flush_into(&self, lane: &mut LaneWriter) -> bool {
        let own = self.words();
        if own.is_empty() {
            return true;
        }
        let (records, words) = own.front();
        // SAFETY: these are whole records (`words` I1), and what the lane takes is given up just below.
        let taken = unsafe { lane.write(records, words) };
        // SAFETY: the lane takes whole records and has moved their payloads.
        unsafe { own.advance(taken) };
        own.settle();
        taken == words
    }

    /// Counts the records whose number `is_meant`.
    ///
    /// # Cost
    /// Looks at each record.
    #[cfg(not(loom))]
    pub(crate) fn count(&self, is_meant: impl Fn(u16) -> bool) -> u32 {
        let (mut at, mut left) = self.words().front();
        let mut count = 0;
        while left > 0 {
            // SAFETY: whole records, and there are words left (`words` I1, I2).
            let header = unsafe { Header::read(at) };
            count += u32::from(is_meant(header.topic()));
            // SAFETY: the next record begins where this one ends, inside the buffer or at its end (`words` I1).
            at = unsafe { at.add(header.words()) };
            left -= header.words();
        }
        count
    }

    /// Takes every record out.
    pub(crate) fn take(&self) -> Words {
        std::mem::take(self.words())
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.words().is_empty()
    }

    /// Returns how many words of records wait for the lane.
    pub(crate) fn len_words(&self) -> usize {
        self.words().len_words()
    }

    /// Returns the memory held, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.words().bytes()
    }
}

#[cfg(all(test, not(loom)))]
mod tests;

#[cfg(all(test, loom))]
mod models;
