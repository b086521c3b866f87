//! One ring of a lane: its memory and its positions, without a policy.
//!
//! The invariants I1 to I7 are those of `lane`.

use super::{WORD_BYTES, Word};
use crate::sync::{AccessLog, AtomicPtr, AtomicUsize, Ordering, Padded};
use std::{mem::ManuallyDrop, ptr::NonNull};

/// A ring and what both sides know of it, each side's stores on lines of their own.
#[derive(Debug)]
pub(super) struct Ring {
    pub(super) writer: Padded<WriterSide>,
    /// `head`: where the reader is.
    pub(super) head: Padded<AtomicUsize>,
    words: NonNull<Word>,
    capacity: usize,
    access: AccessLog,
}

/// Stored by the writer only (I2).
#[derive(Debug)]
pub(super) struct WriterSide {
    /// Where the writer is.
    pub(super) tail: AtomicUsize,
    /// Where the records of the reader's lap end, once `tail` lies beyond that lap (I4).
    pub(super) wrap_at: AtomicUsize,
    /// The ring the writer went on to.
    next: AtomicPtr<Ring>,
}

impl Ring {
    /// Allocates a ring of `capacity` words, zero or a power of two.
    pub(super) fn allocate(capacity: usize) -> NonNull<Self> {
        assert!(capacity == 0 || capacity.is_power_of_two(), "{capacity} words are not a ring");
        let mut words = ManuallyDrop::new(Vec::<Word>::with_capacity(capacity));
        let ring = Box::new(Self {
            writer: Padded(WriterSide {
                tail: AtomicUsize::new(0),
                wrap_at: AtomicUsize::new(0),
                next: AtomicPtr::new(std::ptr::null_mut()),
            }),
            head: Padded(AtomicUsize::new(0)),
            words: NonNull::new(words.as_mut_ptr()).expect("a Vec's pointer is never null"),
            capacity,
            access: AccessLog::new(capacity),
        });
        NonNull::from(Box::leak(ring))
    }

    /// Frees a ring, and forgets the records in it.
    ///
    /// # Safety
    /// `ring` came from [`allocate`](Self::allocate), is not freed yet, and nobody uses it from now on.
    pub(super) unsafe fn free(ring: NonNull<Self>) {
        // SAFETY: the pointer is that of a leaked box, which the caller gives back.
        drop(unsafe { Box::from_raw(ring.as_ptr()) });
    }

    /// Links the ring the writer goes on to. From here on the reader may free `ring`.
    ///
    /// # Safety
    /// `ring` is not freed yet, the caller is its writer and never uses it again (I5).
    pub(super) unsafe fn link(ring: NonNull<Self>, next: NonNull<Self>, order: Ordering) {
        // Only a reference to the atomic itself is formed: one to the whole ring would have to stay valid
        // until this function returns, and the reader may free the ring as soon as the store is visible.
        // SAFETY: the ring is not freed before the store takes effect.
        let link: *const AtomicPtr<Self> = unsafe { &raw const (*ring.as_ptr()).writer.0.next };
        // SAFETY: as above.
        unsafe { &*link }.store(next.as_ptr(), order);
    }

    /// Returns the ring the writer went on to, if it did.
    ///
    /// # Safety
    /// `ring` is not freed yet.
    pub(super) unsafe fn next(ring: NonNull<Self>, order: Ordering) -> Option<NonNull<Self>> {
        // SAFETY: the caller keeps the ring alive.
        let ring = unsafe { ring.as_ref() };
        NonNull::new(ring.writer.next.load(order))
    }

    /// Returns the place of `position`, for exclusive use of the `words` words there.
    #[inline]
    pub(super) fn at(&self, position: usize, words: usize) -> *mut Word {
        self.declare_use(position, words);
        // SAFETY: the place is below the capacity, or zero where that is.
        unsafe { self.words.as_ptr().add(self.place(position)) }
    }

    /// Returns the address of `position`, for no use of the words there.
    #[inline]
    pub(super) fn address(&self, position: usize) -> usize {
        self.words.addr().get() + self.place(position) * WORD_BYTES
    }

    /// Shows the model checker that the caller has exclusive use of the words at `position`.
    #[inline]
    pub(super) fn declare_use(&self, position: usize, words: usize) {
        let place = self.place(position);
        debug_assert!(place + words <= self.capacity, "{words} words at {place} of {}", self.capacity);
        self.access.exclusive(place..place + words);
    }

    #[inline]
    fn place(&self, position: usize) -> usize {
        position & self.capacity.wrapping_sub(1)
    }

    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: pointer and capacity are those of the forgotten `Vec` in `allocate`.
        drop(unsafe { Vec::from_raw_parts(self.words.as_ptr(), 0, self.capacity) });
    }
}
