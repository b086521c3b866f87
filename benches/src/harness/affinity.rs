//! Core affinity, set in the same way for every contestant.

#[cfg(target_os = "linux")]
use nix::{
    sched::{CpuSet, sched_setaffinity},
    unistd::Pid,
};

/// Where the receiver runs, and everything that has one thread.
pub const SINK_CORE: usize = 1;
/// Where the feeder runs when it has a thread of its own.
pub const FEEDER_CORE: usize = 0;

/// Binds the calling thread to `core`. Best effort: a machine without that core leaves it where it is.
pub fn pin(core: usize) {
    allow(core..core + 1);
}

/// Lets the calling thread, and those it starts, run on every core again.
pub fn release() {
    allow(0..std::thread::available_parallelism().map_or(1, usize::from).max(SINK_CORE + 1));
}

#[cfg(target_os = "linux")]
fn allow(cores: std::ops::Range<usize>) {
    let mut set = CpuSet::new();
    for core in cores {
        // A core beyond the set's size is one that this machine does not have.
        let _ = set.set(core);
    }
    // Pid 0 is the calling thread.
    let _ = sched_setaffinity(Pid::from_raw(0), &set);
}

#[cfg(not(target_os = "linux"))]
fn allow(_cores: std::ops::Range<usize>) {}
