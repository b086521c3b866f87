//! The writing side of a lane, owned by the publishing pool.
//!
//! The invariants I1 to I7 are those of `lane`.

use super::{FIRST_RING_WORDS, LaneFigures, LaneShared, Ring, Word, bytes_of};
use crate::{
    bus::record::Header,
    sync::{Arc, Edge, Ordering},
};
use std::ptr::{self, NonNull};

/// The part of a full ring that must be free before a write that does not fit takes a part of its records.
///
/// Otherwise both sides meet on a full ring and exchange the index lines for every record.
const BATCH_SHARE: usize = 4;

/// How many times larger the next ring is. Few steps, so that a lane has its size after the first bursts, and does not
/// grow once more when the reader is late by chance.
const GROWTH: usize = 4;

/// The writing side of a lane.
#[derive(Debug)]
pub(crate) struct LaneWriter {
    pub(super) shared: Arc<LaneShared>,
    /// The newest ring, which the reader cannot free before the writer links another (I5).
    ring: NonNull<Ring>,
    capacity: usize,
    words_max: usize,
    tail: usize,
    /// The latest `head` seen; the true one may be further.
    head: usize,
    /// The last write left records behind.
    waits: bool,
}

// SAFETY: the writer alone uses its positions, the ring's other parts are shared through atomics (I2), and
// the records in it are of types the bus lets cross pools only if they are `Send`.
unsafe impl Send for LaneWriter {}

/// How the prefix of a batch that fits lies in the ring.
#[derive(Clone, Copy)]
struct Fit {
    before_wrap: usize,
    after_wrap: usize,
}

impl LaneWriter {
    pub(super) fn new(shared: Arc<LaneShared>, ring: NonNull<Ring>, words_max: usize) -> Self {
        Self { shared, ring, capacity: 0, words_max, tail: 0, head: 0, waits: false }
    }

    /// Copies as many whole records as there is room for, publishes them at once, and returns how many words
    /// it took.
    ///
    /// # Cost
    /// One copy and one release store when all fit before the end of the lap. Otherwise it walks headers to
    /// find where to split; and while the ring is below its maximum, it allocates a larger one.
    ///
    /// # Safety
    /// `records` points at `words` words of whole records outside the lane. The payloads of those taken are
    /// moved.
    #[inline]
    pub(crate) unsafe fn write(&mut self, records: *const Word, words: usize) -> usize {
        let to_lap_end = self.to_lap_end();
        // Strictly less, so that the slow path sees every end of a lap; a waiting writer goes there to say
        // that it no longer waits.
        if words < to_lap_end && words <= self.room() && !self.waits {
            // SAFETY: the words are free for the writer (I1), as `room` may only be too small.
            unsafe { self.copy(records, words) };
            self.tail += words;
            self.publish();
            return words;
        }
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.write_slow(records, words) }
    }

    /// Returns the words of the newest ring.
    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Returns the address to which the next batch is copied, if it fits.
    #[inline]
    pub(crate) fn next_address(&self) -> usize {
        self.ring().address(self.tail)
    }

    /// Returns a view of the lane's memory for reports.
    pub(crate) fn figures(&self) -> LaneFigures {
        LaneFigures(Arc::clone(&self.shared))
    }

    /// As [`write`](Self::write), where the batch may reach the end of the lap, or not fit.
    #[cold]
    #[inline(never)]
    unsafe fn write_slow(&mut self, records: *const Word, words: usize) -> usize {
        self.head = self.ring().head.load(Edge::LaneReuse.acquire());
        // SAFETY: the caller grants `words` words of whole records.
        let fit = unsafe { self.fit(records, words) };
        let mut taken = fit.before_wrap + fit.after_wrap;
        if taken < words && self.capacity < self.words_max {
            // SAFETY: as above.
            taken = unsafe { self.write_to_larger_ring(records, words) };
        } else if taken < words.min(self.capacity / BATCH_SHARE) {
            taken = 0;
        } else if taken > 0 {
            // SAFETY: `fit` is that of these records and the current positions.
            unsafe { self.write_fit(records, fit) };
        }
        self.set_waits(taken < words);
        taken
    }

    /// Copies both parts of a batch into the ring and publishes them.
    unsafe fn write_fit(&mut self, records: *const Word, fit: Fit) {
        // SAFETY: the part is free for the writer and ends with the lap at the latest.
        unsafe { self.copy(records, fit.before_wrap) };
        let wrap_at = self.tail + fit.before_wrap;
        let lap_ends = fit.after_wrap > 0 || fit.before_wrap == self.to_lap_end();
        if lap_ends {
            // The reader has left the lap before this one (I4): `fit` found room up to this lap's end.
            self.ring().writer.wrap_at.store(wrap_at, Ordering::Relaxed);
            self.tail += self.to_lap_end();
        } else {
            self.tail = wrap_at;
        }
        // SAFETY: the first part's words are the caller's.
        let rest = unsafe { records.add(fit.before_wrap) };
        // SAFETY: the part starts the next lap, where `fit` found that much room.
        unsafe { self.copy(rest, fit.after_wrap) };
        self.tail += fit.after_wrap;
        self.publish();
    }

    /// Allocates a ring some times the size, writes the batch there, and links it.
    #[cold]
    unsafe fn write_to_larger_ring(&mut self, records: *const Word, words: usize) -> usize {
        let wished = FIRST_RING_WORDS.max(GROWTH * self.capacity).max(words.next_power_of_two());
        let capacity = wished.min(self.words_max);
        let allocated = &self.shared.writer.allocated_bytes;
        allocated.store(allocated.load(Ordering::Relaxed) + bytes_of(capacity), Ordering::Relaxed);
        let old = std::mem::replace(&mut self.ring, Ring::allocate(capacity));
        (self.capacity, self.tail, self.head) = (capacity, 0, 0);
        // SAFETY: the caller grants `words` words of whole records.
        let fit = unsafe { self.fit(records, words) };
        // SAFETY: `fit` is that of these records and the new ring's positions.
        unsafe { self.write_fit(records, fit) };
        // SAFETY: the old ring is not freed before it is linked, and `self` no longer points to it (I5).
        unsafe { Ring::link(old, self.ring, Edge::LaneLink.release()) };
        fit.before_wrap
    }

    /// Finds the longest prefix of whole records the ring has room for.
    unsafe fn fit(&self, records: *const Word, words: usize) -> Fit {
        let (room, to_lap_end) = (self.room(), self.to_lap_end());
        // SAFETY: the caller grants `words` words of whole records.
        let before_wrap = unsafe { prefix_words(records, words, room.min(to_lap_end)) };
        // SAFETY: the prefix is part of them.
        let rest = unsafe { records.add(before_wrap) };
        // SAFETY: the prefix ends at a boundary between records, and so the rest begins at one.
        let after_wrap = unsafe { prefix_words(rest, words - before_wrap, room.saturating_sub(to_lap_end)) };
        Fit { before_wrap, after_wrap }
    }

    /// Copies `words` words to the place of `tail`.
    ///
    /// # Safety
    /// They are free for the writer, and none lies beyond the end of the lap.
    #[inline]
    unsafe fn copy(&self, records: *const Word, words: usize) {
        let place = self.ring().at(self.tail, words);
        // SAFETY: the reader does not touch these words (I1); the copy keeps provenance (`record` I4).
        unsafe { ptr::copy_nonoverlapping(records, place, words) };
    }

    #[inline]
    fn publish(&self) {
        self.ring().writer.tail.store(self.tail, Edge::LanePublish.release());
    }

    fn set_waits(&mut self, waits: bool) {
        if self.waits != waits {
            self.waits = waits;
            self.shared.writer.waits.store(waits, Ordering::Relaxed);
        }
    }

    /// Returns a lower limit of the words free for the writer, before and after the end of the lap.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        self.capacity - (self.tail - self.head)
    }

    #[inline]
    fn to_lap_end(&self) -> usize {
        self.capacity - (self.tail & self.capacity.wrapping_sub(1))
    }

    #[inline]
    fn ring(&self) -> &Ring {
        // SAFETY: the newest ring lives until the writer links another or is dropped (I5).
        unsafe { self.ring.as_ref() }
    }
}

/// Returns the length of the longest prefix of whole records that has at most `limit` words.
///
/// # Safety
/// `records` points at `words` words of whole records.
unsafe fn prefix_words(records: *const Word, words: usize, limit: usize) -> usize {
    if words <= limit {
        return words;
    }
    let mut taken = 0;
    loop {
        // SAFETY: `taken <= limit < words`.
        let record = unsafe { records.add(taken) };
        // SAFETY: `taken` is the sum of whole records' lengths, so a record starts there.
        let next = taken + unsafe { Header::read(record) }.words();
        if next > limit {
            return taken;
        }
        taken = next;
    }
}
