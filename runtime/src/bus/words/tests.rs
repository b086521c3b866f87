//! The flat buffer: order, rollback, taking from the front, and its memory.

use super::*;
use crate::bus::record::payload_ptr;
use std::rc::Rc;

const TEXT: u16 = 1;
const COUNTED: u16 = 2;

/// Returns the payload's place of a record the test knows to carry a `T`.
fn payload_at<T>(record: *mut Word) -> *mut T {
    // SAFETY: every caller passes a record.
    unsafe { payload_ptr(record) }
}

/// Takes the `String` at the front.
fn take_text(words: &mut Words) -> String {
    let (record, _) = words.front();
    // SAFETY: the tests that call this have pushed a `String` there.
    let text = unsafe { payload_at::<String>(record).read() };
    // SAFETY: the record was just moved out.
    unsafe { words.advance(words_for::<String>()) };
    text
}

fn drop_counted(header: Header, payload: *mut Word) {
    assert_eq!(header.topic(), COUNTED);
    // SAFETY: every record of this topic carries an `Rc<()>`, and visitors own the payload.
    unsafe { payload.cast::<Rc<()>>().drop_in_place() };
}

#[test]
fn records_leave_in_the_order_they_came() {
    let mut words = Words::default();
    for round in 0..50 {
        words.push(TEXT, round, format!("{round} a"));
        words.push(TEXT, round, format!("{round} b"));
        assert_eq!(
            take_text(&mut words),
            if round % 2 == 0 { format!("{} a", round / 2) } else { format!("{} b", round / 2) }
        );
        words.settle();
    }
    assert_eq!(words.len_words(), 50 * words_for::<String>());
    for left in 50..100 {
        assert!(take_text(&mut words).starts_with(&(left / 2).to_string()));
        words.settle();
    }
    assert!(words.is_empty());
}

#[test]
fn rollback_visits_exactly_what_lies_behind_the_mark() {
    let alive = Rc::new(());
    let mut words = Words::default();
    words.push(COUNTED, 0, Rc::clone(&alive));
    let mark = words.mark();
    for _ in 0..20 {
        words.push(COUNTED, 0, Rc::clone(&alive));
    }
    assert_eq!(Rc::strong_count(&alive), 22);
    // SAFETY: the mark is fresh.
    unsafe { words.truncate_with(mark, drop_counted) };
    assert_eq!(Rc::strong_count(&alive), 2);
    words.drain_with(drop_counted);
    assert_eq!(Rc::strong_count(&alive), 1);
    assert!(words.is_empty());
}

#[test]
#[should_panic(expected = "is not in")]
fn rollback_refuses_a_mark_already_taken() {
    let mut words = Words::default();
    let mark = words.mark();
    words.push(TEXT, 0, String::new());
    take_text(&mut words);
    // SAFETY: none is needed: the buffer checks before it touches anything.
    unsafe { words.truncate_with(mark, |_, _| ()) };
}

#[test]
fn a_record_moves_between_buffers() {
    let (mut from, mut to) = (Words::default(), Words::default());
    from.push(TEXT, 7, "moved".to_owned());
    let (record, len) = from.front();
    // SAFETY: a record of another buffer lies there, and the next line gives it up.
    unsafe { to.push_record(record) };
    // SAFETY: its payload now lives in `to`.
    unsafe { from.advance(len) };
    assert_eq!(take_text(&mut to), "moved");
    assert!(from.is_empty() && to.is_empty());
}

#[test]
fn a_reference_survives_an_advance() {
    let mut words = Words::default();
    words.push(TEXT, 0, "held".to_owned());
    words.push(TEXT, 0, "next".to_owned());
    let (record, _) = words.front();
    // SAFETY: a `String` lies there, and nothing moves the memory while it is borrowed.
    let held = unsafe { &*payload_at::<String>(record) };
    // SAFETY: the record is dropped below.
    unsafe { words.advance(words_for::<String>()) };
    assert_eq!(held, "held");
    // SAFETY: the only reference is not used any more.
    unsafe { payload_at::<String>(record).drop_in_place() };
    assert_eq!(take_text(&mut words), "next");
}

#[test]
fn memory_stays_while_needed_and_shrinks_when_long_unneeded() {
    let mut words = Words::default();
    let burst = 8 * KEPT_WORDS;
    for _ in 0..burst {
        words.push(TEXT, 0, ());
    }
    let full = words.bytes();
    assert!(full >= burst * WORD_BYTES);
    words.clear();
    for _ in 1..SHRINK_WINDOW {
        assert_eq!(words.bytes(), full, "a burst within the window keeps its memory");
        words.clear();
    }
    for _ in 0..8 * SHRINK_WINDOW {
        words.push(TEXT, 0, ());
        words.clear();
    }
    assert_eq!(words.bytes(), KEPT_WORDS * WORD_BYTES);
}
