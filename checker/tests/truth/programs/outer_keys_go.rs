//! A queue that is empty goes.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut pending: HashMap<u64, VecDeque<u64>> = HashMap::new();
    while let Ok(message) = messages.recv() {
        pending.entry(message).or_default().push_back(message);
        if let Some(queue) = pending.get_mut(&message) {
            queue.pop_front();
            if queue.is_empty() {
                pending.remove(&message);
            }
        }
    }
}
