//! The floor for keyed delivery: an outbox of one message type, and at its delivery a lookup in hashbrown's table, with
//! its own fast hasher, for the place of the receiver in one flat `Vec`.

use std::cell::RefCell;
use std::rc::Rc;

use hashbrown::HashMap;

use crate::harness::{
    Addressed, KEYS, Measured, Meter, Payload, SINK_CORE, Source, Work, key_of, pin, report,
};

/// As large as ours without what the runtime adds.
struct Room {
    taken: u64,
    meter: Rc<RefCell<Meter>>,
}

/// One thread, turns of 64.
pub(crate) fn run(work: Work) -> Measured {
    pin(SINK_CORE);
    let (meter, report) = report(work);
    let meter = Rc::new(RefCell::new(meter));
    let mut rooms: Vec<_> = (0..KEYS).map(|_| Room { taken: 0, meter: Rc::clone(&meter) }).collect();
    let index: HashMap<u64, u32> = (0..KEYS).map(|index| (key_of(index), index as u32)).collect();
    let mut source = Source::new(work);
    let (mut filling, mut draining) = (Vec::new(), Vec::new());
    while !source.is_spent() {
        publish(&mut source, &mut filling);
        std::mem::swap(&mut filling, &mut draining);
        deliver(&mut draining, &index, &mut rooms);
    }
    report.wait()
}

// Not inlined into each other: in a program, publisher and subscriber do not know each other's loops.
#[inline(never)]
fn publish(source: &mut Source, outbox: &mut Vec<Addressed>) {
    for sequence in source.turn() {
        outbox.push(Addressed::numbered(sequence));
    }
}

#[inline(never)]
fn deliver(inbox: &mut Vec<Addressed>, index: &HashMap<u64, u32>, rooms: &mut [Room]) {
    for message in inbox.drain(..) {
        if let Some(room) = index.get(&message.key) {
            let room = &mut rooms[*room as usize];
            room.taken += 1;
            room.meter.borrow_mut().take(&message);
        }
    }
}
