//! What few loci need at any time: messages set aside or waiting, rings, timers that came due, restarts. It lies behind
//! one pointer of the cell and is made at its first use, so that an idle locus costs little.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use crate::bus::side::{Side, Stage};
use crate::bus::subscribe::concurrent::GoesOn;
use crate::bus::subscribe::follow::FollowsEntry;
use crate::bus::subscribe::receive::ReceiverEntry;
use crate::locus::describe::LocusOptions;
use crate::locus::family::Family;
use crate::locus::main::MainOnFailure;
use crate::pool::core::Core;
use crate::pool::core::blocked::Wait;
use crate::supervise::{Failure, Intensity};

/// Takes one subscription back, step by step.
pub(crate) type Undo = Box<dyn Fn(&Core, Leave)>;

/// Where a subscription is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// On its own pool.
    Here,
    /// In the directories of others. Behind the new subscription where there is one, so that a key that stays is never
    /// missing.
    Elsewhere,
}

pub(crate) struct Rare {
    /// Messages that arrived while the locus was not ready.
    pub(crate) side: RefCell<Side>,
    /// Messages it has set aside itself.
    pub(crate) stashed: RefCell<Side>,
    /// How many messages are set aside for each handler whose topic has a `per_locus`.
    held: RefCell<Vec<(usize, u32)>>,
    /// Messages this locus published that found no room.
    pub(crate) stage: RefCell<Stage>,
    /// How long they have waited.
    pub(crate) wait: Cell<Option<Wait>>,
    /// Those who wait in `Run::with`.
    pub(crate) waiters: RefCell<Vec<Waker>>,
    /// Timers that came due meanwhile, one bit each.
    pub(crate) pending_ticks: Cell<u64>,
    /// The rings of `receives(..)`.
    pub(crate) receivers: RefCell<Vec<ReceiverEntry>>,
    /// The rings of its handlers, each a `Ringed` of its own type.
    pub(crate) rings: RefCell<Vec<Rc<dyn Any>>>,
    /// The keys of its `#[on(keys)]` handlers.
    pub(crate) follows: RefCell<Vec<FollowsEntry>>,
    /// The numbers of their tokens.
    pub(crate) tokens: RefCell<Vec<u32>>,
    /// Its handlers that run beside each other.
    pub(crate) concurrent: RefCell<Vec<Rc<dyn GoesOn>>>,
    /// The slots of their calls.
    pub(crate) calls: RefCell<Vec<u32>>,
    /// Takes back each subscription.
    pub(crate) unsubscribe: RefCell<Vec<Undo>>,
    pub(crate) intensity: RefCell<Intensity>,
    pub(crate) failed: Cell<u64>,
    /// Handlers that were cancelled because the drain's patience was over.
    pub(crate) cancelled: Cell<u64>,
    /// Its children, by type.
    pub(crate) families: RefCell<Vec<Rc<Family>>>,
    /// Its failure, while its parent has not decided about it.
    pub(crate) undecided: RefCell<Option<Failure>>,
    /// Decides about a part's failures: main's `on_failure`.
    pub(crate) on_failure: Cell<Option<MainOnFailure>>,
    /// A `Factory` of the locus.
    pub(crate) factory: RefCell<Option<Box<dyn Any>>>,
}

impl Rare {
    pub(crate) fn new(path: &Arc<str>, options: &LocusOptions) -> Self {
        Self {
            side: RefCell::new(Side::new(path, "set aside")),
            stashed: RefCell::new(Side::new(path, "stashed")),
            held: RefCell::default(),
            stage: RefCell::default(),
            wait: Cell::new(None),
            waiters: RefCell::default(),
            pending_ticks: Cell::new(0),
            receivers: RefCell::default(),
            rings: RefCell::default(),
            concurrent: RefCell::default(),
            calls: RefCell::default(),
            follows: RefCell::default(),
            tokens: RefCell::default(),
            unsubscribe: RefCell::default(),
            intensity: RefCell::new(Intensity::new(options.restarts, options.within, path)),
            failed: Cell::new(0),
            cancelled: Cell::new(0),
            families: RefCell::default(),
            undecided: RefCell::new(None),
            on_failure: Cell::new(None),
            factory: RefCell::new(None),
        }
    }
    /// Has a future woken when the locus takes messages again.
    pub(crate) fn wait(&self, waker: &Waker) {
        let mut waiters = self.waiters.borrow_mut();
        if !waiters.iter().any(|known| known.will_wake(waker)) {
            waiters.push(waker.clone());
        }
    }

    /// Counts one message more that is set aside for a handler, unless it holds `most` already.
    pub(crate) fn hold(&self, handler: usize, most: u32) -> bool {
        let mut held = self.held.borrow_mut();
        match held.iter_mut().find(|(other, _)| *other == handler) {
            Some((_, count)) if *count >= most => return false,
            Some((_, count)) => *count += 1,
            None => held.push((handler, 1)),
        }
        true
    }

    /// Counts one less.
    pub(crate) fn let_go(&self, handler: usize) {
        if let Some((_, count)) = self.held.borrow_mut().iter_mut().find(|(other, _)| *other == handler) {
            *count -= 1;
        }
    }
}
