//! Where a message lies for a moment that cannot go the short way.
//!
//! `publish` writes a message straight to where it goes, and that is a place in memory whichever way it goes: handed to
//! a function instead, it would have to be built on the stack for every way, and copied from there.
//!
//! Invariants
//! - I1. What is put here is taken before anything else is put, by whoever knows its type; in between nothing runs, or
//!   the value is lent, and then nothing can be put.

use std::cell::{Cell, UnsafeCell};
use std::mem::{MaybeUninit, forget};
use std::ops::Deref;
use std::ptr::NonNull;

use super::{PAYLOAD_BYTES_MAX, WORD_BYTES, Word, words_for};

const PLACE_WORDS: usize = PAYLOAD_BYTES_MAX / WORD_BYTES;

/// Room for the largest payload.
pub(crate) struct Beside {
    place: UnsafeCell<Box<[Word]>>,
    is_lent: Cell<bool>,
}

/// A value where it lies; dropped with this unless put back.
pub(crate) struct Lent<'b, P> {
    value: NonNull<P>,
    is_lent: &'b Cell<bool>,
}

impl Default for Beside {
    fn default() -> Self {
        let place = vec![MaybeUninit::uninit(); PLACE_WORDS].into_boxed_slice();
        Self { place: UnsafeCell::new(place), is_lent: Cell::new(false) }
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
        assert!(!self.is_lent.get(), "a handler that is called at the publish publishes nothing itself");
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

    /// Lends the value where it lies.
    ///
    /// # Safety
    /// As for [`take`](Self::take).
    pub(crate) unsafe fn lend<P>(&self) -> Lent<'_, P> {
        self.is_lent.set(true);
        // SAFETY: a pointer into a box is not null.
        Lent { value: unsafe { NonNull::new_unchecked(self.place::<P>()) }, is_lent: &self.is_lent }
    }
}

impl<P> Lent<'_, P> {
    /// Leaves the value where it lies, to be taken.
    pub(crate) fn put_back(self) {
        self.is_lent.set(false);
        forget(self);
    }
}

impl<P> Deref for Lent<'_, P> {
    type Target = P;
    #[inline]
    fn deref(&self) -> &P {
        // SAFETY: a `P` lies there, and nothing is put or taken while it is lent (I1).
        unsafe { self.value.as_ref() }
    }
}

impl<P> Drop for Lent<'_, P> {
    #[inline]
    fn drop(&mut self) {
        self.is_lent.set(false);
        // SAFETY: as in `deref`; nobody reads it again.
        unsafe { self.value.drop_in_place() };
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

    #[test]
    fn what_is_lent_is_dropped_once_or_put_back() {
        let beside = Beside::default();
        let count = std::rc::Rc::new(());
        beside.put(std::rc::Rc::clone(&count));
        // SAFETY: put in the line above.
        let lent = unsafe { beside.lend::<std::rc::Rc<()>>() };
        assert_eq!(std::rc::Rc::strong_count(&lent), 2);
        lent.put_back();
        // SAFETY: put back in the line above.
        drop(unsafe { beside.lend::<std::rc::Rc<()>>() });
        assert_eq!(std::rc::Rc::strong_count(&count), 1);
    }

    #[test]
    #[should_panic(expected = "publishes nothing itself")]
    fn nothing_is_put_over_what_is_lent() {
        let beside = Beside::default();
        beside.put(7);
        // SAFETY: put in the line above.
        let _lent = unsafe { beside.lend::<i32>() };
        beside.put(8);
    }
}
