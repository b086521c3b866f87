//! Scratch: the bump arena of one activation.
//!
//! The typed side: values, strings and texts. Chunks, the ceiling and the rules that make handing out references
//! sound (I1 to I4, cited here) are in [`raw`](super::raw).

use std::alloc::Layout;
use std::cell::UnsafeCell;
use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;

use super::raw::Arena;
use super::{ScratchBox, ScratchFull, ScratchText};

/// The default ceiling of one activation: 16 MiB, far above any sane message, far below what ends a process.
pub const SCRATCH_BYTES_MAX: usize = 16 << 20;

/// Memory of one activation; all of it is gone when the activation ends.
///
/// Holds plain data. A value with a destructor goes into a [`ScratchBox`], which runs it.
///
/// Every method comes in two forms. The plain one panics at the ceiling (a runtime-called method then fails under
/// supervision); the `try_` one returns [`ScratchFull`].
///
/// # Cost
///
/// An allocation is an addition and two comparisons. Nothing is allocated from the heap until the first use, which
/// makes a chunk of 64 KiB that is kept for later activations.
///
/// # Examples
///
/// ```
/// let scratch = locus::arena::Scratch::new();
/// let numbers: &mut [u32] = scratch.alloc_slice_copy(&[1, 2, 3]);
/// numbers[0] = 7;
/// assert_eq!(scratch.format(format_args!("{numbers:?}")), "[7, 2, 3]");
/// ```
pub struct Scratch {
    /// One `UnsafeCell` around everything: sharing a scratch with another thread is one error, not one per field.
    arena: UnsafeCell<Arena>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch")
            .field("used_bytes", &self.used_bytes())
            .field("ceiling_bytes", &self.ceiling_bytes())
            .finish_non_exhaustive()
    }
}

impl Scratch {
    /// Makes an empty scratch with the default ceiling. Allocates nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::with_owner(None)
    }

    /// Makes a scratch whose chunks are listed in the residency report under `path`.
    #[must_use]
    pub fn owned_by(path: Arc<str>) -> Self {
        Self::with_owner(Some(path))
    }

    fn with_owner(owner: Option<Arc<str>>) -> Self {
        Self { arena: UnsafeCell::new(Arena::new(SCRATCH_BYTES_MAX, owner)) }
    }

    /// Sets the ceiling: the most bytes that may be in use at once. What is already in use stays.
    pub fn set_ceiling_bytes(&self, bytes: usize) {
        self.arena().set_ceiling_bytes(bytes);
    }

    /// The most bytes that may be in use at once.
    #[must_use]
    pub fn ceiling_bytes(&self) -> usize {
        self.arena().ceiling_bytes()
    }

    /// Bytes in use, as asked for: without padding between values and without free room in the chunks.
    #[inline]
    #[must_use]
    pub fn used_bytes(&self) -> usize {
        self.arena().used_bytes()
    }

    /// Bytes of the chunks that are attached, as taken from the allocator.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.arena().held_bytes()
    }

    /// Frees all that was allocated. Keeps one chunk of 64 KiB; anything beyond goes back to the allocator.
    ///
    /// # Cost
    ///
    /// One load and one branch when nothing was allocated.
    #[inline]
    pub fn reset(&mut self) {
        // SAFETY: I1: `&mut self` proves that no reference into the chunks is left.
        unsafe { self.reset_shared() }
    }

    /// [`reset`](Self::reset) for an owner that handed out `&Scratch` with a lifetime it vouches for.
    ///
    /// # Safety
    ///
    /// Nothing that this scratch gave out since its last reset is used again, a [`ScratchBox`] or [`ScratchText`]
    /// included.
    #[inline]
    pub(crate) unsafe fn reset_shared(&self) {
        let arena = self.arena();
        if arena.used_bytes() != 0 {
            // SAFETY: I1, promised by the caller; I3: the only `&Arena` is the one in this call.
            unsafe { arena.reset() }
        }
    }

    /// Takes in memory to be used before any chunk is attached.
    ///
    /// # Safety
    ///
    /// `bytes` bytes from `start` are valid and nobody else's until [`give_back`](Self::give_back).
    pub(crate) unsafe fn lend(&self, start: NonNull<u8>, bytes: usize) {
        // SAFETY: by the caller.
        unsafe { self.arena().lend(start, bytes) };
    }

    /// Frees everything, chunks included, and lets go of lent memory.
    ///
    /// # Safety
    ///
    /// As for [`reset_shared`](Self::reset_shared).
    pub(crate) unsafe fn give_back(&self) {
        // SAFETY: by the caller.
        unsafe { self.arena().give_back() };
    }

    /// Moves a plain value into scratch.
    ///
    /// # Panics
    ///
    /// At the ceiling.
    #[inline]
    pub fn alloc<T: Copy>(&self, value: T) -> &mut T {
        self.try_alloc(value).unwrap_or_else(|full| full.into_panic())
    }

    /// [`alloc`](Self::alloc) that gives the value back at the ceiling.
    ///
    /// # Errors
    ///
    /// [`ScratchFull`], with the value.
    #[inline]
    #[expect(clippy::mut_from_ref, reason = "each call gives out fresh memory, as in every arena")]
    pub fn try_alloc<T: Copy>(&self, value: T) -> Result<&mut T, ScratchFull<T>> {
        match self.place(value) {
            // SAFETY: `place` returned fresh, aligned memory with `value` in it; nothing else points there, and it
            // stays for the lifetime of `&self` by I1.
            Ok(mut place) => Ok(unsafe { place.as_mut() }),
            Err(full) => Err(full),
        }
    }

    /// Moves a value with a destructor into scratch; the box runs it when it is dropped.
    ///
    /// # Panics
    ///
    /// At the ceiling.
    #[inline]
    pub fn boxed<T>(&self, value: T) -> ScratchBox<'_, T> {
        self.try_boxed(value).unwrap_or_else(|full| full.into_panic())
    }

    /// [`boxed`](Self::boxed) that gives the value back at the ceiling.
    ///
    /// # Errors
    ///
    /// [`ScratchFull`], with the value.
    #[inline]
    pub fn try_boxed<T>(&self, value: T) -> Result<ScratchBox<'_, T>, ScratchFull<T>> {
        match self.place(value) {
            // SAFETY: as in `try_alloc`; the box is the only owner of the value.
            Ok(place) => Ok(unsafe { ScratchBox::from_raw(place) }),
            Err(full) => Err(full),
        }
    }

    /// Copies a string into scratch.
    ///
    /// # Panics
    ///
    /// At the ceiling.
    #[inline]
    pub fn alloc_str(&self, text: &str) -> &str {
        self.try_alloc_str(text).unwrap_or_else(|full| full.into_panic())
    }

    /// [`alloc_str`](Self::alloc_str) with an error at the ceiling.
    ///
    /// # Errors
    ///
    /// [`ScratchFull`].
    #[inline]
    pub fn try_alloc_str(&self, text: &str) -> Result<&str, ScratchFull> {
        let bytes = self.try_alloc_slice_copy(text.as_bytes())?;
        // SAFETY: an exact copy of the bytes of a `str`.
        Ok(unsafe { std::str::from_utf8_unchecked(bytes) })
    }

    /// Copies a slice of plain values into scratch.
    ///
    /// # Panics
    ///
    /// At the ceiling.
    #[inline]
    pub fn alloc_slice_copy<T: Copy>(&self, values: &[T]) -> &mut [T] {
        self.try_alloc_slice_copy(values).unwrap_or_else(|full| full.into_panic())
    }

    /// [`alloc_slice_copy`](Self::alloc_slice_copy) with an error at the ceiling.
    ///
    /// # Errors
    ///
    /// [`ScratchFull`].
    #[inline]
    #[expect(clippy::mut_from_ref, reason = "each call gives out fresh memory, as in every arena")]
    pub fn try_alloc_slice_copy<T: Copy>(&self, values: &[T]) -> Result<&mut [T], ScratchFull> {
        let place = self.reserve(Layout::for_value(values))?.cast::<T>();
        // SAFETY: `reserve` gave fresh memory for exactly this layout; it cannot overlap the source.
        unsafe { place.copy_from_nonoverlapping(NonNull::from(values).cast(), values.len()) };
        // SAFETY: initialised above, not aliased, alive for `&self` by I1.
        Ok(unsafe { NonNull::slice_from_raw_parts(place, values.len()).as_mut() })
    }

    /// Formats into scratch. [`scratch_format!`](crate::scratch_format) is the short spelling.
    ///
    /// # Panics
    ///
    /// At the ceiling, or when a `Display` implementation returns an error (as [`format!`] does).
    #[inline]
    pub fn format(&self, args: fmt::Arguments<'_>) -> &str {
        self.try_format(args).unwrap_or_else(|full| full.into_panic())
    }

    /// [`format`](Self::format) with an error at the ceiling.
    ///
    /// # Errors
    ///
    /// [`ScratchFull`].
    ///
    /// # Panics
    ///
    /// When a `Display` implementation returns an error of its own.
    #[inline]
    pub fn try_format(&self, args: fmt::Arguments<'_>) -> Result<&str, ScratchFull> {
        if let Some(literal) = args.as_str() {
            return Ok(literal);
        }
        let mut text = self.text();
        text.try_push_args(args)?;
        Ok(text.into_str())
    }

    /// Starts a text that grows in place. Allocates nothing until something is pushed.
    #[must_use]
    pub fn text(&self) -> ScratchText<'_> {
        ScratchText::new(self)
    }

    #[inline(always)]
    fn place<T>(&self, value: T) -> Result<NonNull<T>, ScratchFull<T>> {
        match self.reserve(Layout::new::<T>()) {
            Ok(place) => {
                let place = place.cast::<T>();
                // SAFETY: `reserve` gave fresh memory, aligned and large enough for `T`.
                unsafe { place.write(value) };
                Ok(place)
            }
            Err(full) => Err(full.with_value(value)),
        }
    }

    /// Lent bytes that are free; `None` where nothing is lent.
    pub(super) fn lent_bytes(&self) -> Option<usize> {
        self.arena().lent_bytes()
    }

    #[inline(always)]
    pub(super) fn reserve(&self, layout: Layout) -> Result<NonNull<u8>, ScratchFull> {
        self.arena().reserve(layout)
    }

    /// Makes a block of bytes larger, in place when it is the last one.
    ///
    /// # Safety
    ///
    /// `block` is `capacity` bytes from this scratch that the caller alone uses, and `wanted >= capacity`.
    #[inline]
    pub(super) unsafe fn grow(
        &self,
        block: NonNull<u8>,
        capacity: usize,
        wanted: usize,
    ) -> Result<NonNull<u8>, ScratchFull> {
        // SAFETY: passed on.
        unsafe { self.arena().grow(block, capacity, wanted) }
    }

    /// Gives back the end of a block of bytes where that gains something; returns where the block is now.
    ///
    /// # Safety
    ///
    /// As for [`grow`](Self::grow), with `wanted <= capacity`.
    #[inline]
    pub(super) unsafe fn shrink(&self, block: NonNull<u8>, capacity: usize, wanted: usize) -> NonNull<u8> {
        // SAFETY: passed on.
        unsafe { self.arena().shrink(block, capacity, wanted) }
    }

    #[inline(always)]
    fn arena(&self) -> &Arena {
        // SAFETY: nobody ever holds a `&mut Arena`: its parts have cells of their own.
        unsafe { &*self.arena.get() }
    }
}
