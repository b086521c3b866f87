//! A growable flat buffer of records: the pool's own queue, side queues and outboxes are made of it.
//!
//! Records are pushed at the end and taken from the front, in order. Taking only moves a cursor, so that a
//! handler can hold a reference to the record it was given; [`Words::settle`] gives the room back later.
//!
//! Invariants
//! - I1. `records[head..]` is a sequence of whole records (`record` I1), each of which nobody has taken yet.
//! - I2. `head <= records.len()`, and `head` is a boundary between records.
//! - I3. Only `push`, `push_record`, `make_room` and `keep`, which may grow it, `settle`, which gathers what is left, and `clear` and
//!   `shrink_to_need`, which may shrink it, move records or memory. All others leave them where they are, so that an owner
//!   may keep `end` and `until` and write records there itself; between that and `set_end` I1 speaks of those records too.
//!
//! It does not drop payloads: an owner visits what is left before it lets a buffer go.

use super::record::{Header, WORD_BYTES, Word, visit_records, words_for, write_header};
use std::ptr;

/// A buffer that shrinks keeps this many words, so that small queues never come back to the allocator.
const KEPT_WORDS: usize = 1024;

/// How many times a buffer runs empty before it compares its room with what it needed meanwhile.
///
/// Long enough that bursts within a second or so keep their memory.
pub(crate) const SHRINK_WINDOW: u32 = if cfg!(miri) { 8 } else { 4096 };

/// A boundary between records, to which a failed activation rolls the buffer back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(usize);

/// A flat first-in first-out buffer of records.
#[derive(Debug)]
pub(crate) struct Words {
    records: Vec<Word>,
    head: usize,
    /// What it has at least once it has grown: it shrinks to no less.
    kept_words: usize,
    /// The longest the buffer became since it last compared its room with its need.
    window_peak_words: usize,
    window_clears: u32,
}

impl Default for Words {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl Words {
    /// An empty buffer with memory for so many words.
    pub(crate) fn with_capacity(words: usize) -> Self {
        let records = Vec::with_capacity(words);
        Self { records, head: 0, kept_words: KEPT_WORDS, window_peak_words: 0, window_clears: 0 }
    }

    /// Has memory for so many words from now on, for as long as it lives.
    pub(crate) fn keep(&mut self, words: usize) {
        self.kept_words = self.kept_words.max(words);
        let len = self.records.len();
        self.records.reserve(words.saturating_sub(len));
    }

    /// Moves a message in behind all others.
    ///
    /// # Cost
    /// A capacity check, one store for the header and a copy of the payload; amortised growth by doubling.
    #[inline]
    pub(crate) fn push<T>(&mut self, topic: u16, hash: u32, value: T) {
        self.make_room::<T>();
        // SAFETY: room was made just above, and the header is that of a `T`, which is written at once.
        let place = unsafe { self.claim::<T>(Header::of::<T>(topic, hash)) };
        // SAFETY: the place of this very payload.
        unsafe { place.write(value) };
    }

    /// Makes sure that one more `T` finds room.
    #[inline]
    pub(crate) fn make_room<T>(&mut self) {
        let words = words_for::<T>();
        if self.records.capacity() - self.records.len() < words {
            self.grow(words);
        }
    }

    /// Makes a record behind all others, where the caller knows that there is room, and returns where its payload goes.
    ///
    /// # Safety
    /// [`make_room`](Self::make_room) was called for a `T` and nothing was pushed since, `header` is that of a `T`, and the caller writes the payload before anybody looks at the buffer.
    #[inline]
    pub(crate) unsafe fn claim<T>(&mut self, header: Header) -> *mut T {
        let len = self.records.len();
        // SAFETY: `len` is within the capacity.
        let end = unsafe { self.records.as_mut_ptr().add(len) };
        // SAFETY: `end` is valid for the words of a record of `T`, by the caller, as is the header.
        let place = unsafe { write_header::<T>(end, header) };
        // SAFETY: the capacity suffices, and a `Word` needs no initialisation.
        unsafe { self.records.set_len(len + words_for::<T>()) };
        place
    }

    /// Returns where the next record goes, until the memory moves.
    pub(crate) fn end(&mut self) -> *mut Word {
        // SAFETY: the length is within the capacity.
        unsafe { self.records.as_mut_ptr().add(self.records.len()) }
    }

    /// Returns where the memory ends.
    pub(crate) fn until(&mut self) -> *mut Word {
        // SAFETY: that is one past the end of it.
        unsafe { self.records.as_mut_ptr().add(self.records.capacity()) }
    }

    /// Takes in the records that were written from [`end`](Self::end) on.
    ///
    /// # Safety
    /// Whole records lie there, up to `end`, which is within the memory.
    pub(crate) unsafe fn set_end(&mut self, end: *mut Word) {
        let words = self.mark_at(end).0;
        // SAFETY: by the caller; a `Word` needs no initialisation.
        unsafe { self.records.set_len(words) };
    }

    /// The mark of a place in the memory.
    pub(crate) fn mark_at(&self, place: *mut Word) -> Mark {
        Mark((place.addr() - self.records.as_ptr().addr()) / WORD_BYTES)
    }

    /// The place of a mark, until the memory moves.
    pub(crate) fn at(&mut self, mark: Mark) -> *mut Word {
        debug_assert!(mark.0 <= self.records.len(), "mark {} of {}", mark.0, self.records.len());
        // SAFETY: marks are boundaries of records that are there.
        unsafe { self.records.as_mut_ptr().add(mark.0) }
    }

    /// Moves the record at `record` in behind all others.
    ///
    /// # Safety
    /// `record` points at a whole record outside this buffer, whose payload the caller gives up.
    pub(crate) unsafe fn push_record(&mut self, record: *const Word) {
        // SAFETY: the caller points at a record.
        let words = unsafe { Header::read(record) }.words();
        let len = self.records.len();
        if self.records.capacity() - len < words {
            self.grow(words);
        }
        // SAFETY: the capacity exceeds `len` by at least `words`, by the check above.
        let end = unsafe { self.records.as_mut_ptr().add(len) };
        // SAFETY: the record has `words` words, `end` has room for them, and the caller's is another memory.
        unsafe { ptr::copy_nonoverlapping(record, end, words) };
        // SAFETY: the capacity suffices, and a `Word` needs no initialisation.
        unsafe { self.records.set_len(len + words) };
    }

    /// Returns the first record not yet taken, and the words from there to the end.
    ///
    /// The pointer stays valid until the buffer is pushed to, settled or cleared.
    #[inline]
    pub(crate) fn front(&mut self) -> (*mut Word, usize) {
        // SAFETY: `head` is within the buffer (I2).
        let first = unsafe { self.records.as_mut_ptr().add(self.head) };
        (first, self.len_words())
    }

    /// Declares the next `words` words taken, without moving any memory.
    ///
    /// # Safety
    /// They are whole records, and the caller has moved their payloads out or will drop them.
    #[inline]
    pub(crate) unsafe fn advance(&mut self, words: usize) {
        debug_assert!(words <= self.len_words(), "{words} words of {}", self.len_words());
        self.head += words;
    }

    /// Gives the room of the taken records back, when that is worth a move of the others.
    ///
    /// # Cost
    /// Amortised constant per word: it moves at most as many words as were taken since the last move.
    pub(crate) fn settle(&mut self) {
        if self.head == self.records.len() {
            self.clear();
        } else if self.head >= self.len_words() {
            self.note_length();
            self.records.copy_within(self.head.., 0);
            let left = self.len_words();
            self.records.truncate(left);
            self.head = 0;
        }
    }

    /// Forgets every record without dropping it, and shrinks memory that has long been larger than needed.
    ///
    /// # Cost
    /// Keeps its capacity; once in thousands of calls it may halve it.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.note_length();
        self.records.clear();
        self.head = 0;
        self.window_clears += 1;
        if self.window_clears == SHRINK_WINDOW {
            self.close_window();
        }
    }

    /// Returns the end of the buffer, for a later [`truncate_with`](Self::truncate_with).
    #[inline]
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.records.len())
    }

    /// Removes every record behind `mark`, and calls `visit` with the header and payload of each.
    ///
    /// When `visit` panics, the records it has not seen are leaked.
    ///
    /// # Safety
    /// `mark` was taken from this buffer, which has neither settled, cleared nor gone back to an earlier mark
    /// since.
    pub(crate) unsafe fn truncate_with(&mut self, mark: Mark, visit: impl FnMut(Header, *mut Word)) {
        let len = self.records.len();
        assert!((self.head..=len).contains(&mark.0), "mark {} is not in {}..={len}", mark.0, self.head);
        self.note_length();
        self.records.truncate(mark.0);
        // SAFETY: `mark` is at most the former length, which the capacity covers.
        let first = unsafe { self.records.as_mut_ptr().add(mark.0) };
        // SAFETY: these were whole records (I1), and the buffer has already given them up.
        unsafe { visit_records(first, len - mark.0, visit) };
    }

    /// Takes every record, and calls `visit` with the header and payload of each.
    ///
    /// When `visit` panics, the records it has not seen are leaked.
    pub(crate) fn drain_with(&mut self, visit: impl FnMut(Header, *mut Word)) {
        let (first, words) = self.front();
        self.note_length();
        self.records.clear();
        self.head = 0;
        // SAFETY: these were whole records (I1), and the buffer has already given them up, but not its memory.
        unsafe { visit_records(first, words, visit) };
    }

    /// Returns how many words of records nobody has taken yet.
    #[inline]
    pub(crate) fn len_words(&self) -> usize {
        self.records.len() - self.head
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len_words() == 0
    }

    /// Returns the memory held, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.records.capacity() * WORD_BYTES
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, words: usize) {
        self.records.reserve(words);
    }

    #[inline]
    fn note_length(&mut self) {
        self.window_peak_words = self.window_peak_words.max(self.records.len());
    }

    /// Halves the memory of an empty buffer that needed less than a quarter of it.
    pub(crate) fn shrink_to_need(&mut self, peak_words: usize) {
        let capacity = self.records.capacity();
        if capacity > self.kept_words && peak_words <= capacity / 4 {
            self.records.shrink_to(self.kept_words.max(capacity / 2));
        }
    }

    #[cold]
    #[inline(never)]
    fn close_window(&mut self) {
        self.shrink_to_need(self.window_peak_words);
        self.window_peak_words = 0;
        self.window_clears = 0;
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
