//! The frame of an `async fn` handler: its future, and what the future borrows.
//!
//! Invariants: those of `slot`.

use std::alloc::Layout;
use std::future::Future;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::rc::Rc;
use std::task::{Context, Poll};

use super::{SCRATCH_BYTES_MAX, Slot, Slots};
use crate::arena::Scratch;
use crate::locus::cell::{CellHead, LocusCell};
use crate::locus::context::Cx;
use crate::locus::describe::{Locus, Outcome};
use crate::pool::core::Core;

/// What a slot knows of the types of its frame.
pub(super) struct Table {
    pub(super) poll: unsafe fn(NonNull<u8>, &mut Context<'_>) -> Poll<Outcome>,
    pub(super) drop: unsafe fn(NonNull<u8>),
}

/// What the future borrows, beside the body of the cell.
struct Kept<L: 'static, M> {
    cx: Cx<'static, L>,
    message: M,
    /// Keeps the cell in place, and its body.
    _cell: Rc<LocusCell<L>>,
}

#[repr(C)]
struct Frame<L: 'static, M, F> {
    kept: Kept<L, M>,
    future: F,
}

impl<L: 'static, M, F: Future<Output = Outcome>> Frame<L, M, F> {
    const TABLE: &'static Table = &Table { poll: Self::poll, drop: Self::drop };

    /// # Safety
    /// A frame of this type lies at `block`, and nobody else uses it.
    unsafe fn poll(block: NonNull<u8>, context: &mut Context<'_>) -> Poll<Outcome> {
        let frame: *mut Self = block.cast().as_ptr();
        // SAFETY: a field of the frame, by the caller; no reference to the frame is made (`slot` I3).
        let future = unsafe { &raw mut (*frame).future };
        // SAFETY: as above.
        let future = unsafe { &mut *future };
        // SAFETY: a frame never moves, and is dropped in place (`slot` I2).
        unsafe { Pin::new_unchecked(future) }.poll(context)
    }

    /// # Safety
    /// As for `poll`, and the frame is not used again.
    unsafe fn drop(block: NonNull<u8>) {
        let frame: *mut Self = block.cast().as_ptr();
        // The last is dropped first, and the others also when it panics.
        // SAFETY: a field of the frame, by the caller.
        let _kept = DropInPlace(unsafe { &raw mut (*frame).kept });
        // SAFETY: as above.
        let _future = DropInPlace(unsafe { &raw mut (*frame).future });
    }
}

/// Drops a field of a frame that [`Frame::drop`] gives up.
struct DropInPlace<T>(*mut T);

impl<T> Drop for DropInPlace<T> {
    fn drop(&mut self) {
        // SAFETY: made in `Frame::drop` alone, of a field that is dropped there once.
        unsafe { ptr::drop_in_place(self.0) };
    }
}

impl Slots {
    /// Puts a frame into a slot: `make` gives its future.
    ///
    /// # Safety
    /// - The body of `cell` is initialised, and nobody else uses it until the frame is dropped.
    /// - The core outlives the frame.
    /// - `make` does not panic and keeps what it is given in the future alone, which accepts any lifetime of it.
    pub(super) unsafe fn fill<L, M, F>(
        &self,
        core: &Core,
        cell: &Rc<LocusCell<L>>,
        message: M,
        make: impl FnOnce(&'static mut L, &'static M, &'static mut Cx<'static, L>) -> F,
    ) -> Rc<Slot>
    where
        L: Locus,
        M: 'static,
        F: Future<Output = Outcome>,
    {
        let slot = self.take(Layout::new::<Frame<L, M, F>>());
        let frame: *mut Frame<L, M, F> = slot.block.cast().as_ptr();
        lend_rest(&slot, size_of::<Frame<L, M, F>>());
        let scratch: *const Scratch = &raw const slot.scratch;
        // SAFETY: the slot is kept until its frame is dropped (`slot` I2).
        let scratch = unsafe { &*scratch };
        scratch.set_ceiling_bytes(cell.head.scratch_bytes_max());
        // SAFETY: the core outlives the frame, by the caller.
        let core: &'static Core = unsafe { &*ptr::from_ref(core) };
        // SAFETY: the frame keeps the cell, and with it its head.
        let head: &'static CellHead = unsafe { &*ptr::from_ref(&cell.head) };
        let kept = Kept { cx: Cx::new(scratch, core, head), message, _cell: Rc::clone(cell) };
        // SAFETY: the slot is empty and was chosen for the layout of this frame.
        let place = unsafe { &raw mut (*frame).kept };
        // SAFETY: as above.
        unsafe { place.write(kept) };
        // SAFETY: written above.
        let message = unsafe { &raw const (*place).message };
        // SAFETY: lent to the future alone, which is dropped before it.
        let message = unsafe { &*message };
        // SAFETY: written above.
        let cx = unsafe { &raw mut (*place).cx };
        // SAFETY: lent to the future alone, which is dropped before it.
        let cx = unsafe { &mut *cx };
        // SAFETY: by the caller.
        let me = unsafe { &mut *cell.body_ptr() };
        let future = make(me, message, cx);
        // SAFETY: as for `place`.
        let place = unsafe { &raw mut (*frame).future };
        // SAFETY: as above.
        unsafe { place.write(future) };
        slot.table.set(Some(Frame::<L, M, F>::TABLE));
        slot
    }
}

/// Lends the scratch of a slot what its frame leaves.
fn lend_rest(slot: &Slot, frame_bytes: usize) {
    let rest = slot.layout.size() - frame_bytes;
    // SAFETY: the frame fits into the block.
    let start = unsafe { slot.block.add(frame_bytes) };
    // SAFETY: the block belongs to this slot, and its frame ends before the rest; the scratch is given back with it.
    unsafe { slot.scratch.lend(start, rest.min(SCRATCH_BYTES_MAX)) };
}
