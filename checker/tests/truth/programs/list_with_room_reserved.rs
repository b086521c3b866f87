//! Room is reserved whenever there is little, and what is there stays.

use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut seen: Vec<u64> = Vec::with_capacity(64);
    while let Ok(message) = messages.recv() {
        if seen.capacity() - seen.len() < 64 {
            seen.reserve(64);
        }
        seen.push(message); //~ unbounded-growth
    }
}
