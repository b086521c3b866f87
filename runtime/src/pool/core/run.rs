//! Runs: activations of one locus, one right after the other, for messages that lie behind each other.
//!
//! A run ends where the messages do. What has to be seen to after an activation cuts it: then it ends at address 0, so that
//! whether there is another message and whether the locus may have it are one comparison.
//!
//! Invariants
//! - I1. `run_end` is what the running run was begun with, or 0; runs are not nested, as turns are not (`turn` I2).

use crate::arena::Scratch;
use crate::locus::cell::{CellHead, State};
use crate::pool::core::{Core, NOBODY};

impl Core {
    /// Where the run ends: where it was begun to, or, once it is cut, at 0.
    #[inline]
    pub(crate) fn run_end(&self) -> usize {
        self.run_end.get()
    }

    /// Says that the run has to end with the running activation.
    pub(super) fn set_cut(&self) {
        self.cut.set(true);
        self.run_end.set(0);
    }

    /// Opens the envelope of several activations of one locus for messages that lie before the address `end`, and lends the
    /// scratch of all of them.
    #[inline]
    pub(crate) fn enter_run(&self, head: &CellHead, end: usize) -> &Scratch {
        self.run_end.set(end);
        if self.cut.get() {
            self.enter_cut_run();
        }
        self.current.set(head.id.index);
        self.scratch(head)
    }

    /// Where activations are timed, each run is cut from its beginning.
    #[cold]
    #[inline(never)]
    fn enter_cut_run(&self) {
        self.run_end.set(0);
        self.load.begin();
    }

    /// Closes the envelope of several activations of one method, each of which has been closed.
    #[inline]
    pub(crate) fn end_run(&self, head: &CellHead, method: &'static str) {
        self.current.set(NOBODY);
        head.state.set(State::Ready);
        if self.cut.get() {
            self.end_cut(head);
            self.name_activation(head, method);
        }
    }

    /// Opens the next activation of a run.
    #[inline]
    pub(crate) fn begin_next(&self) {
        self.activation.set(self.activation.get() + 1);
        self.queue.set_mark();
    }

    /// Closes it.
    #[inline]
    pub(crate) fn end_next(&self, scratch: &Scratch) {
        if scratch.used_bytes() != 0 {
            // SAFETY: the activation that was lent it has returned (`core` I1).
            unsafe { free_scratch(scratch) };
        }
    }

    /// Whether something that the running locus published waits, the start is not over, its stash has changed, or
    /// activations are timed.
    #[inline]
    pub(crate) fn is_cut(&self) -> bool {
        self.cut.get()
    }
}

/// Frees what the latest activation built. Laid out as the exception: else every message would have to jump over the
/// call.
///
/// # Safety
/// As for [`Scratch::reset_shared`].
#[cold]
#[inline(never)]
unsafe fn free_scratch(scratch: &Scratch) {
    // SAFETY: passed on.
    unsafe { scratch.reset_shared() };
}
