//! Reading records where they lie: in the pool's own queue, in a lane, or in a side queue.
//!
//! Invariants
//! - I1. A cursor spans whole records that nobody else reads, moves or frees while it lives.
//! - I2. The payload type of a record follows from its topic number and the kind of buffer it lies in: `Packet<T>` in
//!   queues and lanes, `Aside<T>` in side queues, `Staged<T>` in stages, `Answer<R>` under the odd numbers. Numbers
//!   and types are one to one (`topic::TopicNumber`), and only `route::Route<T>` and `ask::Answers<R>` take payloads.
//! - I3. A record is behind the cursor before its payload is lent out, so a panic in a handler neither repeats nor
//!   leaks it: the [`Taken`] that holds it drops it.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use super::record::{Header, Word, payload_ptr};

/// A position in consecutive records.
pub(crate) struct Cursor {
    at: *mut Word,
    left: usize,
}

impl Cursor {
    /// Starts at `records`.
    ///
    /// # Safety
    /// The range holds whole records that the caller gives up, and stays in place until every [`Taken`] is dropped.
    pub(crate) unsafe fn new(records: *mut Word, words: usize) -> Self {
        Self { at: records, left: words }
    }

    /// The header of the next record; `None` at the end.
    #[inline]
    pub(crate) fn peek(&self) -> Option<Header> {
        if self.left == 0 {
            return None;
        }
        // SAFETY: there are words left, and the cursor stands between records (I1).
        Some(unsafe { Header::read(self.at) })
    }

    /// Words not yet taken.
    pub(crate) fn left_words(&self) -> usize {
        self.left
    }

    /// Whether another record of `topic` follows.
    #[inline]
    pub(crate) fn next_is(&self, topic: u16) -> bool {
        self.peek().is_some_and(|header| header.topic() == topic)
    }

    /// Takes the next record.
    ///
    /// # Safety
    /// There is one, and its payload is a `P` (I2).
    #[inline]
    pub(crate) unsafe fn take<P>(&mut self) -> Taken<P> {
        let words = self.peek().map_or(0, Header::words);
        debug_assert!(words > 0 && words <= self.left, "{words} words of {}", self.left);
        // SAFETY: a record stands here (I1).
        let payload = unsafe { payload_ptr::<P>(self.at) };
        self.skip(words);
        // SAFETY: a payload is inside its record or one past it, never null.
        Taken { payload: unsafe { NonNull::new_unchecked(payload) }, owned: true, marker: PhantomData }
    }

    /// Passes over `words` words that carry no payload to drop.
    #[inline]
    pub(crate) fn skip(&mut self, words: usize) {
        // SAFETY: the words belong to the span (I1; `words` comes from the header of a whole record).
        self.at = unsafe { self.at.add(words) };
        self.left -= words;
    }
}

/// A cursor that leads another one in a hot loop, where it stays in registers; the other one is brought up when it is
/// dropped, in an unwinding too (I3).
pub(crate) struct Lead<'c> {
    cursor: &'c mut Cursor,
    taken: &'c mut u32,
    ahead: Cursor,
    count: u32,
}

impl Cursor {
    /// Leads this cursor, and counts in `taken`.
    #[inline]
    pub(crate) fn lead<'c>(&'c mut self, taken: &'c mut u32) -> Lead<'c> {
        let ahead = Self { at: self.at, left: self.left };
        Lead { cursor: self, count: *taken, taken, ahead }
    }
}

impl Lead<'_> {
    /// As [`Cursor::take`].
    ///
    /// # Safety
    /// As there.
    #[inline]
    pub(crate) unsafe fn take<P>(&mut self) -> Taken<P> {
        self.count += 1;
        // SAFETY: the caller's promise.
        unsafe { self.ahead.take() }
    }

    /// As [`Cursor::next_is`].
    #[inline]
    pub(crate) fn next_is(&self, topic: u16) -> bool {
        self.ahead.next_is(topic)
    }
}

impl Drop for Lead<'_> {
    #[inline]
    fn drop(&mut self) {
        self.cursor.at = self.ahead.at;
        self.cursor.left = self.ahead.left;
        *self.taken = self.count;
    }
}

/// A message lent from its record; dropped with this value unless moved out before.
pub(crate) struct Taken<P> {
    payload: NonNull<P>,
    owned: bool,
    marker: PhantomData<P>,
}

impl<P> Taken<P> {
    /// Moves the payload out; nothing may look at it afterwards.
    pub(crate) fn move_out(&mut self) -> P {
        assert!(self.owned, "a message is moved out once");
        self.owned = false;
        // SAFETY: the payload is valid (I2, I3) and `owned` was true, so it has not been moved before.
        unsafe { self.payload.read() }
    }
}

impl<P> Deref for Taken<P> {
    type Target = P;
    #[inline]
    fn deref(&self) -> &P {
        debug_assert!(self.owned, "the message has been moved out");
        // SAFETY: the payload is valid and lent to this value alone (I1, I3).
        unsafe { self.payload.as_ref() }
    }
}

impl<P> DerefMut for Taken<P> {
    #[inline]
    fn deref_mut(&mut self) -> &mut P {
        debug_assert!(self.owned, "the message has been moved out");
        // SAFETY: as in `deref`, and `&mut self` is exclusive.
        unsafe { self.payload.as_mut() }
    }
}

impl<P> Drop for Taken<P> {
    #[inline]
    fn drop(&mut self) {
        if self.owned {
            // SAFETY: the payload is valid and has not been moved out (I3).
            unsafe { self.payload.drop_in_place() }
        }
    }
}
