//! crossbeam-channel, bounded.

use std::ops::Range;
use std::sync::Barrier;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::on_two_cores;
use crate::harness::{
    Measured, Message, PRODUCERS, SINK_CORE, Source, WINDOW_MESSAGES, Work, pin, report,
    shared_among_producers,
};

fn channel() -> (Sender<Message>, Receiver<Message>) {
    bounded(usize::try_from(WINDOW_MESSAGES).expect("the window is small"))
}

/// One thread, turns of 64: send them all, then receive them all.
pub(crate) fn same_pool(work: Work) -> Measured {
    pin(SINK_CORE);
    let (mut meter, report) = report(work);
    let (sender, receiver) = channel();
    let mut source = Source::new(work);
    while !source.is_spent() {
        for sequence in source.turn() {
            sender.send(Message::new(sequence)).expect("the receiver is alive");
        }
        while let Ok(message) = receiver.try_recv() {
            meter.take(&message);
        }
    }
    report.wait()
}

/// Two pinned threads that block in `send` and `recv`.
pub(crate) fn across_pools(work: Work) -> Measured {
    let (mut meter, report) = report(work);
    let (sender, receiver) = channel();
    let feeder = move || {
        for sequence in 0..work.total() {
            sender.send(Message::new(sequence)).expect("the receiver is alive");
        }
    };
    let sink = move || {
        for message in receiver {
            meter.take(&message);
        }
    };
    on_two_cores(feeder, sink, &report)
}

/// Four sending threads on one core and the receiver on the other. Each sender may be as far ahead as one of ours, and
/// goes on to what is measured when the warm-up of all has been taken, as ours.
pub(crate) fn producers(work: Work) -> Measured {
    let (share, work) = shared_among_producers(work);
    let (mut meter, report) = report(work);
    let (sender, receiver) = bounded((WINDOW_MESSAGES * PRODUCERS) as usize);
    let warm = &Barrier::new(PRODUCERS as usize + 1);
    let send = |id: u64, places: Range<u64>, sender: &Sender<Message>| {
        for place in places {
            sender.send(Message::new(place * PRODUCERS + id)).expect("the receiver is alive");
        }
    };
    let producer = move |id: u64, sender: Sender<Message>| {
        send(id, 0..share.warmup, &sender);
        warm.wait();
        send(id, share.warmup..share.total(), &sender);
    };
    // The threads of a scope inherit the core of the thread that starts them.
    let feeder = move || {
        thread::scope(|scope| {
            for id in 0..PRODUCERS {
                let sender = sender.clone();
                scope.spawn(move || producer(id, sender));
            }
            drop(sender);
        });
    };
    let sink = move || {
        for message in receiver {
            if meter.take_in_any_order(&message) && meter.is_warm() {
                warm.wait();
            }
        }
    };
    on_two_cores(feeder, sink, &report)
}
