//! What a pipeline costs when it is none: each stage is a function that fills a buffer and calls the next with it.

use crate::harness::{Measured, Message, Meter, SINK_CORE, Source, Work, pin, report};

/// The buffers between the stages, kept from turn to turn.
#[derive(Default)]
struct Buffers {
    raw: Vec<Message>,
    parsed: Vec<Message>,
    enriched: Vec<Message>,
}

/// One thread, turns of 64; three stages after the feeder, as in ours.
pub(crate) fn pipeline(work: Work) -> Measured {
    pin(SINK_CORE);
    let (mut meter, report) = report(work);
    let mut source = Source::new(work);
    let mut buffers = Buffers::default();
    while !source.is_spent() {
        feed(&mut source, &mut buffers, &mut meter);
    }
    report.wait()
}

// Not inlined into each other: in a program, a stage does not know the loop of the next one.
#[inline(never)]
fn feed(source: &mut Source, buffers: &mut Buffers, meter: &mut Meter) {
    buffers.raw.extend(source.turn().map(Message::new));
    parse(buffers, meter);
}

#[inline(never)]
fn parse(buffers: &mut Buffers, meter: &mut Meter) {
    for message in buffers.raw.drain(..) {
        buffers.parsed.push(message.clone());
    }
    enrich(buffers, meter);
}

#[inline(never)]
fn enrich(buffers: &mut Buffers, meter: &mut Meter) {
    for message in buffers.parsed.drain(..) {
        buffers.enriched.push(message.clone());
    }
    store(buffers, meter);
}

#[inline(never)]
fn store(buffers: &mut Buffers, meter: &mut Meter) {
    for message in buffers.enriched.drain(..) {
        meter.take(&message);
    }
}
