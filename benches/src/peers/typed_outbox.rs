//! What a bus costs when it is not one: a `Vec` of one message type with the index of the receiver, filled
//! during a turn, swapped and drained. The floor for queued delivery on one thread.

use crate::harness::{Measured, Message, Meter, SINK_CORE, Source, Work, pin, report};

struct Addressed {
    sink: u32,
    message: Message,
}

/// One thread, turns of 64.
pub(crate) fn same_pool(work: Work) -> Measured {
    pin(SINK_CORE);
    let (meter, report) = report(work);
    let mut sinks = [meter];
    let mut source = Source::new(work);
    let mut filling = Vec::new();
    let mut draining = Vec::new();
    while !source.is_spent() {
        publish(&mut source, &mut filling);
        std::mem::swap(&mut filling, &mut draining);
        deliver(&mut draining, &mut sinks);
    }
    report.wait()
}

// Not inlined into each other: in a program, publisher and subscriber do not know each other's loops.
#[inline(never)]
fn publish(source: &mut Source, outbox: &mut Vec<Addressed>) {
    for sequence in source.turn() {
        outbox.push(Addressed { sink: 0, message: Message::new(sequence) });
    }
}

#[inline(never)]
fn deliver(inbox: &mut Vec<Addressed>, sinks: &mut [Meter]) {
    for Addressed { sink, message } in inbox.drain(..) {
        sinks[sink as usize].take(&message);
    }
}
