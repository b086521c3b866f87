//! Short waits for what another pool is about to do: it comes sooner than this one could turn to something else and back.
//!
//! Who waits here keeps its thread, so it is done only where the pool has a core to itself, and for no longer than it takes
//! to get a message to another core and its credit back.

use std::cell::Cell;

use crate::pool::core::Core;

/// Looks before it is given up: two microseconds, or some more where the processor makes long pauses. Most of what comes does
/// so within a quarter of that; the other side's turn, where that lies between, takes the rest.
const LOOKS_MAX: u32 = if cfg!(any(miri, shuttle)) { 16 } else { 192 };

/// The most waits that are left out after one that was in vain: so that a side which is always slower than that takes next to
/// no time of the other.
const REST_MAX: u32 = 31;

/// Whether it is worth a moment to wait for the other side.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    /// How often it is not.
    rest: Cell<u32>,
    /// How often it was not after the latest wait, if that was in vain; else zero. It doubles with each that is: one delay of
    /// the other side says little of the next.
    rested: Cell<u32>,
}

impl Patience {
    /// Waits, unless a wait was in vain not long ago; returns whether what it waits for has come.
    pub(crate) fn try_wait(&self, wait: impl FnOnce() -> bool) -> bool {
        let rest = self.rest.get();
        if rest > 0 {
            self.rest.set(rest - 1);
            return false;
        }
        let has_come = wait();
        let rest = if has_come { 0 } else { (2 * self.rested.get() + 1).min(REST_MAX) };
        self.rested.set(rest);
        self.rest.set(rest);
        has_come
    }
}

impl Core {
    /// Says that the pool has a core to itself.
    pub(crate) fn let_linger(&self) {
        self.lingers.set(true);
    }

    /// Looks for something until it is there, for a moment; false where it has not come, and at once where the pool shares
    /// its core.
    pub(crate) fn linger(&self, mut is_there: impl FnMut() -> bool) -> bool {
        self.lingers.get() && look_until(&mut is_there)
    }

    pub(crate) fn may_linger(&self) -> bool {
        self.lingers.get()
    }
}

fn look_until(mut is_there: impl FnMut() -> bool) -> bool {
    (0..LOOKS_MAX).any(|_| {
        std::hint::spin_loop();
        is_there()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_looks_so_often_and_no_longer_than_until_it_is_there() {
        for (there_at, looks) in [(1, 1), (7, 7), (LOOKS_MAX, LOOKS_MAX), (LOOKS_MAX + 1, LOOKS_MAX)] {
            let mut looked = 0;
            let is_there = || {
                looked += 1;
                looked == there_at
            };
            assert_eq!((look_until(is_there), looked), (there_at == looks, looks));
        }
    }

    #[test]
    fn after_waits_in_vain_more_and_more_are_left_out() {
        let (patience, waits) = (Patience::default(), Cell::new(0));
        let wait_for = |has_come: bool| {
            patience.try_wait(|| {
                waits.set(waits.get() + 1);
                has_come
            })
        };
        assert!(wait_for(true) && wait_for(true));
        for rest in [1, 3, 7, 15, REST_MAX, REST_MAX] {
            let before = waits.get();
            assert!(!wait_for(false));
            assert!((0..rest).all(|_| !wait_for(true)));
            assert_eq!(waits.get(), before + 1, "none of the {rest} behind it has waited");
        }
        assert!(
            wait_for(true) && !wait_for(false) && !wait_for(true) && wait_for(true),
            "one that came ends that"
        );
    }
}
