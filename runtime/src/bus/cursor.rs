//! Reading records where they lie: in the pool's own queue, in a lane, or in a side queue.
//!
//! Invariants
//! - I1. A cursor spans whole records that nobody else reads, moves or frees while it lives.
//! - I2. The payload type of a record follows from its topic number and the kind of buffer it lies in: `Packet<T>` in
//!   queues and lanes, `Aside<T>` in side queues, `Staged<T>` in stages, `Answer<R>` under the number behind a
//!   topic's, `Change<K>` under the next. Numbers and types are one to one (`topic::TopicNumber`), and only
//!   `route::Route<T>`, `answers::Answers<T>` and `route::change::Changes<T>` take payloads.
//! - I3. A record is behind the cursor before its payload is lent out, so a panic in a handler neither repeats nor
//!   leaks it: the [`Taken`] or the [`Several`] that holds it drops it. Where records are taken from a [`Rest`], that is
//!   what they are behind, and its cursor is brought up to it before anybody looks at that again.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use super::record::{Header, WORD_BYTES, Word, payload_ptr, unknown, words_for};

/// A position in consecutive records.
pub(crate) struct Cursor {
    at: *mut Word,
    /// Where this run ends; at the end of the span unless the cursor is narrowed.
    end: *mut Word,
    span_end: *mut Word,
}

impl Cursor {
    /// Starts at `records`.
    ///
    /// # Safety
    /// The range holds whole records that the caller gives up, and stays in place until every [`Taken`] is dropped.
    pub(crate) unsafe fn new(records: *mut Word, words: usize) -> Self {
        // SAFETY: the caller grants that many words.
        let end = unsafe { records.add(words) };
        // SAFETY: passed on.
        unsafe { Self::between(records, end) }
    }

    /// Starts at `records`, and ends at `end`.
    ///
    /// # Safety
    /// As for [`new`](Self::new).
    #[inline]
    pub(crate) unsafe fn between(records: *mut Word, end: *mut Word) -> Self {
        Self { at: records, end, span_end: end }
    }

    /// Lets the next run end after `words` words at the latest, if it gets that far: after so many records of one length.
    /// Until the [`end_run`](Self::end_run), only records of that length may be taken.
    #[inline]
    pub(crate) fn narrow(&mut self, words: usize) {
        if words < self.left_words() {
            // SAFETY: inside the span.
            self.end = unsafe { self.at.add(words) };
        }
    }

    /// Ends a run, also one that unwound: the next one may go on to the end of the span.
    #[inline]
    pub(crate) fn end_run(&mut self) {
        self.end = self.span_end;
    }

    /// The header of the next record; `None` at the end of the run.
    #[inline]
    pub(crate) fn peek(&self) -> Option<Header> {
        self.rest().peek()
    }

    /// Whether a record is left, and fewer than `words_max` words have been taken since the cursor stood at `since`.
    #[inline]
    pub(crate) fn is_within(&self, since: *const Word, words_max: usize) -> bool {
        self.at != self.span_end && self.words_since(since) < words_max
    }

    /// Words taken since the cursor stood at `since`.
    #[inline]
    pub(crate) fn words_since(&self, since: *const Word) -> usize {
        self.rest().words_since(since)
    }

    /// Where the cursor stands.
    pub(crate) fn position(&self) -> *const Word {
        self.at
    }

    /// Whether every record has been taken.
    #[inline]
    pub(crate) fn is_at_end(&self) -> bool {
        self.at == self.span_end
    }

    /// Words not yet taken.
    #[inline]
    pub(crate) fn left_words(&self) -> usize {
        (self.span_end.addr() - self.at.addr()) / WORD_BYTES
    }

    /// Whether another record of `kind` follows; see [`Header::kind`].
    #[inline]
    pub(crate) fn next_is(&self, kind: u32) -> bool {
        self.peek().is_some_and(|header| header.kind() == kind)
    }

    /// Shows the hash and the payload of the next records of `kind`, `most` at the most, and leaves them where they are.
    ///
    /// # Safety
    /// The payload of a record of this kind is a `P` (I2).
    #[inline]
    pub(crate) unsafe fn look_ahead<P>(&self, kind: u32, most: usize, mut look: impl FnMut(u32, &P)) {
        let mut at = self.at;
        for _ in 0..most {
            if at == self.end {
                return;
            }
            // SAFETY: words are left, and `at` stands between records (I1).
            let header = unsafe { Header::read(at) };
            if header.kind() != kind {
                return;
            }
            // SAFETY: a record stands here.
            let payload = unsafe { payload_ptr::<P>(at) };
            // SAFETY: by the caller; nobody takes it meanwhile.
            look(header.hash(), unsafe { &*payload });
            // SAFETY: the record lies inside the span.
            at = unsafe { at.add(header.words()) };
        }
    }

    /// Takes the next record.
    ///
    /// # Safety
    /// There is one, and its payload is a `P` (I2).
    #[inline]
    pub(crate) unsafe fn take<P>(&mut self) -> Taken<P> {
        let mut rest = self.rest();
        // SAFETY: passed on.
        let taken = unsafe { rest.take::<P>() };
        self.catch_up(rest);
        taken
    }

    /// The rest of the run, to be taken by a loop that keeps its position in registers. To be given back with
    /// [`catch_up`](Self::catch_up), also where the loop unwinds.
    #[inline]
    pub(crate) fn rest(&self) -> Rest {
        Rest { at: self.at, end: self.end }
    }

    /// Goes on behind what was taken of its rest.
    #[inline]
    pub(crate) fn catch_up(&mut self, rest: Rest) {
        debug_assert_eq!(self.end, rest.end, "the rest of another run");
        self.at = rest.at;
    }

    /// Takes the next record, and as many of the same kind behind it as there are within the run, up to `records_max`.
    ///
    /// # Safety
    /// There is one, and its payload is a `P` (I2).
    pub(crate) unsafe fn take_several<P>(&mut self, kind: u32, records_max: usize) -> Several<P> {
        let (first, mut len) = (self.at, 0);
        while len < records_max.min(SEVERAL_MAX) && self.next_is(kind) {
            self.skip(words_for::<P>());
            len += 1;
        }
        debug_assert!(len > 0, "a record of this kind is next");
        Several { first, len, gone: 0, marker: PhantomData }
    }

    /// Passes over `words` words that carry no payload to drop.
    #[inline]
    pub(crate) fn skip(&mut self, words: usize) {
        // SAFETY: the words belong to the span (I1; `words` is the length of a whole record).
        self.at = unsafe { self.at.add(words) };
    }
}

/// The rest of a run: where its next record is, and where it ends.
#[derive(Clone, Copy)]
pub(crate) struct Rest {
    at: *mut Word,
    end: *mut Word,
}

impl Rest {
    /// The header of the next record; `None` at the end of the run.
    #[inline]
    pub(crate) fn peek(self) -> Option<Header> {
        // SAFETY: the end is that of the run.
        unsafe { self.peek_before(self.end.addr()) }
    }

    /// Where the run ends.
    #[inline]
    pub(crate) fn end(self) -> usize {
        self.end.addr()
    }

    /// The header of the next record; `None` from the address `end` on.
    ///
    /// # Safety
    /// `end` is at most [`end`](Self::end).
    #[inline]
    pub(crate) unsafe fn peek_before(self, end: usize) -> Option<Header> {
        if self.at.addr() >= end {
            return None;
        }
        // SAFETY: there are words left, and it stands between records of the cursor's span (I1).
        Some(unsafe { Header::read(self.at) })
    }

    /// Takes the next record.
    ///
    /// # Safety
    /// There is one, its payload is a `P` (I2), and its cursor is brought up to this before anybody looks at it (I3).
    #[inline]
    pub(crate) unsafe fn take<P>(&mut self) -> Taken<P> {
        // What all records of a `P` measure: the header need not be looked at for that.
        let words = words_for::<P>();
        debug_assert_eq!(self.peek().map(Header::words), Some(words), "the record is of another payload");
        // Knowing more of it, the compiler would keep several positions for each loop, a register each.
        let at = unknown(self.at);
        // SAFETY: a record stands here (I1).
        let payload = unsafe { payload_ptr::<P>(at) };
        // SAFETY: the words of this record, which lies inside the span (I1).
        self.at = unsafe { at.add(words) };
        // SAFETY: a `P`, by the caller, and this rest is behind it (I3).
        unsafe { Taken::of(payload) }
    }

    /// Words taken since it stood at `since`.
    #[inline]
    pub(crate) fn words_since(self, since: *const Word) -> usize {
        (self.at.addr() - since.addr()) / WORD_BYTES
    }
}

/// The most records that are taken together: one bit each.
pub(crate) const SEVERAL_MAX: usize = 64;

/// Messages lent from consecutive records of one length; those that are not moved out before are dropped with this value.
pub(crate) struct Several<P> {
    first: *mut Word,
    len: usize,
    /// Those that are somebody else's to drop, one bit each.
    gone: u64,
    marker: PhantomData<P>,
}

impl<P> Several<P> {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// One of them, which has not been moved out.
    #[inline]
    pub(crate) fn lend(&mut self, index: usize) -> &mut P {
        debug_assert!(self.gone & 1 << index == 0, "the message has been moved out");
        // SAFETY: the payload is valid (I2, I3), and lent to this value alone (I1).
        unsafe { self.payload(index).as_mut() }
    }

    /// Lends one of them to `visit`, which may move it out.
    pub(crate) fn lend_taken<R>(&mut self, index: usize, visit: impl FnOnce(&mut Taken<P>) -> R) -> R {
        debug_assert!(self.gone & 1 << index == 0, "the message has been moved out");
        // While `visit` runs, which may unwind, it is the `Taken`'s to drop.
        self.gone |= 1 << index;
        // SAFETY: the payload is valid (I2, I3), and has just been noted as gone from here.
        let mut taken = unsafe { Taken::of(self.payload(index).as_ptr()) };
        let result = visit(&mut taken);
        if std::mem::replace(&mut taken.owned, false) {
            self.gone &= !(1 << index);
        }
        result
    }

    #[inline]
    fn payload(&self, index: usize) -> NonNull<P> {
        assert!(index < self.len, "record {index} of {}", self.len);
        // SAFETY: that many records of this length lie there (I1).
        let record = unsafe { self.first.add(index * words_for::<P>()) };
        // SAFETY: a record starts there.
        let payload = unsafe { payload_ptr::<P>(record) };
        // SAFETY: a payload is inside its record or one past it, never null.
        unsafe { NonNull::new_unchecked(payload) }
    }
}

impl<P> Drop for Several<P> {
    fn drop(&mut self) {
        if !std::mem::needs_drop::<P>() {
            return;
        }
        for index in 0..self.len {
            if self.gone & 1 << index == 0 {
                // SAFETY: the payload is valid and has not been moved out (I3).
                unsafe { self.payload(index).drop_in_place() }
            }
        }
    }
}

/// A message lent from its record; dropped with this value unless moved out before.
pub(crate) struct Taken<P> {
    payload: NonNull<P>,
    owned: bool,
    marker: PhantomData<P>,
}

impl<P> Taken<P> {
    /// Lends what lies at `payload`.
    ///
    /// # Safety
    /// There is one, which the caller gives up.
    #[inline]
    pub(crate) unsafe fn of(payload: *mut P) -> Self {
        // SAFETY: something lies there.
        Self { payload: unsafe { NonNull::new_unchecked(payload) }, owned: true, marker: PhantomData }
    }

    /// Gives the payload up to the caller, who reads it where it lies, once.
    #[inline]
    pub(crate) fn give_up(self) -> *const P {
        debug_assert!(self.owned, "the message has been moved out");
        std::mem::ManuallyDrop::new(self).payload.as_ptr()
    }

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

#[cfg(all(test, not(loom)))]
mod tests;
