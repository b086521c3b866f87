//! The reading side of a lane, owned by the pool the records are for.
//!
//! The invariants I1 to I7 are those of `lane`.

use super::{LaneShared, Ring, Word, bytes_of};
use crate::{
    bus::record::{Header, payload_ptr},
    sync::{Arc, Edge, Ordering},
};
use std::ptr::NonNull;

/// The reading side of a lane.
#[derive(Debug)]
pub(crate) struct LaneReader {
    pub(super) shared: Arc<LaneShared>,
    /// The ring `LaneShared::oldest` names; only the reader frees it.
    ring: NonNull<Ring>,
    head: usize,
    /// The latest `tail` seen; the true one may be further.
    tail: usize,
}

// SAFETY: as for the writer.
unsafe impl Send for LaneReader {}

/// Consecutive whole records that belong to the reader until it advances over them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch {
    /// The first record.
    pub(crate) records: *mut Word,
    /// Zero when the lane is empty.
    pub(crate) words: usize,
}

impl LaneReader {
    pub(super) fn new(shared: Arc<LaneShared>, ring: NonNull<Ring>) -> Self {
        Self { shared, ring, head: 0, tail: 0 }
    }

    /// A reader that goes on where another has ended, once the writer has ended too.
    pub(super) fn in_place_of_another(shared: Arc<LaneShared>) -> Self {
        let oldest = shared.reader.oldest.load(Ordering::Relaxed);
        let ring = NonNull::new(oldest).expect("a lane has a ring until it is dropped");
        // SAFETY: the ring is not yet freed (I6).
        let head = unsafe { ring.as_ref() }.head.load(Ordering::Relaxed);
        Self { shared, ring, head, tail: head }
    }

    /// Returns the next records that lie together; empty when the lane is.
    ///
    /// The memory stays in place until [`advance`](Self::advance), so a handler may hold a reference into it.
    ///
    /// # Cost
    /// Looks at the writer's line only when everything seen before has been consumed.
    pub(crate) fn batch(&mut self) -> Batch {
        let end = loop {
            if self.head == self.tail && !self.refresh() {
                return Batch { records: std::ptr::dangling_mut(), words: 0 };
            }
            let lap_end = (self.head | (self.ring().capacity() - 1)) + 1;
            if self.tail <= lap_end {
                break self.tail;
            }
            // The writer is a lap ahead, so this lap's mark is in place (I4).
            let wrap_at = self.ring().writer.wrap_at.load(Ordering::Relaxed);
            if self.head < wrap_at {
                break wrap_at;
            }
            self.head = lap_end;
        };
        let words = end - self.head;
        Batch { records: self.ring().at(self.head, words), words }
    }

    /// Gives the memory of the next `words` words of the batch back to the writer.
    ///
    /// # Safety
    /// They are whole records of the batch last returned, whose payloads have been moved out or dropped, and
    /// nothing refers to them any more.
    #[inline]
    pub(crate) unsafe fn advance(&mut self, words: usize) {
        debug_assert!(words <= self.tail - self.head, "{words} words of {}", self.tail - self.head);
        let ring = self.ring();
        // The use that began with the batch lasts until here.
        ring.declare_use(self.head, words);
        let head = self.head + words;
        ring.head.store(head, Edge::LaneConsume.release());
        self.head = head;
    }

    /// Returns whether the writer left records behind for lack of room, and so wants its bell rung.
    ///
    /// To be asked once per turn, behind a sequentially consistent fence ([`Edge::LaneRoom`]) that comes after the
    /// last `advance`. A writer that waits and parks has looked for room after the fence in its bell, so one of the
    /// two sees the other.
    pub(crate) fn is_room_wanted(&self) -> bool {
        self.shared.writer.waits.load(Ordering::Relaxed)
    }

    /// Returns whether there is nothing to read at this moment.
    ///
    /// # Cost
    /// Two loads from one line, none while records seen before are left.
    pub(crate) fn is_empty(&self) -> bool {
        if self.head != self.tail {
            return false;
        }
        let writer = &self.ring().writer;
        writer.tail.load(Edge::LaneObserve.acquire()) == self.head
            // SAFETY: the reader's own ring is not freed.
            && unsafe { Ring::next(self.ring, Edge::LaneFollow.acquire()) }.is_none()
    }

    /// Takes every record, and calls `visit` with the header and payload of each.
    ///
    /// When `visit` panics, the record it was given counts as taken and the others stay.
    pub(crate) fn drain_with(&mut self, mut visit: impl FnMut(Header, *mut Word)) {
        loop {
            let batch = self.batch();
            if batch.words == 0 {
                return;
            }
            // SAFETY: the batch is not empty, so a record starts there.
            let header = unsafe { Header::read(batch.records) };
            let taken = Taken { reader: self, words: header.words() };
            // SAFETY: as above.
            visit(header, unsafe { payload_ptr(batch.records) });
            drop(taken);
        }
    }

    /// Looks for records behind those already consumed, in this ring and in the ones after it.
    fn refresh(&mut self) -> bool {
        loop {
            if self.observe_tail() {
                return true;
            }
            // SAFETY: the reader's own ring is not freed.
            let Some(next) = (unsafe { Ring::next(self.ring, Edge::LaneFollow.acquire()) }) else {
                return false;
            };
            // What the writer published between the look above and the link is still in this ring (I5).
            if self.observe_tail() {
                return true;
            }
            self.move_to(next);
        }
    }

    fn observe_tail(&mut self) -> bool {
        self.tail = self.ring().writer.tail.load(Edge::LaneObserve.acquire());
        self.tail != self.head
    }

    /// Frees the ring, of which nothing is left, and goes on to the next.
    #[cold]
    fn move_to(&mut self, next: NonNull<Ring>) {
        let freed = &self.shared.reader.freed_bytes;
        let bytes = freed.load(Ordering::Relaxed) + bytes_of(self.ring().capacity());
        self.shared.reader.oldest.store(next.as_ptr(), Ordering::Relaxed);
        let old = std::mem::replace(&mut self.ring, next);
        (self.head, self.tail) = (0, 0);
        // SAFETY: the writer has linked the next ring and left this one for good (I5).
        unsafe { Ring::free(old) };
        self.shared.reader.freed_bytes.store(bytes, Ordering::Release);
    }

    #[inline]
    fn ring(&self) -> &Ring {
        // SAFETY: only the reader frees its ring, in `move_to`, which needs `&mut self`.
        unsafe { self.ring.as_ref() }
    }
}

/// Advances the reader over a record when its visit ends, also by a panic.
struct Taken<'a> {
    reader: &'a mut LaneReader,
    words: usize,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        // SAFETY: the record is the first of the batch, and its visitor is done with it.
        unsafe { self.reader.advance(self.words) };
    }
}
