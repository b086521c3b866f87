//! The pool's own queue: two flat buffers, one filled while the other is drained.
//!
//! Handlers push into the filled one through a shared reference while the drained one is being read, so neither moves
//! under the other.
//!
//! Invariants
//! - I1. References to the buffers live only inside the methods of this module, none of which runs foreign code while
//!   it holds one. The type is `!Sync`, so no two of them overlap.
//! - I2. The drained buffer is neither pushed to nor freed between [`Queue::turn_over`] and [`Queue::finish`].
//! - I3. `room_until` is at most the capacity of the filled buffer in words: the capacity while the queue is open, zero
//!   while it is shut. So one comparison tells a publisher both that it may push and that there is room.

use std::cell::{Cell, UnsafeCell};

use super::TOKEN;
use super::cursor::Cursor;
use super::record::{Header, Word, words_for};
use super::words::{Mark, Words};

#[derive(Default)]
pub(crate) struct Queue {
    fill: UnsafeCell<Words>,
    drain: UnsafeCell<Words>,
    room_until: Cell<usize>,
    is_shut: Cell<bool>,
}

impl Queue {
    #[expect(clippy::mut_from_ref, reason = "fenced by I1")]
    #[inline]
    fn fill(&self) -> &mut Words {
        // SAFETY: the only reference to the buffer (I1).
        unsafe { &mut *self.fill.get() }
    }

    #[expect(clippy::mut_from_ref, reason = "fenced by I1")]
    fn drain(&self) -> &mut Words {
        // SAFETY: the only reference to the buffer (I1).
        unsafe { &mut *self.drain.get() }
    }

    /// Whether the queue is open and has room for one more `P`.
    #[inline]
    pub(crate) fn has_room_for<P>(&self) -> bool {
        self.fill().end_words() + words_for::<P>() <= self.room_until.get()
    }

    /// Appends a record where there is room, and returns where its payload goes.
    ///
    /// # Safety
    /// [`has_room_for`](Self::has_room_for) said so and nothing was pushed since, `header` is that of a `P`, and the
    /// caller writes the payload before it does anything else.
    #[inline]
    pub(crate) unsafe fn claim<P>(&self, header: Header) -> *mut P {
        // SAFETY: the buffer has that room (I3); the rest is the caller's promise.
        unsafe { self.fill().claim(header) }
    }

    /// Appends a message, also while the queue is shut.
    pub(crate) fn push<P>(&self, topic: u16, hash: u32, payload: P) {
        self.fill().push(topic, hash, payload);
        self.note_room();
    }

    /// Appends the token of a ring that turned non-empty.
    pub(crate) fn push_token(&self, token: u32) {
        self.push(TOKEN, token, ());
    }

    /// Says whether publishers have to go another way for a while.
    pub(crate) fn set_shut(&self, is_shut: bool) {
        self.is_shut.set(is_shut);
        self.note_room();
    }

    /// Upholds I3 after a buffer was grown, swapped or taken.
    fn note_room(&self) {
        let room_until = if self.is_shut.get() { 0 } else { self.fill().capacity_words() };
        self.room_until.set(room_until);
    }

    /// Where a failed activation rolls back to.
    #[inline]
    pub(crate) fn mark(&self) -> Mark {
        self.fill().mark()
    }

    /// Removes what was pushed behind `mark` and shows each record to `visit`, which may push anew.
    pub(crate) fn roll_back(&self, mark: Mark, mut visit: impl FnMut(Header, *mut Word)) {
        let mut removed = Words::default();
        // SAFETY: marks are taken at the start of an activation and used before the next turn, so the buffer has
        // neither been cleared nor rolled back further since.
        unsafe { self.fill().truncate_with(mark, |_, payload| take_record(&mut removed, payload)) };
        removed.drain_with(&mut visit);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fill().is_empty()
    }

    /// Starts draining what was filled so far.
    pub(crate) fn turn_over(&self) -> Cursor {
        std::mem::swap(self.fill(), self.drain());
        self.note_room();
        let (records, words) = self.drain().front();
        // SAFETY: whole records, given up here and cleared by `finish`; the buffer stays in place until then (I2).
        unsafe { Cursor::new(records, words) }
    }

    /// Ends draining: every record has been taken.
    pub(crate) fn finish(&self) {
        self.drain().clear();
    }

    /// Takes out what was filled.
    pub(crate) fn take(&self) -> Words {
        let taken = std::mem::take(self.fill());
        self.note_room();
        taken
    }

    /// Memory held, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.fill().bytes() + self.drain().bytes()
    }
}

/// Moves the record of `payload` into `removed`.
fn take_record(removed: &mut Words, payload: *mut Word) {
    // SAFETY: callers pass the payload of a record; its header is the word before.
    let record = unsafe { payload.sub(1) };
    // SAFETY: callers have given that record up.
    unsafe { removed.push_record(record) };
}
