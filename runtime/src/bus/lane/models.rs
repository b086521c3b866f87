//! The lane under loom: every interleaving of a writer and a reader over shrunken rings.

use super::*;
use crate::{
    bus::{
        record::{Header, payload_ptr},
        words::Words,
    },
    pool::bell::Bell,
    sync::control::{explore, run_parked},
};
use loom::thread;

const TOPIC: u16 = 9;
const CAPACITY: usize = LANE_WORDS_MAX_LEAST;

/// Writes numbered messages one by one, waiting for room.
fn write_numbers(writer: &mut LaneWriter, numbers: std::ops::Range<u64>) {
    let mut words = Words::default();
    for number in numbers {
        words.push(TOPIC, 0, number);
        while !flush(&mut words, writer) {
            thread::yield_now();
        }
    }
}

/// Writes what fits of `words`, and returns whether nothing is left.
fn flush(words: &mut Words, writer: &mut LaneWriter) -> bool {
    let (records, len) = words.front();
    // SAFETY: a buffer's front is whole records, and those taken are given up in the next line.
    let taken = unsafe { writer.write(records, len) };
    // SAFETY: the lane has moved them.
    unsafe { words.advance(taken) };
    words.settle();
    taken == len
}

/// Reads one batch, checks that it continues at `expected`, and returns where it ends.
fn read_batch(reader: &mut LaneReader, mut expected: u64) -> u64 {
    let batch = reader.batch();
    let mut at = 0;
    while at < batch.words {
        let record = batch.records.wrapping_add(at);
        // SAFETY: `at` is a boundary between records of the batch.
        at += unsafe { Header::read(record) }.words();
        // SAFETY: a record lies there.
        let payload: *mut u64 = unsafe { payload_ptr(record) };
        // SAFETY: these models send nothing but `u64`.
        let number = unsafe { payload.read() };
        assert_eq!(number, expected, "out of order");
        expected += 1;
    }
    // SAFETY: the whole batch was read, and numbers need no drop.
    unsafe { reader.advance(batch.words) };
    expected
}

fn read_numbers(reader: &mut LaneReader, numbers: std::ops::Range<u64>) {
    let mut next = numbers.start;
    while next < numbers.end {
        let read = read_batch(reader, next);
        if read == next {
            thread::yield_now();
        }
        next = read;
    }
}

/// Makes a lane that has already grown to its largest ring.
fn grown_lane() -> (LaneWriter, LaneReader) {
    let (mut writer, mut reader) = lane(CAPACITY);
    let mut words = Words::default();
    for number in 0..CAPACITY as u64 / 2 {
        words.push(TOPIC, 0, number);
    }
    assert!(flush(&mut words, &mut writer));
    read_numbers(&mut reader, 0..CAPACITY as u64 / 2);
    (writer, reader)
}

#[test]
fn loom_records_cross_in_order() {
    explore(None, || {
        let (mut writer, mut reader) = grown_lane();
        let writing = thread::spawn(move || write_numbers(&mut writer, 0..2));
        read_numbers(&mut reader, 0..2);
        writing.join().unwrap();
        assert!(reader.is_empty());
    });
}

#[test]
fn loom_a_lap_is_reused_only_after_it_was_read() {
    explore(Some(3), || {
        let (mut writer, mut reader) = grown_lane();
        let mut words = Words::default();
        // An odd position, so that a record meets the end of the lap and must go around it.
        words.push(TOPIC, 0, ());
        assert!(flush(&mut words, &mut writer));
        reader.drain_with(|_, _| ());
        write_numbers(&mut writer, 0..2);
        let writing = thread::spawn(move || write_numbers(&mut writer, 2..5));
        read_numbers(&mut reader, 0..5);
        writing.join().unwrap();
        assert!(reader.is_empty());
    });
}

#[test]
fn loom_growth_hands_over_everything() {
    explore(Some(3), || {
        let (mut writer, mut reader) = lane(CAPACITY);
        let figures = writer.figures();
        let writing = thread::spawn(move || write_numbers(&mut writer, 0..4));
        read_numbers(&mut reader, 0..4);
        writing.join().unwrap();
        assert!(reader.is_empty());
        assert!(figures.bytes() <= bytes_of(CAPACITY), "the ring left behind is freed");
    });
}

#[test]
fn loom_whoever_goes_last_frees_the_rings() {
    explore(Some(3), || {
        let (mut writer, mut reader) = lane(CAPACITY);
        let writing = thread::spawn(move || write_numbers(&mut writer, 0..4));
        let mut seen = 0;
        reader.drain_with(|_, _| seen += 1);
        assert!(seen <= 4);
        drop(reader);
        writing.join().unwrap();
    });
}

#[test]
fn loom_leftovers_are_visited_once() {
    explore(Some(3), || {
        let alive = Arc::new(());
        let (mut writer, mut reader) = lane(CAPACITY);
        let mut words = Words::default();
        let sent = [Arc::clone(&alive), Arc::clone(&alive), Arc::clone(&alive)];
        let writing = thread::spawn(move || {
            for message in sent {
                words.push(TOPIC, 0, message);
                assert!(flush(&mut words, &mut writer));
            }
        });
        let mut visit = |_: Header, payload: *mut Word| {
            // SAFETY: every record carries such an `Arc`, and the visitor owns it.
            unsafe { payload.cast::<Arc<()>>().drop_in_place() };
        };
        reader.drain_with(&mut visit);
        writing.join().unwrap();
        reader.drain_with(visit);
        assert_eq!(Arc::strong_count(&alive), 1);
    });
}

/// Runs `turn` until it is done, and parks where a second one finds nothing to do either.
fn run_pool(bell: &Bell, mut turn: impl FnMut() -> bool) {
    run_parked(|waker| {
        bell.awake(waker);
        if turn() {
            return true;
        }
        bell.park_begin();
        let is_done = turn();
        if is_done {
            bell.park_cancel();
        }
        is_done
    });
}

#[test]
fn loom_a_parked_writer_hears_of_room() {
    explore(Some(2), || {
        let (mut writer, mut reader) = grown_lane();
        let messages = CAPACITY as u64 / 2 + 1;
        let bells = Arc::new([Bell::new(), Bell::new()]);
        let shared = Arc::clone(&bells);
        let writing = thread::spawn(move || {
            let mut words = Words::default();
            for number in 0..messages {
                words.push(TOPIC, 0, number);
            }
            run_pool(&shared[0], || {
                let is_done = flush(&mut words, &mut writer);
                shared[1].ring();
                is_done
            });
        });
        let mut next = 0;
        run_pool(&bells[1], || {
            let before = next;
            while !reader.is_empty() {
                next = read_batch(&mut reader, next);
            }
            Edge::LaneRoom.fence();
            if next > before && reader.is_room_wanted() {
                bells[0].ring();
            }
            next == messages
        });
        writing.join().unwrap();
    });
}

/// Both sides end at a time of their own: what was written is taken once, by the reader or by whoever ends last.
#[test]
fn loom_what_is_left_at_the_end_is_taken_once() {
    explore(Some(3), || {
        let (mut writer, mut reader) = grown_lane();
        let writing = thread::spawn(move || {
            let mut words = Words::default();
            words.push(TOPIC, 0, 7_u64);
            assert!(flush(&mut words, &mut writer));
            writer.end().map_or(0, |mut left| count(&mut left))
        });
        let before = count(&mut reader);
        let after = reader.end().map_or(0, |mut left| count(&mut left));
        assert_eq!(before + after + writing.join().unwrap(), 1);
    });
}

fn count(reader: &mut LaneReader) -> u64 {
    let mut count = 0;
    reader.drain_with(|_, _| count += 1);
    count
}
