//! Messages that are lent together: each is dropped once, by whoever has it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::*;
use crate::bus::words::Words;

const TOPIC: u16 = 4;
const OTHER: u16 = 8;

fn records(counted: &Rc<()>, messages: usize) -> Words {
    let mut words = Words::default();
    for _ in 0..messages {
        words.push(TOPIC, 0, Rc::clone(counted));
    }
    words.push(OTHER, 0, 7_u64);
    words
}

fn take_several(words: &mut Words, records_max: usize) -> (Several<Rc<()>>, Cursor) {
    let (records, len) = words.front();
    // SAFETY: whole records, which nobody else looks at while the cursor lives.
    let mut cursor = unsafe { Cursor::new(records, len) };
    let kind = Header::of::<Rc<()>>(TOPIC, 0).kind();
    // SAFETY: the first records carry such an `Rc`.
    (unsafe { cursor.take_several(kind, records_max) }, cursor)
}

#[test]
fn as_many_are_taken_as_follow_each_other() {
    let counted = Rc::new(());
    for (messages, records_max, taken) in [(3, 9, 3), (5, 2, 2), (SEVERAL_MAX + 3, usize::MAX, SEVERAL_MAX)] {
        let mut words = records(&counted, messages);
        let (several, mut cursor) = take_several(&mut words, records_max);
        assert_eq!(several.len(), taken);
        drop(several);
        assert_eq!(Rc::strong_count(&counted), 1 + messages - taken);
        while let Some(header) = cursor.peek().filter(|header| header.topic() == TOPIC) {
            // SAFETY: as above.
            drop(unsafe { cursor.take::<Rc<()>>() });
            assert_eq!(header.words(), 2);
        }
        assert!(cursor.next_is(Header::of::<u64>(OTHER, 0).kind()));
    }
    assert_eq!(Rc::strong_count(&counted), 1);
}

#[test]
fn what_is_moved_out_and_what_unwinds_is_dropped_once() {
    let counted = Rc::new(());
    let mut words = records(&counted, 4);
    let (mut several, _) = take_several(&mut words, 4);
    let kept = several.lend_taken(1, Taken::move_out);
    let unwound = catch_unwind(AssertUnwindSafe(|| several.lend_taken(2, |_| panic!("while it is lent"))));
    assert!(unwound.is_err());
    assert_eq!(Rc::strong_count(&counted), 4, "the one that was lent is gone");
    several.lend_taken(3, |taken| assert!(Rc::ptr_eq(taken, &counted)));
    assert!(Rc::ptr_eq(several.lend(0), &counted) && Rc::ptr_eq(several.lend(3), &counted));
    drop(several);
    assert_eq!(Rc::strong_count(&counted), 2);
    drop(kept);
    assert_eq!(Rc::strong_count(&counted), 1);
}
