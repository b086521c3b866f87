//! What ends the passes over the queue: somebody who failed, who waits for room, or for whom is flushed.
//!
//! Invariants
//! - I1. While there is a failure, a locus that waits for room or a flush to make, `called_off` is set: whoever adds one
//!   sets it, and only [`Core::settle_call_off`] clears it. Set where there is none, it costs one look.

use crate::pool::core::{Core, Failure};

impl Core {
    /// Whether something has to be seen to before the next pass over the queue.
    #[inline]
    pub(crate) fn is_called_off(&self) -> bool {
        self.called_off.get()
    }

    /// Looks anew whether something has to be, once all that had to was seen to.
    pub(crate) fn settle_call_off(&self) {
        let is_over = self.flush_soon.get() || self.has_failures() || !self.blocked.borrow().is_empty();
        self.called_off.set(is_over);
    }

    /// Has the outboxes flushed before the next pass.
    #[inline]
    pub(crate) fn ask_for_flush(&self) {
        self.flush_soon.set(true);
        self.called_off.set(true);
    }

    /// Adds a locus that waits for room, behind all others.
    pub(crate) fn add_blocked(&self, index: u32) {
        self.blocked.borrow_mut().push_back(index);
        self.called_off.set(true);
    }

    /// Adds a locus that failed, for the supervisor.
    pub(crate) fn add_failure(&self, failure: Failure) {
        self.failures.borrow_mut().push(failure);
        self.called_off.set(true);
    }

    pub(crate) fn has_failures(&self) -> bool {
        !self.failures.borrow().is_empty()
    }

    /// Takes what failed.
    pub(crate) fn take_failures(&self) -> Vec<Failure> {
        self.failures.take()
    }
}
