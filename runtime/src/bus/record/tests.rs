//! The record's layout, and that what it carries survives as words.

use super::*;
use std::ptr;

const RECORD_WORDS: usize = words_for::<Pointing>();

/// A payload with a pointer and padding, both of which a copy of integers would lose.
struct Pointing {
    short: u8,
    text: Box<str>,
    odd: u16,
}

#[test]
fn header_keeps_its_parts() {
    let header = Header::of::<[u64; 8]>(0xABCD, 0xDEAD_BEEF);
    assert_eq!((header.topic(), header.hash(), header.words()), (0xABCD, 0xDEAD_BEEF, 9));
    let plain = Header::of::<[u64; 8]>(0xABCD, 0);
    assert_eq!(plain.with_hash(0xDEAD_BEEF), header);
    assert_eq!(plain.kind(), header.kind());
    assert_ne!(plain.kind(), Header::of::<[u64; 8]>(0xABCC, 0).kind());
}

#[test]
fn lengths_count_the_header_and_round_up() {
    assert_eq!(words_for::<()>(), 1);
    assert_eq!(words_for::<u8>(), 2);
    assert_eq!(words_for::<[u8; 9]>(), 3);
    assert_eq!(words_for::<[u8; PAYLOAD_BYTES_MAX]>(), RECORD_WORDS_MAX);
    assert_eq!(Header::of::<[u8; PAYLOAD_BYTES_MAX]>(0, 0).words(), RECORD_WORDS_MAX);
}

/// Returns the payload's place of a record the test knows to carry a `T`.
fn payload_at<T>(record: *mut Word) -> *mut T {
    // SAFETY: every caller passes a record.
    unsafe { payload_ptr(record) }
}

/// Writes a whole record.
///
/// # Safety
/// `record` is valid for writes of `words_for::<T>()` words.
unsafe fn write_whole<T>(record: *mut Word, topic: u16, hash: u32, value: T) {
    // SAFETY: the caller's promise, and the header is that of a `T`.
    let place = unsafe { write_header::<T>(record, Header::of::<T>(topic, hash)) };
    // SAFETY: the place of this very payload.
    unsafe { place.write(value) };
}

fn written(value: Pointing) -> [Word; RECORD_WORDS] {
    let mut record = [Word::uninit(); RECORD_WORDS];
    // SAFETY: the array has the words of a `Pointing`'s record.
    unsafe { write_whole(record.as_mut_ptr(), 3, 4, value) };
    record
}

fn read_back(record: &mut [Word; RECORD_WORDS]) -> Pointing {
    // SAFETY: a whole record of a `Pointing` lies there.
    unsafe { payload_at::<Pointing>(record.as_mut_ptr()).read() }
}

#[test]
fn payload_survives_a_copy_as_words() {
    let mut from = written(Pointing { short: 1, text: "a text of its own".into(), odd: 2 });
    let mut to = [Word::uninit(); RECORD_WORDS];
    // SAFETY: both arrays have that many words.
    unsafe { ptr::copy_nonoverlapping(from.as_mut_ptr(), to.as_mut_ptr(), RECORD_WORDS) };
    let value = read_back(&mut to);
    assert_eq!((value.short, &*value.text, value.odd), (1, "a text of its own", 2));
}

/// Negative control for I4: miri must reject this test, because a copy as `u64` loses the pointer's provenance.
/// The command is at the top of `sync/control.rs`.
#[cfg(locus_negative = "u64_copy")]
#[test]
fn negative_u64_copy_is_rejected_by_miri() {
    const WORDS: usize = words_for::<Box<u64>>();
    let mut from = [Word::uninit(); WORDS];
    // SAFETY: the array has the words of a `Box`'s record.
    unsafe { write_whole(from.as_mut_ptr(), 3, 4, Box::new(5_u64)) };
    let mut to = from.map(|word| {
        // SAFETY: header and pointer have no padding. That the copy is an integer is the mistake.
        Word::new(unsafe { word.assume_init() })
    });
    // SAFETY: none: the pointer in the copy may not be used.
    let boxed = unsafe { payload_at::<Box<u64>>(to.as_mut_ptr()).read() };
    assert_eq!(*boxed, 5);
}

#[test]
fn visiting_meets_each_record_once_and_in_order() {
    let mut records = [Word::uninit(); 2 + 1 + 3];
    let first = records.as_mut_ptr();
    // SAFETY: the first two words are its own.
    unsafe { write_whole(first, 1, 0, 7_u64) };
    // SAFETY: the third word is its own.
    unsafe { write_whole(first.wrapping_add(2), 2, 0, ()) };
    // SAFETY: the last three words are its own.
    unsafe { write_whole(first.wrapping_add(3), 3, 0, [8_u64, 9]) };
    let mut seen = Vec::new();
    // SAFETY: the range holds the three records.
    unsafe { visit_records(first, records.len(), |header, _| seen.push((header.topic(), header.words()))) };
    assert_eq!(seen, [(1, 2), (2, 1), (3, 3)]);
}
