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

/// What the future of a handler borrows, beside the body of the cell.
struct Kept<L: 'static, M> {
    cx: Cx<'static, L>,
    message: M,
    /// Keeps the cell in place, and its body.
    _cell: Rc<LocusCell<L>>,
}

#[repr(C)]
struct Frame<K, F> {
    kept: K,
    future: F,
}

impl<K, F: Future<Output = Outcome>> Frame<K, F> {
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
        // SAFETY: the core outlives the frame, by the caller.
        let core: &'static Core = unsafe { &*ptr::from_ref(core) };
        // SAFETY: the frame keeps the cell, and with it its head.
        let head: &'static CellHead = unsafe { &*ptr::from_ref(&cell.head) };
        let keep = |scratch| Kept { cx: Cx::new(scratch, core, head), message, _cell: Rc::clone(cell) };
        let begin = |kept: *mut Kept<L, M>, _scratch| {
            // SAFETY: `put` has written it.
            let message = unsafe { &raw const (*kept).message };
            // SAFETY: lent to the future alone, which is dropped before it.
            let message = unsafe { &*message };
            // SAFETY: as for the message.
            let cx = unsafe { &raw mut (*kept).cx };
            // SAFETY: as for the message.
            let cx = unsafe { &mut *cx };
            // SAFETY: by the caller.
            make(unsafe { &mut *cell.body_ptr() }, message, cx)
        };
        // SAFETY: `begin` gives what is kept to the future alone, and does not panic, by the caller.
        unsafe { self.put(head.scratch_bytes_max(), keep, begin) }
    }

    /// Puts a frame into a slot: what is kept as long as the future, and the future.
    ///
    /// # Safety
    /// `begin` does not panic, and gives what it is lent to the future alone.
    pub(super) unsafe fn put<K, F: Future<Output = Outcome>>(
        &self,
        scratch_bytes_max: usize,
        keep: impl FnOnce(&'static Scratch) -> K,
        begin: impl FnOnce(*mut K, &'static Scratch) -> F,
    ) -> Rc<Slot> {
        let slot = self.take(Layout::new::<Frame<K, F>>());
        assert!(!slot.is_live(), "a slot is given back once");
        let frame: *mut Frame<K, F> = slot.block.cast().as_ptr();
        lend_rest(&slot, size_of::<Frame<K, F>>());
        let scratch: *const Scratch = &raw const slot.scratch;
        // SAFETY: the slot is kept until its frame is dropped (`slot` I2).
        let scratch = unsafe { &*scratch };
        scratch.set_ceiling_bytes(scratch_bytes_max);
        // SAFETY: the slot is empty and was chosen for the layout of this frame.
        let kept = unsafe { &raw mut (*frame).kept };
        // SAFETY: as above.
        unsafe { kept.write(keep(scratch)) };
        let future = begin(kept, scratch);
        // SAFETY: as for `kept`.
        let place = unsafe { &raw mut (*frame).future };
        // SAFETY: as above.
        unsafe { place.write(future) };
        slot.table.set(Some(Frame::<K, F>::TABLE));
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
