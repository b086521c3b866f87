//! What a bus costs when it is not one: a `Vec` of one message type with the index of the receiver, filled
//! during a turn, swapped and drained. The floor for queued delivery on one thread.

use crate::harness::{Measured, Message, Meter, SINK_CORE, Source, Work, pin, report, topic_of_four};

struct Addressed {
    sink: u32,
    message: Message,
}

/// One outbox and what is being delivered from it.
#[derive(Default)]
struct Outbox {
    filling: Vec<Addressed>,
    draining: Vec<Addressed>,
}

/// One thread, one outbox.
pub(crate) fn same_pool(work: Work) -> Measured {
    run::<1>(work, |_| 0, Meter::take)
}

/// One thread, an outbox per topic. Order across topics is lost, which is what makes it a floor.
pub(crate) fn four_topics(work: Work) -> Measured {
    run::<4>(work, |sequence| topic_of_four(sequence) as usize, Meter::take_in_any_order)
}

#[inline]
fn run<const TOPICS: usize>(
    work: Work,
    topic_of: impl Fn(u64) -> usize + Copy,
    take: impl Fn(&mut Meter, &Message) -> bool + Copy,
) -> Measured {
    pin(SINK_CORE);
    let (meter, report) = report(work);
    let mut sinks = [meter];
    let mut source = Source::new(work);
    let mut outboxes: [Outbox; TOPICS] = std::array::from_fn(|_| Outbox::default());
    while !source.is_spent() {
        publish(&mut source, &mut outboxes, topic_of);
        for outbox in &mut outboxes {
            std::mem::swap(&mut outbox.filling, &mut outbox.draining);
            deliver(&mut outbox.draining, &mut sinks, take);
        }
    }
    report.wait()
}

// Not inlined into each other: in a program, publisher and subscriber do not know each other's loops.
#[inline(never)]
fn publish<const TOPICS: usize>(
    source: &mut Source,
    outboxes: &mut [Outbox; TOPICS],
    topic_of: impl Fn(u64) -> usize,
) {
    for sequence in source.turn() {
        outboxes[topic_of(sequence)].filling.push(Addressed { sink: 0, message: Message::new(sequence) });
    }
}

#[inline(never)]
fn deliver(inbox: &mut Vec<Addressed>, sinks: &mut [Meter], take: impl Fn(&mut Meter, &Message) -> bool) {
    for Addressed { sink, message } in inbox.drain(..) {
        take(&mut sinks[sink as usize], &message);
    }
}

/// Takes a message that one function stands for.
type Take = fn(&mut ByTopic, &Message);

/// One receiver with a handler for each topic.
struct ByTopic {
    meter: Meter,
    taken: [u64; 4],
}

impl ByTopic {
    // Counts for itself, so that the handlers stay apart.
    fn take<const TOPIC: usize>(&mut self, message: &Message) {
        self.taken[TOPIC] += 1;
        self.meter.take(message);
    }
}

/// One thread and one outbox for all topics, in which each message carries the function that takes it: order over all
/// topics, for the price of a call that the processor cannot foresee.
pub(crate) fn four_topics_in_order(work: Work) -> Measured {
    const HANDLERS: [Take; 4] =
        [ByTopic::take::<0>, ByTopic::take::<1>, ByTopic::take::<2>, ByTopic::take::<3>];
    pin(SINK_CORE);
    let (meter, report) = report(work);
    let mut sink = ByTopic { meter, taken: [0; 4] };
    let mut source = Source::new(work);
    let (mut filling, mut draining) = (Vec::new(), Vec::new());
    while !source.is_spent() {
        publish_in_order(&mut source, &mut filling, &HANDLERS);
        std::mem::swap(&mut filling, &mut draining);
        deliver_in_order(&mut draining, &mut sink);
    }
    assert_eq!(sink.taken.iter().sum::<u64>(), work.total(), "every message was taken by a handler");
    report.wait()
}

#[inline(never)]
fn publish_in_order(source: &mut Source, outbox: &mut Vec<(Take, Message)>, handlers: &[Take; 4]) {
    for sequence in source.turn() {
        outbox.push((handlers[topic_of_four(sequence) as usize], Message::new(sequence)));
    }
}

#[inline(never)]
fn deliver_in_order(inbox: &mut Vec<(Take, Message)>, sink: &mut ByTopic) {
    for (take, message) in inbox.drain(..) {
        take(sink, &message);
    }
}
