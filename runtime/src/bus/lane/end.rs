//! The end of a lane: both sides go at a time of their own, and whichever goes last takes what is left.
//!
//! A reader that goes first cannot take what the writer writes afterwards, and the lane itself does not know how to drop
//! a payload. So each side says that it ends, with one exchange, and learns from it whether the other has done so before:
//! then nobody else will ever touch the lane, and all that was written is to be seen.
//!
//! The invariants I1 to I7 are those of `lane`.

use super::{LaneReader, LaneShared, LaneWriter};
use crate::sync::Ordering;

impl LaneShared {
    /// Says that one side ends; returns whether the other has ended before.
    fn end_one_side(&self) -> bool {
        self.is_one_side_gone.swap(true, Ordering::AcqRel)
    }
}

impl LaneReader {
    /// Ends this side. It comes back where the writer has ended before: what it holds is to be taken still.
    #[must_use]
    pub(crate) fn end(self) -> Option<Self> {
        self.shared.end_one_side().then_some(self)
    }
}

impl LaneWriter {
    /// Ends this side. Where the reader has ended before, one in its place comes back: what it holds is to be taken still.
    #[must_use]
    pub(crate) fn end(self) -> Option<LaneReader> {
        self.shared.end_one_side().then(|| LaneReader::in_place_of_another(self.shared))
    }
}
