//! A descriptor that is only looked at.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 400;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut highest = 0;
    while let Ok(message) = messages.recv() {
        if let Ok(file) = File::open("/dev/null") {
            highest = highest.max(file.as_raw_fd());
        }
        if message == u64::MAX {
            break;
        }
    }
}
