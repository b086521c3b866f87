//! Subscriptions: how one subscriber takes messages of one topic.
//!
//! | kind | where messages wait | bounded by |
//! |---|---|---|
//! | direct handler ([`Direct`]) | in the shared queue; set aside while the locus is not ready | the topic's credits |
//! | handler with a ring ([`ring::Ringed`]) | in its own ring | its own bound, or the credits under `block` |
//! | batch handler ([`batch::Batched`]) | in its own ring | the same |
//! | `run.recv` ([`receive::Receiver`]) | in its own ring | the same |
//! | outside subscription ([`crate::bus::subscription`]) | in a ring shared with another thread | its own bound |

pub(crate) mod batch;
pub(crate) mod receive;
pub(crate) mod ring;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};

use super::cursor::{Cursor, Taken};
use super::figures::Figures;
use super::route::Route;
use super::side::Aside;
use super::topic::{OnFull, Packet, Promise, Topic};
use crate::locus::cell::{CellHead, LocusCell, State};
use crate::locus::describe::{BatchHandler, Handler, Locus, Match, OnOptions, Outcome, ReceivedBy};
use crate::pool::PoolId;
use crate::pool::core::Core;

/// One subscriber of a topic.
pub(crate) trait Subscriber<T: Topic> {
    /// Takes consecutive messages of the topic, as long as nobody else does; at least one.
    fn run(&self, core: &Core, cursor: &mut Cursor, source: PoolId, route: &Route<T>) {
        let topic = route.number;
        while cursor.next_is(topic) {
            // SAFETY: a record of this route's number is there, so its payload is a `Packet<T>` (`cursor` I2).
            let mut packet = unsafe { cursor.take::<Packet<T>>() };
            let mut origin = Origin::new(source, topic);
            self.deliver(core, &mut packet, &mut origin, true);
            Figures::add(&route.figures.delivered, 1);
            if origin.is_free() {
                route.taken(source, 1);
            }
        }
    }

    /// Takes one message that others may share; the `last` of them may move it out.
    fn deliver(&self, core: &Core, packet: &mut Taken<Packet<T>>, origin: &mut Origin, last: bool);

    /// Takes a message that was set aside for it.
    fn deliver_aside(&self, core: &Core, packet: Packet<T>, ticket: u32) {
        let _ = packet;
        core.release_ticket(ticket);
    }

    /// Whether it takes only what its own pool publishes, because it has a twin on every pool.
    fn is_outside(&self) -> bool {
        false
    }
}

/// Where a message came from, and who keeps its credit.
pub(crate) struct Origin {
    source: PoolId,
    topic: u16,
    ticket: Option<u32>,
}

impl Origin {
    pub(crate) fn new(source: PoolId, topic: u16) -> Self {
        Self { source, topic, ticket: None }
    }

    /// Keeps the message's credit for one more holder, who releases the ticket.
    pub(crate) fn hold(&mut self, core: &Core) -> u32 {
        let ticket = core.hold_ticket(self.ticket, self.source, self.topic);
        self.ticket = Some(ticket);
        ticket
    }

    /// Whether nobody keeps the message.
    pub(crate) fn is_free(&self) -> bool {
        self.ticket.is_none()
    }
}

/// Takes the message for keeping: moved out by the last taker, cloned by the others.
///
/// The promise goes to whoever takes the message first; a topic that is asked has one responder.
pub(crate) fn keep<T: Topic>(packet: &mut Taken<Packet<T>>, last: bool) -> Packet<T> {
    if last {
        return packet.move_out();
    }
    let mut copy = packet.duplicate();
    copy.promise = std::mem::take(&mut packet.promise);
    copy
}

/// The `N`-th handler of a locus, fed straight from the queue.
pub(crate) struct Direct<L: Locus + Handler<N>, const N: usize> {
    cell: Rc<LocusCell<L>>,
    me: Weak<Self>,
}

impl<L: Locus + Handler<N>, const N: usize> Direct<L, N> {
    pub(crate) fn new(cell: &Rc<LocusCell<L>>) -> Rc<Self> {
        Rc::new_cyclic(|me| Self { cell: Rc::clone(cell), me: Weak::clone(me) })
    }

    #[inline]
    fn call(&self, core: &Core, packet: &mut Packet<L::Topic>) -> Outcome {
        let promise = std::mem::take(&mut packet.promise);
        self.cell.activate(core, |me, cx| L::handle(me, &packet.message, promise, cx))
    }

    /// Calls the handler and sees to a failure.
    fn call_guarded(&self, core: &Core, packet: &mut Packet<L::Topic>) {
        let result = catch_unwind(AssertUnwindSafe(|| self.call(core, packet)));
        after::<L>(core, &self.cell, <L as Handler<N>>::OPTIONS.method, result);
    }

    fn set_aside(&self, core: &Core, packet: Packet<L::Topic>, ticket: u32) {
        let Some(me) = self.me.upgrade() else { return core.release_ticket(ticket) };
        let number = L::Topic::number().get();
        let aside = Aside { subscriber: me as Rc<dyn Subscriber<L::Topic>>, ticket, packet };
        self.cell.head.rare().side.borrow_mut().push(number, 0, aside);
    }
}

/// Sees to the end of an activation that was called under `catch_unwind`.
pub(crate) fn after<L: Locus>(
    core: &Core,
    cell: &Rc<LocusCell<L>>,
    method: &'static str,
    result: Result<Outcome, Box<dyn std::any::Any + Send>>,
) {
    match result {
        Ok(Ok(())) => {}
        Ok(Err(error)) => core.failed(&cell.head, method, error),
        Err(panic) => core.panicked(&cell.head, method, panic.as_ref()),
    }
}

impl<L: Locus + Handler<N>, const N: usize> Subscriber<L::Topic> for Direct<L, N> {
    /// The hot loop: one monomorphic call per message until another topic follows or the locus is not ready.
    fn run(&self, core: &Core, cursor: &mut Cursor, source: PoolId, route: &Route<L::Topic>) {
        let topic = route.number;
        let mut done = 0_u32;
        let result = catch_unwind(AssertUnwindSafe(|| {
            if self.cell.head.state.get() != State::Ready {
                return Ok(());
            }
            let mut lead = cursor.lead(&mut done);
            // SAFETY: `next_is` saw a record of this topic, which holds a `Packet` of it (`cursor` I2).
            let next = || lead.next_is(topic).then(|| unsafe { lead.take::<Packet<L::Topic>>() });
            self.cell.activate_each(core, next, |me, mut packet, cx| {
                let promise = std::mem::take(&mut packet.promise);
                L::handle(me, &packet.message, promise, cx)
            })
        }));
        after::<L>(core, &self.cell, <L as Handler<N>>::OPTIONS.method, result);
        if done > 0 {
            Figures::add(&route.figures.delivered, u64::from(done));
            Figures::add(&self.cell.head.handled, u64::from(done));
            route.taken(source, done);
            return;
        }
        while self.cell.head.state.get() != State::Ready && cursor.next_is(topic) {
            // SAFETY: as above.
            let mut packet = unsafe { cursor.take::<Packet<L::Topic>>() };
            let mut origin = Origin::new(source, topic);
            self.deliver(core, &mut packet, &mut origin, true);
            Figures::add(&route.figures.delivered, 1);
            if origin.is_free() {
                route.taken(source, 1);
            }
        }
    }

    fn deliver(&self, core: &Core, packet: &mut Taken<Packet<L::Topic>>, origin: &mut Origin, last: bool) {
        match self.cell.head.state.get() {
            State::Ready => {
                Figures::add(&self.cell.head.handled, 1);
                self.call_guarded(core, packet);
            }
            State::Closed => core.closed::<L::Topic>(packet),
            _ => {
                let kept = keep(packet, last);
                let ticket = origin.hold(core);
                self.set_aside(core, kept, ticket);
            }
        }
    }

    fn deliver_aside(&self, core: &Core, mut packet: Packet<L::Topic>, ticket: u32) {
        if self.cell.head.state.get() == State::Closed {
            core.closed::<L::Topic>(&mut packet);
            return core.release_ticket(ticket);
        }
        Figures::add(&self.cell.head.handled, 1);
        self.call_guarded(core, &mut packet);
        drop(packet);
        core.release_ticket(ticket);
    }
}

/// The ring a subscription needs, if any: its own bound, or its topic's `drop_old`.
pub(crate) fn ring_of<T: Topic>(options: &OnOptions) -> Option<(usize, OnFull)> {
    let spec = T::SPEC;
    let by_topic = spec.on_full == OnFull::DropOld;
    let on_full = options.on_full.unwrap_or(if by_topic { OnFull::DropOld } else { OnFull::Block });
    let bound =
        options.bounded.or(if by_topic { spec.bound.or(Some(super::route::BOUND_DEFAULT)) } else { None })?;
    Some((bound as usize, on_full))
}

/// Subscribes the `N`-th handler of a newborn locus.
pub(crate) fn handle<L: Locus + Handler<N>, const N: usize>(
    cell: &Rc<LocusCell<L>>,
    me: &L,
    core: &Core,
) -> Outcome {
    let subscriber: Rc<dyn Subscriber<L::Topic>> = match ring_of::<L::Topic>(&<L as Handler<N>>::OPTIONS) {
        None => Direct::<L, N>::new(cell),
        Some((bound, on_full)) => ring::Ringed::<L, N>::of(cell, core, bound, on_full),
    };
    join(core, &cell.head, L::key_of(me), subscriber)
}

/// Subscribes the `N`-th batch handler of a newborn locus. Without a bound of its own, its ring is bounded by the
/// credits of its topic.
pub(crate) fn handle_batch<L: Locus + BatchHandler<N>, const N: usize>(
    cell: &Rc<LocusCell<L>>,
    me: &L,
    core: &Core,
) -> Outcome {
    let options = <L as BatchHandler<N>>::OPTIONS;
    let (bound, on_full) = ring_of::<L::Topic>(&options).unwrap_or((usize::MAX, OnFull::Block));
    let subscriber = batch::Batched::<L, N>::of(cell, core, bound, on_full);
    join(core, &cell.head, L::key_of(me), subscriber)
}

/// Subscribes what a locus receives in its `run`.
pub(crate) fn receive<L: 'static, T: ReceivedBy<L>>(cell: &Rc<LocusCell<L>>, me: &L, core: &Core) -> Outcome {
    let options = <T as ReceivedBy<L>>::OPTIONS;
    let (bound, on_full) = ring_of::<T>(&options).unwrap_or((usize::MAX, OnFull::Block));
    let receiver = receive::Receiver::<T>::of(&cell.head, bound, on_full);
    join(core, &cell.head, T::key_of(me), receiver)
}

fn join<T: Topic>(
    core: &Core,
    head: &CellHead,
    which: Match<T::Key>,
    subscriber: Rc<dyn Subscriber<T>>,
) -> Outcome {
    let key = match which {
        Match::All => None,
        Match::Key(key) => Some(key),
    };
    let route = core.route::<T>();
    if T::Promise::IS_ASKED && route.responders(key.as_ref()) > 0 {
        let subject = T::SPEC.subject;
        return Err(
            format!("`{subject}` has another responder on this pool already, for the same key").into()
        );
    }
    route.subscribe(key.clone(), Rc::clone(&subscriber));
    let undo = move |core: &Core| core.route::<T>().unsubscribe(key.as_ref(), &subscriber);
    head.rare().unsubscribe.borrow_mut().push(Box::new(undo));
    Ok(())
}
