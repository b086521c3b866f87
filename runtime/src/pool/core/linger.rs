//! Short waits for what another pool is about to do: it comes sooner than this one could turn to something else and back.
//!
//! Who waits here keeps its thread, so it is done only where the pool has a core to itself, and for no longer than it takes
//! to get a message to another core and its credit back.

use crate::pool::core::Core;

/// Looks before it is given up: a microsecond or two.
const LOOKS_MAX: u32 = 64;

impl Core {
    /// Says that the pool has a core to itself.
    pub(crate) fn let_linger(&self) {
        self.lingers.set(true);
    }

    /// Looks for something until it is there, for a moment; false where it has not come, and at once where the pool shares
    /// its core.
    pub(crate) fn linger(&self, mut is_there: impl FnMut() -> bool) -> bool {
        let mut look = |_| {
            std::hint::spin_loop();
            is_there()
        };
        self.lingers.get() && (0..LOOKS_MAX).any(&mut look)
    }

    pub(crate) fn may_linger(&self) -> bool {
        self.lingers.get()
    }
}
