//! The lane on one thread and on two: order, growth, wrap, memory, leftovers.

use super::*;
use crate::bus::{
    record::{Header, payload_ptr},
    words::Words,
};
use std::sync::Arc as Counted;

const TOPIC: u16 = 9;
const ROUNDS: u64 = if cfg!(miri) { 300 } else { 200_000 };

/// Writes what fits of `words`, and returns how many words that was.
fn flush(words: &mut Words, writer: &mut LaneWriter) -> usize {
    let (records, len) = words.front();
    // SAFETY: a buffer's front is whole records, and those taken are given up in the next line.
    let taken = unsafe { writer.write(records, len) };
    // SAFETY: the lane has moved them.
    unsafe { words.advance(taken) };
    words.settle();
    taken
}

/// A message whose length varies from one to six words, and that says which it is.
fn push_numbered(words: &mut Words, number: u64) {
    let hash = number as u32;
    match number % 5 {
        0 => words.push(TOPIC, hash, ()),
        1 => words.push(TOPIC, hash, number),
        2 => words.push(TOPIC, hash, [number; 2]),
        3 => words.push(TOPIC, hash, [number; 3]),
        _ => words.push(TOPIC, hash, [number; 5]),
    }
}

/// Returns the payload's place of a record the test knows to carry a `T`.
fn payload_at<T>(record: *mut Word) -> *mut T {
    // SAFETY: every caller passes a record.
    unsafe { payload_ptr(record) }
}

/// Reads all there is, checks that the numbers continue at `expected`, and returns where they end.
fn read_numbered(reader: &mut LaneReader, mut expected: u64) -> u64 {
    loop {
        let batch = reader.batch();
        if batch.words == 0 {
            return expected;
        }
        let mut at = 0;
        while at < batch.words {
            // SAFETY: `at` is within the batch.
            let record = unsafe { batch.records.add(at) };
            // SAFETY: `at` is a boundary between records.
            let header = unsafe { Header::read(record) };
            assert_eq!((header.topic(), header.hash()), (TOPIC, expected as u32));
            for word in 1..header.words() {
                // SAFETY: a numbered message is `words - 1` copies of its number.
                let number = unsafe { payload_at::<u64>(record).wrapping_add(word - 1).read() };
                assert_eq!(number, expected);
            }
            at += header.words();
            expected += 1;
        }
        // SAFETY: numbers need no drop, and the whole batch was read.
        unsafe { reader.advance(batch.words) };
    }
}

#[test]
fn an_unused_lane_owns_no_ring_memory() {
    let (writer, reader) = lane(LANE_WORDS_MAX);
    assert_eq!(writer.figures().bytes(), 0);
    assert!(reader.is_empty());
}

#[test]
fn records_of_all_lengths_pass_every_end_of_lap() {
    for batch in 1..40 {
        let (mut writer, mut reader) = lane(LANE_WORDS_MAX_LEAST);
        let mut words = Words::default();
        let (mut pushed, mut read) = (0, 0);
        while read < ROUNDS / 10 {
            for _ in 0..batch {
                push_numbered(&mut words, pushed);
                pushed += 1;
            }
            flush(&mut words, &mut writer);
            read = read_numbered(&mut reader, read);
            assert!(reader.is_empty());
        }
    }
}

#[test]
fn a_lane_grows_on_demand_and_frees_what_it_left() {
    let (mut writer, mut reader) = lane(LANE_WORDS_MAX_LEAST);
    let figures = writer.figures();
    let mut words = Words::default();
    push_numbered(&mut words, 1);
    flush(&mut words, &mut writer);
    assert_eq!(figures.bytes(), bytes_of(FIRST_RING_WORDS));
    let mut number = 2;
    while words.is_empty() {
        push_numbered(&mut words, number);
        number += 1;
        flush(&mut words, &mut writer);
    }
    assert!(reader.is_room_wanted());
    assert!(figures.bytes() > bytes_of(LANE_WORDS_MAX_LEAST), "the old rings are still to be read");
    let read = read_numbered(&mut reader, 1);
    assert_eq!(figures.bytes(), bytes_of(LANE_WORDS_MAX_LEAST));
    flush(&mut words, &mut writer);
    assert!(words.is_empty() && !reader.is_room_wanted());
    assert_eq!(read_numbered(&mut reader, read), number);
}

#[test]
fn a_full_lane_waits_for_room_for_a_batch() {
    let (mut writer, mut reader) = lane(LANE_WORDS_MAX_LEAST);
    let mut words = Words::default();
    for _ in 0..4 * LANE_WORDS_MAX_LEAST {
        words.push(TOPIC, 0, ());
    }
    flush(&mut words, &mut writer);
    reader.drain_with(|_, _| ());
    assert_eq!(flush(&mut words, &mut writer), LANE_WORDS_MAX_LEAST, "the largest ring, full");
    let mut freed = 0;
    while flush(&mut words, &mut writer) == 0 {
        reader.batch();
        // SAFETY: an empty message is one word and needs no drop.
        unsafe { reader.advance(1) };
        freed += 1;
    }
    assert_eq!(freed, LANE_WORDS_MAX_LEAST / 4);
}

#[test]
fn the_largest_record_fits_wherever_the_last_one_ended() {
    let offsets: &[usize] =
        if cfg!(miri) { &[0, 513, 2047] } else { &[0, 1, 500, 512, 513, 1000, 1535, 1536, 2047] };
    for offset in offsets.iter().copied() {
        let (mut writer, mut reader) = lane(LANE_WORDS_MAX_LEAST);
        let mut words = Words::default();
        words.push(TOPIC, 0, [0_u8; crate::bus::record::PAYLOAD_BYTES_MAX]);
        words.push(TOPIC, 0, [0_u8; crate::bus::record::PAYLOAD_BYTES_MAX]);
        words.push(TOPIC, 0, [0_u8; crate::bus::record::PAYLOAD_BYTES_MAX]);
        flush(&mut words, &mut writer);
        reader.drain_with(|_, _| ());
        for _ in 0..offset {
            words.push(TOPIC, 0, ());
        }
        flush(&mut words, &mut writer);
        reader.drain_with(|_, _| ());
        words.push(TOPIC, 1, [1_u8; crate::bus::record::PAYLOAD_BYTES_MAX]);
        assert_eq!(flush(&mut words, &mut writer), RECORD_WORDS_MAX, "at offset {offset}");
        let mut seen = Vec::new();
        reader.drain_with(|header, _| seen.push(header.hash()));
        assert_eq!(seen, [1]);
    }
}

#[test]
fn leftovers_are_visited_once_even_when_a_visit_panics() {
    let alive = Counted::new(());
    let (mut writer, mut reader) = lane(0);
    let mut words = Words::default();
    for hash in 0..40 {
        words.push(TOPIC, hash, Counted::clone(&alive));
    }
    flush(&mut words, &mut writer);
    let mut release = |header: Header, payload: *mut Word| {
        // SAFETY: every record carries a `Counted`, and the visitor owns it.
        unsafe { payload.cast::<Counted<()>>().drop_in_place() };
        assert_ne!(header.hash(), 20, "planted");
    };
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| reader.drain_with(&mut release)));
    assert!(result.is_err());
    assert_eq!(Counted::strong_count(&alive), 1 + 19);
    reader.drain_with(release);
    assert_eq!(Counted::strong_count(&alive), 1);
}

#[test]
fn whichever_side_ends_last_takes_what_is_left() {
    for is_reader_first in [true, false] {
        let (mut writer, mut reader) = lane(0);
        let mut words = Words::default();
        // Some are read before, in the middle of a lap; what is left lies in several rings.
        for number in 0..40 {
            push_numbered(&mut words, number);
            flush(&mut words, &mut writer);
            if number == 20 {
                assert_eq!(read_numbered(&mut reader, 0), 21);
            }
        }
        let mut last = if is_reader_first {
            assert!(reader.end().is_none());
            push_numbered(&mut words, 40);
            flush(&mut words, &mut writer);
            writer.end().expect("the reader has ended")
        } else {
            push_numbered(&mut words, 40);
            flush(&mut words, &mut writer);
            assert!(writer.end().is_none());
            reader.end().expect("the writer has ended")
        };
        assert_eq!(read_numbered(&mut last, 21), 41);
    }
}

#[test]
fn a_stream_between_threads_keeps_its_order_while_the_lane_grows() {
    let (mut writer, mut reader) = lane(LANE_WORDS_MAX);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut words = Words::default();
            for number in 0..ROUNDS {
                push_numbered(&mut words, number);
                if number % 13 == 0 {
                    flush(&mut words, &mut writer);
                }
            }
            while !words.is_empty() {
                flush(&mut words, &mut writer);
                std::thread::yield_now();
            }
        });
        let mut read = 0;
        while read < ROUNDS {
            read = read_numbered(&mut reader, read);
            std::thread::yield_now();
        }
    });
    assert!(reader.is_empty());
}
