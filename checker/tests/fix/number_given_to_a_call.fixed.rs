//! The call needs the number for a moment, and gets it for ever.
use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::mpsc::Receiver;

mod libc {
    unsafe extern "C" {
        pub(crate) fn fsync(fd: i32) -> i32;
    }
}

fn sync_all(names: Receiver<String>) {
    while let Ok(name) = names.recv() {
        if let Ok(file) = File::create(&name) {
            // SAFETY: the number is that of an open file.
            unsafe { libc::fsync(file.as_raw_fd()) };
        }
    }
}

fn main() {
    let (names, received) = std::sync::mpsc::channel();
    drop(names.send("x".to_owned()));
    sync_all(received);
}
