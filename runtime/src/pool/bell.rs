//! The bell: how one pool wakes another that has parked.
//!
//! A pool that finds no work says so in `parked`, looks for work once more, and only then gives its thread
//! back to the I/O loop. Another pool that has made work for it looks at `parked` and wakes it if it is set.
//! Both put a sequentially consistent fence between their store and their load (Dekker), so at least one of
//! them sees the other: the pool its work, or the ringer the flag.
//!
//! Invariants
//! - I1. `parked` is set only by the pool itself, after its waker is stored.
//! - I2. Whoever rings makes its work visible first; the pool looks for work between
//!   [`park_begin`](Bell::park_begin) and giving its thread back.
//! - I3. At most one of several ringers wakes the pool, because clearing `parked` is a
//!   compare-and-exchange.
//!
//! It does not say what the work is and does not spin.

use crate::sync::{AtomicBool, Edge, Ordering, Padded};
use std::{sync::OnceLock, task::Waker};

/// The bell of one pool.
#[derive(Debug)]
pub(crate) struct Bell {
    parked: Padded<AtomicBool>,
    waker: OnceLock<Waker>,
}

impl Bell {
    pub(crate) fn new() -> Self {
        Self { parked: Padded(AtomicBool::new(false)), waker: OnceLock::new() }
    }

    /// Says that the pool runs. To be called first in each poll of the pool's future.
    ///
    /// Stores the waker at the first call. It is that of the thread's main future, which stays the same for
    /// as long as the thread runs.
    #[inline]
    pub(crate) fn awake(&self, waker: &Waker) {
        self.waker.get_or_init(|| waker.clone());
        self.parked.store(false, Ordering::Relaxed);
    }

    /// Says that the pool is about to park. It must look for work once more, and then either call
    /// [`park_cancel`](Self::park_cancel) or give its thread back.
    #[inline]
    pub(crate) fn park_begin(&self) {
        // Release, so that a ringer who sees the flag finds the waker (I1). A swap, not a store, so that this
        // comes after the clearing it replaces in every thread's view, also where the pool woke on its own.
        self.parked.swap(true, Ordering::AcqRel);
        Edge::BellPark.fence();
    }

    /// Says that the pool found work and goes on. A ringer may have woken it already, which costs one poll.
    #[inline]
    pub(crate) fn park_cancel(&self) {
        self.parked.store(false, Ordering::Relaxed);
    }

    /// Wakes the pool if it has parked. To be called after the work is visible.
    ///
    /// # Cost
    /// A fence and a load while the pool is awake.
    #[inline]
    pub(crate) fn ring(&self) {
        Edge::BellRing.fence();
        self.ring_behind_fence();
    }

    /// As [`ring`](Self::ring), for a caller that has issued the fence ([`Edge::BellRing`]) after its work: one fence is
    /// enough for all bells.
    #[inline]
    pub(crate) fn ring_behind_fence(&self) {
        if self.parked.load(Ordering::Relaxed) {
            self.wake();
        }
    }

    #[cold]
    #[inline(never)]
    fn wake(&self) {
        let cleared = self.parked.compare_exchange(true, false, Ordering::AcqRel, Ordering::Relaxed);
        if cleared.is_ok()
            && let Some(waker) = self.waker.get()
        {
            waker.wake_by_ref();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;

#[cfg(all(test, loom))]
mod models;
