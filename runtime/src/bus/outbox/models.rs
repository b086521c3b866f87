//! The outbox before a lane that is read meanwhile, under loom.

use super::*;
use crate::{
    bus::lane::lane,
    sync::{Arc, control::explore},
};
use loom::thread;

const TOPIC: u16 = 5;

#[test]
fn loom_an_outbox_hands_over_in_order_and_once() {
    explore(Some(3), || {
        let alive = Arc::new(());
        let (mut writer, mut reader) = lane(0);
        let sent = Arc::clone(&alive);
        let flushing = thread::spawn(move || {
            let outbox = Outbox::default();
            for hash in 0..6 {
                outbox.push(TOPIC, hash, Arc::clone(&sent));
            }
            while !outbox.flush_into(&mut writer) {
                thread::yield_now();
            }
        });
        let mut expected = 0;
        while expected < 6 {
            let before = expected;
            reader.drain_with(|header, payload| {
                assert_eq!(header.hash(), expected, "out of order");
                expected += 1;
                // SAFETY: every record carries such an `Arc`, and the visitor owns it.
                unsafe { payload.cast::<Arc<()>>().drop_in_place() };
            });
            if expected == before {
                thread::yield_now();
            }
        }
        flushing.join().unwrap();
        assert_eq!(Arc::strong_count(&alive), 1);
    });
}
