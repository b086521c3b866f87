//! Changes of a pool's keyed subscriptions, on their way to the pools that publish the topic.
//!
//! They travel as records under a number of their own, in the lanes in which messages travel: so a pool that hears from a
//! subscriber has heard of its subscription before, and a failed activation takes both back together. Before the start is
//! over lanes are not read, and the control channel carries them: there they come before the word that the start is over.
//! The pool's own changes, which `follow` and `unfollow` make, wait in its own queue until the activation succeeds.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::time::Instant;

use crate::bus::figures::DropReason;
use crate::bus::pass::Pass;
use crate::bus::record::Word;
use crate::bus::route::{AnyRoute, Route};
use crate::bus::side::Side;
use crate::bus::subscribe::follow::Follows;
use crate::bus::topic::Topic;
use crate::locus::cell::{CellHead, CellId};
use crate::pool::PoolId;
use crate::pool::core::Core;
#[cfg(test)]
use crate::pool::rig::fault::{self, Fault};

/// How far behind a topic's number its changes have theirs.
pub(crate) const CHANGES: u16 = 2;

/// One subscription to a key more or less.
pub(crate) struct Change<K> {
    pub(crate) key: K,
    pub(crate) is_added: bool,
    /// The locus that follows the key; only in the pool's own queue.
    pub(crate) cell: CellId,
}

/// Takes the changes of one topic; listed among the routes beside it.
pub(crate) struct Changes<T> {
    marker: PhantomData<fn() -> T>,
}

impl<T: Topic> Changes<T> {
    pub(crate) fn new() -> Self {
        Self { marker: PhantomData }
    }
}

impl<T: Topic> Route<T> {
    /// Tells every pool that publishes the topic of one subscription to `key` more or less on this pool.
    pub(crate) fn announce(&self, core: &Core, key: &T::Key, is_added: bool, cell: CellId) {
        if !T::SPEC.keyed {
            return;
        }
        #[cfg(test)]
        if fault::is_planted(Fault::ChangeLost) && is_added && !core.is_holding() {
            return;
        }
        let sources = self.sources();
        for pool in core.app().pool_ids().filter(|pool| sources & 1 << pool != 0) {
            let change = Change { key: key.clone(), is_added, cell };
            if core.is_holding() {
                let source = core.id;
                core.app().tell(pool, Box::new(move |core| core.route::<T>().note_change(source, change)));
            } else {
                core.push_change(pool, self.number + CHANGES, change);
            }
        }
    }

    /// Another pool's subscriptions have changed.
    fn note_change(&self, source: PoolId, change: Change<T::Key>) {
        if change.is_added {
            self.select.list(source, change.key);
        } else {
            self.select.unlist(source, &change.key);
        }
    }
}

impl<T: Topic> AnyRoute for Changes<T> {
    fn dispatch(&self, pass: &mut Pass<'_>) {
        // SAFETY: a record of this number is there, and it holds a `Change` (`cursor` I2).
        let change = unsafe { pass.cursor.take::<Change<T::Key>>() }.move_out();
        let core = pass.core;
        if pass.source != core.id {
            return core.route::<T>().note_change(pass.source, change);
        }
        if let Some(cell) = core.find_cell(change.cell)
            && let Some(follows) = Follows::<T>::find(cell.head())
        {
            follows.apply(core, change.key, change.is_added);
        }
    }

    unsafe fn take_back(&self, core: &Core, payload: *mut Word, _pool: PoolId, local: bool) {
        // SAFETY: by the caller, the payload of a record of this number, which is a `Change`, given up.
        let change = unsafe { payload.cast::<Change<T::Key>>().read() };
        if local
            && let Some(cell) = core.find_cell(change.cell)
            && let Some(follows) = Follows::<T>::find(cell.head())
        {
            follows.take_back(&change);
        }
    }

    unsafe fn discard(&self, payload: *mut Word, _reason: DropReason) {
        // SAFETY: by the caller, the payload of a record of this number, given up.
        unsafe { payload.cast::<Change<T::Key>>().drop_in_place() };
    }

    fn replay(&self, _core: &Core, _side: &RefCell<Side>) {
        unreachable!("changes are never set aside: no locus takes them")
    }

    fn release(&self, _core: &Core, _head: &CellHead) -> bool {
        unreachable!("changes are never staged: they hold no credit")
    }

    unsafe fn take_back_staged(&self, _payload: *mut Word) {
        unreachable!("changes are never staged: they hold no credit")
    }

    unsafe fn discard_staged(&self, _payload: *mut Word, _reason: DropReason) {
        unreachable!("changes are never staged: they hold no credit")
    }

    fn expire(&self, _core: &Core, _now: Instant) {}
}
