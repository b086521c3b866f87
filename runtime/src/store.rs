//! Collections that are bounded by construction, and keeping what scratch holds.
//!
//! [`Ring`] and [`Text`] lie inline in the locus that owns them, so that its size says what they can take.
//! [`Keep`] copies borrowed data into owned data and reuses the buffers that are already there.

mod fixed_size;
mod keep;
mod ring;
mod text;

pub use fixed_size::FixedSize;
pub use keep::Keep;
pub use ring::{Ring, RingFull, RingIter};
pub use text::{Text, TextTooLong};

#[cfg(test)]
mod tests;
