//! Where a message lies for a moment that cannot go the short way.
//!
//! `publish` writes a message straight to where it goes, and that is a place in memory whichever way it goes: handed to
//! a function instead, it would have to be built on the stack for every way, and copied from there.
//!
//! Invariants
//! - I1. What is put here is taken before anything else is put, by whoever knows its type; in between nothing runs.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;

use super::{PAYLOAD_BYTES_MAX, WORD_BYTES, Word, words_for};

const PLACE_WORDS: usize = PAYLOAD_BYTES_MAX / WORD_BYTES;

/// Room for the largest payload.
pub(crate) struct Beside {
    place: UnsafeCell<Box<[Word]>>,
}

impl Default for Beside {
    fn default() -> Self {
        Self { place: UnsafeCell::new(vec![MaybeUninit::uninit(); PLACE_WORDS].into_boxed_slice()) }
    }
}

impl Beside {
    #[inline]
    fn place<P>(&self) -> *mut P {
        // That a `P` fits is asserted there, at compile time.
        debug_assert!(words_for::<P>() <= 1 + PLACE_WORDS);
        // SAFETY: the reference lives in this function alone, and no other does meanwhile: the type is `!Sync`.
        let place = unsafe { &mut *self.place.get() };
        place.as_mut_ptr().cast()
    }

    /// Puts a value here.
    #[inline]
    pub(crate) fn put<P>(&self, value: P) {
        // SAFETY: the place is large enough for any payload, aligned to words, and empty (I1).
        unsafe { self.place::<P>().write(value) };
    }

    /// Takes the value out.
    ///
    /// # Safety
    /// A `P` was put here, and has not been taken since (I1).
    pub(crate) unsafe fn take<P>(&self) -> P {
        // SAFETY: by the caller, a `P` lies there; it is not read again.
        unsafe { self.place::<P>().read() }
    }
}

#[cfg(test)]
mod tests {
    use super::Beside;

    #[test]
    fn what_is_put_is_taken() {
        let beside = Beside::default();
        beside.put(Some(Box::new(7)));
        // SAFETY: put in the line above.
        assert_eq!(unsafe { beside.take::<Option<Box<i32>>>() }.as_deref(), Some(&7));
        beside.put(());
        // SAFETY: put in the line above.
        unsafe { beside.take::<()>() };
    }
}
