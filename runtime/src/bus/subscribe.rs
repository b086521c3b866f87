//! Subscriptions: how one subscriber takes messages of one topic.
//!
//! | kind | where messages wait | bounded by |
//! |---|---|---|
//! | direct handler ([`direct::Direct`]) | in the shared queue; set aside while the locus is not ready | the topic's credits |
//! | handler with a ring ([`ring::Ringed`]) | in its own ring | its own bound, or the credits under `block` |
//! | batch handler ([`batch::Batched`]) | in its own ring | the same |
//! | `run.recv` ([`receive::Receiver`]) | in its own ring | the same |
//! | outside subscription ([`crate::bus::subscription`]) | in a ring shared with another thread | its own bound |

pub(crate) mod batch;
mod direct;
pub(crate) mod follow;
pub(crate) mod receive;
pub(crate) mod ring;
pub(crate) mod straight;

use std::any::{Any, TypeId};
use std::rc::Rc;

use self::straight::Offer;
use super::cursor::Taken;
use super::key;
use super::pass::Taker;
use super::side::{Aside, NO_TICKET};
use super::topic::{OnFull, Packet, Promise, Topic};
use crate::app::shared::Sharer;
use crate::locus::cell::{CellHead, CellId, Joined, LocusCell};
use crate::locus::describe::{BatchHandler, Handler, Locus, Match, OnOptions, Outcome, ReceivedBy, Which};
use crate::locus::rare::Leave;
use crate::pool::PoolId;
use crate::pool::core::Core;

/// One subscriber of a topic.
pub(crate) trait Subscriber<T: Topic>: Any {
    /// How it takes the topic's records where nobody else does; `None` leaves them to the route.
    fn taker(&self) -> Option<Taker> {
        None
    }

    /// How it is called at the publish itself; `None` for all but `#[on(inline)]`.
    fn straight(&self) -> Option<Offer<T>> {
        None
    }

    /// The index of the locus that has to be ready before a message's credit comes back, if there is one.
    fn holder(&self) -> Option<u32> {
        None
    }

    /// Takes one message that others may share; the `last` of them may move it out.
    fn deliver(&self, core: &Core, packet: &mut Taken<Packet<T>>, origin: &mut Origin, last: bool);

    /// Whether it is a handler of this cell that keeps nothing beside it.
    fn is_of(&self, _cell: CellId) -> bool {
        false
    }

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

/// Keeps a message that a handler has stashed.
pub(crate) fn keep_stashed<T: Topic>(head: &CellHead, subscriber: Rc<dyn Subscriber<T>>, packet: Packet<T>) {
    let aside = Aside { subscriber, ticket: NO_TICKET, packet };
    head.rare().stashed.borrow_mut().push(T::number().get(), 0, aside);
}

/// Sees to the end of an activation that was called under `catch_unwind`.
pub(crate) fn after<L: Locus>(
    core: &Core,
    cell: &LocusCell<L>,
    method: &'static str,
    result: Result<Outcome, Box<dyn std::any::Any + Send>>,
) {
    match result {
        Ok(Ok(())) => {}
        Ok(Err(error)) => core.failed(&cell.head, method, error),
        Err(panic) => core.panicked(&cell.head, method, panic.as_ref()),
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
        None => direct::Direct::<L, N>::new(Rc::clone(cell)),
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
    if subscriber.is_of(head.id) && route.is_own_business() {
        let joined = Joined { number: route.number, hash: key.as_ref().map(key::hash_key) };
        if head.join(joined) {
            route.subscribe(core, key, subscriber);
            return Ok(());
        }
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
