//! Ours and the peers, interleaved: the measurements behind every speed this project claims.
//!
//! - [`harness`]: what a contestant is, how rounds run, how medians and ratios are made, how a row is printed.
//! - [`ours`]: the same work through the public interface of `locus`.
//! - [`peers`]: one file per rival, each doing exactly the work that [`harness::Work`] describes.
//! - [`shapes`]: one file per shape: who takes part, and which ratios are promised.
//!
//! No contestant is excused from the receipt: the receiver counts, sums and checks every message, and a
//! receipt that differs from what was sent ends the run. Figures of unlike work are never compared.

pub mod harness;
mod ours;
mod peers;
pub mod shapes;
