//! The same list, emptied only behind the loop.

use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut seen = Vec::new();
    while let Ok(message) = messages.recv() {
        seen.push(message); //~ unbounded-growth
    }
    seen.clear();
}
