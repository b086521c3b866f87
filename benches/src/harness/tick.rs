//! The least message: 8 bytes, its place in the stream and nothing else.

use super::Payload;

/// A sequence number.
#[locus::topic]
#[derive(Clone, Copy, Debug)]
pub struct Tick(pub u64);

const _: () = assert!(size_of::<Tick>() == 8);

impl Payload for Tick {
    #[inline]
    fn numbered(sequence: u64) -> Self {
        Self(sequence)
    }

    #[inline]
    fn sequence(&self) -> u64 {
        self.0
    }

    #[inline]
    fn residue(&self) -> u64 {
        0
    }
}
