//! The number of a descriptor is kept, the one before is forgotten.

use std::fs::File;
use std::os::fd::IntoRawFd;
use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 400;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut last = -1;
    while let Ok(message) = messages.recv() {
        assert!(last != 0, "{message} found standard input closed");
        if let Ok(file) = File::open("/dev/null") {
            last = file.into_raw_fd(); //~ resource-leak
        }
    }
}
