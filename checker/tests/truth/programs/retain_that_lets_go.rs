//! A `retain` that keeps what is recent.

use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut seen = Vec::new();
    while let Ok(message) = messages.recv() {
        seen.push(message);
        if message % 1_000 == 0 {
            seen.retain(|known| *known + 1_000 > message);
        }
    }
}
