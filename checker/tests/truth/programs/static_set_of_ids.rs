//! A static set that every id goes into.

use std::collections::BTreeSet;
use std::sync::mpsc::Receiver;
use std::sync::{Mutex, PoisonError};

static SEEN: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    while let Ok(message) = messages.recv() {
        SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(message); //~ unbounded-growth
    }
}
