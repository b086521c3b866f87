//! The handle of every thread is kept, finished or not.

use std::sync::mpsc::Receiver;
use std::thread;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut threads = Vec::new();
    while let Ok(message) = messages.recv() {
        threads.push(thread::spawn(move || message)); //~ unbounded-growth
    }
}
