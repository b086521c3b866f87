//! The chunks behind a scratch.
//!
//! Wraps `bumpalo::Bump` and adds what the runtime promises: a first chunk that is made lazily and kept, a ceiling
//! that is exact to the byte, larger chunks that go back to the allocator at the reset, and a residency account
//! that follows every chunk.
//!
//! Invariants:
//! - I1: memory given out by [`Arena::reserve`] and [`Arena::grow`] stays until [`Arena::reset`] or drop. Whoever
//!   calls `reset` vouches that nothing given out before is used again.
//! - I2: `bump` is replaced only while it owns no chunk ([`Arena::attach`]) or under I1 ([`Arena::reset`]).
//! - I3: a `&Bump` or `&mut Bump` lives only inside a method of [`Arena`], and no user code runs meanwhile
//!   (`Display` implementations run between calls).
//! - I4: `used` is the sum of the sizes asked for since the last reset, less what was shrunk; 0 means that the bump
//!   is as the last reset left it.

use std::alloc::Layout;
use std::cell::{Cell, OnceCell, UnsafeCell};
use std::ptr::NonNull;
use std::sync::Arc;

use allocator_api2::alloc::Allocator;
use bumpalo::{AllocErr, Bump};

use super::ScratchFull;
use super::lent::Lent;
use crate::watch::{Account, Kind};

/// What the allocator is asked for when the first chunk is made. It is also the most a scratch keeps over a reset.
const CHUNK_BYTES: usize = 64 << 10;

/// What is asked for where a slot lends the first bytes: thousands of activations may wait at once.
const CHUNK_BEHIND_LENT_BYTES: usize = 4 << 10;

/// Less than one chunk by more than bumpalo's footer and its reserve for `malloc`: it rounds the sum up to a page.
const FOOTER_BYTES_MAX: usize = 1024;

/// The state behind a [`Scratch`].
pub(super) struct Arena {
    bump: UnsafeCell<Bump>,
    used: Cell<usize>,
    ceiling: Cell<usize>,
    /// Memory to be used before any chunk.
    lent: Lent,
    /// Whom the chunks belong to; `None` for a scratch outside of a pool.
    owner: Option<Arc<str>>,
    account: OnceCell<Account>,
}

impl Arena {
    pub(super) fn new(ceiling_bytes: usize, owner: Option<Arc<str>>) -> Self {
        Self {
            bump: UnsafeCell::new(Bump::new()),
            used: Cell::new(0),
            ceiling: Cell::new(ceiling_bytes),
            lent: Lent::default(),
            owner,
            account: OnceCell::new(),
        }
    }

    #[inline(always)]
    pub(super) fn set_ceiling_bytes(&self, bytes: usize) {
        self.ceiling.set(bytes);
    }

    pub(super) fn ceiling_bytes(&self) -> usize {
        self.ceiling.get()
    }

    #[inline(always)]
    pub(super) fn used_bytes(&self) -> usize {
        self.used.get()
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.bump().allocated_bytes_including_metadata()
    }

    #[inline(always)]
    fn bump(&self) -> &Bump {
        // SAFETY: I3: a `&mut Bump` exists only inside `attach` and `reset`, which do not call this meanwhile.
        unsafe { &*self.bump.get() }
    }

    /// Gives out fresh memory for a layout.
    #[inline(always)]
    pub(super) fn reserve(&self, layout: Layout) -> Result<NonNull<u8>, ScratchFull> {
        // Neither sum overflows: a layout is at most `isize::MAX`, and so is `used`, the sum of live blocks.
        let used = self.used.get() + layout.size();
        if used > self.ceiling.get() {
            return Err(self.full(layout.size()));
        }
        let block = if layout.size() + (layout.align() - 1) <= self.bump().chunk_capacity() {
            self.bump().try_alloc_layout(layout)
        } else {
            self.reserve_further(layout)
        };
        let block = block.map_err(|_| self.full(layout.size()))?;
        self.used.set(used);
        Ok(block)
    }

    /// Gives out memory that no chunk has: lent memory, or that of a new chunk.
    #[cold]
    fn reserve_further(&self, layout: Layout) -> Result<NonNull<u8>, AllocErr> {
        match self.lent.reserve(layout) {
            Some(block) => Ok(block),
            None => self.attach(|bump| bump.try_alloc_layout(layout)),
        }
    }

    /// Makes a block of bytes larger, in place when it is the last one.
    ///
    /// # Safety
    ///
    /// `block` is `capacity` bytes from this arena that the caller alone uses, and `wanted >= capacity`.
    pub(super) unsafe fn grow(
        &self,
        block: NonNull<u8>,
        capacity: usize,
        wanted: usize,
    ) -> Result<NonNull<u8>, ScratchFull> {
        let more = wanted - capacity;
        // What a move leaves behind stays used until the reset, so the check supposes a move.
        if wanted > self.ceiling.get().saturating_sub(self.used.get() - capacity) {
            return Err(self.full(more));
        }
        let (old, new) = (bytes_layout(capacity), bytes_layout(wanted));
        // SAFETY: the caller owns `block`, which has the layout `old`; `new` is not smaller.
        let grow = |bump: &Bump| unsafe { Allocator::grow(&bump, block, old, new) };
        let roomy = wanted <= self.bump().chunk_capacity();
        let moved = if roomy {
            grow(self.bump())
            // SAFETY: by the caller.
        } else if let Some(grown) = unsafe { self.grow_lent(block, capacity, wanted) } {
            Ok(NonNull::slice_from_raw_parts(grown, wanted))
        } else {
            self.attach(grow)
        };
        let moved = moved.map_err(|_| self.full(more))?.cast::<u8>();
        let in_place = moved.addr().get() + more == block.addr().get();
        self.used.set(self.used.get() + if in_place { more } else { wanted });
        Ok(moved)
    }

    /// [`grow`](Self::grow) inside lent memory, if that has the room.
    ///
    /// # Safety
    ///
    /// As there.
    #[cold]
    unsafe fn grow_lent(&self, block: NonNull<u8>, capacity: usize, wanted: usize) -> Option<NonNull<u8>> {
        // SAFETY: by the caller.
        if let Some(grown) = unsafe { self.lent.extend(block, capacity, wanted - capacity) } {
            return Some(grown);
        }
        let moved = self.lent.reserve(bytes_layout(wanted))?;
        // SAFETY: fresh memory of `wanted >= capacity` bytes, and a block of `capacity` bytes elsewhere.
        unsafe { moved.copy_from_nonoverlapping(block, capacity) };
        Some(moved)
    }

    /// Takes in memory to be used before any chunk.
    ///
    /// # Safety
    ///
    /// `bytes` bytes from `start` are valid and nobody else's until [`give_back`](Self::give_back).
    pub(super) unsafe fn lend(&self, start: NonNull<u8>, bytes: usize) {
        // SAFETY: by the caller.
        unsafe { self.lent.lend(start, bytes) };
    }

    /// Lent bytes that are free; `None` where nothing is lent.
    pub(super) fn lent_bytes(&self) -> Option<usize> {
        self.lent.free_bytes()
    }

    /// Frees everything, keeps no chunk, and lets go of lent memory.
    ///
    /// # Safety
    ///
    /// I1: nothing given out before is used again.
    pub(super) unsafe fn give_back(&self) {
        self.lent.give_back();
        self.used.set(0);
        if self.bump().allocated_bytes() != 0 {
            // SAFETY: I1 by the caller, I3: no `&Bump` is alive here.
            unsafe { *self.bump.get() = Bump::new() };
            self.follow();
        }
    }

    /// Gives back the end of a block of bytes where that gains something; returns where the block is now.
    ///
    /// # Safety
    ///
    /// As for [`grow`](Self::grow), with `wanted <= capacity`.
    pub(super) unsafe fn shrink(&self, block: NonNull<u8>, capacity: usize, wanted: usize) -> NonNull<u8> {
        // SAFETY: by the caller.
        if let Some(shrunk) = unsafe { self.lent.cut_back(block, wanted, capacity - wanted) } {
            self.used.set(self.used.get() - (capacity - wanted));
            return shrunk;
        }
        // SAFETY: the caller owns `block`, which has the layout of `capacity` bytes; `wanted` is not larger.
        let shrunk = unsafe { self.bump().shrink(block, bytes_layout(capacity), bytes_layout(wanted)) };
        let Ok(shrunk) = shrunk else { return block };
        let shrunk = shrunk.cast::<u8>();
        if shrunk != block {
            self.used.set(self.used.get() - (capacity - wanted));
        }
        shrunk
    }

    /// Runs an allocation that may attach a chunk, makes the first chunk before it and follows up in the account.
    #[cold]
    fn attach<R>(&self, allocate: impl FnOnce(&Bump) -> R) -> R {
        let first_bytes = if self.lent.is_some() { CHUNK_BEHIND_LENT_BYTES } else { CHUNK_BYTES };
        if self.bump().allocated_bytes() == 0
            && let Ok(first) = Bump::try_with_capacity(first_bytes - FOOTER_BYTES_MAX)
        {
            // SAFETY: I2: the bump owns no chunk, so nothing points into it; I3: no `&Bump` is alive here.
            unsafe { *self.bump.get() = first };
        }
        // The bound on chunks: the ceiling, but never less than the chunk that is kept, lest the bump consider
        // itself over its limit already (which to bumpalo means none).
        self.bump().set_allocation_limit(Some(self.ceiling.get().max(CHUNK_BYTES)));
        let result = allocate(self.bump());
        self.follow();
        result
    }

    /// Frees everything; keeps the first chunk.
    ///
    /// # Safety
    ///
    /// I1: no reference into the chunks is used again.
    // Not inlined: each handler's loop would carry it, and keep registers free for it.
    #[inline(never)]
    pub(super) unsafe fn reset(&self) {
        self.used.set(0);
        // SAFETY: I1 by the caller, I3: no `&Bump` is alive here.
        let bump = unsafe { &mut *self.bump.get() };
        if bump.allocated_bytes() <= CHUNK_BYTES {
            bump.reset();
        } else {
            *bump = Bump::new();
            self.follow();
        }
    }

    /// Tells the account what is held now; opens it with the first chunk.
    #[cold]
    fn follow(&self) {
        let Some(owner) = &self.owner else { return };
        let account = self.account.get_or_init(|| Account::new(owner.clone(), Kind::Scratch));
        let bump = self.bump();
        // SAFETY: the iterator is consumed before any allocation, and no chunk is read.
        let chunks = unsafe { bump.iter_allocated_chunks_raw() }.count();
        account.set(bump.allocated_bytes_including_metadata(), chunks);
    }

    #[cold]
    fn full(&self, asked_bytes: usize) -> ScratchFull {
        ScratchFull::new(asked_bytes, self.used.get(), self.ceiling.get())
    }
}

/// The layout of a block of bytes.
#[inline]
fn bytes_layout(bytes: usize) -> Layout {
    Layout::array::<u8>(bytes).expect("blocks stay under the ceiling, which a layout can hold")
}
