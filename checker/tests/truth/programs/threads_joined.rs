//! A thread that has finished is joined.

use std::sync::mpsc::Receiver;
use std::thread::{self, JoinHandle};

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut threads: Vec<JoinHandle<u64>> = Vec::new();
    while let Ok(message) = messages.recv() {
        threads.push(thread::spawn(move || message));
        threads.retain(|thread| !thread.is_finished());
    }
}
