//! The message of most shapes: 64 bytes, one cache line's worth, checked on arrival.

use super::Payload;

/// Distinguishes the payload words from each other, so that a torn or shifted copy fails the check.
const SALT: [u64; 6] = [
    0x9e37_79b9_7f4a_7c15,
    0xbf58_476d_1ce4_e5b9,
    0x94d0_49bb_1331_11eb,
    0xd6e8_feb8_6659_fd93,
    0xa076_1d64_78bd_642f,
    0xe703_7ed1_a0b4_28db,
];

/// A sequence number, six words made from it, and the exclusive or of all seven.
#[locus::topic]
#[derive(Clone, Debug)]
pub struct Message {
    sequence: u64,
    payload: [u64; 6],
    check: u64,
}

// The figures are per 64-byte message.
const _: () = assert!(size_of::<Message>() == 64);

/// The fractional part of the golden ratio: spreads consecutive numbers over the upper bits.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Which of four topics carries this message, where a shape has four: evenly, and without a pattern that a
/// branch predictor could learn within a run.
#[must_use]
#[inline]
pub fn topic_of_four(sequence: u64) -> u64 {
    let mixed = sequence.wrapping_mul(SPREAD);
    (mixed ^ (mixed >> 29)).wrapping_mul(SPREAD) >> 62
}

#[inline]
fn residue_of(word: u64, [a, b, c, d, e, f]: [u64; 6]) -> u64 {
    word ^ a ^ b ^ c ^ d ^ e ^ f
}

impl Message {
    /// The message with this place in the stream.
    #[must_use]
    #[inline]
    pub fn new(sequence: u64) -> Self {
        // Written out: as `map` and `fold` it is a call per message where the optimiser does not look through them.
        let [a, b, c, d, e, f] = SALT;
        let payload = [sequence ^ a, sequence ^ b, sequence ^ c, sequence ^ d, sequence ^ e, sequence ^ f];
        let check = residue_of(sequence, payload);
        Self { sequence, payload, check }
    }

    /// Its place in the stream, from 0.
    #[must_use]
    #[inline]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Zero when all eight words are those that were sent.
    #[must_use]
    #[inline]
    pub fn residue(&self) -> u64 {
        residue_of(self.sequence ^ self.check, self.payload)
    }

    /// The eight words, for a peer that moves words rather than values.
    #[must_use]
    #[inline]
    pub fn to_words(&self) -> [u64; 8] {
        let [a, b, c, d, e, f] = self.payload;
        [self.sequence, a, b, c, d, e, f, self.check]
    }

    /// The inverse of [`Self::to_words`].
    #[must_use]
    #[inline]
    pub fn from_words([sequence, a, b, c, d, e, f, check]: [u64; 8]) -> Self {
        Self { sequence, payload: [a, b, c, d, e, f], check }
    }
}

impl Payload for Message {
    #[inline]
    fn numbered(sequence: u64) -> Self {
        Self::new(sequence)
    }

    #[inline]
    fn sequence(&self) -> u64 {
        self.sequence()
    }

    #[inline]
    fn residue(&self) -> u64 {
        self.residue()
    }
}

#[cfg(test)]
mod tests {
    use super::{Message, topic_of_four};

    #[test]
    fn the_four_topics_get_about_a_quarter_each() {
        let mut counts = [0_u32; 4];
        (0..40_000).for_each(|sequence| counts[topic_of_four(sequence) as usize] += 1);
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
    }

    #[test]
    fn an_altered_word_leaves_a_residue() {
        for altered in 0..8 {
            let mut words = Message::new(41).to_words();
            assert_eq!(Message::from_words(words).residue(), 0);
            words[altered] ^= 1;
            assert_ne!(Message::from_words(words).residue(), 0, "word {altered}");
        }
    }
}
