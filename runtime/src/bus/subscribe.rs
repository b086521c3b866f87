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
pub(crate) mod follow;
pub(crate) mod receive;
pub(crate) mod ring;

use std::any::{Any, TypeId};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::rc::{Rc, Weak};

use super::cursor::Taken;
use super::figures::Figures;
use super::pass::{Pass, Taker};
use super::route::Route;
use super::side::{Aside, NO_TICKET};
use super::topic::{OnFull, Packet, Promise, Topic};
use crate::app::shared::Sharer;
use crate::locus::cell::{CellHead, LocusCell, State};
use crate::locus::describe::{BatchHandler, Handler, Locus, Match, OnOptions, Outcome, ReceivedBy, Which};
use crate::locus::rare::Leave;
use crate::pool::PoolId;
use crate::pool::core::Core;
#[cfg(test)]
use crate::pool::rig::{
    coverage,
    fault::{self, Fault},
};

/// One subscriber of a topic.
pub(crate) trait Subscriber<T: Topic>: Any {
    /// How it takes the topic's records where nobody else does; `None` leaves them to the route.
    fn taker(&self) -> Option<Taker> {
        None
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
        self.cell.activate(core, |me, cx| {
            core.lend_message(!<L::Topic as Topic>::Promise::IS_ASKED);
            L::handle(me, &packet.message, promise, cx)
        })
    }

    /// The hot loop: one monomorphic call per message until another topic follows or the locus is not ready.
    ///
    /// # Safety
    /// As for every [`Taker`]: `me` is a `Direct<L, N>`, `route` that of its topic, and a record of that comes next.
    unsafe fn take_run(me: NonNull<()>, route: NonNull<()>, pass: &mut Pass<'_>) {
        // SAFETY: by the caller; it lives as long as the pass (`routes` I4), and is only lent shared.
        let me = unsafe { me.cast::<Self>().as_ref() };
        // SAFETY: by the caller; routes stay in place (`routes` I2), and are only lent shared.
        let route = unsafe { route.cast::<Route<L::Topic>>().as_ref() };
        if me.cell.head.state.get() != State::Ready {
            return me.take_while_not_ready(route, pass);
        }
        #[cfg(test)]
        coverage::arrived(State::Ready, L::Topic::SPEC.on_full, false);
        let kind = route.kind();
        let mut run = RunOf { me, route, core: pass.core, source: pass.source, done: 0 };
        pass.core.lend_message(!<L::Topic as Topic>::Promise::IS_ASKED);
        let outcome = me.cell.activate_each(pass.core, |activation| {
            loop {
                run.done += 1;
                // SAFETY: a record of this topic is next, by the caller or by `next_is`, and holds a `Packet` of it
                // (`cursor` I2).
                let mut packet = unsafe { pass.cursor.take::<Packet<L::Topic>>() };
                let promise = std::mem::take(&mut packet.promise);
                let ended = activation.of(|me, cx| L::handle(me, &packet.message, promise, cx));
                if ended.is_err() || activation.is_cut() {
                    me.end_run(run.core, &ended, packet);
                    return ended;
                }
                drop(packet);
                if !pass.cursor.next_is(kind) {
                    return ended;
                }
            }
        });
        count_run(me, route, run.core, run.source, run.done);
        std::mem::forget(run);
        if let Err(error) = outcome {
            pass.core.failed(&me.cell.head, <L as Handler<N>>::OPTIONS.method, error);
        }
    }

    /// Drops the message that ends a run, or keeps it where its handler has asked for that.
    #[cold]
    #[inline(never)]
    fn end_run(&self, core: &Core, ended: &Outcome, mut packet: Taken<Packet<L::Topic>>) {
        if core.take_stash_wish() && ended.is_ok() {
            self.stash(packet.move_out());
        }
    }

    fn stash(&self, packet: Packet<L::Topic>) {
        let Some(me) = self.me.upgrade() else { return };
        keep_stashed(&self.cell.head, me, packet);
    }

    /// Takes records for a locus that is not ready.
    #[cold]
    #[inline(never)]
    fn take_while_not_ready(&self, route: &Route<L::Topic>, pass: &mut Pass<'_>) {
        let kind = route.kind();
        while self.cell.head.state.get() != State::Ready && pass.cursor.next_is(kind) {
            // SAFETY: a record of this topic is next, and holds a `Packet` of it (`cursor` I2).
            let mut packet = unsafe { pass.cursor.take::<Packet<L::Topic>>() };
            let mut origin = Origin::new(pass.source, route.number);
            self.deliver(pass.core, &mut packet, &mut origin, true);
            Figures::add(&route.figures.delivered, 1);
            if origin.is_free() {
                route.taken(pass.core, pass.source, 1);
            }
        }
    }

    /// Calls the handler and sees to a failure. Returns whether the handler wants to keep the message.
    #[must_use]
    fn call_guarded(&self, core: &Core, packet: &mut Packet<L::Topic>) -> bool {
        let result = catch_unwind(AssertUnwindSafe(|| self.call(core, packet)));
        let keeps = core.take_stash_wish() && matches!(result, Ok(Ok(())));
        after::<L>(core, &self.cell, <L as Handler<N>>::OPTIONS.method, result);
        keeps
    }

    fn set_aside(&self, core: &Core, packet: Packet<L::Topic>, ticket: u32) {
        let Some(me) = self.me.upgrade() else { return core.release_ticket(ticket) };
        let number = L::Topic::number().get();
        let aside = Aside { subscriber: me as Rc<dyn Subscriber<L::Topic>>, ticket, packet };
        self.cell.head.rare().side.borrow_mut().push(number, 0, aside);
    }
}

/// Keeps a message that a handler has stashed.
pub(crate) fn keep_stashed<T: Topic>(head: &CellHead, subscriber: Rc<dyn Subscriber<T>>, packet: Packet<T>) {
    let aside = Aside { subscriber, ticket: NO_TICKET, packet };
    head.rare().stashed.borrow_mut().push(T::number().get(), 0, aside);
}

/// A run of messages that one handler takes. Dropped only where its latest activation unwinds.
struct RunOf<'r, L: Locus + Handler<N>, const N: usize> {
    me: &'r Direct<L, N>,
    route: &'r Route<L::Topic>,
    core: &'r Core,
    source: PoolId,
    done: u32,
}

impl<L: Locus + Handler<N>, const N: usize> Drop for RunOf<'_, L, N> {
    // Inlined, and everything passed by value, so that the run needs no memory while nothing unwinds.
    #[inline(always)]
    fn drop(&mut self) {
        note_unwound_run(self.me, self.route, self.core, self.source, self.done);
    }
}

#[inline]
fn count_run<L: Locus + Handler<N>, const N: usize>(
    me: &Direct<L, N>,
    route: &Route<L::Topic>,
    core: &Core,
    source: PoolId,
    done: u32,
) {
    Figures::add(&route.figures.delivered, u64::from(done));
    Figures::add(&me.cell.head.handled, u64::from(done));
    route.taken(core, source, done);
}

#[cold]
#[inline(never)]
fn note_unwound_run<L: Locus + Handler<N>, const N: usize>(
    me: &Direct<L, N>,
    route: &Route<L::Topic>,
    core: &Core,
    source: PoolId,
    done: u32,
) {
    count_run(me, route, core, source, done);
    core.note_unwound(me.cell.head.id.index, <L as Handler<N>>::OPTIONS.method);
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
    fn taker(&self) -> Option<Taker> {
        if L::START.is_some() {
            return None;
        }
        // SAFETY: `take_run` takes a `Direct<L, N>`, which `self` is, and a route of its topic.
        Some(unsafe { Taker::new(NonNull::from(self).cast(), Self::take_run) })
    }

    fn deliver(&self, core: &Core, packet: &mut Taken<Packet<L::Topic>>, origin: &mut Origin, last: bool) {
        #[cfg(test)]
        coverage::arrived(self.cell.head.state.get(), L::Topic::SPEC.on_full, false);
        match self.cell.head.state.get() {
            State::Ready => {
                Figures::add(&self.cell.head.handled, 1);
                match L::START {
                    None => {
                        if self.call_guarded(core, packet) {
                            self.stash(keep(packet, last));
                        }
                    }
                    Some(start) => (start.0)(core, &self.cell, keep(packet, last)),
                }
            }
            #[cfg(test)]
            State::Replaying if fault::is_planted(Fault::AsideOvertaken) => {
                let _ = self.call_guarded(core, packet);
                if self.cell.head.state.get() == State::Ready {
                    self.cell.head.state.set(State::Replaying);
                }
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
            #[cfg(test)]
            coverage::arrived(State::Closed, L::Topic::SPEC.on_full, false);
            core.closed::<L::Topic>(&mut packet);
            return core.release_ticket(ticket);
        }
        Figures::add(&self.cell.head.handled, 1);
        match L::START {
            None => {
                if self.call_guarded(core, &mut packet) {
                    self.stash(packet);
                } else {
                    drop(packet);
                }
            }
            Some(start) => (start.0)(core, &self.cell, packet),
        }
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

/// Makes the subscriber of the `N`-th handler of a locus.
fn subscriber<L: Locus + Handler<N>, const N: usize>(
    cell: &Rc<LocusCell<L>>,
    core: &Core,
) -> Rc<dyn Subscriber<L::Topic>> {
    match ring_of::<L::Topic>(&<L as Handler<N>>::OPTIONS) {
        None => Direct::<L, N>::new(cell),
        Some((bound, on_full)) => ring::Ringed::<L, N>::of(cell, core, bound, on_full),
    }
}

/// Subscribes the `N`-th handler of a newborn locus.
pub(crate) fn handle<L: Locus + Handler<N>, const N: usize>(
    cell: &Rc<LocusCell<L>>,
    me: &L,
    core: &Core,
) -> Outcome {
    let which = <L as Handler<N>>::OPTIONS.which;
    if matches!(which, Which::Keys { .. }) {
        return Ok(());
    }
    let sharer = sharer::<L>(&cell.head, N);
    join(core, &cell.head, (which, sharer), L::key_of(me), subscriber::<L, N>(cell, core))
}

/// Makes the set of keys of the `N`-th handler, which follows them.
pub(crate) fn prepare<L: Locus + Handler<N>, const N: usize>(cell: &Rc<LocusCell<L>>, core: &Core) {
    if let Which::Keys { max } = <L as Handler<N>>::OPTIONS.which {
        follow::Follows::<L::Topic>::add(&cell.head, max, subscriber::<L, N>(cell, core));
    }
}

/// Makes the set of keys of the `N`-th batch handler, which follows them.
pub(crate) fn prepare_batch<L: Locus + BatchHandler<N>, const N: usize>(
    cell: &Rc<LocusCell<L>>,
    core: &Core,
) {
    if let Which::Keys { max } = <L as BatchHandler<N>>::OPTIONS.which {
        follow::Follows::<L::Topic>::add(&cell.head, max, batched::<L, N>(cell, core));
    }
}

/// Whose subscription it is.
fn sharer<L: 'static>(head: &CellHead, handler: usize) -> Sharer {
    Sharer { part: head.family.stand.part, locus: TypeId::of::<L>(), handler }
}

/// Makes the subscriber of the `N`-th batch handler. Without a bound of its own, its ring is bounded by the credits of
/// its topic.
fn batched<L: Locus + BatchHandler<N>, const N: usize>(
    cell: &Rc<LocusCell<L>>,
    core: &Core,
) -> Rc<dyn Subscriber<L::Topic>> {
    let options = <L as BatchHandler<N>>::OPTIONS;
    let (bound, on_full) = ring_of::<L::Topic>(&options).unwrap_or((usize::MAX, OnFull::Block));
    batch::Batched::<L, N>::of(cell, core, bound, on_full)
}

/// Subscribes the `N`-th batch handler of a newborn locus.
pub(crate) fn handle_batch<L: Locus + BatchHandler<N>, const N: usize>(
    cell: &Rc<LocusCell<L>>,
    me: &L,
    core: &Core,
) -> Outcome {
    let which = <L as BatchHandler<N>>::OPTIONS.which;
    if matches!(which, Which::Keys { .. }) {
        return Ok(());
    }
    let sharer = sharer::<L>(&cell.head, N);
    join(core, &cell.head, (which, sharer), L::key_of(me), batched::<L, N>(cell, core))
}

/// Subscribes what a locus receives in its `run`.
pub(crate) fn receive<L: 'static, T: ReceivedBy<L>>(cell: &Rc<LocusCell<L>>, me: &L, core: &Core) -> Outcome {
    let options = <T as ReceivedBy<L>>::OPTIONS;
    let (bound, on_full) = ring_of::<T>(&options).unwrap_or((usize::MAX, OnFull::Block));
    let receiver = receive::Receiver::<T>::of(&cell.head, bound, on_full);
    let sharer = sharer::<L>(&cell.head, usize::MAX);
    join(core, &cell.head, (options.which, sharer), T::key_of(me), receiver)
}

fn join<T: Topic>(
    core: &Core,
    head: &CellHead,
    (which, sharer): (Which, Sharer),
    key: Match<T::Key>,
    subscriber: Rc<dyn Subscriber<T>>,
) -> Outcome {
    let route = core.route::<T>();
    let key = match key {
        Match::Key(key) if T::SPEC.keyed => Some(key),
        _ => None,
    };
    let stand = head.family.stand;
    let is_shared = stand.replicas > 1;
    let selected = match which {
        Which::Unmatched if T::SPEC.keyed => {
            route.subscribe_unmatched(core, Rc::clone(&subscriber));
            true
        }
        Which::Shard if is_shared && T::SPEC.keyed => {
            route.subscribe_shard(core, stand, Rc::clone(&subscriber));
            true
        }
        Which::Any if is_shared => {
            let group =
                core.app().any_group(route.number, sharer).ok_or("an `any` that the plan does not know")?;
            route.subscribe_any(core, group, Rc::clone(&subscriber));
            true
        }
        _ => false,
    };
    if selected {
        let undo = move |core: &Core, leave| {
            if leave == Leave::Here {
                core.route::<T>().unsubscribe_selected(core, &subscriber);
            }
        };
        head.rare().unsubscribe.borrow_mut().push(Box::new(undo));
        return Ok(());
    }
    if T::Promise::IS_ASKED && route.responders(key.as_ref()) > 0 {
        let subject = T::SPEC.subject;
        return Err(
            format!("`{subject}` has another responder on this pool already, for the same key").into()
        );
    }
    route.subscribe(core, key.clone(), Rc::clone(&subscriber));
    let cell = head.id;
    if let Some(key) = &key {
        route.announce(core, key, true, cell);
    }
    let undo = move |core: &Core, leave| match (leave, &key) {
        (Leave::Here, key) => core.route::<T>().unsubscribe(core, key.as_ref(), &subscriber),
        (Leave::Elsewhere, Some(key)) => core.route::<T>().announce(core, key, false, cell),
        (Leave::Elsewhere, None) => {}
    };
    head.rare().unsubscribe.borrow_mut().push(Box::new(undo));
    Ok(())
}
