//! How a newborn locus subscribes: what it has declared becomes subscribers, and these join the routes of their topics.

use std::any::TypeId;
use std::rc::Rc;

use super::super::key;
use super::super::topic::{OnFull, Promise, Topic};
use super::direct::Direct;
use super::{Subscriber, batch, concurrent, follow, receive, ring};
use crate::app::shared::Sharer;
use crate::locus::cell::{CellHead, Joined, LocusCell};
use crate::locus::describe::{BatchHandler, Handler, Locus, Match, OnOptions, Outcome, ReceivedBy, Which};
use crate::locus::rare::Leave;
use crate::pool::core::Core;

/// The ring a subscription has, if any: by its own bound, its topic's `drop_old`, or its topic's `per_locus`. That is
/// counted without a ring where nothing asks for one: the new message goes, and nobody hears of it in band.
pub(crate) fn ring_of<T: Topic>(options: &OnOptions, needs_ring: bool) -> Option<(usize, OnFull)> {
    let spec = T::SPEC;
    if let (None, Some(most)) = (options.bounded, spec.per_locus) {
        let is_ring = needs_ring || options.missed || spec.on_slow == OnFull::DropOld;
        return is_ring.then_some((most as usize, spec.on_slow));
    }
    let by_topic = spec.on_full == OnFull::DropOld;
    let on_full = options.on_full.unwrap_or(if by_topic { OnFull::DropOld } else { OnFull::Block });
    let bound = options.bounded.or(if by_topic {
        spec.bound.or(Some(super::super::route::BOUND_DEFAULT))
    } else {
        None
    })?;
    Some((bound as usize, on_full))
}

/// Makes the subscriber of the `N`-th handler of a locus.
fn subscriber<L: Locus + Handler<N>, const N: usize>(
    cell: &Rc<LocusCell<L>>,
    core: &Core,
) -> Rc<dyn Subscriber<L::Topic>> {
    let ring = ring_of::<L::Topic>(&<L as Handler<N>>::OPTIONS, L::CALLS.is_some());
    if L::CALLS.is_some() {
        let (bound, on_full) = ring.unwrap_or((usize::MAX, OnFull::Block));
        return concurrent::Concurrent::<L, N>::of(cell, bound, on_full);
    }
    match ring {
        None => Direct::<L, N>::new(Rc::clone(cell)),
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
    let (bound, on_full) = ring_of::<L::Topic>(&options, true).unwrap_or((usize::MAX, OnFull::Block));
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
    let (bound, on_full) = ring_of::<T>(&options, true).unwrap_or((usize::MAX, OnFull::Block));
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
