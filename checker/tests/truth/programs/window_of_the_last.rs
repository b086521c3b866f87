//! The oldest goes when there are too many.

use std::collections::{VecDeque};
use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut window = VecDeque::new();
    while let Ok(message) = messages.recv() {
        window.push_back(message);
        if window.len() > 100 {
            window.pop_front();
        }
    }
}
