//! What a message has to be, whatever it carries: made from its place in the stream, and checked on arrival.

/// A message that can tell whether it arrived as it was made.
pub trait Payload: Send + 'static {
    /// The message with this place in the stream.
    fn numbered(sequence: u64) -> Self;

    /// Its place in the stream, from 0.
    fn sequence(&self) -> u64;

    /// Zero when the rest of it is what [`Self::numbered`] made.
    fn residue(&self) -> u64;
}

/// A message of a type of its own that carries another one: a topic more, the same work.
macro_rules! carried {
    ($carrier:ident, $carries:ident) => {
        impl $crate::harness::Payload for $carrier {
            #[inline]
            fn numbered(sequence: u64) -> Self {
                Self(<$carries as $crate::harness::Payload>::numbered(sequence))
            }

            #[inline]
            fn sequence(&self) -> u64 {
                $crate::harness::Payload::sequence(&self.0)
            }

            #[inline]
            fn residue(&self) -> u64 {
                $crate::harness::Payload::residue(&self.0)
            }
        }
    };
}

pub(crate) use carried;
