//! Which types own no memory beyond their own bytes.

use std::num::{NonZeroU8, NonZeroU16, NonZeroU32, NonZeroU64, NonZeroUsize};
use std::time::{Duration, Instant, SystemTime};

/// A type that owns no heap memory: its size is all it ever takes.
///
/// A bounded collection of such values states its worst case in bytes. Implement it for structs whose fields all
/// have it; an implementation for a type that owns heap memory makes those figures wrong, nothing else.
pub trait FixedSize {}

macro_rules! fixed_size {
    ($($type:ty),* $(,)?) => { $(impl FixedSize for $type {})* };
}

fixed_size!(
    (),
    bool,
    char,
    u8,
    u16,
    u32,
    u64,
    u128,
    usize,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    f32,
    f64,
    NonZeroU8,
    NonZeroU16,
    NonZeroU32,
    NonZeroU64,
    NonZeroUsize,
    Duration,
    Instant,
    SystemTime,
    &'static str
);

impl<T: FixedSize> FixedSize for Option<T> {}
impl<T: FixedSize, const N: usize> FixedSize for [T; N] {}
impl<A: FixedSize, B: FixedSize> FixedSize for (A, B) {}
impl<A: FixedSize, B: FixedSize, C: FixedSize> FixedSize for (A, B, C) {}
