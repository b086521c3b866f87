//! Every file that is opened stays open.

use std::fs::File;
use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 400;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut files = Vec::new();
    while let Ok(message) = messages.recv() {
        if let Ok(file) = File::open("/dev/null") {
            files.push((message, file)); //~ resource-leak
        }
    }
}
