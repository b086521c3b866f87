//! What reaches a core from outside a turn: other threads' subscriptions, and answers of tasks on the same thread.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use crate::pool::core::Core;

crate::sync::thread_local! {
    /// The core of the pool whose thread this is.
    static CURRENT: RefCell<Option<Rc<Core>>> = const { RefCell::new(None) };
}

/// Makes a core that of this thread until it is dropped.
pub(crate) struct Entered;

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.with(|current| drop(current.take()));
    }
}

/// Where the running locus stands in the tree, without the numbers of children; `None` outside activations.
pub(crate) fn running_path() -> Option<Arc<str>> {
    CURRENT.try_with(|current| current.try_borrow().ok()?.as_ref()?.current_account()).ok().flatten()
}

impl Core {
    /// Makes this core that of the calling thread.
    pub(crate) fn enter(self: &Rc<Self>) -> Entered {
        CURRENT.with(|current| drop(current.replace(Some(Rc::clone(self)))));
        Entered
    }

    /// Passes `value` to the core of this thread; gives it back where there is none, or where `f` does.
    pub(crate) fn with_current<A>(value: A, f: impl FnOnce(&Self, A) -> Option<A>) -> Option<A> {
        let mut left = Some(value);
        // Borrowed all the while: nothing that `f` does makes another core that of this thread.
        let _ = CURRENT.try_with(|current| {
            if let Some(core) = &*current.borrow()
                && let Some(value) = left.take()
            {
                left = f(core, value);
                if !core.is_in_turn.get() {
                    core.app().ring(core.id);
                }
            }
        });
        left
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
