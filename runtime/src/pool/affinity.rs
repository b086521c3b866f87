//! Asks the kernel to keep a thread on one core. Best effort; the answer is reported, not enforced.

/// Binds the calling thread to `core`.
///
/// # Errors
/// The kernel's, or that this platform has no affinity.
#[cfg(target_os = "linux")]
pub(crate) fn bind_to(core: usize) -> std::io::Result<()> {
    // SAFETY: a `cpu_set_t` is plain bits, for which zero is valid.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    if core >= libc::CPU_SETSIZE as usize {
        return Err(std::io::Error::from(std::io::ErrorKind::InvalidInput));
    }
    // SAFETY: `core` is below the size of the set.
    unsafe { libc::CPU_SET(core, &mut set) };
    // SAFETY: the set is valid for its size; 0 names the calling thread.
    let result = unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) };
    if result == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

/// Binds the calling thread to `core`.
///
/// # Errors
/// Always: this platform has no affinity.
#[cfg(not(target_os = "linux"))]
pub(crate) fn bind_to(_core: usize) -> std::io::Result<()> {
    Err(std::io::Error::from(std::io::ErrorKind::Unsupported))
}
