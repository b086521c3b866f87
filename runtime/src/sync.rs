//! The façade behind which the lock-free parts run on `std`, on the loom model checker, or under shuttle's schedules.
//!
//! Responsibility: one name for each atomic, fence and pointer type, so that the code loom and shuttle explore is the
//! code that ships; [`Edge`], the memory orderings the protocols rest on, by name; [`AccessLog`], which
//! shows plain memory to the checker; [`prefetch`], hints for the processor.
//!
//! It does not hold locks or channels: nothing on the data path uses one.

#[cfg(loom)]
pub(crate) use loom::sync::{
    Arc,
    atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence},
};
#[cfg(shuttle)]
pub(crate) use shuttle::{
    sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence},
    thread_local,
};
#[cfg(not(loom))]
pub(crate) use std::sync::Arc;
#[cfg(not(any(loom, shuttle)))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(not(any(loom, shuttle)))]
pub(crate) use std::thread_local;

use std::ops::{Deref, Range};

/// Keeps a value on cache lines of its own, so that one side's stores do not take the other side's line.
///
/// Two lines of 64 bytes, because the hardware fetches them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Padded<T>(pub(crate) T);

impl<T> Deref for Padded<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

/// A synchronisation edge between two pools.
///
/// Each site names its edge instead of an ordering. In production that is the ordering the edge needs; under
/// loom a negative control can weaken one edge by name, and the tests assert that loom then finds the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// The writer's store of `tail`: the words before it are in place.
    LanePublish,
    /// The reader's load of `tail`.
    LaneObserve,
    /// The reader's store of `head`: the words before it may be overwritten.
    LaneConsume,
    /// The writer's load of `head`.
    LaneReuse,
    /// The writer's store of the link to the next ring: the old ring's last `tail` is final.
    LaneLink,
    /// The reader's load of that link.
    LaneFollow,
    /// The reader's fence between giving room back and asking whether the writer waits for room.
    LaneRoom,
    /// The consumer's store of its count: what it did with the counted messages is done.
    CreditReturn,
    /// The publisher's load of that count.
    CreditTake,
    /// The consumer's fence between returning credits and asking whether the publisher waits for one.
    CreditWait,
    /// The parking pool's fence between its flag and its last look for work.
    BellPark,
    /// The ringing pool's fence between its work and its look at the flag.
    BellRing,
}

#[cfg(not(loom))]
impl Edge {
    /// Returns the ordering of the edge's store.
    #[inline(always)]
    pub(crate) const fn release(self) -> Ordering {
        Ordering::Release
    }

    /// Returns the ordering of the edge's load.
    #[inline(always)]
    pub(crate) const fn acquire(self) -> Ordering {
        Ordering::Acquire
    }

    /// Issues the edge's sequentially consistent fence.
    #[inline(always)]
    pub(crate) fn fence(self) {
        fence(Ordering::SeqCst);
    }

    /// Issues one fence that stands for those of all these edges.
    #[inline(always)]
    pub(crate) fn fence_for<const N: usize>(_edges: [Self; N]) {
        fence(Ordering::SeqCst);
    }
}

#[cfg(loom)]
impl Edge {
    /// Names the environment variable that holds the edge a negative control weakens.
    pub(crate) const WEAKEN_VARIABLE: &str = "LOCUS_LOOM_WEAKEN";

    fn is_weakened(self) -> bool {
        static WEAKENED: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
        WEAKENED
            .get_or_init(|| std::env::var(Self::WEAKEN_VARIABLE).ok())
            .as_deref()
            .is_some_and(|name| name == format!("{self:?}"))
    }

    pub(crate) fn release(self) -> Ordering {
        if self.is_weakened() { Ordering::Relaxed } else { Ordering::Release }
    }

    pub(crate) fn acquire(self) -> Ordering {
        if self.is_weakened() { Ordering::Relaxed } else { Ordering::Acquire }
    }

    pub(crate) fn fence(self) {
        if !self.is_weakened() {
            fence(Ordering::SeqCst);
        }
    }
}

/// Shows accesses to plain shared memory to the model checker, which then demands that they are ordered, and
/// that the memory's owner is dropped in the end.
///
/// In production it is empty and costs nothing.
#[derive(Debug)]
pub(crate) struct AccessLog {
    #[cfg(loom)]
    cells: loom::alloc::Track<Box<[loom::cell::UnsafeCell<()>]>>,
}

#[cfg(not(loom))]
impl AccessLog {
    #[inline(always)]
    pub(crate) fn new(_len: usize) -> Self {
        Self {}
    }

    /// Declares exclusive use of the elements in `range`, here and now.
    #[inline(always)]
    pub(crate) fn exclusive(&self, _range: Range<usize>) {}
}

#[cfg(loom)]
impl AccessLog {
    pub(crate) fn new(len: usize) -> Self {
        Self { cells: loom::alloc::Track::new((0..len).map(|_| loom::cell::UnsafeCell::new(())).collect()) }
    }

    pub(crate) fn exclusive(&self, range: Range<usize>) {
        for cell in &self.cells.get_ref()[range] {
            cell.with_mut(|_| ());
        }
    }
}

#[cfg(all(test, loom))]
pub(crate) mod control;

#[expect(unsafe_code, reason = "hints for the processor")]
pub(crate) mod prefetch;
