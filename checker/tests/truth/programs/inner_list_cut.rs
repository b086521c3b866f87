//! The keys are few, and what each holds is cut.

use std::collections::{BTreeMap};
use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut by_kind: BTreeMap<bool, Vec<u64>> = BTreeMap::new();
    while let Ok(message) = messages.recv() {
        let list = by_kind.entry(message % 2 == 0).or_default();
        list.push(message);
        if list.len() > 100 {
            list.clear();
        }
    }
}
