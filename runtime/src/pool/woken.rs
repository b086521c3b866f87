//! Wake-ups: which futures of a pool are to be polled.
//!
//! Each future has a waker of its own, so one ready socket polls one future. A wake-up puts the future's number on a
//! bounded list and rings the pool's bell; a number is on the list at most once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;

use crossbeam_queue::ArrayQueue;

use crate::pool::bell::Bell;

/// Wake-ups waiting for one turn; over it every future is polled once.
const WOKEN_MAX: usize = 1024;

/// Where wake-ups arrive.
pub(crate) struct Woken {
    list: ArrayQueue<u32>,
    is_overfull: AtomicBool,
    bell: Arc<Bell>,
}

impl Woken {
    pub(crate) fn new(bell: Arc<Bell>) -> Arc<Self> {
        Arc::new(Self { list: ArrayQueue::new(WOKEN_MAX), is_overfull: AtomicBool::new(false), bell })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty() && !self.is_overfull.load(Ordering::Acquire)
    }

    /// Whether more was woken than the list holds, so that every future is to be polled.
    pub(crate) fn take_overfull(&self) -> bool {
        self.is_overfull.load(Ordering::Relaxed) && self.is_overfull.swap(false, Ordering::AcqRel)
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn pop(&self) -> Option<u32> {
        self.list.pop()
    }
}

/// What a waker holds: the number of its future, and whether that is on the list already.
pub(crate) struct WakeCell {
    number: u32,
    is_listed: AtomicBool,
    woken: Arc<Woken>,
}

impl WakeCell {
    pub(crate) fn new(number: u32, woken: &Arc<Woken>) -> Arc<Self> {
        Arc::new(Self { number, is_listed: AtomicBool::new(false), woken: Arc::clone(woken) })
    }

    /// Takes the number off the list, right before a poll.
    pub(crate) fn unlist(&self) {
        // A swap, not a store: a waker that found the flag set has done its work before this poll looks for it.
        self.is_listed.swap(false, Ordering::AcqRel);
    }
}

impl Wake for WakeCell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.is_listed.swap(true, Ordering::AcqRel) {
            return;
        }
        if self.woken.list.push(self.number).is_err() {
            self.woken.is_overfull.store(true, Ordering::Release);
        }
        self.woken.bell.ring();
    }
}
