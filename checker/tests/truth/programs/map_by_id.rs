//! A map by an id that is always new.

use std::collections::{HashMap};
use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut last = HashMap::new();
    while let Ok(message) = messages.recv() {
        last.insert(message, message); //~ unbounded-growth
    }
}
