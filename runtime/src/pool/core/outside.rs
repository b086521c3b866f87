//! What reaches a core from outside a turn: other threads' subscriptions, and answers of tasks on the same thread.
//!
//! Invariants
//! - I1. `CURRENT` is null, or points at the core of an [`Entered`] of this thread that has not been dropped: dropping any of
//!   them makes it null.

use std::cell::Cell;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;

use crate::pool::core::Core;

crate::sync::thread_local! {
    /// The core of the pool whose thread this is.
    static CURRENT: Cell<*const Core> = const { Cell::new(ptr::null()) };
}

/// Makes a core that of this thread until it is dropped.
pub(crate) struct Entered {
    _core: Rc<Core>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(ptr::null()));
    }
}

/// Where the running locus stands in the tree, without the numbers of children; `None` outside activations.
pub(crate) fn running_path() -> Option<Arc<str>> {
    Core::with_current(|core| core?.current_account())
}

impl Core {
    /// Makes this core that of the calling thread.
    pub(crate) fn enter(self: &Rc<Self>) -> Entered {
        let entered = Entered { _core: Rc::clone(self) };
        CURRENT.with(|current| current.set(Rc::as_ptr(self)));
        entered
    }

    /// Shows the core of this thread, if it is a pool's, to `visit`.
    #[inline]
    pub(crate) fn with_current<R>(visit: impl FnOnce(Option<&Self>) -> R) -> R {
        let core = CURRENT.try_with(Cell::get).unwrap_or(ptr::null());
        // SAFETY: null, or kept by an `Entered` (I1), which is a local of a caller that this call returns to.
        visit(unsafe { core.as_ref() })
    }

    /// Says that something has come for this core from its own thread: outside a turn, the pool has to be woken for it.
    #[inline]
    pub(crate) fn has_come(&self) {
        if !self.is_in_turn() {
            self.wake_for_it();
        }
    }

    #[cold]
    #[inline(never)]
    fn wake_for_it(&self) {
        self.app().ring(self.id);
    }

    /// Ends every outside subscription: their readers get what is left, and then the end.
    pub(crate) fn end_outside(&self) {
        self.are_outsiders_gone.set(true);
        for outside in self.outside.take() {
            (outside.unsubscribe)(self);
        }
    }

    /// Ends one outside subscription.
    pub(crate) fn remove_outside(&self, id: u64) {
        let found = {
            let mut all = self.outside.borrow_mut();
            all.iter().position(|outside| outside.id == id).map(|index| all.swap_remove(index))
        };
        if let Some(outside) = found {
            (outside.unsubscribe)(self);
        }
    }

    pub(crate) fn are_outsiders_gone(&self) -> bool {
        self.are_outsiders_gone.get()
    }
}
