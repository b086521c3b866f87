//! Claims, pushes, marks and turns of the queue by itself.

use super::Queue;
use crate::bus::record::Header;

const TOPIC: u16 = 4;

/// Publishes as a locus does; false where that has to go another way.
fn publish<P>(queue: &Queue, payload: P) -> bool {
    let Some(room) = queue.room_for::<P>() else { return false };
    // SAFETY: there is room, and the header is that of a `P`, which is written at once.
    let place = unsafe { queue.claim::<P>(room, Header::of::<P>(TOPIC, 0)) };
    // SAFETY: the place of this very payload.
    unsafe { place.write(payload) };
    true
}

/// Takes all that was filled, as texts.
fn drain(queue: &Queue) -> Vec<String> {
    let mut cursor = queue.turn_over();
    let mut drained = Vec::new();
    while cursor.peek().is_some() {
        // SAFETY: a record is there, and these tests push texts alone under this number.
        let mut text = unsafe { cursor.take::<Box<str>>() };
        drained.push(text.move_out().into_string());
    }
    queue.finish();
    drained
}

fn text(number: usize) -> Box<str> {
    number.to_string().into()
}

#[test]
fn claims_and_pushes_come_out_in_order() {
    let queue = Queue::default();
    assert!(!publish(&queue, text(0)), "memory comes with the first push");
    for round in 0..3 {
        let sent: Vec<_> = (0..100 + round).map(|number| text(number).into_string()).collect();
        for number in 0..sent.len() {
            if !publish(&queue, text(number)) {
                queue.push(TOPIC, 0, text(number));
            }
        }
        assert!(!queue.is_empty());
        assert_eq!(drain(&queue), sent);
        assert!(queue.is_empty());
    }
}

#[test]
fn one_record_alone_is_taken_out_and_its_place_used_again() {
    const OTHER: u16 = 8;
    let queue = Queue::default();
    let kind = Header::of::<Box<str>>(TOPIC, 0).kind();
    assert!(queue.take_only::<Box<str>>(kind).is_none(), "there is nothing");
    for round in 0..3 {
        queue.push(TOPIC, 7, text(round));
        let taken = queue.take_only::<Box<str>>(kind).expect("one text lies there");
        // SAFETY: the queue has given it up, and nothing was pushed since.
        let taken = unsafe { taken.read() };
        assert!(queue.is_empty() && queue.take_only::<Box<str>>(kind).is_none());
        assert_eq!(*taken, *text(round));
    }
    queue.push(TOPIC, 0, text(3));
    queue.push(TOPIC, 0, text(4));
    assert!(queue.take_only::<Box<str>>(kind).is_none(), "there are two");
    assert_eq!(drain(&queue), ["3", "4"]);
    queue.push(OTHER, 0, text(5));
    assert!(queue.take_only::<Box<str>>(kind).is_none(), "it is of another number");
    assert_eq!(drain(&queue), ["5"]);
}

#[test]
fn what_lies_behind_the_mark_is_taken_back_though_the_memory_moved() {
    let queue = Queue::default();
    queue.push(TOPIC, 0, text(0));
    queue.set_mark();
    (1..200).for_each(|number| queue.push(TOPIC, 0, text(number)));
    let mut taken_back = 0;
    queue.roll_back(|_, payload| {
        taken_back += 1;
        // SAFETY: the payload of a record, which is a text, given up by the queue.
        drop(unsafe { payload.cast::<Box<str>>().read() });
    });
    assert_eq!(taken_back, 199);
    assert!(publish(&queue, text(1)), "there is room where the others were");
    assert_eq!(drain(&queue), ["0", "1"]);
}

#[test]
fn a_shut_queue_has_no_room_for_publishers_and_takes_what_is_pushed() {
    let queue = Queue::default();
    (0..9).for_each(|number| queue.push(TOPIC, 0, text(number)));
    assert!(publish(&queue, text(9)));
    queue.set_shut(true);
    assert!(!publish(&queue, text(10)));
    queue.push(TOPIC, 0, text(10));
    queue.set_shut(false);
    assert!(publish(&queue, text(11)));
    let all: Vec<_> = (0..12).map(|number| text(number).into_string()).collect();
    assert_eq!(drain(&queue), all);
}

#[test]
fn an_empty_payload_takes_a_header() {
    let queue = Queue::default();
    (0..50).for_each(|_| {
        if !publish(&queue, ()) {
            queue.push(TOPIC, 0, ());
        }
    });
    let mut cursor = queue.turn_over();
    assert_eq!(cursor.left_words(), 50);
    while cursor.peek().is_some() {
        // SAFETY: a record is there, and this test pushes nothing but empty ones.
        drop(unsafe { cursor.take::<()>() });
    }
    queue.finish();
}
