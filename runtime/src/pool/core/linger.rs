//! Short waits for what another pool is about to do: it comes sooner than this one could turn to something else and back.
//!
//! Who waits here keeps its thread, so it is done only where the pool has a core to itself, and for no longer than it takes
//! to get a message to another core and its credit back.

use std::cell::Cell;

use crate::pool::core::Core;

/// Looks before it is given up: a microsecond or two.
const LOOKS_MAX: u32 = 64;

/// Waits that are left out after one that was in vain: so that a side which is slower than that takes next to no time of the
/// other.
const VAIN_WAITS_REST: u32 = 31;

/// Whether it is worth a moment to wait for the other side.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    /// How often it is not.
    rest: Cell<u32>,
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
        if !has_come {
            self.rest.set(VAIN_WAITS_REST);
        }
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
    fn after_a_wait_in_vain_the_next_ones_are_left_out() {
        let (patience, waits) = (Patience::default(), Cell::new(0));
        let wait_for = |has_come: bool| {
            patience.try_wait(|| {
                waits.set(waits.get() + 1);
                has_come
            })
        };
        assert!(wait_for(true) && wait_for(true) && !wait_for(false));
        assert_eq!(waits.get(), 3);
        assert!((0..VAIN_WAITS_REST).all(|_| !wait_for(true)));
        assert_eq!(waits.get(), 3, "none of these has waited");
        assert!(wait_for(true));
        assert_eq!(waits.get(), 4);
    }
}
