//! The sending side of a route: credits are taken and messages leave for the pools that subscribe, or wait with their
//! publisher, by the topic's policy.

use std::ptr::NonNull;

use super::{HELD_BEFORE_START, Remote, Route, Uneven};
use crate::bus::ask::AskError;
use crate::bus::figures::{DropReason, Figures};
use crate::bus::key;
use crate::bus::side::Staged;
use crate::bus::topic::{Full, OnFull, Packet, Promise, Topic};
use crate::pool::core::Core;

impl<T: Topic> Route<T> {
    /// Publishes one message of this pool.
    #[inline(always)]
    pub(crate) fn publish(&self, core: &Core, packet: Packet<T>) -> Result<(), Full<Packet<T>>> {
        // The user's `Hash` goes first: where it panics, nothing has been counted yet.
        let hash = Self::hash_of(&packet);
        // Each way makes the place before the message is moved, so that it is built where it goes: were it handed to a
        // function on any way, it would be built on the stack for all of them, and copied from there.
        if core.queue.has_room_for::<Packet<T>>() && self.own.is_open_with_credit() {
            // SAFETY: the queue has just said that there is room, the header is that of such a packet, and it is written
            // in the next line but one.
            let place = unsafe { core.queue.claim::<Packet<T>>(self.header.with_hash(hash)) };
            self.own.take();
            // SAFETY: the place of this very packet.
            unsafe { place.write(packet) };
            return Ok(());
        }
        if let Some(place) = self.reserve_far(core, hash) {
            // SAFETY: the place of this very packet.
            unsafe { place.write(packet) };
            return Ok(());
        }
        core.beside.put(packet);
        self.publish_slow(core)
    }

    /// Makes a record for one further pool, where nobody subscribes here and there is room: the other common case.
    #[inline(never)]
    fn reserve_far(&self, core: &Core, hash: u32) -> Option<NonNull<Packet<T>>> {
        if core.is_detoured() || self.here.get() {
            return None;
        }
        let mut remote = self.remote.borrow_mut();
        let [only] = &mut remote[..] else { return None };
        if !only.credit.try_take() {
            return None;
        }
        Figures::add(&self.figures.published, 1);
        // SAFETY: the header is that of such a packet, and `publish` writes it at once.
        NonNull::new(unsafe { core.claim_out(only.pool, self.header.with_hash(hash)) })
    }

    #[inline]
    fn hash_of(packet: &Packet<T>) -> u32 {
        if T::SPEC.keyed { key::hash_message(&packet.message) } else { 0 }
    }

    /// Publishes what lies beside, whatever stands in its way.
    #[cold]
    #[inline(never)]
    fn publish_slow(&self, core: &Core) -> Result<(), Full<Packet<T>>> {
        // SAFETY: the caller has just put it there.
        let packet = unsafe { core.beside.take::<Packet<T>>() };
        if core.is_detoured() {
            // Something of this activation already waits, or the start is not over: order wants this behind it.
            let pools = if core.is_holding() { HELD_BEFORE_START } else { self.destinations(core) };
            core.stage(self.number, pools, packet);
            Figures::add(&self.figures.published, 1);
            return Ok(());
        }
        let pools = self.destinations(core);
        if pools == 0 {
            Figures::add(&self.figures.published, 1);
            self.dropped(core, DropReason::NoSubscriber, 1);
            self.note_uneven(core, |uneven| {
                uneven.published = uneven.published.wrapping_add(1);
                uneven.no_subscriber += 1;
            });
            packet.promise.fail(AskError::NoResponder);
            return Ok(());
        }
        match T::SPEC.on_full {
            OnFull::Fail if self.with_room(core, pools) != pools => Err(Full(packet)),
            OnFull::Block | OnFull::DropOld
                if core.has_publisher() && self.with_room(core, pools) != pools =>
            {
                core.stage(self.number, pools, packet);
                Figures::add(&self.figures.published, 1);
                Ok(())
            }
            _ => {
                Figures::add(&self.figures.published, 1);
                // Each copy that is sent sets one off against this; a `Clone` may panic in between.
                self.note_uneven(core, |uneven| uneven.published = uneven.published.wrapping_add(1));
                if let Some(unsent) = self.send(core, pools, packet) {
                    let full = u64::from(unsent.pools.count_ones());
                    self.dropped(core, DropReason::Full, full);
                    self.note_uneven(core, |uneven| uneven.full += full);
                }
                Ok(())
            }
        }
    }

    fn note_uneven(&self, core: &Core, note: impl FnOnce(&mut Uneven)) {
        let activation = core.activation();
        let known = self.uneven.get();
        let mut uneven =
            if known.activation == activation { known } else { Uneven { activation, ..Uneven::default() } };
        note(&mut uneven);
        self.uneven.set(uneven);
    }

    /// The pools that subscribe, one bit each.
    pub(super) fn destinations(&self, core: &Core) -> u64 {
        let own = if self.here.get() { 1 << core.id } else { 0 };
        self.remote.borrow().iter().fold(own, |mask, remote| mask | 1 << remote.pool)
    }

    /// Which of `pools` have room now.
    pub(super) fn with_room(&self, core: &Core, pools: u64) -> u64 {
        let own = if self.own.has_credit() { pools & (1 << core.id) } else { 0 };
        let mut remote = self.remote.borrow_mut();
        remote.iter_mut().fold(own, |mask, remote| {
            let bit = pools & (1 << remote.pool);
            if bit != 0 && remote.credit.has_credit() { mask | bit } else { mask }
        })
    }

    /// Whether a message published now would find room everywhere.
    pub(crate) fn has_room(&self, core: &Core) -> bool {
        let pools = self.destinations(core);
        self.with_room(core, pools) == pools
    }

    /// Sends to each of `pools` that has a credit; what could not be sent comes back with the pools still owed.
    pub(super) fn send(&self, core: &Core, pools: u64, packet: Packet<T>) -> Option<Staged<T>> {
        let hash = Self::hash_of(&packet);
        let mut left = pools;
        let mut remote = self.remote.borrow_mut();
        let mut packet = Some(packet);
        for index in 0..=remote.len() {
            let pool = remote.get(index).map_or(core.id, |remote| remote.pool);
            let bit = 1u64 << pool;
            if left & bit == 0 || !self.has_credit(remote.get_mut(index)) {
                continue;
            }
            left &= !bit;
            // The user's `Clone` goes first: where it panics, this pool's credit has not been taken yet.
            let copy = if left == 0 { packet.take() } else { packet.as_ref().map(Packet::duplicate) };
            let Some(copy) = copy else { break };
            self.take_credit(remote.get_mut(index));
            self.note_uneven(core, |uneven| uneven.published = uneven.published.wrapping_sub(1));
            if pool == core.id {
                core.queue.push(self.number, hash, copy);
            } else {
                core.push_out(pool, self.number, hash, copy);
            }
        }
        packet.map(|packet| Staged { pools: left, packet })
    }

    fn has_credit(&self, remote: Option<&mut Remote>) -> bool {
        remote.map_or_else(|| self.own.has_credit(), |remote| remote.credit.has_credit())
    }

    /// Takes the credit that `has_credit` saw.
    fn take_credit(&self, remote: Option<&mut Remote>) {
        match remote {
            Some(remote) => {
                let is_taken = remote.credit.try_take();
                debug_assert!(is_taken, "it was there a moment ago");
            }
            None => {
                self.own.take();
                // Counted by its entry, and by whoever publishes it to all its pools.
                Figures::add(&self.figures.published, u64::MAX);
            }
        }
    }

    /// How many messages this pool published.
    #[cfg(test)]
    pub(crate) fn published(&self) -> u64 {
        self.figures.published.get().wrapping_add(self.own.entered())
    }

    /// How many credits of this pool's messages are out.
    #[cfg(test)]
    pub(crate) fn under_way(&self) -> u64 {
        let remote: u64 = self.remote.borrow_mut().iter_mut().map(|remote| remote.credit.under_way()).sum();
        remote + self.own.queued()
    }

    /// Counts as dropped what was counted, or is about to be, as delivered: a message counts once.
    pub(crate) fn lost(&self, core: &Core, reason: DropReason, n: u64) {
        Figures::add(&self.figures.delivered, n.wrapping_neg());
        self.dropped(core, reason, n);
    }

    /// Counts drops, and logs them where `LOCUS_BUS_LOG_DROP` asks for it.
    pub(crate) fn dropped(&self, core: &Core, reason: DropReason, n: u64) {
        self.figures.drop_for(reason, n);
        core.log_drop(T::SPEC.subject, reason, n);
    }
}
