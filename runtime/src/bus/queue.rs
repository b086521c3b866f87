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
//!   there is room. Only `fill` tells the filled buffer of what was claimed, before anything else is done with it; the
//!   drained one does not hear of it, and its length says nothing.
//! - I4. `mark` is a boundary between records of the filled buffer, or its end; it moves with the memory.
//! - I5. `spans` holds where the memory of each buffer begins and ends. Records of the queue begin there: nothing is taken
//!   from its buffers but all of it.

use std::cell::{Cell, UnsafeCell};
use std::ptr;

use super::TOKEN;
use super::cursor::Cursor;
use super::record::{Header, WORD_BYTES, Word, payload_ptr, words_for, write_header};
use super::words::{Mark, SHRINK_WINDOW, Words};

pub(crate) struct Queue {
    buffers: [UnsafeCell<Words>; 2],
    /// Which of them is the filled one.
    filled: Cell<bool>,
    /// The memory of each, so that turning over need not ask the buffers.
    spans: [Cell<Span>; 2],
    start: Cell<*mut Word>,
    end: Cell<*mut Word>,
    until: Cell<*mut Word>,
    /// Where the current activation began.
    mark: Cell<*mut Word>,
    is_shut: Cell<bool>,
    /// The longest the filled buffer became, in bytes, since memory was last compared with need.
    window_peak_bytes: Cell<usize>,
    window_turns: Cell<u32>,
}

/// Where the memory of a buffer begins and ends.
#[derive(Clone, Copy)]
struct Span {
    start: *mut Word,
    until: *mut Word,
}

impl Span {
    fn of(buffer: &mut Words) -> Self {
        Self { start: buffer.front().0, until: buffer.until() }
    }
}

/// Where a record goes for which there is room.
#[derive(Clone, Copy)]
pub(crate) struct Room(*mut Word);

impl Default for Queue {
    fn default() -> Self {
        let mut buffers = [Words::default(), Words::default()];
        let spans = buffers.each_mut().map(Span::of);
        let Span { start, until } = spans[0];
        Self {
            buffers: buffers.map(UnsafeCell::new),
            filled: Cell::new(false),
            spans: spans.map(Cell::new),
            start: Cell::new(start),
            end: Cell::new(start),
            until: Cell::new(until),
            mark: Cell::new(start),
            is_shut: Cell::new(false),
            window_peak_bytes: Cell::new(0),
            window_turns: Cell::new(0),
        }
    }
}

impl Queue {
    /// The filled buffer, which has heard of every record.
    #[expect(clippy::mut_from_ref, reason = "fenced by I1")]
    fn fill(&self) -> &mut Words {
        let fill = self.buffer(self.filled.get());
        // SAFETY: whole records lie up to there (I3).
        unsafe { fill.set_end(self.end.get()) };
        fill
    }

    fn drain(&self) -> &mut Words {
        self.buffer(!self.filled.get())
    }

    #[expect(clippy::mut_from_ref, reason = "fenced by I1")]
    fn buffer(&self, which: bool) -> &mut Words {
        // SAFETY: the only reference to the buffer (I1).
        unsafe { &mut *self.buffers[usize::from(which)].get() }
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

    /// Upholds I3 and I5 after the buffer, which has heard of every record, was pushed to, cut or taken.
    fn note_room(&self, fill: &mut Words) {
        let span = Span::of(fill);
        self.spans[usize::from(self.filled.get())].set(span);
        self.open(span, fill.end());
    }

    /// Lets records be pushed from `end` on, into a buffer with this memory.
    #[inline]
    fn open(&self, span: Span, end: *mut Word) {
        self.start.set(span.start);
        self.end.set(end);
        self.until.set(if self.is_shut.get() { ptr::null_mut() } else { span.until });
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

    /// Takes out what was filled so far, if it is one record of this kind and no more: its payload, a `P`, is the caller's to
    /// read before anything else is pushed. To be called between activations.
    #[inline]
    pub(crate) fn take_only<P>(&self, kind: u32) -> Option<*const P> {
        let (start, end) = (self.start.get(), self.end.get());
        if end.addr() - start.addr() != words_for::<P>() * WORD_BYTES {
            return None;
        }
        // SAFETY: whole records lie from there on, one at least (I3).
        if unsafe { Header::read(start) }.kind() != kind {
            return None;
        }
        self.end.set(start);
        self.set_mark();
        // SAFETY: a record stands there, and keeps its memory.
        Some(unsafe { payload_ptr::<P>(start) }.cast_const())
    }

    /// Starts draining what was filled so far.
    #[inline]
    pub(crate) fn turn_over(&self) -> Cursor {
        let (start, end) = (self.start.get(), self.end.get());
        let bytes = end.addr() - start.addr();
        if bytes > self.window_peak_bytes.get() {
            self.window_peak_bytes.set(bytes);
        }
        let filled = !self.filled.get();
        self.filled.set(filled);
        // Everything was taken from there before, or nothing was ever in there.
        let span = self.spans[usize::from(filled)].get();
        self.open(span, span.start);
        self.set_mark();
        // SAFETY: whole records (I3, I5), given up here; the buffer stays in place until `finish` (I2).
        unsafe { Cursor::between(start, end) }
    }

    /// Ends draining: every record has been taken.
    #[inline]
    pub(crate) fn finish(&self) {
        let turns = self.window_turns.get() + 1;
        self.window_turns.set(turns);
        if turns >= SHRINK_WINDOW {
            self.shrink();
        }
    }

    /// Gives back memory that was not needed for long: of this buffer, and after the next turn of the other.
    #[cold]
    #[inline(never)]
    fn shrink(&self) {
        let drained = self.drain();
        drained.clear();
        drained.shrink_to_need(self.window_peak_bytes.get() / WORD_BYTES);
        self.spans[usize::from(!self.filled.get())].set(Span::of(drained));
        if self.window_turns.get() > SHRINK_WINDOW {
            self.window_turns.set(0);
            self.window_peak_bytes.set(0);
        }
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
