//! A text replaced by itself and a little more.

use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 30_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut log = String::new();
    while let Ok(message) = messages.recv() {
        log = format!("{log}{message:>100}, "); //~ unbounded-growth
    }
}
