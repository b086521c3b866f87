//! Thread stacks in the residency report: how much of each was ever touched.

use std::sync::Arc;

use super::Kind;
use super::registry::Registry;
use super::residency::AccountResidency;
use crate::alloc::pages;

/// Lists the stack of a thread in the residency report, until it is dropped.
///
/// Open it on the thread itself, and keep it as long as the thread runs.
#[derive(Debug)]
pub struct StackAccount {
    place: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Stack {
    path: Arc<str>,
    lowest: usize,
    bytes: usize,
}

impl StackAccount {
    /// Opens an account for the stack of the calling thread. Where the system does not tell the stack's place,
    /// the account is empty.
    #[must_use]
    pub fn of_this_thread(path: impl Into<Arc<str>>) -> Self {
        let enter = |(lowest, bytes)| STACKS.enter(Arc::new(Stack { path: path.into(), lowest, bytes }));
        Self { place: this_stack().map(enter) }
    }
}

impl Drop for StackAccount {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            STACKS.leave(place);
        }
    }
}

impl Stack {
    pub(super) fn residency(&self) -> AccountResidency {
        let touched_bytes = pages::touched_stack_bytes(self.lowest, self.bytes);
        AccountResidency {
            path: self.path.clone(),
            kind: Kind::Stack,
            parent: None,
            count: 1,
            bytes: touched_bytes,
            high_water_bytes: touched_bytes,
            chunks: 1,
        }
    }
}

static STACKS: Registry<Stack> = Registry::new();

/// All open stack accounts.
pub(super) fn stacks() -> Vec<Arc<Stack>> {
    STACKS.snapshot()
}

/// Lowest address and size of the calling thread's stack.
#[cfg(all(target_os = "linux", not(miri)))]
fn this_stack() -> Option<(usize, usize)> {
    let mut attributes = std::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
    // SAFETY: has no conditions.
    let this = unsafe { libc::pthread_self() };
    // SAFETY: asks about a thread that runs, and initialises `attributes` when it returns 0.
    if unsafe { libc::pthread_getattr_np(this, attributes.as_mut_ptr()) } != 0 {
        return None;
    }
    let (mut lowest, mut bytes) = (std::ptr::null_mut(), 0);
    // SAFETY: `attributes` is initialised, and the other two are places to write to.
    let told = unsafe { libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut lowest, &raw mut bytes) };
    // SAFETY: initialised above, and not used again.
    unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
    (told == 0).then_some((lowest.addr(), bytes))
}

#[cfg(not(all(target_os = "linux", not(miri))))]
fn this_stack() -> Option<(usize, usize)> {
    None
}
