//! A message to one of a million: 64 bytes, a key among them.

use super::Payload;

/// How many receivers there are, each with a key of its own.
pub const KEYS: u64 = 1_000_000;

/// The fractional part of the golden ratio: spreads consecutive numbers over all bits.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// A key, a sequence number, five words made from it, and the exclusive or of these six.
#[locus::topic(key = key)]
#[derive(Clone, Debug)]
pub struct Addressed {
    /// Whose it is.
    pub key: u64,
    sequence: u64,
    payload: [u64; 5],
    check: u64,
}

const _: () = assert!(size_of::<Addressed>() == 64);

/// The key of the receiver with this index: no two the same, and none a small number, as keys of a service are.
#[must_use]
#[inline]
pub fn key_of(index: u64) -> u64 {
    index.wrapping_mul(SPREAD)
}

/// Whom the message with this place in the stream is for: evenly, and without a pattern that would let a cache follow.
#[inline]
fn receiver_of(sequence: u64) -> u64 {
    let mixed = (sequence ^ SPREAD).wrapping_mul(SPREAD);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(SPREAD);
    ((mixed >> 32) * KEYS) >> 32
}

impl Payload for Addressed {
    #[inline]
    fn numbered(sequence: u64) -> Self {
        let payload = [sequence ^ 1, sequence ^ 2, sequence ^ 4, sequence ^ 8, sequence ^ 16];
        let [a, b, c, d, e] = payload;
        Self { key: key_of(receiver_of(sequence)), sequence, payload, check: sequence ^ a ^ b ^ c ^ d ^ e }
    }

    #[inline]
    fn sequence(&self) -> u64 {
        self.sequence
    }

    #[inline]
    fn residue(&self) -> u64 {
        let [a, b, c, d, e] = self.payload;
        self.sequence ^ self.check ^ a ^ b ^ c ^ d ^ e
    }
}

#[cfg(test)]
mod tests {
    use super::{Addressed, KEYS, key_of, receiver_of};
    use crate::harness::Payload;

    #[test]
    fn every_part_of_the_receivers_is_written_to() {
        let mut tenths = [0_u32; 10];
        (0..100_000).for_each(|sequence| tenths[(receiver_of(sequence) * 10 / KEYS) as usize] += 1);
        assert!(tenths.iter().all(|count| (9_000..11_000).contains(count)), "{tenths:?}");
    }

    #[test]
    fn keys_differ_and_messages_are_whole() {
        assert_ne!(key_of(1), key_of(2));
        assert_eq!(Addressed::numbered(77).residue(), 0);
    }
}
