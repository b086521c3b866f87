//! Copying borrowed data into owned data, reusing buffers.

/// Data that can be kept beyond the scratch it lives in.
///
/// # Examples
///
/// ```
/// use locus::store::Keep;
///
/// let mut last: String = "a long line that was kept before".keep();
/// let buffer = last.as_ptr();
/// "a short one".keep_into(&mut last);
/// assert_eq!((last.as_str(), last.as_ptr()), ("a short one", buffer));
/// ```
pub trait Keep {
    /// The owned twin.
    type Kept: 'static;

    /// Makes an owned copy.
    #[must_use]
    fn keep(&self) -> Self::Kept;

    /// Overwrites an owned copy, reusing its buffers.
    ///
    /// # Cost
    ///
    /// Allocates only where a value outgrows the buffer it goes to.
    fn keep_into(&self, slot: &mut Self::Kept);
}

impl Keep for str {
    type Kept = String;

    fn keep(&self) -> String {
        self.to_owned()
    }

    #[inline]
    fn keep_into(&self, slot: &mut String) {
        slot.clear();
        slot.push_str(self);
    }
}

impl<T: Keep + ?Sized> Keep for &T {
    type Kept = T::Kept;

    fn keep(&self) -> T::Kept {
        T::keep(self)
    }

    #[inline]
    fn keep_into(&self, slot: &mut T::Kept) {
        T::keep_into(self, slot);
    }
}
