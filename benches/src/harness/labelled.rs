//! A message with one block of the heap in it: a `String`, built by the sender and freed by the receiver.

use super::Payload;

/// Labels are pieces of this text, each starting at another letter.
const TEXT: &str =
    "the quick brown fox jumps over the lazy dog and then it rests for a while in the shade of an oak";
/// Bytes of a label: an ordinary short string, beyond what any string type keeps inline.
const LABEL_BYTES: usize = 32;
/// How many pieces there are.
const LABELS: u64 = 64;

const _: () = assert!(TEXT.is_ascii() && TEXT.len() >= LABEL_BYTES + LABELS as usize);

/// A sequence number and a label that belongs to it.
#[locus::topic]
#[derive(Clone, Debug)]
pub struct Labelled {
    sequence: u64,
    label: String,
}

#[inline]
fn label_of(sequence: u64) -> &'static str {
    let first = (sequence % LABELS) as usize;
    &TEXT[first..first + LABEL_BYTES]
}

impl Payload for Labelled {
    #[inline]
    fn numbered(sequence: u64) -> Self {
        Self { sequence, label: label_of(sequence).to_owned() }
    }

    #[inline]
    fn sequence(&self) -> u64 {
        self.sequence
    }

    #[inline]
    fn residue(&self) -> u64 {
        u64::from(self.label != label_of(self.sequence))
    }
}
