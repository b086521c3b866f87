//! Two numbers, of which one is handed on to an owner; the other is only asked about.
use std::fs::File;
use std::os::fd::{IntoRawFd, RawFd};
use std::sync::mpsc::Receiver;

mod libc {
    unsafe extern "C" {
        pub(crate) fn fsync(fd: i32) -> i32;
        pub(crate) fn lseek(fd: i32, offset: i64, whence: i32) -> i64;
    }
}

fn given(file: File) -> RawFd {
    file.into_raw_fd()
}

fn sync_all(names: Receiver<String>) {
    while let Ok(name) = names.recv() {
        if let Ok(file) = File::create(&name) {
            let number = std::os::fd::AsRawFd::as_raw_fd(&file);
            // SAFETY: the number is that of an open file.
            let end = unsafe { libc::lseek(number, 0, 2) };
            println!("{number}: {end}");
            // SAFETY: as above.
            unsafe { libc::fsync(number) };
        }
    }
}

fn main() -> std::io::Result<()> {
    let (names, received) = std::sync::mpsc::channel();
    drop(names.send("x".to_owned()));
    sync_all(received);
    println!("{}", given(File::open("x")?));
    Ok(())
}
