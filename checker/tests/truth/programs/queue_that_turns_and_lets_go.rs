//! A queue whose first goes to its end only while it is alone.

use std::collections::VecDeque;
use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut waiting = VecDeque::new();
    while let Ok(message) = messages.recv() {
        waiting.push_back(message);
        let Some(first) = waiting.pop_front() else { continue };
        if first % 1_000 == 0 && waiting.is_empty() {
            waiting.push_back(first);
        }
    }
}
