//! A text replaced by itself and a little more.

use std::sync::mpsc::Receiver;

/// Messages that are sent: each adds so much that the text is given back to the system when it is replaced, and does not
/// stay with the allocator, where it would be counted as well.
pub(crate) const MESSAGES: u64 = 400;

pub(crate) fn main(messages: Receiver<u64>) {
    let line = "x".repeat(180_000);
    let mut log = String::new();
    while let Ok(message) = messages.recv() {
        log = format!("{log}{line}{message}, "); //~ unbounded-growth
    }
}
