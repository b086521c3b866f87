//! A map with as many keys as the enumeration has variants.

use std::collections::{HashMap};
use std::sync::mpsc::Receiver;

#[derive(PartialEq, Eq, Hash)]
enum Kind {
    Even,
    Odd,
}

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut counts: HashMap<Kind, u64> = HashMap::new();
    while let Ok(message) = messages.recv() {
        let kind = if message % 2 == 0 { Kind::Even } else { Kind::Odd };
        *counts.entry(kind).or_default() += 1;
    }
}
