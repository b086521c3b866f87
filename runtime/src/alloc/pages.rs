//! Which pages of an address range the system has given memory to.
//!
//! Nothing here reads or writes the range: `mincore` takes addresses, and answers with an error for what is not
//! mapped.

/// Bytes of the whole pages inside a range that have no memory. 0 where the system cannot tell.
pub(crate) fn untouched_bytes(address: usize, bytes: usize) -> u64 {
    let page = page_bytes();
    let start = address.next_multiple_of(page);
    let end = (address + bytes) / page * page;
    let mut untouched = 0;
    visit(start, end, |touched| untouched += u64::from(!touched) * page as u64);
    untouched
}

/// Bytes of the pages of a stack that have memory, from its top down to where it is no longer mapped.
pub(crate) fn touched_stack_bytes(lowest: usize, bytes: usize) -> u64 {
    let page = page_bytes();
    let mut top = (lowest + bytes) / page * page;
    let mut touched_bytes = 0;
    // Piece by piece: the stack of the main thread is mapped as far down as it has been used.
    while top > lowest {
        let start = top.saturating_sub(STACK_PIECE_PAGES * page).max(lowest.next_multiple_of(page));
        if start == top || !visit(start, top, |touched| touched_bytes += u64::from(touched) * page as u64) {
            break;
        }
        top = start;
    }
    touched_bytes
}

/// Small enough to end near the last mapped page, large enough for few system calls.
const STACK_PIECE_PAGES: usize = 8;

#[cfg(target_os = "linux")]
fn visit(start: usize, end: usize, mut each_page: impl FnMut(bool)) -> bool {
    /// Pages of one system call: 4 MiB.
    const PAGES: usize = 1024;
    let page = page_bytes();
    let mut touched = [0_u8; PAGES];
    for piece in (start..end).step_by(PAGES * page) {
        let bytes = (end - piece).min(PAGES * page);
        // SAFETY: `mincore` does not access the range, and writes one byte for each of at most `PAGES` pages.
        let answer =
            unsafe { libc::mincore(std::ptr::without_provenance_mut(piece), bytes, touched.as_mut_ptr()) };
        if answer != 0 {
            return false;
        }
        touched[..bytes / page].iter().for_each(|page| each_page(page & 1 == 1));
    }
    true
}

#[cfg(not(target_os = "linux"))]
fn visit(_start: usize, _end: usize, _each_page: impl FnMut(bool)) -> bool {
    false
}

#[cfg(unix)]
fn page_bytes() -> usize {
    // SAFETY: asks for a constant of the system.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).unwrap_or(4096)
}

#[cfg(not(unix))]
fn page_bytes() -> usize {
    4096
}
