//! A string of up to `N` bytes inline in its owner.
//!
//! Invariant: `len <= N`, the first `len` bytes are valid UTF-8, and the others are zero.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::str::FromStr;

use super::FixedSize;

/// A string of up to `N` bytes that owns no heap memory.
///
/// Compares, hashes and prints as the `str` it holds. [`Text::new`] cuts what is too long; `try_from` and `parse`
/// refuse it.
///
/// # Examples
///
/// ```
/// use locus::store::Text;
///
/// let name: Text<8> = Text::new("annabelle");
/// assert_eq!(name, "annabell");
/// assert_eq!(Text::<8>::try_from("annabelle").unwrap_err().to_string(), "9 bytes of text for at most 8");
/// ```
#[derive(Clone, Copy)]
pub struct Text<const N: usize> {
    len: u16,
    bytes: [u8; N],
}

impl<const N: usize> Text<N> {
    /// How many bytes fit.
    pub const CAPACITY_BYTES: usize = {
        assert!(N <= u16::MAX as usize, "a `Text` holds at most 65535 bytes; use a `String`");
        N
    };

    /// Copies a string; cuts it at the last character boundary within `N` bytes if it is too long.
    #[must_use]
    #[inline]
    pub fn new(text: &str) -> Self {
        Self::copy_of(&text[..text.floor_char_boundary(Self::CAPACITY_BYTES)])
    }

    /// The text.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        // SAFETY: the invariant: these bytes are valid UTF-8.
        unsafe { std::str::from_utf8_unchecked(&self.bytes[..usize::from(self.len)]) }
    }

    /// Copies a string that fits.
    #[inline]
    fn copy_of(text: &str) -> Self {
        let mut bytes = [0; N];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the length is at most `N`, which is checked to fit"
        )]
        let len = text.len() as u16;
        Self { len, bytes }
    }
}

impl<const N: usize> TryFrom<&str> for Text<N> {
    type Error = TextTooLong;

    #[inline]
    fn try_from(text: &str) -> Result<Self, TextTooLong> {
        if text.len() > Self::CAPACITY_BYTES {
            return Err(TextTooLong { len_bytes: text.len(), capacity_bytes: N });
        }
        Ok(Self::copy_of(text))
    }
}

impl<const N: usize> FromStr for Text<N> {
    type Err = TextTooLong;

    fn from_str(text: &str) -> Result<Self, TextTooLong> {
        Self::try_from(text)
    }
}

impl<const N: usize> FixedSize for Text<N> {}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self::copy_of("")
    }
}

impl<const N: usize> Deref for Text<N> {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl<const N: usize> AsRef<str> for Text<N> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl<const N: usize> Borrow<str> for Text<N> {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl<const N: usize, const M: usize> PartialEq<Text<M>> for Text<N> {
    #[inline]
    fn eq(&self, other: &Text<M>) -> bool {
        self.as_str() == other.as_str()
    }
}

impl<const N: usize> Eq for Text<N> {}

impl<const N: usize> PartialEq<str> for Text<N> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl<const N: usize> PartialEq<&str> for Text<N> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl<const N: usize> PartialOrd for Text<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<const N: usize> Ord for Text<N> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl<const N: usize> Hash for Text<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// A string does not fit into a [`Text`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextTooLong {
    len_bytes: usize,
    capacity_bytes: usize,
}

impl TextTooLong {
    /// Bytes of the string that was refused.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.len_bytes
    }

    /// Bytes that would have fitted.
    #[must_use]
    pub fn capacity_bytes(&self) -> usize {
        self.capacity_bytes
    }
}

impl fmt::Display for TextTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of text for at most {}", self.len_bytes, self.capacity_bytes)
    }
}

impl std::error::Error for TextTooLong {}
