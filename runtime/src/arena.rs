//! Memory that lives as long as one activation.
//!
//! [`Scratch`] is what a handler sees: plain data goes in, references come out, and all of it is gone when the
//! handler returns. [`ScratchStack`] is what a pool owns: one scratch per nesting depth, reused for ever.
//!
//! What this module does not do: it never marks and releases part of a scratch (a copied outer reference would
//! dangle; a nested region is another scratch), and it never runs a destructor, except through [`ScratchBox`].

mod boxed;
mod full;
mod lent;
mod raw;
mod scratch;
mod stack;
mod text;

pub use boxed::ScratchBox;
pub use full::ScratchFull;
pub use scratch::{SCRATCH_BYTES_MAX, Scratch};
pub use stack::{SCRATCH_DEPTH_MAX, ScratchStack};
pub use text::ScratchText;

/// Formats into the scratch of an activation; gives a `&str` that lives as long as the activation.
///
/// The first argument is anything with a `scratch()` method, as a rule the handler's `cx`; the others are those of
/// [`format!`]. Nothing is allocated beyond scratch, and a text without arguments is not copied at all.
///
/// # Panics
///
/// When scratch is at its ceiling, or when a `Display` implementation fails.
///
/// # Examples
///
/// ```
/// # struct Cx(locus::arena::Scratch);
/// # impl Cx { fn scratch(&self) -> &locus::arena::Scratch { &self.0 } }
/// # let cx = Cx(locus::arena::Scratch::new());
/// let line: &str = locus::scratch_format!(cx, "{}: {}", "ann", "hello");
/// assert_eq!(line, "ann: hello");
/// ```
#[macro_export]
macro_rules! scratch_format {
    ($cx:expr, $($args:tt)+) => {
        $cx.scratch().format(::core::format_args!($($args)+))
    };
}

#[cfg(test)]
mod tests;
