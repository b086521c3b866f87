//! The lane: a bounded single-producer single-consumer ring of records between two pools.
//!
//! Responsibility: to carry whole records from the writer's pool to the reader's, in order, with one release
//! store per flush on the one side and one per batch on the other. Memory is allocated at the first write; a
//! writer that finds no room links a ring four times the size, up to a maximum, and the reader moves
//! over when it has emptied the old one. At the maximum a write takes what fits and the rest waits in the
//! outbox.
//!
//! Positions (`head`, `tail`) count words since the ring was made and never wrap; the place of a position is
//! its remainder by the capacity, a power of two. A *lap* is one pass through the ring's memory. Records are
//! contiguous: one that does not fit before the end of a lap starts the next, and `wrap_at` tells the reader
//! where the lap's records end.
//!
//! Invariants
//! - I1. `head <= tail <= head + capacity`. Words in `head..tail` belong to the reader, all others to the
//!   writer.
//! - I2. Only the writer stores `tail`, `wrap_at` and `next`; only the reader stores `head`.
//! - I3. `tail` is stored with release after the words before it and the lap's `wrap_at`, and loaded with
//!   acquire before they are read. `head` likewise, in the other direction.
//! - I4. `wrap_at` of a lap is read only when `tail` lies beyond that lap, and stored again only when `head`
//!   does, so the reader always sees the value of its own lap.
//! - I5. Once the writer has stored `next`, it never touches that ring again. The reader frees a ring only
//!   after it has seen `next` and then, once more, that nothing is left: the `tail` it loads after `next` is
//!   the ring's last.
//! - I6. Every ring not yet freed is reachable from `LaneShared::oldest` through `next`.
//! - I7. Records in the lane are whole and each is read by one side only; whichever side ends last visits what is
//!   left (`end`), because only the bus knows how to drop a payload.
//!
//! It does not wake anyone, does not know topics and does not drop payloads. The user's bound on a topic is a
//! credit count above the lane, never the lane's size.
//!
//! Source: the cached indices are those of Rigtorp's SPSCQueue, the mark at the end of a lap that of a bip
//! buffer; growing by linking a larger ring follows moodycamel's ReaderWriterQueue, but the old ring is freed.

mod end;
mod reader;
mod ring;
mod writer;

pub(crate) use self::{
    reader::{Batch, LaneReader},
    writer::LaneWriter,
};

use self::ring::Ring;
use super::record::{RECORD_WORDS_MAX, WORD_BYTES, Word};
use crate::sync::{Arc, AtomicBool, AtomicPtr, AtomicU64, Edge, Ordering, Padded};
use std::ptr::NonNull;

/// Words in a lane's first ring; small because most pairs of pools exchange little.
const FIRST_RING_WORDS: usize = if cfg!(any(loom, miri)) { 4 } else { 1024 };

/// The default maximum: 7,281 records of 64-byte messages, above the 4,096 below which both sides of a hot
/// pair meet on a full ring and the stream slows down threefold.
pub(crate) const LANE_WORDS_MAX: usize = 64 * 1024;

/// The least maximum: a largest record must fit wherever the last one ended, so the ring holds two.
const LANE_WORDS_MAX_LEAST: usize = if cfg!(loom) { 8 } else { (2 * RECORD_WORDS_MAX).next_power_of_two() };

/// Makes a lane whose largest ring has `words_max` words, rounded up to a power of two that holds any record.
pub(crate) fn lane(words_max: usize) -> (LaneWriter, LaneReader) {
    let empty = Ring::allocate(0);
    let shared = Arc::new(LaneShared {
        writer: Padded(WriterFigures { allocated_bytes: AtomicU64::new(0), waits: AtomicBool::new(false) }),
        reader: Padded(ReaderFigures {
            freed_bytes: AtomicU64::new(0),
            oldest: AtomicPtr::new(empty.as_ptr()),
        }),
        is_one_side_gone: AtomicBool::new(false),
    });
    let words_max = words_max.max(LANE_WORDS_MAX_LEAST).next_power_of_two();
    (LaneWriter::new(Arc::clone(&shared), empty, words_max), LaneReader::new(shared, empty))
}

/// What outlives the single rings of a lane: its figures, and the way to the rings not yet freed.
#[derive(Debug)]
struct LaneShared {
    writer: Padded<WriterFigures>,
    reader: Padded<ReaderFigures>,
    /// Set by the side that ends first, and found by the other (`end`).
    is_one_side_gone: AtomicBool,
}

/// Stored by the writer only.
#[derive(Debug)]
struct WriterFigures {
    allocated_bytes: AtomicU64,
    /// The last write left records behind, so the writer wants to hear of room.
    waits: AtomicBool,
}

/// Stored by the reader only.
#[derive(Debug)]
struct ReaderFigures {
    freed_bytes: AtomicU64,
    /// The ring the reader is on (I6).
    oldest: AtomicPtr<Ring>,
}

impl Drop for LaneShared {
    fn drop(&mut self) {
        // Both sides are gone; what the last `Arc` orders before this covers all their stores.
        let mut oldest = NonNull::new(self.reader.oldest.load(Ordering::Relaxed));
        while let Some(ring) = oldest {
            // SAFETY: the ring is not yet freed (I6), and nobody else is left to use it.
            oldest = unsafe { Ring::next(ring, Edge::LaneFollow.acquire()) };
            // SAFETY: as above, and its successor is already known.
            unsafe { Ring::free(ring) };
        }
    }
}

/// A view of a lane's memory for reports, usable from any thread.
#[derive(Clone, Debug)]
pub(crate) struct LaneFigures(Arc<LaneShared>);

impl LaneFigures {
    /// Returns the memory of the lane's rings, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        // Freed first: a ring is allocated before it is freed, so the difference is never negative.
        let freed = self.0.reader.freed_bytes.load(Ordering::Acquire);
        self.0.writer.allocated_bytes.load(Ordering::Relaxed).saturating_sub(freed)
    }
}

/// Returns the bytes of `words` words.
fn bytes_of(words: usize) -> u64 {
    (words * WORD_BYTES) as u64
}

#[cfg(all(test, not(loom)))]
mod tests;

#[cfg(all(test, loom))]
mod models;
