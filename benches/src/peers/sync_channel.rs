//! The standard library's bounded channel.

use std::sync::mpsc::sync_channel;

use super::on_two_cores;
use crate::harness::{Measured, Payload, Tick, Work, report};

/// The bound that its users write most: small, so that a slow receiver is felt.
const CHANNEL_MESSAGES: usize = 64;

/// Two pinned threads that block in `send` and `recv`.
pub(crate) fn ticks(work: Work) -> Measured {
    let (mut meter, report) = report(work);
    let (sender, receiver) = sync_channel(CHANNEL_MESSAGES);
    let feeder = move || {
        for sequence in 0..work.total() {
            sender.send(Tick::numbered(sequence)).expect("the receiver is alive");
        }
    };
    let sink = move || {
        for tick in receiver {
            meter.take(&tick);
        }
    };
    on_two_cores(feeder, sink, &report)
}
