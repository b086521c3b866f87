//! A `retain` that never lets anything go.

use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut seen = Vec::with_capacity(64);
    while let Ok(message) = messages.recv() {
        seen.push(message); //~ unbounded-growth
        if message % 250_000 == 0 {
            seen.retain(|_| true);
        }
    }
}
