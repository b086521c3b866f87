//! The bell on one thread; its races are in the loom models.

use super::*;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Wake,
};

#[derive(Default)]
struct CountedWakes(AtomicUsize);

impl Wake for CountedWakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_bell_wakes_only_a_parked_pool_and_only_once() {
    let wakes = Arc::new(CountedWakes::default());
    let count = || wakes.0.load(Ordering::Relaxed);
    let waker = Waker::from(Arc::clone(&wakes));
    let bell = Bell::new();
    bell.ring();
    bell.awake(&waker);
    bell.ring();
    assert_eq!(count(), 0, "the pool is awake");
    bell.park_begin();
    bell.ring();
    bell.ring();
    assert_eq!(count(), 1);
    bell.awake(&waker);
    bell.park_begin();
    bell.park_cancel();
    bell.ring();
    assert_eq!(count(), 1, "the pool changed its mind");
}
