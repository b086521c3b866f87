//! The delivering side of a route: a message is lent to each of its subscribers, and its credit goes back once the last has
//! taken it. Each subscriber takes messages in order; between subscribers there is none.

use std::rc::Rc;

use super::Route;
use crate::bus::ask::AskError;
use crate::bus::credit::CreditIn;
use crate::bus::cursor::Taken;
use crate::bus::figures::{DropReason, Figures};
use crate::bus::key;
use crate::bus::pass::Pass;
use crate::bus::subscribe::{Origin, Shared, Subscriber};
use crate::bus::topic::{Packet, Promise, Topic};
use crate::pool::PoolId;
use crate::pool::core::Core;
#[cfg(test)]
use crate::pool::rig::fault::{self, Fault};

impl<T: Topic> Route<T> {
    /// Adds the credits of a pool that publishes to this one.
    pub(crate) fn add_source(&self, pool: PoolId, credit: CreditIn) {
        let mut acks = self.acks.borrow_mut();
        let index = usize::from(pool);
        if acks.len() <= index {
            acks.resize_with(index + 1, || None);
        }
        acks[index] = Some(credit);
    }

    /// The pools that publish to this one, one bit each.
    pub(super) fn sources(&self) -> u64 {
        let acks = self.acks.borrow();
        acks.iter()
            .enumerate()
            .fold(0, |mask, (pool, ack)| if ack.is_some() { mask | 1 << pool } else { mask })
    }

    /// How many subscriptions of loci take messages with `key`: who subscribes from outside answers nothing.
    pub(crate) fn responders(&self, key: Option<&T::Key>) -> usize {
        let count = |all: &[Rc<dyn Subscriber<T>>]| all.iter().filter(|one| !one.is_outside()).count();
        let with_key = key.map_or(0, |key| {
            let hash = key::hash_key(key);
            let table = self.keyed.borrow();
            table
                .find(key::spread(hash), |e| e.hash == hash && e.key == *key)
                .map_or(0, |e| count(&e.subscribers))
        });
        count(&self.every.borrow()) + with_key
    }

    /// Adds a subscriber that takes every message.
    pub(super) fn subscribe_to_all(&self, subscriber: Rc<dyn Subscriber<T>>) {
        let mut every = self.every.borrow_mut();
        let holder = subscriber.holder();
        // The subscriptions of one locus come one after the other.
        if every.is_empty() {
            self.are_loci_apart.set(holder.is_some());
        } else if holder.is_none() || every.last().is_some_and(|last| last.holder() == holder) {
            self.are_loci_apart.set(false);
        }
        every.push(subscriber);
    }

    /// Hands one message to all its subscribers here.
    pub(super) fn deliver(&self, core: &Core, packet: Taken<Packet<T>>, hash: u32, source: PoolId) {
        if self.is_mixed.get() {
            return self.deliver_mixed(core, packet, hash, source);
        }
        let keyed = self.keyed.borrow();
        let hash = hash & key::HASH_MASK;
        let found = if T::SPEC.keyed && !keyed.is_empty() {
            keyed.find(key::spread(hash), |e| e.hash == hash && packet.message.is_key(&e.key))
        } else {
            None
        };
        let with_key: &[Rc<dyn Subscriber<T>>] = found.map_or(&[], |entry| &entry.subscribers);
        self.deliver_to(core, packet, with_key, source);
    }

    /// Hands one message to the subscribers of its key, and to those that take every message.
    #[inline]
    pub(super) fn deliver_to(
        &self,
        core: &Core,
        mut packet: Taken<Packet<T>>,
        with_key: &[Rc<dyn Subscriber<T>>],
        source: PoolId,
    ) {
        let every = self.every.borrow();
        let mut origin = Origin::new(source, self.number);
        let mut left = every.len() + with_key.len();
        let mut takers = 0_u64;
        for subscriber in every.iter().chain(with_key) {
            left -= 1;
            if subscriber.is_outside() && source != core.id {
                continue;
            }
            takers += 1;
            subscriber.deliver(core, &mut packet, &mut origin, left == 0);
        }
        self.delivered(core, packet, origin, source, takers);
    }

    /// Hands the next messages to each subscriber in turn, where all take every message: what is paid once per run and
    /// subscriber counts less that way.
    pub(super) fn deliver_several(&self, pass: &mut Pass<'_>) {
        let (core, source) = (pass.core, pass.source);
        // Near the bound they are few, so that a message's credit is not long in coming once all have taken it.
        let records_max = match source == core.id {
            true => usize::try_from(self.own.free()).unwrap_or(usize::MAX).max(1),
            false => self.run_messages_max(source),
        };
        // SAFETY: the caller saw a record under this number, which holds a `Packet<T>` (`cursor` I2).
        let packets = unsafe { pass.cursor.take_several::<Packet<T>>(self.kind(), records_max) };
        let mut shared = Shared::new(packets, source, self.number);
        let messages = shared.len() as u64;
        let every = self.every.borrow();
        let mut takers = 0;
        for (index, subscriber) in every.iter().enumerate() {
            if subscriber.is_outside() && source != core.id {
                continue;
            }
            takers += 1;
            subscriber.deliver_several(core, &mut shared, index + 1 == every.len());
        }
        Figures::add(&self.figures.delivered, takers * messages);
        if takers == 0 {
            self.dropped(core, DropReason::Unmatched, messages);
        }
        self.taken(core, source, shared.end_free(core));
    }

    /// The same where subscriptions are of all kinds.
    #[inline(never)]
    fn deliver_mixed(&self, core: &Core, mut packet: Taken<Packet<T>>, bits: u32, source: PoolId) {
        let every = self.every.borrow();
        let keyed = self.keyed.borrow();
        let hash = bits & key::HASH_MASK;
        let found = if T::SPEC.keyed {
            keyed.find(key::spread(hash), |e| e.hash == hash && packet.message.is_key(&e.key))
        } else {
            None
        };
        let with_key: &[Rc<dyn Subscriber<T>>] = found.map_or(&[], |entry| &entry.subscribers);
        let is_matched = with_key.iter().any(|subscriber| !subscriber.is_outside());
        let mut left = every.len() + with_key.len();
        self.select.for_each_taker(bits, is_matched, |_| left += 1);
        let mut origin = Origin::new(source, self.number);
        let mut takers = 0_u64;
        let mut hand = |subscriber: &Rc<dyn Subscriber<T>>| {
            left -= 1;
            if subscriber.is_outside() && source != core.id {
                return;
            }
            takers += 1;
            subscriber.deliver(core, &mut packet, &mut origin, left == 0);
        };
        every.iter().chain(with_key).for_each(&mut hand);
        self.select.for_each_taker(bits, is_matched, &mut hand);
        self.delivered(core, packet, origin, source, takers);
    }

    fn delivered(
        &self,
        core: &Core,
        mut packet: Taken<Packet<T>>,
        origin: Origin,
        source: PoolId,
        takers: u64,
    ) {
        Figures::add(&self.figures.delivered, takers);
        if takers == 0 {
            self.dropped(core, DropReason::Unmatched, 1);
            std::mem::take(&mut packet.promise).fail(AskError::NoResponder);
        }
        if origin.ends_free(core) {
            self.taken(core, source, 1);
        }
    }

    /// Counts messages from `source` as taken by everybody here.
    #[inline]
    pub(crate) fn taken(&self, core: &Core, source: PoolId, messages: u32) {
        self.taken_from(core, source, source == core.id, messages);
    }

    /// The same, where it is known whether that is the pool itself.
    #[inline]
    pub(crate) fn taken_from(&self, core: &Core, source: PoolId, is_own: bool, messages: u32) {
        #[cfg(test)]
        if fault::is_planted(Fault::CreditKept) {
            return;
        }
        if is_own { self.own.give_back(messages) } else { self.taken_far(core, source, messages) }
    }

    /// Messages of one run from `source`, after which it gets credits back.
    pub(crate) fn run_messages_max(&self, source: PoolId) -> usize {
        let acks = self.acks.borrow();
        let credit = acks.get(usize::from(source)).and_then(Option::as_ref);
        credit.map_or(usize::MAX, |credit| usize::try_from(credit.share()).unwrap_or(usize::MAX))
    }

    fn taken_far(&self, core: &Core, source: PoolId, messages: u32) {
        if let Some(credit) = self.acks.borrow_mut().get_mut(usize::from(source)).and_then(Option::as_mut) {
            credit.count(u64::from(messages));
            if credit.is_narrow() {
                core.is_narrow_read.set(true);
            }
            if !self.acks_due.replace(true) {
                core.note_credits_due(self.number);
            }
        }
    }
}
