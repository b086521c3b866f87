//! Bytes of the heap behind each of many that do nothing.

use super::Measured;

/// How many there are: enough that what they share does not show.
pub const IDLE: u64 = 100_000;

/// What each of [`IDLE`] of them took beyond the `T` it is about, from the live bytes before the first and after the
/// last.
#[must_use]
pub fn bytes_per_idle<T>(before: u64, after: u64) -> Measured {
    let bytes = after.saturating_sub(before) as f64 / IDLE as f64 - size_of::<T>() as f64;
    // Each of them has at least a block of its own, or a place in one.
    let fault = (bytes <= 0.0).then(|| "the counting allocator is not installed".to_owned());
    Measured::figure(bytes, fault)
}
