//! The error of a scratch that cannot give what was asked.

use std::fmt;

/// Scratch could not give what was asked: it is at its ceiling, or the allocator refused a chunk.
///
/// Carries the value that was to be stored, where there was one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ScratchFull<T = ()> {
    value: T,
    asked_bytes: usize,
    used_bytes: usize,
    ceiling_bytes: usize,
}

impl ScratchFull {
    pub(super) fn new(asked_bytes: usize, used_bytes: usize, ceiling_bytes: usize) -> Self {
        Self { value: (), asked_bytes, used_bytes, ceiling_bytes }
    }

    pub(super) fn with_value<T>(self, value: T) -> ScratchFull<T> {
        let Self { value: (), asked_bytes, used_bytes, ceiling_bytes } = self;
        ScratchFull { value, asked_bytes, used_bytes, ceiling_bytes }
    }
}

impl<T> ScratchFull<T> {
    /// Bytes that were asked for.
    #[must_use]
    pub fn asked_bytes(&self) -> usize {
        self.asked_bytes
    }

    /// Bytes in use at that moment.
    #[must_use]
    pub fn used_bytes(&self) -> usize {
        self.used_bytes
    }

    /// The ceiling of the activation.
    #[must_use]
    pub fn ceiling_bytes(&self) -> usize {
        self.ceiling_bytes
    }

    /// The value that found no room.
    #[must_use]
    pub fn into_value(self) -> T {
        self.value
    }

    #[cold]
    pub(super) fn into_panic<R>(self) -> R {
        panic!("{self}")
    }
}

impl<T> fmt::Display for ScratchFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "scratch cannot give {} bytes more: {} in use, ceiling `scratch_bytes_max` = {}",
            self.asked_bytes, self.used_bytes, self.ceiling_bytes
        )
    }
}

impl<T> fmt::Debug for ScratchFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScratchFull")
            .field("asked_bytes", &self.asked_bytes)
            .field("used_bytes", &self.used_bytes)
            .field("ceiling_bytes", &self.ceiling_bytes)
            .finish_non_exhaustive()
    }
}

impl<T> std::error::Error for ScratchFull<T> {}
