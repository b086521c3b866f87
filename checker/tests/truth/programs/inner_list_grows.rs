//! The keys are few; what each holds has no end.

use std::collections::{HashMap};
use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut by_kind: HashMap<u64, Vec<u64>> = HashMap::new();
    while let Ok(message) = messages.recv() {
        by_kind.entry(message % 16).or_default().push(message); //~ unbounded-growth
    }
}
