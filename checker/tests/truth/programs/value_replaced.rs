//! A value that replaces the one before.

use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut latest = String::new();
    while let Ok(message) = messages.recv() {
        let text = format!("message {message}");
        if text > latest {
            latest = text;
        }
    }
}
