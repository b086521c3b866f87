//! Memory that somebody lends a scratch, to be used before any chunk: the rest of a waiting activation's slot.
//!
//! Blocks are cut from its upper end downwards, as in a chunk, so that the block cut last can grow in place.
//!
//! Invariants:
//! - I1: while a region is lent, `start..at` is free and this value alone may use it; what was cut from `at..` belongs
//!   to those who asked for it.
//! - I2: a region is taken back, or another one lent, only once nothing cut from it is used again (`Arena` I1).

use std::alloc::Layout;
use std::cell::Cell;
use std::ptr::{self, NonNull};

/// The free part of the region: its start, and the lowest byte that was cut off.
#[derive(Clone, Copy)]
struct Free {
    start: NonNull<u8>,
    at: NonNull<u8>,
}

// SAFETY: the region belongs to this value alone (I1), so it may go to another thread with it.
unsafe impl Send for Free {}

/// A region from elsewhere, or none.
#[derive(Default)]
pub(super) struct Lent(Cell<Option<Free>>);

impl Lent {
    /// Takes a region in.
    ///
    /// # Safety
    /// `bytes` bytes from `start` are valid for reads and writes and nobody else uses them until
    /// [`give_back`](Self::give_back).
    pub(super) unsafe fn lend(&self, start: NonNull<u8>, bytes: usize) {
        // SAFETY: the end of the caller's region.
        let at = unsafe { start.add(bytes) };
        self.0.set(Some(Free { start, at }));
    }

    pub(super) fn give_back(&self) {
        self.0.set(None);
    }

    /// Bytes not yet cut off; `None` without a region.
    pub(super) fn free_bytes(&self) -> Option<usize> {
        self.0.get().map(|free| free.at.addr().get() - free.start.addr().get())
    }

    pub(super) fn is_some(&self) -> bool {
        self.0.get().is_some()
    }

    /// Cuts a block off, if there is room for it.
    pub(super) fn reserve(&self, layout: Layout) -> Option<NonNull<u8>> {
        let free = self.0.get()?;
        let from = free.at.addr().get().checked_sub(layout.size())? & !(layout.align() - 1);
        self.cut(free, from)
    }

    /// Makes `block`, if it was cut last, `more` bytes larger at its lower end, and moves its `bytes` bytes there.
    ///
    /// # Safety
    /// `block` is `bytes` bytes that the caller alone uses.
    pub(super) unsafe fn extend(&self, block: NonNull<u8>, bytes: usize, more: usize) -> Option<NonNull<u8>> {
        let free = self.0.get().filter(|free| free.at == block)?;
        let grown = self.cut(free, free.at.addr().get().checked_sub(more)?)?;
        // SAFETY: the block and the room before it are one piece of the region now; both belong to the caller.
        unsafe { ptr::copy(block.as_ptr(), grown.as_ptr(), bytes) };
        Some(grown)
    }

    /// Makes `block`, if it was cut last, `less` bytes smaller at its lower end, and moves what is left there up.
    ///
    /// # Safety
    /// `block` is at least `less` bytes, of which the first `bytes` are kept, and the caller alone uses it.
    pub(super) unsafe fn cut_back(
        &self,
        block: NonNull<u8>,
        bytes: usize,
        less: usize,
    ) -> Option<NonNull<u8>> {
        let free = self.0.get().filter(|free| free.at == block)?;
        // SAFETY: inside the block, by the caller.
        let at = unsafe { block.add(less) };
        // SAFETY: both ranges lie in the block, which is the caller's.
        unsafe { ptr::copy(block.as_ptr(), at.as_ptr(), bytes) };
        self.0.set(Some(Free { at, ..free }));
        Some(at)
    }

    /// Cuts off everything from the address `from`.
    fn cut(&self, free: Free, from: usize) -> Option<NonNull<u8>> {
        let offset = from.checked_sub(free.start.addr().get())?;
        // SAFETY: `from` lies between `start` and `at`, both of one region (I1).
        let at = unsafe { free.start.add(offset) };
        self.0.set(Some(Free { at, ..free }));
        Some(at)
    }
}
