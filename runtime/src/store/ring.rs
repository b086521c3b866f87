//! A bounded queue inline in its owner.
//!
//! Invariants:
//! - I1: `head < N` and `len <= N`.
//! - I2: exactly the `len` slots from `head` on, wrapping at `N`, are initialised.

use std::fmt;
use std::iter::{Chain, FusedIterator};
use std::mem::MaybeUninit;
use std::slice;

use super::FixedSize;

/// The last `N` values, oldest first, stored inline.
///
/// # Examples
///
/// ```
/// use locus::store::Ring;
///
/// let mut recent: Ring<String, 2> = Ring::new();
/// recent.push_evict_with(|slot| slot.push_str("one"));
/// recent.push_evict("two".to_owned());
/// assert_eq!(recent.push("three".to_owned()).unwrap_err().into_value(), "three");
/// assert_eq!(recent.push_evict("three".to_owned()).as_deref(), Some("one"));
/// assert!(recent.iter().eq(["two", "three"]));
/// ```
pub struct Ring<T, const N: usize> {
    slots: [MaybeUninit<T>; N],
    head: usize,
    len: usize,
}

impl<T, const N: usize> Ring<T, N> {
    /// Makes an empty ring. Allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(N > 0, "a `Ring` holds at least one value") };
        Self { slots: [const { MaybeUninit::uninit() }; N], head: 0, len: 0 }
    }

    /// How many values the ring holds at most.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        N
    }

    /// How many values the ring holds now.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether the ring holds nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the next value finds no room.
    #[must_use]
    #[inline]
    pub const fn is_full(&self) -> bool {
        self.len == N
    }

    /// Bytes of the ring itself. What its values own on the heap comes on top.
    #[must_use]
    pub const fn inline_bytes() -> usize {
        size_of::<Self>()
    }

    /// All the bytes the ring can ever take.
    #[must_use]
    pub const fn worst_case_bytes() -> usize
    where
        T: FixedSize,
    {
        size_of::<Self>()
    }

    /// Adds the newest value.
    ///
    /// # Errors
    ///
    /// [`RingFull`] when there is no room, with the value.
    #[inline]
    pub fn push(&mut self, value: T) -> Result<(), RingFull<T>> {
        if self.is_full() {
            return Err(RingFull { value });
        }
        let end = self.slot(self.len);
        self.slots[end].write(value);
        self.len += 1;
        Ok(())
    }

    /// Adds the newest value; when there is no room, takes the oldest out and returns it.
    #[inline]
    pub fn push_evict(&mut self, value: T) -> Option<T> {
        let evicted = if self.is_full() { self.pop() } else { None };
        let end = self.slot(self.len);
        self.slots[end].write(value);
        self.len += 1;
        evicted
    }

    /// Adds the newest value by filling a slot: a default value while there is room, afterwards the evicted oldest
    /// value, whose buffers can be reused.
    ///
    /// If `fill` panics, the value it was given is dropped and the ring holds the others.
    ///
    /// # Cost
    ///
    /// Nothing is moved, and in steady state nothing is allocated that `fill` does not allocate.
    #[inline]
    pub fn push_evict_with(&mut self, fill: impl FnOnce(&mut T))
    where
        T: Default,
    {
        let end = if self.is_full() {
            // The oldest slot leaves the ring as it is, and is where the newest belongs.
            let oldest = self.head;
            self.head = self.slot(1);
            self.len -= 1;
            oldest
        } else {
            let end = self.slot(self.len);
            self.slots[end].write(T::default());
            end
        };
        // SAFETY: initialised just above, or by I2 before the slot left the ring.
        let newest = unsafe { self.slots[end].assume_init_mut() };
        let guard = Unfilled(newest);
        fill(guard.0);
        std::mem::forget(guard);
        self.len += 1;
    }

    /// Takes the oldest value out.
    pub fn pop(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        let oldest = self.head;
        self.head = self.slot(1);
        self.len -= 1;
        // SAFETY: I2: `oldest` was in the ring, and no longer is.
        Some(unsafe { self.slots[oldest].assume_init_read() })
    }

    /// Drops all values.
    pub fn clear(&mut self) {
        while self.pop().is_some() {}
    }

    /// The value at a position, 0 being the oldest.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<&T> {
        if position >= self.len {
            return None;
        }
        // SAFETY: I2: the position is below `len`.
        Some(unsafe { self.slots[self.slot(position)].assume_init_ref() })
    }

    /// The value that has been there longest.
    #[must_use]
    pub fn oldest(&self) -> Option<&T> {
        self.get(0)
    }

    /// The value that was added last.
    #[must_use]
    pub fn newest(&self) -> Option<&T> {
        self.get(self.len.checked_sub(1)?)
    }

    /// All values, oldest first.
    pub fn iter(&self) -> RingIter<'_, T> {
        let before_wrap = self.len.min(N - self.head);
        // SAFETY: I2: the slots from `head` to the end of the values, or of the array, are initialised.
        let first = unsafe { self.slots[self.head..self.head + before_wrap].assume_init_ref() };
        // SAFETY: I2: what is left of `len` wraps to the start of the array.
        let second = unsafe { self.slots[..self.len - before_wrap].assume_init_ref() };
        RingIter { parts: first.iter().chain(second), left: self.len }
    }

    /// The slot of a position, which is at most `N`.
    #[inline]
    const fn slot(&self, position: usize) -> usize {
        let slot = self.head + position;
        if slot >= N { slot - N } else { slot }
    }
}

/// Drops a value that is in no ring when filling it panics.
struct Unfilled<'r, T>(&'r mut T);

impl<T> Drop for Unfilled<'_, T> {
    fn drop(&mut self) {
        // SAFETY: the value is initialised, and its slot is outside of the ring, so nobody drops it again.
        unsafe { std::ptr::drop_in_place(self.0) }
    }
}

impl<T, const N: usize> Drop for Ring<T, N> {
    fn drop(&mut self) {
        self.clear();
    }
}

impl<T, const N: usize> Default for Ring<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone, const N: usize> Clone for Ring<T, N> {
    fn clone(&self) -> Self {
        let mut copy = Self::new();
        for value in self {
            copy.push_evict(value.clone());
        }
        copy
    }
}

impl<T: PartialEq, const N: usize> PartialEq for Ring<T, N> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other)
    }
}

impl<T: Eq, const N: usize> Eq for Ring<T, N> {}

impl<T: fmt::Debug, const N: usize> fmt::Debug for Ring<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<T: FixedSize, const N: usize> FixedSize for Ring<T, N> {}

impl<'r, T, const N: usize> IntoIterator for &'r Ring<T, N> {
    type Item = &'r T;
    type IntoIter = RingIter<'r, T>;

    fn into_iter(self) -> RingIter<'r, T> {
        self.iter()
    }
}

/// The values of a [`Ring`], oldest first.
#[derive(Clone, Debug)]
pub struct RingIter<'r, T> {
    parts: Chain<slice::Iter<'r, T>, slice::Iter<'r, T>>,
    left: usize,
}

impl<'r, T> Iterator for RingIter<'r, T> {
    type Item = &'r T;

    fn next(&mut self) -> Option<&'r T> {
        let value = self.parts.next()?;
        self.left -= 1;
        Some(value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> DoubleEndedIterator for RingIter<'_, T> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let value = self.parts.next_back()?;
        self.left -= 1;
        Some(value)
    }
}

impl<T> ExactSizeIterator for RingIter<'_, T> {}
impl<T> FusedIterator for RingIter<'_, T> {}

/// A [`Ring`] had no room; carries the value that was to be added.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RingFull<T> {
    value: T,
}

impl<T> RingFull<T> {
    /// The value that found no room.
    #[must_use]
    pub fn into_value(self) -> T {
        self.value
    }
}

impl<T> fmt::Debug for RingFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RingFull")
    }
}

impl<T> fmt::Display for RingFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the ring is full")
    }
}

impl<T> std::error::Error for RingFull<T> {}
