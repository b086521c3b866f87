//! The route of one topic on one pool: where its messages go, and how they are handed to subscribers.
//!
//! Records carry only the topic's number. A route knows the type behind it, finds the subscribers (all, and by key),
//! and lends them the message where it lies. Messages for several subscribers are shared by reference; one that has to
//! be kept (its locus is not ready, or the subscription has its own ring) is cloned, and the last taker moves it.
//!
//! Invariants: see `cursor` I2 for why a record under this route's number holds a `Packet<T>`.

use std::cell::{Cell, OnceCell, RefCell};
use std::ptr::NonNull;
use std::rc::Rc;
use std::time::Duration;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use self::takers::Takers;
use super::answers::Answers;
use super::credit::CreditIn;
use super::figures::{DropReason, Figures};
use super::key;
use super::pass::Pass;
use super::record::{Header, Word};
use super::side::{Aside, Side, Staged};
use super::subscribe::Subscriber;
use super::subscribe::straight::Straight;
use super::topic::{OnFull, Packet, Promise, Topic};
use crate::bus::ask::AskError;
use crate::locus::cell::{CellHead, CellId};
use crate::locus::family::Stand;
use crate::pool::PoolId;
use crate::pool::core::Core;
#[cfg(test)]
use crate::pool::rig::fault::{self, Fault};

mod ahead;
mod any;
pub(crate) mod change;
mod contention;
mod deliver;
mod far;
mod itself;
mod own;
pub(crate) mod select;
mod send;
mod spread;
mod takers;
mod uneven;

pub(crate) use self::any::AnyRoute;
use self::far::Remote;
use self::own::OwnCredit;
use self::select::{Owed, Select, Share, Wants};
use self::uneven::Uneven;

/// The default bound of a topic: large enough for a burst, small enough that 8 KiB messages stay under 64 MiB.
pub(crate) const BOUND_DEFAULT: u32 = 8192;

/// The subscriptions with one key.
struct KeyEntry<T: Topic> {
    hash: u32,
    key: T::Key,
    subscribers: Takers<T>,
}

pub(crate) struct Route<T: Topic> {
    pub(crate) number: u16,
    /// The open questions of the topic, where it is asked on this pool.
    answers: NonNull<Answers<T>>,
    /// The header of each record in the queue and the lanes, but for the hash.
    header: Header,
    /// The credits of the pool's own queue; its short way is open while nobody else subscribes.
    own: OwnCredit,
    /// Whether children come and go on this pool that subscribe.
    is_expected: Cell<bool>,
    /// The only subscriber of this pool, where it is called at the publish itself.
    straight: Cell<Option<Straight<T>>>,
    /// Its cell, where its locus is the topic's sink.
    sink: Cell<Option<NonNull<()>>>,
    /// Whether a locus waits for room, so that others wait behind it: credits go to who has waited longest.
    contended: Cell<bool>,
    /// What those who wait found no room for, since waits were last gone through: who has waited less is not served there.
    wanted: Cell<Owed>,
    /// Whether somebody on this pool subscribes.
    here: Cell<bool>,
    remote: RefCell<Vec<Rc<Remote>>>,
    /// The first of them.
    first: OnceCell<Rc<Remote>>,
    far: Cell<bool>,
    /// Whether every message goes to the first of them and nowhere else.
    is_plain_far: Cell<bool>,
    /// The activation whose next messages may go that way without another look: its first has marked the outbox.
    far_pass: Cell<u64>,
    /// Whether every message goes to the same several pools.
    is_spread: Cell<bool>,
    /// The activation whose next messages may go there without another look: its first has marked the outboxes.
    spread_pass: Cell<u64>,
    /// Whether it depends on the message where it goes.
    is_selective: Cell<bool>,
    /// Whether a subscription of this pool is neither to all messages nor to a key.
    is_mixed: Cell<bool>,
    /// Whether several loci take every message, each once, and nobody answers.
    is_shared: Cell<bool>,
    /// Whether those who take every message have been handlers of one locus each.
    are_loci_apart: Cell<bool>,
    select: Select<T>,
    /// By source pool.
    acks: RefCell<Vec<Option<CreditIn>>>,
    /// Whether a credit of some source pool was counted since the last `settle`.
    acks_due: Cell<bool>,
    every: RefCell<Vec<Rc<dyn Subscriber<T>>>>,
    keyed: RefCell<HashTable<KeyEntry<T>>>,
    uneven: Uneven,
    pub(crate) figures: Figures,
}

impl<T: Topic> Route<T> {
    /// A route without subscribers.
    ///
    /// # Safety
    /// `answers` stay in place as long as the route.
    pub(crate) unsafe fn new(number: u16, answers: NonNull<Answers<T>>) -> Self {
        let spec = T::SPEC;
        // Under `drop_old` the bound is that of each subscription's ring, which `subscribe` makes.
        let bound = match spec.on_full {
            OnFull::DropOld => spec.bound.unwrap_or(0).max(BOUND_DEFAULT),
            _ => spec.bound.unwrap_or(BOUND_DEFAULT),
        };
        Self {
            number,
            answers,
            header: Header::of::<Packet<T>>(number, 0),
            own: OwnCredit::new(bound),
            is_expected: Cell::new(false),
            straight: Cell::new(None),
            sink: Cell::new(None),
            contended: Cell::new(false),
            wanted: Cell::new(Owed::to(0)),
            here: Cell::new(false),
            remote: RefCell::default(),
            first: OnceCell::new(),
            far: Cell::new(false),
            is_plain_far: Cell::new(false),
            far_pass: Cell::new(far::NO_PASS),
            is_spread: Cell::new(false),
            spread_pass: Cell::new(far::NO_PASS),
            is_selective: Cell::new(false),
            is_mixed: Cell::new(false),
            is_shared: Cell::new(false),
            are_loci_apart: Cell::new(false),
            select: Select::new(),
            acks: RefCell::default(),
            acks_due: Cell::new(false),
            every: RefCell::default(),
            keyed: RefCell::new(HashTable::new()),
            uneven: Uneven::default(),
            figures: Figures::new(spec.subject),
        }
    }

    /// The questions of this pool that have no answer yet.
    #[inline]
    pub(crate) fn answers(&self) -> &Answers<T> {
        // SAFETY: in place as long as the route, by the caller of `new`, and only lent shared.
        unsafe { self.answers.as_ref() }
    }

    /// What the headers of this topic's records in queues and lanes have in common.
    #[inline]
    pub(crate) fn kind(&self) -> u32 {
        self.header.kind()
    }

    pub(crate) fn bound(&self) -> u32 {
        self.own.bound()
    }

    /// Notes what this pool's own subscriptions take: where they take less than everything, what goes elsewhere need not
    /// come here.
    pub(crate) fn note_own_wants(&self, wants: Wants) {
        let is_selective = T::SPEC.keyed && self.far.get() && !wants.all;
        self.is_selective.set(self.is_selective.get() || is_selective);
        self.note_plain_far();
    }

    /// Adds a subscription that the replicas of a part divide among themselves.
    pub(crate) fn add_share(&self, share: Share) {
        self.select.add_share(share);
        self.is_selective.set(true);
        self.note_plain_far();
    }

    /// Subscribes to the messages that no keyed subscription takes.
    pub(crate) fn subscribe_unmatched(&self, core: &Core, subscriber: Rc<dyn Subscriber<T>>) {
        self.select.add_unmatched(subscriber);
        self.relist(core);
    }

    /// Subscribes to the keys of one replica.
    pub(crate) fn subscribe_shard(&self, core: &Core, stand: Stand, subscriber: Rc<dyn Subscriber<T>>) {
        self.select.add_shard(stand, subscriber);
        self.relist(core);
    }

    /// Subscribes to what falls to this pool's replica.
    pub(crate) fn subscribe_any(&self, core: &Core, group: u8, subscriber: Rc<dyn Subscriber<T>>) {
        self.select.add_any(group, subscriber);
        self.relist(core);
    }

    /// Takes back one of the three.
    pub(crate) fn unsubscribe_selected(&self, core: &Core, subscriber: &Rc<dyn Subscriber<T>>) {
        self.select.remove(subscriber);
        self.relist(core);
    }

    /// Whether a subscriber takes messages with `key`.
    pub(crate) fn has_subscriber(&self, key: &T::Key, subscriber: &Rc<dyn Subscriber<T>>) -> bool {
        let hash = key::hash_key(key);
        let table = self.keyed.borrow();
        let entry = table.find(key::spread(hash), |e| e.hash == hash && e.key == *key);
        entry.is_some_and(|entry| entry.subscribers.iter().any(|other| Rc::ptr_eq(other, subscriber)))
    }

    /// Subscribes to every message, or to those with `key`.
    pub(crate) fn subscribe(&self, core: &Core, key: Option<T::Key>, subscriber: Rc<dyn Subscriber<T>>) {
        match key {
            None => self.subscribe_to_all(subscriber),
            Some(key) => self.subscribe_to(key, subscriber),
        }
        self.relist(core);
    }

    fn subscribe_to(&self, key: T::Key, subscriber: Rc<dyn Subscriber<T>>) {
        let hash = key::hash_key(&key);
        let mut table = self.keyed.borrow_mut();
        let is_it = |entry: &KeyEntry<T>| entry.hash == hash && entry.key == key;
        match table.entry(key::spread(hash), is_it, |e| key::spread(e.hash)) {
            Entry::Occupied(mut entry) => entry.get_mut().subscribers.push(subscriber),
            Entry::Vacant(entry) => {
                entry.insert(KeyEntry { hash, key, subscribers: Takers::one(subscriber) });
            }
        }
    }

    /// Whether no other pool has to hear of this pool's subscriptions.
    pub(crate) fn is_own_business(&self) -> bool {
        !T::SPEC.keyed || self.sources() == 0
    }

    /// Takes a subscription back.
    pub(crate) fn unsubscribe(&self, core: &Core, key: Option<&T::Key>, subscriber: &Rc<dyn Subscriber<T>>) {
        let keep = |other: &Rc<dyn Subscriber<T>>| !Rc::ptr_eq(other, subscriber);
        match key {
            None => self.every.borrow_mut().retain(keep),
            Some(key) => {
                let hash = key::hash_key(key);
                let mut table = self.keyed.borrow_mut();
                let is_it = |e: &KeyEntry<T>| e.hash == hash && e.key == *key;
                if let Ok(mut entry) = table.find_entry(key::spread(hash), is_it)
                    && !entry.get_mut().subscribers.retain(keep)
                {
                    entry.remove();
                }
            }
        }
        self.relist(core);
        core.routes.retire(Rc::clone(subscriber) as Rc<dyn std::any::Any>);
    }

    /// Says anew who takes this topic's records, after the subscriptions have changed.
    fn relist(&self, core: &Core) {
        let every = self.every.borrow();
        let is_unkeyed = self.keyed.borrow().is_empty();
        let is_mixed = !self.select.is_empty_here();
        let is_here = !every.is_empty() || !is_unkeyed || is_mixed;
        self.is_mixed.set(is_mixed);
        let may_share = self.are_loci_apart.get() && is_unkeyed && !is_mixed && !T::Promise::IS_ASKED;
        self.is_shared.set(may_share && every.len() > 1);
        self.here.set(is_here);
        self.note_plain_far();
        let only = match &every[..] {
            [only] if is_unkeyed && !is_mixed => Some(only),
            _ => None,
        };
        // A question goes through the queue, and so does its answer.
        let may_be_called = !T::Promise::IS_ASKED && !self.far.get();
        let straight = only.filter(|_| may_be_called).and_then(|only| only.straight());
        self.sink.set(straight.as_ref().zip(T::sink()).and_then(|(offer, sink)| offer.cell_of(sink)));
        let straight = straight.map(|offer| offer.straight);
        self.straight.set(straight);
        self.note_own_open();
        let taker = only.and_then(|only| only.taker());
        // SAFETY: the taker was given out by a subscriber of this topic, which lives while it is in `every`; whoever
        // takes it out of there relists and retires it.
        unsafe { core.routes.list::<T>(taker) };
    }
}

impl<T: Topic> AnyRoute for Route<T> {
    fn dispatch(&self, pass: &mut Pass<'_>) {
        if self.is_shared.get() {
            return self.deliver_several(pass);
        }
        if self.looks_ahead() {
            return self.dispatch_ahead(pass);
        }
        while let Some(header) = pass.cursor.peek()
            && header.kind() == self.kind()
        {
            // SAFETY: a record is there, and under this number it holds a `Packet<T>` (`cursor` I2).
            let packet = unsafe { pass.cursor.take::<Packet<T>>() };
            self.deliver(pass.core, packet, header.hash(), pass.source);
        }
    }

    fn replay(&self, core: &Core, side: &RefCell<Side>) {
        // SAFETY: the caller saw a record under this number, and in a side queue it holds an `Aside<T>` (`cursor` I2).
        let aside = unsafe { side.borrow_mut().pop::<Aside<T>>() };
        let Aside { subscriber, ticket, packet } = aside;
        subscriber.deliver_aside(core, packet, ticket);
    }

    fn release(&self, core: &Core, head: &CellHead) -> bool {
        if self.is_plain_far.get()
            && let Some(are_all_gone) = self.release_far(core, head)
        {
            return are_all_gone;
        }
        let mut stage = head.rare().stage.borrow_mut();
        // SAFETY: the caller saw that the oldest message is of this topic.
        let staged = unsafe { stage.front::<T>() };
        if staged.owed.is_held {
            staged.owed = self.owed(core, &staged.packet);
        }
        let room = self.with_room(core, staged.owed).without(self.wanted.get());
        // Under `drop_new` nothing waits for room: what has come behind a message that waits is not held up by its own.
        if room != staged.owed && T::SPEC.on_full != OnFull::DropNew {
            if !room.is_nothing() {
                staged.owed = staged.owed.without(room);
                let later = staged.owed.pools;
                let copy = staged.packet.duplicate();
                let unsent = self.send(core, room, later, copy);
                debug_assert!(unsent.is_none(), "room was there a moment ago");
            }
            self.want(core, staged.owed);
            return false;
        }
        // SAFETY: as above.
        let Staged { owed, packet } = unsafe { stage.pop::<T>() };
        drop(stage);
        if owed.is_nothing() {
            self.dropped(core, self.unwanted(), 1);
            packet.promise.fail(AskError::NoResponder);
        } else {
            let unsent = self.send(core, owed, 0, packet).map_or(0, |unsent| unsent.owed.count());
            debug_assert!(unsent == 0 || T::SPEC.on_full == OnFull::DropNew, "room was there a moment ago");
            if unsent > 0 {
                self.dropped(core, DropReason::Full, unsent);
            }
        }
        true
    }

    fn without_room(&self, core: &Core, head: &CellHead) -> u64 {
        let mut stage = head.rare().stage.borrow_mut();
        // SAFETY: the caller saw that the oldest message is of this topic.
        let owed = unsafe { stage.front::<T>() }.owed;
        if owed.is_held {
            return 0;
        }
        // An `any` subscription is not counted: whichever of its replicas makes room first ends the wait.
        owed.without(self.with_room(core, owed)).pools
    }

    fn waits_for_itself(&self, core: &Core, head: &CellHead) -> bool {
        self.is_in_its_own_way(core, head)
    }

    fn is_held_by(&self, core: &Core, head: &CellHead) -> bool {
        self.is_held_by(core, head)
    }

    fn subject_and_bound(&self) -> (&'static str, u32) {
        (T::SPEC.subject, self.bound())
    }

    fn count_wait(&self, time: Duration) {
        self.figures.count_wait(time);
    }

    fn begin_contention(&self, core: &Core) {
        if T::SPEC.on_full != OnFull::DropNew {
            self.set_contended(true);
            core.contend(self.number);
        }
    }

    fn end_contention(&self) {
        self.want_nothing();
    }

    unsafe fn take_back(&self, _core: &Core, payload: *mut Word, pool: PoolId, local: bool) {
        #[cfg(test)]
        if fault::is_planted(Fault::CreditLostInRollback) {
            // SAFETY: as below.
            return unsafe { payload.cast::<Packet<T>>().drop_in_place() };
        }
        if local {
            self.own.undo();
        } else if let Some(remote) = self.remote.borrow().iter().find(|remote| remote.pool == pool) {
            remote.credit.undo(1);
        }
        // SAFETY: by the caller, the payload of a record of this route; such a payload is a `Packet<T>`.
        unsafe { payload.cast::<Packet<T>>().drop_in_place() };
    }

    unsafe fn take_back_staged(&self, payload: *mut Word) {
        Figures::add(&self.figures.published, u64::MAX);
        // SAFETY: by the caller, the payload of a staged record of this route, which is a `Staged<T>`.
        unsafe { payload.cast::<Staged<T>>().drop_in_place() };
    }

    fn forget(&self, _core: &Core, activation: u64) {
        self.uneven.take_back(activation, &self.figures);
    }

    unsafe fn discard(&self, payload: *mut Word, reason: DropReason) {
        self.figures.drop_for(reason, 1);
        // SAFETY: by the caller, the payload of a record of this route; such a payload is a `Packet<T>`.
        unsafe { payload.cast::<Packet<T>>().drop_in_place() };
    }

    unsafe fn discard_staged(&self, payload: *mut Word, reason: DropReason) {
        self.figures.drop_for(reason, 1);
        // SAFETY: by the caller, the payload of a staged record of this route, which is a `Staged<T>`.
        unsafe { payload.cast::<Staged<T>>().drop_in_place() };
    }

    fn acked(&self, core: &Core, source: PoolId) {
        self.taken(core, source, 1);
    }

    fn return_credits(&self) {
        self.acks.borrow_mut().iter_mut().flatten().for_each(CreditIn::publish);
    }

    fn tell_wait(&self) {
        self.remote.borrow().iter().for_each(|remote| remote.credit.tell_wait());
    }

    fn settle(&self, wake: &mut u64) {
        self.acks_due.set(false);
        for (pool, credit) in self.acks.borrow_mut().iter_mut().enumerate() {
            let is_room_wanted = credit.as_mut().is_some_and(CreditIn::settle);
            #[cfg(test)]
            let is_room_wanted = is_room_wanted && !fault::is_planted(Fault::RoomUntold);
            if is_room_wanted {
                *wake |= 1 << pool;
            }
        }
    }

    fn expect(&self) {
        self.is_expected.set(true);
        self.note_plain_far();
    }

    fn leave(&self, core: &Core, cell: CellId, hash: Option<u32>) {
        let keep = |subscriber: &Rc<dyn Subscriber<T>>| !subscriber.is_of(cell);
        match hash {
            None => self.every.borrow_mut().retain(|subscriber| {
                let keeps = keep(subscriber);
                if !keeps {
                    core.routes.retire(Rc::clone(subscriber) as Rc<dyn std::any::Any>);
                }
                keeps
            }),
            // One of a key is never listed: the index is borrowed as long as a message is handed to it.
            Some(hash) => {
                let mut table = self.keyed.borrow_mut();
                let is_it = |e: &KeyEntry<T>| e.hash == hash && e.subscribers.iter().any(|s| s.is_of(cell));
                if let Ok(mut entry) = table.find_entry(key::spread(hash), is_it)
                    && !entry.get_mut().subscribers.retain(keep)
                {
                    entry.remove();
                }
            }
        }
        self.relist(core);
    }

    fn export(&self, depth: &mut u64) {
        *depth += self.figures.export(self.entered(), self.own.queued());
    }
}

impl<T: Topic> Drop for Route<T> {
    fn drop(&mut self) {
        // The last look at what entered the queue, before the counts are added to those of ended pools.
        self.export(&mut 0);
    }
}
