//! A test for too few is no limit.

use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut seen = Vec::new();
    while let Ok(message) = messages.recv() {
        if seen.len() < 2 {
            seen.push(0);
        }
        seen.push(message); //~ unbounded-growth
    }
}
