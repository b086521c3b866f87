//! A text in scratch that grows in place.
//!
//! The block doubles, and is extended where it lies as long as nothing else was allocated after it; otherwise it
//! moves. `into_str` gives unused room back when the block is still the last one and at least half of it is free.
//!
//! Invariant: `block` is `capacity` bytes of `scratch` that this text alone uses, the first `len` of them
//! initialised and valid UTF-8; with `capacity == 0` it dangles.

use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;

use super::{Scratch, ScratchFull};

/// The first block: longer than most log lines, and what it leaves over is given back.
const CAPACITY_MIN: usize = 256;

/// A string under construction in scratch; made by [`Scratch::text`].
///
/// # Examples
///
/// ```
/// use std::fmt::Write;
///
/// let scratch = locus::arena::Scratch::new();
/// let mut text = scratch.text();
/// for n in 1..=3 {
///     write!(text, "{n},")?;
/// }
/// text.push_str("done");
/// assert_eq!(text.into_str(), "1,2,3,done");
/// # Ok::<(), std::fmt::Error>(())
/// ```
pub struct ScratchText<'s> {
    scratch: &'s Scratch,
    block: NonNull<u8>,
    len: usize,
    capacity: usize,
}

impl<'s> ScratchText<'s> {
    #[inline]
    pub(super) fn new(scratch: &'s Scratch) -> Self {
        Self { scratch, block: NonNull::dangling(), len: 0, capacity: 0 }
    }

    /// Appends a string.
    ///
    /// # Panics
    ///
    /// At the ceiling of the scratch.
    #[inline]
    pub fn push_str(&mut self, text: &str) {
        self.try_push_str(text).unwrap_or_else(|full| full.into_panic());
    }

    /// [`push_str`](Self::push_str) with an error at the ceiling; the text is then as it was.
    ///
    /// # Errors
    ///
    /// [`ScratchFull`].
    #[inline]
    pub fn try_push_str(&mut self, text: &str) -> Result<(), ScratchFull> {
        if text.len() > self.capacity - self.len {
            self.make_room(text.len())?;
        }
        // SAFETY: `len` is inside the block, or 0 with a dangling block and an empty `text`.
        let end = unsafe { self.block.add(self.len) };
        // SAFETY: there is room for `text.len()` bytes; the block is ours alone, so it does not overlap `text`.
        unsafe { end.copy_from_nonoverlapping(NonNull::from(text).cast(), text.len()) };
        self.len += text.len();
        Ok(())
    }

    /// Appends a character.
    ///
    /// # Panics
    ///
    /// At the ceiling of the scratch.
    pub fn push(&mut self, character: char) {
        self.push_str(character.encode_utf8(&mut [0; 4]));
    }

    /// Appends formatted text, which may have been written in part when an error returns.
    ///
    /// # Errors
    ///
    /// [`ScratchFull`].
    ///
    /// # Panics
    ///
    /// When a `Display` implementation returns an error of its own, as [`format!`] does.
    pub fn try_push_args(&mut self, args: fmt::Arguments<'_>) -> Result<(), ScratchFull> {
        let mut writer = Writer { text: self, full: None };
        let written = fmt::write(&mut writer, args);
        match (writer.full, written) {
            (Some(full), _) => Err(full),
            (None, Ok(())) => Ok(()),
            (None, Err(fmt::Error)) => panic!("a `Display` implementation returned an error"),
        }
    }

    /// The text so far.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        // SAFETY: the first `len` bytes are initialised, and `&self` keeps them from changing.
        let bytes = unsafe { NonNull::slice_from_raw_parts(self.block, self.len).as_ref() };
        // SAFETY: only whole strings are appended.
        unsafe { std::str::from_utf8_unchecked(bytes) }
    }

    /// Forgets the text, keeps the block.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Ends the construction; the text lives as long as the scratch.
    #[must_use]
    #[inline]
    pub fn into_str(self) -> &'s str {
        if self.len == 0 {
            return "";
        }
        // SAFETY: the block is ours, and `len <= capacity`.
        let block = unsafe { self.scratch.shrink(self.block, self.capacity, self.len) };
        // SAFETY: the first `len` bytes are initialised, nobody writes to them any more, and the scratch keeps them
        // for `'s`.
        let bytes = unsafe { NonNull::slice_from_raw_parts(block, self.len).as_ref() };
        // SAFETY: only whole strings were appended.
        unsafe { std::str::from_utf8_unchecked(bytes) }
    }

    #[cold]
    fn make_room(&mut self, more: usize) -> Result<(), ScratchFull> {
        let wanted = self.len + more;
        // Where memory is lent, what is left of it will do, rather than a chunk; the end returns what is not used.
        let lent = self.scratch.lent_bytes().filter(|lent| self.capacity == 0 && *lent >= wanted);
        let capacity = wanted.max(self.capacity * 2).max(CAPACITY_MIN.min(lent.unwrap_or(CAPACITY_MIN)));
        // Near the ceiling doubling may ask for more than there is where the text itself would fit.
        self.resize(capacity).or_else(|_| self.resize(wanted))
    }

    fn resize(&mut self, capacity: usize) -> Result<(), ScratchFull> {
        self.block = if self.capacity == 0 {
            let layout = std::alloc::Layout::array::<u8>(capacity);
            self.scratch.reserve(layout.expect("no text is longer than `isize::MAX`"))?
        } else {
            // SAFETY: the block is ours, and `capacity` exceeds its size.
            unsafe { self.scratch.grow(self.block, self.capacity, capacity)? }
        };
        self.capacity = capacity;
        Ok(())
    }
}

/// Keeps the reason why a write failed, which `fmt::Error` cannot carry.
struct Writer<'t, 's> {
    text: &'t mut ScratchText<'s>,
    full: Option<ScratchFull>,
}

impl fmt::Write for Writer<'_, '_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text.try_push_str(text).map_err(|full| {
            self.full = Some(full);
            fmt::Error
        })
    }
}

/// `write!` fails with `fmt::Error` at the ceiling; it does not panic.
impl fmt::Write for ScratchText<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.try_push_str(text).map_err(|_| fmt::Error)
    }
}

impl Deref for ScratchText<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for ScratchText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ScratchText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
