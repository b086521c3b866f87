//! The ring behind `run.recv::<T>()`: what `receives(..)` makes.
//!
//! It belongs to the cell, so a restart of the locus keeps what waits in it.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Waker;

use super::super::cursor::Taken;
use super::super::topic::{OnFull, Packet, Topic};
use super::ring::Ring;
use super::{Origin, Subscriber};
use crate::locus::cell::CellHead;
use crate::pool::core::Core;

/// A receiver in the list of its cell.
pub(crate) struct ReceiverEntry {
    number: u16,
    any: Rc<dyn Any>,
    pub(crate) drained: Rc<dyn AnyReceiver>,
}

/// Messages waiting for `run.recv::<T>()`.
pub(crate) struct Receiver<T: Topic> {
    ring: Ring<T>,
    waker: RefCell<Option<Waker>>,
    missed: Cell<u64>,
    is_closed: Cell<bool>,
}

impl<T: Topic> Receiver<T> {
    /// The receiver of a cell, made at its first birth.
    pub(crate) fn of(head: &CellHead, bound: usize, on_full: OnFull) -> Rc<Self> {
        if let Some(known) = Self::find(head) {
            // A restart starts `run` again.
            known.is_closed.set(false);
            return known;
        }
        let fresh = Rc::new(Self {
            ring: Ring::new(&head.path(), bound, on_full),
            waker: RefCell::new(None),
            missed: Cell::new(0),
            is_closed: Cell::new(false),
        });
        let (any, drained) = (Rc::clone(&fresh) as Rc<dyn Any>, Rc::clone(&fresh) as Rc<dyn AnyReceiver>);
        head.rare().receivers.borrow_mut().push(ReceiverEntry { number: T::number().get(), any, drained });
        fresh
    }

    /// The receiver of a cell, if it declares one.
    pub(crate) fn find(head: &CellHead) -> Option<Rc<Self>> {
        let number = T::number().get();
        let receivers = head.rare_made()?.receivers.borrow();
        let entry = receivers.iter().find(|entry| entry.number == number)?;
        Rc::clone(&entry.any).downcast().ok()
    }

    /// Takes the oldest message.
    pub(crate) fn take(&self, core: &Core) -> Option<T> {
        self.missed.set(self.missed.get() + self.ring.take_missed());
        let (packet, ticket) = self.ring.pop()?;
        core.release_ticket(ticket);
        Some(packet.message)
    }

    /// How many messages were lost since the last call.
    pub(crate) fn take_missed(&self) -> u64 {
        self.missed.take() + self.ring.take_missed()
    }

    /// Asks to be woken by the next message.
    ///
    /// # Panics
    /// When another `recv` of the same topic waits already: each would steal the other's messages.
    pub(crate) fn wait(&self, waker: &Waker) {
        let mut slot = self.waker.borrow_mut();
        match &*slot {
            Some(known) if known.will_wake(waker) => {}
            Some(_) => panic!("two `recv::<{}>()` wait at once in one `run`", std::any::type_name::<T>()),
            None => *slot = Some(waker.clone()),
        }
    }

    /// Forgets who waits.
    pub(crate) fn leave(&self) {
        self.waker.borrow_mut().take();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.get()
    }
}

/// A receiver as the drain sees it, whatever its topic.
pub(crate) trait AnyReceiver {
    fn is_empty(&self) -> bool;
    /// Nothing more will come: a waiting `recv` gets `None` once the ring is empty.
    fn close(&self);
    /// Nobody will take anything any more: what waits and what comes is dropped as closed, and holds up no publisher.
    fn end(&self, core: &Core);
    /// Shows topic and ticket of each message in it.
    fn holds(&self, show: &mut dyn FnMut(u16, u32));
}

impl<T: Topic> AnyReceiver for Receiver<T> {
    fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    fn holds(&self, show: &mut dyn FnMut(u16, u32)) {
        self.ring.holds(show);
    }

    fn close(&self) {
        self.is_closed.set(true);
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    fn end(&self, core: &Core) {
        self.is_closed.set(true);
        while let Some((mut packet, ticket)) = self.ring.pop() {
            core.closed::<T>(&mut packet);
            core.release_ticket(ticket);
        }
    }
}

impl<T: Topic> Subscriber<T> for Receiver<T> {
    fn deliver(&self, core: &Core, packet: &mut Taken<Packet<T>>, origin: &mut Origin, last: bool) {
        if self.is_closed.get() {
            return core.closed::<T>(packet);
        }
        self.ring.push(core, packet, origin, last);
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }
}
