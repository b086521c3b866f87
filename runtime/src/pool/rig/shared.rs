//! What the threads of one case share: the ledger and the questions, each behind a lock, and how much is alive.
//!
//! A case on one thread has it all to itself. Every thread that takes part enters the case first.

use std::cell::RefCell;
use std::sync::atomic::{AtomicIsize, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::pool::rig::ledger::Ledger;
use crate::pool::rig::question::Desk;

/// One case, as all its threads see it.
#[derive(Default)]
pub(super) struct Case {
    ledger: Mutex<Ledger>,
    desk: Mutex<Desk>,
    alive: Arc<AtomicIsize>,
    met: AtomicU64,
}

thread_local! {
    static CASE: RefCell<Option<Arc<Case>>> = const { RefCell::new(None) };
}

/// Takes this thread into a case, or out of all cases.
pub(super) fn enter(case: Option<Arc<Case>>) {
    drop(CASE.replace(case));
}

fn current() -> Option<Arc<Case>> {
    // While a thread ends there is none any more.
    CASE.try_with(|case| case.borrow().clone()).ok().flatten()
}

impl Case {
    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many messages and loci exist, copies included.
    pub(super) fn alive(&self) -> isize {
        self.alive.load(Ordering::Relaxed)
    }

    /// What was met, one bit each.
    pub(super) fn met(&self) -> u64 {
        self.met.load(Ordering::Relaxed)
    }
}

/// Lends the ledger; one that is forgotten at once where this thread is in no case.
pub(super) fn with_ledger<R>(look: impl FnOnce(&mut Ledger) -> R) -> R {
    match current() {
        Some(case) => look(&mut case.ledger()),
        None => look(&mut Ledger::default()),
    }
}

/// Lends the questions; likewise.
pub(super) fn with_desk<R>(look: impl FnOnce(&mut Desk) -> R) -> R {
    match current() {
        Some(case) => look(&mut case.desk()),
        None => look(&mut Desk::default()),
    }
}

/// Notes what was met.
pub(super) fn meet(bits: u64) {
    CASE.with_borrow(|case| case.as_ref().map(|case| case.met.fetch_or(bits, Ordering::Relaxed)));
}

/// Counts the message or locus it belongs to, in the case in which that was made.
pub(super) struct Alive(Arc<AtomicIsize>);

impl Alive {
    pub(super) fn new() -> Self {
        let alive = current().map(|case| Arc::clone(&case.alive)).unwrap_or_default();
        alive.fetch_add(1, Ordering::Relaxed);
        Self(alive)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
