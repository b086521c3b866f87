//! The record: how one message lies in a queue, a lane or an outbox.
//!
//! A record is one header word and the words of its payload. Queues treat records as plain words and move
//! them by copying; only the bus knows the type behind a topic number, and with it how to read or drop a
//! payload.
//!
//! Invariants
//! - I1. A record's first word is an initialised [`Header`], and its length counts that word.
//! - I2. The payload of a `T` starts at the second word; a word is aligned to 8 bytes and `T` to at most 8.
//! - I3. Copying a record's words moves its payload: exactly one copy is read as a value or dropped.
//! - I4. Records are copied as `MaybeUninit<u64>`. A copy as `u64` would read padding as integers and strip
//!   the provenance of every pointer in the payload.
//!
//! It does not drop payloads and does not know topics.

use std::mem::MaybeUninit;

/// The unit of queue memory; see I4 for why it is not `u64`.
pub(crate) type Word = MaybeUninit<u64>;

/// Bytes in a [`Word`].
pub(crate) const WORD_BYTES: usize = size_of::<Word>();

/// The largest message; larger ones are passed by pointer, as copying them costs more than a `Box`. `#[topic]` holds
/// messages to it.
pub(crate) const MESSAGE_BYTES_MAX: usize = 4096;

/// What may travel beside a message: the promise of an answer, and where a message that waits belongs.
const ESCORT_BYTES_MAX: usize = 64;

/// The largest payload.
pub(crate) const PAYLOAD_BYTES_MAX: usize = MESSAGE_BYTES_MAX + ESCORT_BYTES_MAX;

/// Words in the largest record.
pub(crate) const RECORD_WORDS_MAX: usize = 1 + PAYLOAD_BYTES_MAX / WORD_BYTES;

/// What a queue knows of a record, in one word: a hash of 32 bits, and the record's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(8))]
pub(crate) struct Header {
    hash: u32,
    /// `words: 16 | topic: 16`, compared at once.
    kind: u32,
}

const _: () = assert!(size_of::<Header>() == WORD_BYTES);

impl Header {
    const WORDS_SHIFT: u32 = 16;

    /// Describes a record that carries a `T`.
    #[inline]
    pub(crate) const fn of<T>(topic: u16, hash: u32) -> Self {
        let words = words_for::<T>() as u32;
        Self { hash, kind: words << Self::WORDS_SHIFT | topic as u32 }
    }

    /// The same record with another hash.
    #[inline]
    pub(crate) const fn with_hash(self, hash: u32) -> Self {
        Self { hash, kind: self.kind }
    }

    /// What all records of one topic in one kind of buffer have in common: all but the hash.
    #[inline]
    pub(crate) const fn kind(self) -> u32 {
        self.kind
    }

    /// Returns the 32 bits the router may use as it likes, such as the hash of a key.
    #[inline]
    pub(crate) const fn hash(self) -> u32 {
        self.hash
    }

    /// Returns the dense number that tells the bus the payload's type.
    #[inline]
    pub(crate) const fn topic(self) -> u16 {
        Self::number_of(self.kind)
    }

    /// Returns that number of all records of a [`kind`](Self::kind).
    #[inline]
    pub(crate) const fn number_of(kind: u32) -> u16 {
        kind as u16
    }

    /// Returns the length of the record in words, this header included.
    #[inline]
    pub(crate) const fn words(self) -> usize {
        (self.kind >> Self::WORDS_SHIFT) as usize
    }

    /// Reads the header of the record at `record`.
    ///
    /// # Safety
    /// `record` points at the first word of a record.
    #[inline]
    pub(crate) unsafe fn read(record: *const Word) -> Self {
        // SAFETY: the caller points at a record, whose first word is an initialised header (I1).
        unsafe { record.cast::<Self>().read() }
    }
}

/// Returns the length of the record of a `T`, in words, header included.
#[inline]
pub(crate) const fn words_for<T>() -> usize {
    const {
        assert!(align_of::<T>() <= WORD_BYTES, "a message is aligned to at most 8 bytes");
        assert!(
            size_of::<T>() <= PAYLOAD_BYTES_MAX,
            "a message is at most 4,096 bytes, and what travels beside it 64"
        );
    }
    1 + size_of::<T>().div_ceil(WORD_BYTES)
}

/// Writes the header of a record, and returns where its payload goes, which is aligned by I2.
///
/// # Safety
/// `record` is valid for writes of `words_for::<T>()` words, and `header` is that of a `T`.
#[inline]
pub(crate) unsafe fn write_header<T>(record: *mut Word, header: Header) -> *mut T {
    debug_assert_eq!(header.words(), words_for::<T>(), "the header is of another payload");
    // SAFETY: the caller grants at least one word, and a header is one word.
    unsafe { record.cast::<Header>().write(header) };
    // SAFETY: the caller grants the words of `T` behind the header.
    unsafe { payload_ptr::<T>(record) }
}

/// Returns where the payload of the record at `record` lies.
///
/// # Safety
/// `record` points at a record, or at room for one, of `words_for::<T>()` words.
#[inline]
pub(crate) unsafe fn payload_ptr<T>(record: *mut Word) -> *mut T {
    // SAFETY: every record has a header word, so the result is inside it or, without payload, one past it.
    unsafe { record.add(1) }.cast()
}

/// The same place, of which the compiler knows nothing more.
///
/// `black_box` would do, but sends the pointer through memory, which everything that is written there has to wait for.
#[cfg(not(loom))]
#[inline(always)]
pub(crate) fn unknown<P>(place: *mut P) -> *mut P {
    #[cfg(all(not(miri), any(target_arch = "x86_64", target_arch = "aarch64")))]
    #[expect(clippy::pointers_in_nomem_asm_block, reason = "nothing is read or written through it")]
    {
        let mut place = place;
        // SAFETY: it does nothing, and says so: the pointer comes out as it went in.
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) place, options(nomem, nostack, preserves_flags));
        }
        place
    }
    #[cfg(not(all(not(miri), any(target_arch = "x86_64", target_arch = "aarch64"))))]
    std::hint::black_box(place)
}

/// Calls `visit` with the header and the payload of each record in `words` words from `records` on.
///
/// # Safety
/// The range holds whole records, which `visit` may read, move out or drop.
pub(crate) unsafe fn visit_records(
    records: *mut Word,
    words: usize,
    mut visit: impl FnMut(Header, *mut Word),
) {
    let mut at = 0;
    while at < words {
        // SAFETY: `at < words`, and the caller grants that many words.
        let record = unsafe { records.add(at) };
        // SAFETY: `at` is the sum of whole records' lengths, so a record starts there.
        let header = unsafe { Header::read(record) };
        at += header.words();
        // SAFETY: a record starts at `record`.
        visit(header, unsafe { payload_ptr(record) });
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
