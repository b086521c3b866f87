//! The same map; an id goes when its message has been dealt with.

use std::collections::{HashMap};
use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut last = HashMap::new();
    while let Ok(message) = messages.recv() {
        last.insert(message, message);
        if message >= 100 {
            last.remove(&(message - 100));
        }
    }
}
