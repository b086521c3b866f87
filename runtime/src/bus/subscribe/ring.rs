//! A handler's own ring: what `#[on(bounded = N, on_full = ..)]` and a topic's `drop_old` make.
//!
//! The ring takes a copy of each message. When it turns non-empty, a token goes into the pool's queue; the token's turn
//! delivers what the ring holds then. Under a drop policy the message's credit returns when it enters the ring, under
//! `block` when it is delivered.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::super::cursor::Taken;
use super::super::figures::{DropReason, Figures};
use super::super::side::NO_TICKET;
use super::super::topic::{OnFull, Packet, Promise, Topic};
use super::{Origin, Subscriber, after, keep, keep_stashed};
use crate::locus::cell::{CellHead, LocusCell, State};
use crate::locus::context::Cx;
use crate::locus::describe::{Handler, Locus, OnOptions, Outcome};
use crate::pool::core::Core;
#[cfg(test)]
use crate::pool::rig::{
    coverage,
    fault::{self, Fault},
};
use crate::watch::log::{self, Site};
use crate::watch::{Account, Kind};

/// A ring that a token in the queue stands for.
pub(crate) trait TokenRing {
    /// Delivers what the ring holds now, as far as the locus is ready.
    fn drain(&self, core: &Core);
    /// Whether no token stands for it now.
    fn is_idle(&self) -> bool;
    /// Shows topic and ticket of each message in it.
    fn holds(&self, show: &mut dyn FnMut(u16, u32));
}

/// Messages waiting for one subscription, and how many it lost since the last that it took.
pub(crate) struct Ring<T: Topic> {
    waiting: RefCell<VecDeque<(Packet<T>, u32)>>,
    bound: usize,
    on_full: OnFull,
    missed: Cell<u64>,
    account: RefCell<Option<Account>>,
    /// Room for so many messages in a second buffer, where batches are lent.
    lent: Cell<usize>,
    path: Rc<str>,
}

impl<T: Topic> Ring<T> {
    pub(crate) fn new(path: &str, bound: usize, on_full: OnFull) -> Self {
        Self {
            waiting: RefCell::default(),
            bound: bound.max(1),
            on_full,
            missed: Cell::new(0),
            account: RefCell::new(None),
            lent: Cell::new(0),
            path: Rc::from(format!("{path} {}", T::SPEC.subject)),
        }
    }

    /// Takes one message in under the ring's policy; returns whether the ring was empty before.
    pub(crate) fn push(
        &self,
        core: &Core,
        packet: &mut Taken<Packet<T>>,
        origin: &mut Origin,
        last: bool,
    ) -> bool {
        let full = self.waiting.borrow().len() >= self.bound;
        let was_empty = self.waiting.borrow().is_empty();
        let route = core.route::<T>();
        match self.on_full {
            OnFull::DropNew if full => {
                self.missed.set(self.missed.get() + 1);
                route.lost(core, DropReason::Overrun, 1);
                return false;
            }
            OnFull::DropOld if full => {
                let oldest = self.waiting.borrow_mut().pop_front();
                #[cfg(test)]
                let is_told = !fault::is_planted(Fault::MissedForgotten);
                #[cfg(not(test))]
                let is_told = true;
                self.missed.set(self.missed.get() + u64::from(is_told));
                route.lost(core, DropReason::Overrun, 1);
                drop(oldest);
            }
            _ => {}
        }
        let kept = keep(packet, last);
        let ticket = if self.on_full == OnFull::Block { origin.hold(core) } else { NO_TICKET };
        self.enter(kept, ticket);
        was_empty
    }

    fn enter(&self, packet: Packet<T>, ticket: u32) {
        let mut waiting = self.waiting.borrow_mut();
        let before = waiting.capacity();
        waiting.push_back((packet, ticket));
        let capacity = waiting.capacity();
        if capacity != before {
            self.list(capacity);
        }
    }

    fn list(&self, capacity: usize) {
        let bytes = (capacity + self.lent.get()) * size_of::<(Packet<T>, u32)>();
        let mut account = self.account.borrow_mut();
        account.get_or_insert_with(|| Account::new(&*self.path, Kind::Ring)).set(bytes, 1);
    }

    /// Moves the oldest messages, `most` at most, behind those of `batch`.
    pub(crate) fn take_batch(&self, batch: &mut VecDeque<(T, u32)>, most: usize) {
        let mut waiting = self.waiting.borrow_mut();
        let count = waiting.len().min(most);
        batch.extend(waiting.drain(..count).map(|(packet, ticket)| (packet.message, ticket)));
    }

    /// Notes how many messages the buffer has room for in which batches are lent.
    pub(crate) fn note_lent(&self, capacity: usize) {
        if self.lent.replace(capacity) != capacity {
            self.list(self.waiting.borrow().capacity());
        }
    }

    /// Sees to what is left in the ring after its token's turn: it waits for the next, or for its locus, or is dropped.
    pub(crate) fn wait_on(&self, core: &Core, head: &CellHead, token: u32) {
        if self.is_empty() {
            return;
        }
        match head.state.get() {
            State::Ready => core.queue.push_token(token),
            State::Closed => {
                #[cfg(test)]
                coverage::arrived(State::Closed, self.on_full, true);
                self.close(core);
                core.free_emptied(head, token);
            }
            _ => head.rare().side.borrow_mut().push(crate::bus::TOKEN, token, ()),
        }
    }

    /// Drops what waits for a locus that has ended.
    pub(crate) fn close(&self, core: &Core) {
        while let Some((mut packet, ticket)) = self.pop() {
            core.closed::<T>(&mut packet);
            drop(packet);
            core.release_ticket(ticket);
        }
    }

    /// Moves the oldest message out; its ticket is the caller's to release.
    pub(crate) fn pop(&self) -> Option<(Packet<T>, u32)> {
        self.waiting.borrow_mut().pop_front()
    }

    /// Whether a message holds its credit until it is delivered.
    pub(crate) fn is_blocking(&self) -> bool {
        self.on_full == OnFull::Block
    }

    /// Shows topic and ticket of each message.
    pub(crate) fn holds(&self, show: &mut dyn FnMut(u16, u32)) {
        self.waiting.borrow().iter().for_each(|(_, ticket)| show(T::number().get(), *ticket));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.borrow().is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.borrow().len()
    }

    /// How many were lost since the last call.
    pub(crate) fn take_missed(&self) -> u64 {
        self.missed.take()
    }
}

/// The `N`-th handler of a locus, fed from its own ring.
pub(crate) struct Ringed<L: Locus + Handler<N>, const N: usize> {
    cell: Rc<LocusCell<L>>,
    ring: Ring<L::Topic>,
    token: Cell<u32>,
}

impl<L: Locus + Handler<N>, const N: usize> Ringed<L, N> {
    /// The ring of a cell's handler, made at its first birth: a restart keeps what waits in it, in order.
    pub(crate) fn of(cell: &Rc<LocusCell<L>>, core: &Core, bound: usize, on_full: OnFull) -> Rc<Self> {
        Self::known(&cell.head).unwrap_or_else(|| {
            let ring = Ring::new(&cell.head.path(), bound, on_full);
            let me = Rc::new(Self { cell: Rc::clone(cell), ring, token: Cell::new(0) });
            me.token.set(core.add_token(&cell.head, Rc::clone(&me) as Rc<dyn TokenRing>));
            cell.head.rare().rings.borrow_mut().push(Rc::clone(&me) as Rc<dyn Any>);
            me
        })
    }
}

/// Tells a locus what a ring of its lost, where it asked to be told.
pub(crate) fn tell_missed<L: Locus, T: Topic>(
    core: &Core,
    cell: &Rc<LocusCell<L>>,
    ring: &Ring<T>,
    options: OnOptions,
    missed: impl FnOnce(&mut L, u64, &mut Cx<'_, L>) -> Outcome,
) {
    let n = ring.take_missed();
    if n == 0 {
        return;
    }
    if !options.missed {
        let (path, subject) = (cell.head.path(), T::SPEC.subject);
        return log::warn(Site::Bus, || format!("{path} missed {n} of {subject}: its ring was full"));
    }
    let result = catch_unwind(AssertUnwindSafe(|| cell.activate(core, |me, cx| missed(me, n, cx))));
    after::<L>(core, cell, options.method, result);
}

impl<L: Locus + Handler<N>, const N: usize> Ringed<L, N> {
    /// Calls the handler, and keeps the message where that asks for it.
    fn call(&self, core: &Core, mut packet: Packet<L::Topic>, ticket: u32) {
        let promise = std::mem::take(&mut packet.promise);
        let result = catch_unwind(AssertUnwindSafe(|| {
            self.cell.activate(core, |me, cx| {
                let lends = !<L::Topic as Topic>::Promise::IS_ASKED;
                core.lend(core.ticketed(L::Topic::number().get(), ticket, lends));
                L::handle(me, &packet.message, promise, cx)
            })
        }));
        if core.take_stash_wish(&self.cell.head)
            && matches!(result, Ok(Ok(())))
            && let Some(me) = Self::known(&self.cell.head)
        {
            keep_stashed(&self.cell.head, me, packet);
        }
        after::<L>(core, &self.cell, <L as Handler<N>>::OPTIONS.method, result);
    }

    /// The ring of a cell's handler, if it has been made.
    fn known(head: &CellHead) -> Option<Rc<Self>> {
        head.rare_made()?.rings.borrow().iter().find_map(|ring| Rc::clone(ring).downcast().ok())
    }
}

impl<L: Locus + Handler<N>, const N: usize> TokenRing for Ringed<L, N> {
    fn is_idle(&self) -> bool {
        self.ring.is_empty()
    }

    fn holds(&self, show: &mut dyn FnMut(u16, u32)) {
        self.ring.holds(show);
    }

    fn drain(&self, core: &Core) {
        let head = &self.cell.head;
        for _ in 0..self.ring.len() {
            #[cfg(test)]
            let is_late = fault::is_planted(Fault::MissedLate) && self.ring.len() > 1;
            #[cfg(not(test))]
            let is_late = false;
            if head.state.get() == State::Ready && !is_late {
                let options = <L as Handler<N>>::OPTIONS;
                tell_missed(core, &self.cell, &self.ring, options, |me, n, cx| L::missed(me, n, cx));
            }
            if head.state.get() != State::Ready {
                break;
            }
            let Some((packet, ticket)) = self.ring.pop() else { break };
            head.handled.set(head.handled.get() + 1);
            if let Some(start) = L::START {
                let handled = core.ticketed(L::Topic::number().get(), ticket, false);
                (start.0)(core, &self.cell, packet, handled);
                core.release_ticket(ticket);
                continue;
            }
            self.call(core, packet, ticket);
            #[cfg(test)]
            if fault::is_planted(Fault::RingCreditKept) {
                continue;
            }
            core.release_ticket(ticket);
        }
        self.ring.wait_on(core, head, self.token.get());
    }
}

impl<L: Locus + Handler<N>, const N: usize> Subscriber<L::Topic> for Ringed<L, N> {
    fn holder(&self) -> Option<u32> {
        self.ring.is_blocking().then_some(self.cell.head.id.index)
    }

    fn deliver(&self, core: &Core, packet: &mut Taken<Packet<L::Topic>>, origin: &mut Origin, last: bool) {
        #[cfg(test)]
        coverage::arrived(self.cell.head.state.get(), self.ring.on_full, true);
        if self.cell.head.state.get() == State::Closed {
            return core.closed::<L::Topic>(packet);
        }
        if self.ring.push(core, packet, origin, last) {
            core.queue.push_token(self.token.get());
        }
    }

    /// Takes what its handler has stashed before.
    fn deliver_aside(&self, core: &Core, mut packet: Packet<L::Topic>, ticket: u32) {
        if self.cell.head.state.get() == State::Closed {
            core.closed::<L::Topic>(&mut packet);
            return core.release_ticket(ticket);
        }
        Figures::add(&self.cell.head.handled, 1);
        self.call(core, packet, ticket);
        core.release_ticket(ticket);
    }
}
