//! The outbox: what a pool has published for one other pool since its last flush.
//!
//! `publish` writes only here, into memory no other core looks at; a flush copies the records densely into
//! the lane. So the lane's lines move between the cores once per flush, a failed activation takes its
//! messages back by truncating, and a full lane makes the outbox wait instead of a thread.
//!
//! The lines that the flush will write lie in the cache of the core that read them a lap ago. They are asked for while the
//! messages are made, one for each line that is filled here: so making messages and fetching lines overlap.
//!
//! Invariants
//! - I1. Records leave in the order in which they were pushed, and nothing overtakes a record that waits.
//! - I2. A flush never happens inside an activation, so a mark outlives no flush.
//! - I3. A reference to the buffer lives only inside a method of this module, and what is called meanwhile never comes back
//!   to the outbox. The type is `!Sync`, so no two of them overlap.
//! - I4. `end` is where the next record goes, and `until` is where the memory ends. The buffer itself hears of what was
//!   claimed when it is opened, and they of what became of it when it is closed again.

use std::cell::{Cell, UnsafeCell};
use std::ops::{Deref, DerefMut};

use super::{
    lane::LaneWriter,
    record::{Header, WORD_BYTES, Word, words_for, write_header},
    words::{Mark, Words},
};
use crate::sync::prefetch::{LINE_BYTES, prefetch_to_write};

/// The part of a lane's memory that what waits for it has, from when the lane has grown to that size: a full lane takes
/// nothing before a quarter is free, and in the meantime a quarter more may find credits.
const WAITING_SHARE: usize = 2;

/// Records on their way to one other pool.
#[derive(Debug)]
pub(crate) struct Outbox {
    words: UnsafeCell<Words>,
    end: Cell<*mut Word>,
    until: Cell<*mut Word>,
    /// How far beyond a record, in bytes, its place in the lane lies if all leaves with the next flush; else zero.
    to_lane: Cell<usize>,
}

/// Where a record goes for which there is room.
#[derive(Clone, Copy)]
pub(crate) struct Room(*mut Word);

/// The buffer, which has heard of every record.
struct Opened<'o> {
    outbox: &'o Outbox,
    words: &'o mut Words,
}

impl Deref for Opened<'_> {
    type Target = Words;
    fn deref(&self) -> &Words {
        self.words
    }
}

impl DerefMut for Opened<'_> {
    fn deref_mut(&mut self) -> &mut Words {
        self.words
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        self.outbox.end.set(self.words.end());
        self.outbox.until.set(self.words.until());
    }
}

impl Default for Outbox {
    fn default() -> Self {
        let mut words = Words::default();
        let (end, until) = (Cell::new(words.end()), Cell::new(words.until()));
        Self { words: UnsafeCell::new(words), end, until, to_lane: Cell::new(0) }
    }
}

impl Outbox {
    fn open(&self) -> Opened<'_> {
        // SAFETY: the only reference to the buffer (I3).
        let words = unsafe { &mut *self.words.get() };
        // SAFETY: whole records lie up to there (I4).
        unsafe { words.set_end(self.end.get()) };
        Opened { outbox: self, words }
    }

    /// Stages a message behind all others; see [`Words::push`].
    #[inline]
    pub(crate) fn push<T: Send>(&self, topic: u16, hash: u32, value: T) {
        self.open().push(topic, hash, value);
    }

    /// Where the next record goes, if there is room for one more `T`.
    #[inline]
    pub(crate) fn room_for<T>(&self) -> Option<Room> {
        let end = self.end.get();
        let is_room = end.addr() + words_for::<T>() * WORD_BYTES <= self.until.get().addr();
        is_room.then_some(Room(end))
    }

    /// Makes a record where there is room, and returns where its payload goes.
    ///
    /// # Safety
    /// `room` is what [`room_for`](Self::room_for) said of a `T`, with nothing pushed since, `header` is that of a `T`, and
    /// the caller writes the payload before anybody looks at the outbox.
    #[inline]
    pub(crate) unsafe fn claim_in<T: Send>(&self, room: Room, header: Header) -> *mut T {
        self.ask_for_line::<T>(room);
        // SAFETY: by the caller there is room for a `T` from `end` on, before `until` (I4).
        self.end.set(unsafe { room.0.add(words_for::<T>()) });
        // SAFETY: as above; the rest is the caller's promise.
        unsafe { write_header(room.0, header) }
    }

    /// Asks for the line that the record will be copied to.
    #[inline]
    fn ask_for_line<T>(&self, room: Room) {
        let (place, bytes) = (room.0.addr(), words_for::<T>() * WORD_BYTES);
        // Of the short ones that begin in one line, only the first does.
        if bytes >= LINE_BYTES || place % LINE_BYTES < bytes {
            prefetch_to_write(place.wrapping_add(self.to_lane.get()));
        }
    }

    /// Makes a record behind all others, and returns where its payload goes.
    ///
    /// # Safety
    /// `header` is that of a `T`, and the caller writes the payload before anybody looks at the outbox.
    #[inline]
    pub(crate) unsafe fn claim<T: Send>(&self, header: Header) -> *mut T {
        let room = self.room_for::<T>().unwrap_or_else(|| self.make_room::<T>());
        // SAFETY: there is room; the rest is the caller's promise.
        unsafe { self.claim_in(room, header) }
    }

    #[cold]
    #[inline(never)]
    fn make_room<T>(&self) -> Room {
        self.open().make_room::<T>();
        Room(self.end.get())
    }

    /// Returns the mark an activation rolls back to if it fails.
    #[inline]
    pub(crate) fn mark(&self) -> Mark {
        self.open().mark()
    }

    /// Takes back every record behind `mark`, and calls `visit` with the header and payload of each.
    ///
    /// # Safety
    /// `mark` was taken from this outbox, which has neither been flushed nor gone back to an earlier mark
    /// since; and `visit` does not come back to it.
    pub(crate) unsafe fn rollback_with(&self, mark: Mark, visit: impl FnMut(Header, *mut Word)) {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.open().truncate_with(mark, visit) };
    }

    /// Copies as many records as the lane takes, and returns whether none is left.
    ///
    /// # Cost
    /// One copy and one release store; what stays behind moves to the front at most once per word taken.
    pub(crate) fn flush_into(&self, lane: &mut LaneWriter) -> bool {
        let mut own = self.open();
        if own.is_empty() {
            return true;
        }
        let (records, words) = own.front();
        let lane_words = lane.capacity();
        // SAFETY: these are whole records (`words` I1), and what the lane takes is given up just below.
        let taken = unsafe { lane.write(records, words) };
        // SAFETY: the lane takes whole records and has moved their payloads.
        unsafe { own.advance(taken) };
        own.settle();
        if lane.capacity() != lane_words {
            // Who fills such a lane will meet it full: what has to wait here then finds its memory.
            own.keep(lane.capacity() / WAITING_SHARE);
        }
        // Of a lane that is nearly full the next lines are not read yet: taking them away would hold its reader up.
        let is_free = taken == words && lane.room() > words;
        let to_lane = lane.next_address().wrapping_sub(own.front().0.addr());
        self.to_lane.set(if is_free { to_lane } else { 0 });
        taken == words
    }

    /// Counts the records whose number `is_meant`.
    ///
    /// # Cost
    /// Looks at each record.
    #[cfg(not(loom))]
    pub(crate) fn count(&self, is_meant: impl Fn(u16) -> bool) -> u32 {
        let (mut own, mut count) = (self.open(), 0);
        let (first, words) = own.front();
        // SAFETY: whole records (`words` I1), of which only the headers are looked at.
        unsafe {
            super::record::visit_records(first, words, |header, _| {
                count += u32::from(is_meant(header.topic()));
            });
        }
        count
    }

    /// Takes every record out.
    pub(crate) fn take(&self) -> Words {
        std::mem::take(&mut *self.open())
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.open().is_empty()
    }

    /// Returns how many words of records wait for the lane.
    pub(crate) fn len_words(&self) -> usize {
        self.open().len_words()
    }

    /// Returns the memory held, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.open().bytes()
    }
}

#[cfg(all(test, not(loom)))]
mod tests;

#[cfg(all(test, loom))]
mod models;
