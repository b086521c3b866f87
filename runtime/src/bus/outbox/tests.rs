//! The outbox before a lane that takes all, and before one that does not.

use super::*;
use crate::bus::{
    lane::{LaneReader, lane},
    record::{payload_ptr, words_for},
};

const NUMBER: u16 = 5;

/// Returns the payload's place of a record the test knows to carry a `T`.
fn payload_at<T>(record: *mut Word) -> *mut T {
    // SAFETY: every caller passes a record.
    unsafe { payload_ptr(record) }
}

fn take_number(reader: &mut LaneReader) -> Option<u64> {
    let batch = reader.batch();
    if batch.words == 0 {
        return None;
    }
    // SAFETY: these tests send nothing but `u64`.
    let number = unsafe { payload_at::<u64>(batch.records).read() };
    // SAFETY: the record is read, and numbers need no drop.
    unsafe { reader.advance(words_for::<u64>()) };
    Some(number)
}

#[test]
fn a_full_lane_leaves_the_rest_in_order() {
    let (mut writer, mut reader) = lane(0);
    let outbox = Outbox::default();
    for number in 0..5000_u64 {
        outbox.push(NUMBER, 0, number);
    }
    let mut expected = 0;
    let mut flushes = 0;
    while !outbox.flush_into(&mut writer) || !reader.is_empty() {
        flushes += 1;
        while let Some(number) = take_number(&mut reader) {
            assert_eq!(number, expected);
            expected += 1;
        }
    }
    assert_eq!(expected, 5000);
    assert!(flushes > 1, "the lane took everything at once");
    assert!(outbox.is_empty());
}

/// Where the line is looked for that the next record will be copied to.
fn asked_for(outbox: &Outbox) -> usize {
    outbox.end.get().addr().wrapping_add(outbox.to_lane.get())
}

#[test]
fn the_lines_asked_for_are_those_that_the_next_flush_writes() {
    let (mut writer, mut reader) = lane(0);
    let outbox = Outbox::default();
    // So many that the ring is larger than all that follow.
    (0..64).for_each(|number: u64| outbox.push(NUMBER, 0, number));
    assert!(outbox.flush_into(&mut writer));
    (0..64).for_each(|number| assert_eq!(take_number(&mut reader), Some(number)));
    for number in 0..3_u64 {
        let place = asked_for(&outbox);
        outbox.push(NUMBER, 0, number);
        assert!(outbox.flush_into(&mut writer));
        let record = reader.batch().records.addr();
        // Until a flush comes the outbox does not know that everything has been read.
        assert!(number == 0 || record == place, "record {number} at {record:x}, asked for {place:x}");
        assert_eq!(take_number(&mut reader), Some(number));
    }
}

#[test]
fn no_lines_are_asked_for_that_are_not_read_yet() {
    let (mut writer, mut reader) = lane(0);
    let outbox = Outbox::default();
    let mut flushed = 0;
    while {
        outbox.push(NUMBER, 0, flushed);
        outbox.flush_into(&mut writer)
    } {
        flushed += 1;
    }
    assert_eq!(outbox.to_lane.get(), 0, "the lane is full");
    let mut taken = 0;
    while taken <= flushed {
        taken += u64::from(take_number(&mut reader).is_some());
        outbox.flush_into(&mut writer);
    }
    outbox.push(NUMBER, 0, flushed);
    assert!(outbox.flush_into(&mut writer));
    assert_ne!(outbox.to_lane.get(), 0, "the lane was empty");
}

#[test]
fn what_is_rolled_back_never_reaches_the_lane() {
    let (mut writer, mut reader) = lane(0);
    let outbox = Outbox::default();
    outbox.push(NUMBER, 0, 1_u64);
    let mark = outbox.mark();
    outbox.push(NUMBER, 0, 2_u64);
    let mut dropped = 0;
    // SAFETY: the mark is fresh.
    unsafe { outbox.rollback_with(mark, |_, _| dropped += 1) };
    outbox.push(NUMBER, 0, 3_u64);
    assert!(outbox.flush_into(&mut writer));
    assert_eq!(dropped, 1);
    assert_eq!((take_number(&mut reader), take_number(&mut reader)), (Some(1), Some(3)));
    assert_eq!(take_number(&mut reader), None);
}

#[test]
fn what_was_never_flushed_can_be_taken_out() {
    let outbox = Outbox::default();
    for text in ["a", "b"] {
        outbox.push(NUMBER, 0, text.to_owned());
    }
    let mut texts = Vec::new();
    // SAFETY: both records carry a `String`, which the visitor takes.
    outbox.take().drain_with(|_, payload| texts.push(unsafe { payload.cast::<String>().read() }));
    assert_eq!(texts, ["a", "b"]);
}
