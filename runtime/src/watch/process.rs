//! What the system and its allocator say about the memory of this process.

use std::fs;

/// Memory of the process that is resident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Resident {
    /// All of it (RSS).
    pub(super) bytes: u64,
    /// What no file stands behind: heaps and stacks, written data of the program. The rest is code and other
    /// files, which the system reads again when it wants the memory.
    pub(super) anonymous_bytes: u64,
}

/// Asks the system. `None` where it does not say (anything but Linux).
///
/// Reads `smaps_rollup`, which counts pages; `statm` may lag by some dozen pages for each thread.
pub(super) fn resident() -> Option<Resident> {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    let kib = |name: &str| -> Option<u64> {
        let line = rollup.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    Some(Resident { bytes: kib("Rss:")? * 1024, anonymous_bytes: kib("Anonymous:")? * 1024 })
}

/// Bytes the allocator holds for later use. `None` where it does not say (anything but glibc).
#[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
pub(super) fn allocator_free_bytes() -> Option<u64> {
    // SAFETY: fills in and returns a struct of numbers.
    let info = unsafe { libc::mallinfo2() };
    Some(info.fordblks as u64)
}

#[cfg(not(all(target_os = "linux", target_env = "gnu", not(miri))))]
pub(super) fn allocator_free_bytes() -> Option<u64> {
    None
}

/// Asks the allocator to give the memory it holds for later use back to the system.
#[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
pub(super) fn trim_allocator() {
    // SAFETY: touches free memory of the allocator only, under its locks.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu", not(miri))))]
pub(super) fn trim_allocator() {}
