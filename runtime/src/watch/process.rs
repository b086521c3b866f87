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

/// Maps all code and constants of the program and its libraries in, from the page cache.
///
/// The system does so page by page when code first runs; a baseline taken before that would show code as memory
/// that the service gained later.
#[cfg(all(target_os = "linux", not(miri)))]
pub(super) fn map_code_in() {
    let Ok(maps) = fs::read_to_string("/proc/self/maps") else { return };
    let mappings: Vec<Mapping<'_>> = maps.lines().filter_map(Mapping::parse).collect();
    let has_code = |file: &str| mappings.iter().any(|m| m.file == file && m.is_code);
    for mapping in mappings.iter().filter(|mapping| has_code(mapping.file)) {
        let start = std::ptr::without_provenance_mut(mapping.start);
        // SAFETY: reads pages of a mapping and changes nothing; where that is not possible, it returns an error.
        unsafe { libc::madvise(start, mapping.bytes, libc::MADV_POPULATE_READ) };
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
pub(super) fn map_code_in() {}

/// A readable part of a file in the address space.
#[cfg(all(target_os = "linux", not(miri)))]
struct Mapping<'m> {
    start: usize,
    bytes: usize,
    is_code: bool,
    file: &'m str,
}

#[cfg(all(target_os = "linux", not(miri)))]
impl<'m> Mapping<'m> {
    /// Parses `start-end perms offset device inode path`; `None` for what is no file or not readable.
    fn parse(line: &'m str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace();
        let (start, end) = fields.next()?.split_once('-')?;
        let permissions = fields.next()?;
        let file = fields.nth(3)?;
        let start = usize::from_str_radix(start, 16).ok()?;
        let bytes = usize::from_str_radix(end, 16).ok()? - start;
        let is_file = permissions.starts_with('r') && file.starts_with('/');
        is_file.then_some(Self { start, bytes, is_code: permissions.contains('x'), file })
    }
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
