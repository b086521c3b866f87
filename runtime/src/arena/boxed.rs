//! A box whose memory is scratch and whose destructor runs.
//!
//! Invariant: `value` points to an initialised `T` in scratch that outlives `'s`, owned by this box alone.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// A value in scratch that is dropped with the box; made by [`Scratch::boxed`](super::Scratch::boxed).
///
/// The memory itself is freed with the scratch. A box that is forgotten leaks what its value owns, like any other.
pub struct ScratchBox<'s, T> {
    value: NonNull<T>,
    /// Owns a `T`, borrows the scratch; like `&mut T` it is invariant.
    owns: PhantomData<(T, &'s mut T)>,
}

impl<T> ScratchBox<'_, T> {
    /// Takes over a value.
    ///
    /// # Safety
    ///
    /// `value` is initialised, owned by nobody else, and stays allocated for the lifetime of the box.
    #[inline]
    pub(super) unsafe fn from_raw(value: NonNull<T>) -> Self {
        Self { value, owns: PhantomData }
    }

    /// Moves the value out.
    #[must_use]
    pub fn into_inner(self) -> T {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: initialised and owned by the box, which is not dropped any more.
        unsafe { this.value.read() }
    }
}

impl<T> Drop for ScratchBox<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: initialised and owned by the box, dropped here only.
        unsafe { self.value.drop_in_place() }
    }
}

impl<T> Deref for ScratchBox<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: initialised; `&self` keeps it from being moved or dropped.
        unsafe { self.value.as_ref() }
    }
}

impl<T> DerefMut for ScratchBox<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: initialised; `&mut self` makes the access exclusive.
        unsafe { self.value.as_mut() }
    }
}

impl<T: fmt::Debug> fmt::Debug for ScratchBox<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}

impl<T: fmt::Display> fmt::Display for ScratchBox<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}
