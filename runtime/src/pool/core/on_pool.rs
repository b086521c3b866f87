//! References that stay on the thread of their pool.
//!
//! What an activation is lent may not leave its thread. A core has dozens of fields that are not `Sync`, and of a plain
//! reference to it the compiler names every one of them to whoever takes a `cx` along into a task; of a pointer it names
//! the pointer.
//!
//! Invariants
//! - I1. `pointer` was made from a `&'a T`.

use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;

/// A `&'a T` that is neither `Send` nor `Sync`, whatever `T` is.
pub(crate) struct OnPool<'a, T: 'static> {
    pointer: NonNull<()>,
    lent: PhantomData<&'a ()>,
    of: PhantomData<fn() -> T>,
}

impl<'a, T: 'static> OnPool<'a, T> {
    #[inline(always)]
    pub(crate) fn new(lent: &'a T) -> Self {
        Self { pointer: NonNull::from(lent).cast(), lent: PhantomData, of: PhantomData }
    }

    /// The reference itself.
    #[inline(always)]
    pub(crate) fn get(self) -> &'a T {
        // SAFETY: a `&'a T` (I1).
        unsafe { self.pointer.cast().as_ref() }
    }
}

impl<T: 'static> Clone for OnPool<'_, T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: 'static> Copy for OnPool<'_, T> {}

impl<T: 'static> Deref for OnPool<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        self.get()
    }
}
