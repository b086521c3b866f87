//! The pool's own queue: two flat buffers, one filled while the other is drained.
//!
//! Handlers push into the filled one through a shared reference while the drained one is being read, so neither moves
//! under the other.
//!
//! Invariants
//! - I1. References to the buffers live only inside the methods of this module, none of which runs foreign code while
//!   it holds one. The type is `!Sync`, so no two of them overlap.
//! - I2. The drained buffer is neither pushed to nor freed between [`Queue::turn_over`] and [`Queue::finish`].
//! - I3. `start` is where the first record of the filled buffer lies, `end` is where the next one goes, and `until` is where
//!   its memory ends, or null while the queue is shut: so one comparison tells a publisher both that it may push and that
//!   there is room. The buffer itself hears of what was claimed before anything else is done with it (`fill`).
//! - I4. `mark` is a boundary between records of the filled buffer, or its end; it moves with the memory.

use std::cell::{Cell, UnsafeCell};
use std::ptr;

use super::TOKEN;
use super::cursor::Cursor;
use super::record::{Header, WORD_BYTES, Word, words_for, write_header};
use super::words::{Mark, Words};

pub(crate) struct Queue {
    fill: UnsafeCell<Words>,
    drain: UnsafeCell<Words>,
    start: Cell<*mut Word>,
    end: Cell<*mut Word>,
    until: Cell<*mut Word>,
    /// Where the current activation began.
    mark: Cell<*mut Word>,
    is_shut: Cell<bool>,
}

/// Where a record goes for which there is room.
#[derive(Clone, Copy)]
pub(crate) struct Room(*mut Word);

impl Default for Queue {
    fn default() -> Self {
        let mut fill = Words::default();
        let start = fill.end();
        let until = fill.until();
        Self {
            fill: UnsafeCell::new(fill),
            drain: UnsafeCell::default(),
            start: Cell::new(start),
            end: Cell::new(start),
            until: Cell::new(until),
            mark: Cell::new(start),
            is_shut: Cell::new(false),
        }
    }
}

impl Queue {
    /// The filled buffer, which has heard of every record.
    #[expect(clippy::mut_from_ref, reason = "fenced by I1")]
    fn fill(&self) -> &mut Words {
        // SAFETY: the only reference to the buffer (I1).
        let fill = unsafe { &mut *self.fill.get() };
        // SAFETY: whole records lie up to there (I3).
        unsafe { fill.set_end(self.end.get()) };
        fill
    }

    #[expect(clippy::mut_from_ref, reason = "fenced by I1")]
    fn drain(&self) -> &mut Words {
        // SAFETY: the only reference to the buffer (I1).
        unsafe { &mut *self.drain.get() }
    }

    /// Where the next record goes, if the queue is open and has room for one more `P`.
    #[inline]
    pub(crate) fn room_for<P>(&self) -> Option<Room> {
        let end = self.end.get();
        let is_room = end.addr() + words_for::<P>() * WORD_BYTES <= self.until.get().addr();
        is_room.then_some(Room(end))
    }

    /// Appends a record where there is room, and returns where its payload goes.
    ///
    /// # Safety
    /// `room` is what [`room_for`](Self::room_for) said of a `P`, with nothing pushed since, `header` is that of a `P`,
    /// and the caller writes the payload before it does anything else.
    #[inline]
    pub(crate) unsafe fn claim<P>(&self, room: Room, header: Header) -> *mut P {
        // SAFETY: the buffer has that room (I3).
        self.end.set(unsafe { room.0.add(words_for::<P>()) });
        // SAFETY: as above; the rest is the caller's promise.
        unsafe { write_header(room.0, header) }
    }

    /// Appends a message, also while the queue is shut.
    #[inline]
    pub(crate) fn push<P>(&self, topic: u16, hash: u32, payload: P) {
        match self.room_for::<P>() {
            Some(room) => {
                // SAFETY: there is room, and the header is that of a `P`, which is written at once.
                let place = unsafe { self.claim::<P>(room, Header::of::<P>(topic, hash)) };
                // SAFETY: the place of this very payload.
                unsafe { place.write(payload) };
            }
            None => self.push_anyway(topic, hash, payload),
        }
    }

    #[cold]
    #[inline(never)]
    fn push_anyway<P>(&self, topic: u16, hash: u32, payload: P) {
        let mark = self.mark();
        let fill = self.fill();
        fill.push(topic, hash, payload);
        self.mark.set(fill.at(mark));
        self.note_room(fill);
    }

    /// Appends the token of a ring that turned non-empty.
    pub(crate) fn push_token(&self, token: u32) {
        self.push(TOKEN, token, ());
    }

    /// Says whether publishers have to go another way for a while.
    pub(crate) fn set_shut(&self, is_shut: bool) {
        self.is_shut.set(is_shut);
        self.note_room(self.fill());
    }

    /// Upholds I3 after the buffer, which has heard of every record, was pushed to, swapped, cut or taken.
    fn note_room(&self, fill: &mut Words) {
        self.start.set(fill.front().0);
        self.end.set(fill.end());
        self.until.set(if self.is_shut.get() { ptr::null_mut() } else { fill.until() });
    }

    /// Says that an activation begins: what it pushes can be rolled back.
    #[inline]
    pub(crate) fn set_mark(&self) {
        self.mark.set(self.end.get());
    }

    fn mark(&self) -> Mark {
        self.fill().mark_at(self.mark.get())
    }

    /// Removes what the current activation pushed and shows each record to `visit`, which may push anew.
    pub(crate) fn roll_back(&self, mut visit: impl FnMut(Header, *mut Word)) {
        let mark = self.mark();
        let mut removed = Words::default();
        let fill = self.fill();
        // SAFETY: the mark was set at the start of the activation and moved with the memory (I4), and queues turn over
        // between activations alone: the buffer has neither been cleared nor cut before the mark since.
        unsafe { fill.truncate_with(mark, |_, payload| take_record(&mut removed, payload)) };
        self.note_room(fill);
        removed.drain_with(&mut visit);
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.end.get() == self.start.get()
    }

    /// Starts draining what was filled so far.
    pub(crate) fn turn_over(&self) -> Cursor {
        let fill = self.fill();
        std::mem::swap(fill, self.drain());
        self.note_room(fill);
        self.set_mark();
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
        let fill = self.fill();
        let taken = std::mem::take(fill);
        self.note_room(fill);
        self.set_mark();
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

#[cfg(all(test, not(loom)))]
mod tests;
