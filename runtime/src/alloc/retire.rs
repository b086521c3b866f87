//! Learning that a thread ends, without allocating.
//!
//! Rust's own thread-local destructors allocate when they are registered, which the global allocator must not do. A
//! POSIX key with a destructor does not: its value is stored in the thread itself.
//!
//! Invariant: the value of the key is a `fn()` or null, set by [`at_thread_exit`] alone.

use std::ffi::c_void;
use std::sync::OnceLock;

use libc::pthread_key_t;

/// Runs `action` when the calling thread ends. False when the system has no key left.
///
/// One action per thread: a second call replaces the first.
pub(super) fn at_thread_exit(action: fn()) -> bool {
    static KEY: OnceLock<Option<pthread_key_t>> = OnceLock::new();
    let Some(key) = *KEY.get_or_init(make_key) else { return false };
    // SAFETY: `key` was made by `pthread_key_create` and is never deleted.
    unsafe { libc::pthread_setspecific(key, action as *const c_void) == 0 }
}

fn make_key() -> Option<pthread_key_t> {
    let mut key = 0;
    // SAFETY: `key` is a place to write to, and `run` has the required signature.
    let made = unsafe { libc::pthread_key_create(&raw mut key, Some(run)) };
    (made == 0).then_some(key)
}

/// The destructor of the key.
extern "C" fn run(action: *mut c_void) {
    // SAFETY: the invariant; the system calls this with values other than null only.
    let action = unsafe { std::mem::transmute::<*mut c_void, fn()>(action) };
    action();
}
