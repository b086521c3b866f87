//! An option that holds the last one.

use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut latest = None;
    while let Ok(message) = messages.recv() {
        if latest.is_none() || message % 2 == 0 {
            latest = Some(vec![message; 16]);
        }
    }
}
