//! The same text, cleared before each message.

use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut log = String::new();
    while let Ok(message) = messages.recv() {
        log.clear();
        log.push_str(if message % 2 == 0 { "even " } else { "odd " });
    }
}
