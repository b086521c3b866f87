//! A queue whose first goes to its end, and with each message one more.

use std::collections::VecDeque;
use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut waiting = VecDeque::new();
    while let Ok(message) = messages.recv() {
        waiting.push_back(message); //~ unbounded-growth
        if let Some(first) = waiting.pop_front() {
            waiting.push_back(first);
        }
    }
}
