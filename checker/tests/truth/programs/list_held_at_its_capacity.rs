//! The same capacity, asked about before the push.

use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut seen = Vec::with_capacity(1_000);
    while let Ok(message) = messages.recv() {
        if seen.len() == seen.capacity() {
            seen.clear();
        }
        seen.push(message);
    }
}
