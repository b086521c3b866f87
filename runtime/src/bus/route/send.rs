//! The sending side of a route: credits are taken and messages leave for the pools that subscribe, or wait with their
//! publisher, by the topic's policy.

use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::rc::Rc;

use super::Route;
use super::far::Remote;
use super::select::{ANY_GROUPS_MAX, Owed};
use crate::bus::ask::{Address, AskError, Reply};
use crate::bus::figures::{DropReason, Figures};
use crate::bus::key;
use crate::bus::record::{Header, unknown};
use crate::bus::side::Staged;
use crate::bus::subscribe::straight::SinkCell;
use crate::bus::topic::{Full, OnFull, Packet, Promise, Topic};
use crate::pool::PoolId;
use crate::pool::core::Core;
#[cfg(test)]
use crate::pool::rig::fault::{self, Fault};

/// Room for a message on the stack, at an address that no record's payload has: an empty payload may lie one past the
/// end of a buffer, which is never inside of something else.
#[repr(C)]
struct Here<P> {
    _before: MaybeUninit<u64>,
    room: MaybeUninit<P>,
    _behind: MaybeUninit<u64>,
}

impl<P> Here<P> {
    #[inline(always)]
    fn new() -> Self {
        Self { _before: MaybeUninit::uninit(), room: MaybeUninit::uninit(), _behind: MaybeUninit::uninit() }
    }

    #[inline(always)]
    fn room(&mut self) -> *mut P {
        ptr::from_mut(&mut self.room).cast()
    }
}

impl<T: Topic> Route<T> {
    /// Publishes one message of this pool.
    #[inline(always)]
    pub(crate) fn publish(&self, core: &Core, packet: Packet<T>) -> Result<(), Full<Packet<T>>> {
        // The user's `Hash` goes first: where it panics, nothing has been counted yet.
        let hash = Self::hash_of(&packet);
        if T::HAS_SINK
            && let Some(cell) = self.sink.get()
            && packet.message.call_sink(SinkCell { cell, route: NonNull::from(self).cast(), core })
        {
            return Ok(());
        }
        // The place is found before the message is moved, and one store serves all ways: so the message is built where it
        // goes, by wide stores. Which way it was is told by the place, of which the compiler knows nothing: knowing, it
        // would make a store for each way, and the message before all of them.
        let mut here = Here::new();
        let here = here.room();
        let place = if self.own.is_open_with_credit()
            && let Some(room) = core.queue.room_for::<Packet<T>>()
        {
            self.own.take();
            // SAFETY: the queue has just said that there is room, the header is that of such a packet, and it is written
            // below, before anything else.
            unsafe { core.queue.claim::<Packet<T>>(room, self.header_of(hash)) }
        } else if let Some(place) = self.claim_far(core, hash) {
            place
        } else if self.straight.get().is_some() || self.is_spreading(core) {
            unknown(here)
        } else {
            self.reserve_far(core, hash, here)
        };
        // SAFETY: the place of this very packet, or room for it.
        unsafe { place.write(packet) };
        if place != here {
            return Ok(());
        }
        // SAFETY: written just above, and not looked at again.
        unsafe { self.publish_from(core, here) }
    }

    /// Publishes a question whose answer goes to `address`.
    #[inline]
    pub(crate) fn ask(&self, core: &Core, question: T, address: Address) {
        let promise = T::Promise::from_reply(Reply::to_pool(address));
        let hash = if T::SPEC.keyed { key::hash_message(&question) } else { 0 };
        if self.own.is_open_with_credit()
            && let Some(room) = core.queue.room_for::<Packet<T>>()
        {
            self.own.take();
            // SAFETY: the queue has just said that there is room, the header is that of such a packet, and it is written
            // below, before anything else.
            let place = unsafe { core.queue.claim::<Packet<T>>(room, self.header_of(hash)) };
            // Part by part, so that neither is put together elsewhere first.
            // SAFETY: the message of this very packet.
            let message = unsafe { &raw mut (*place).message };
            // SAFETY: as above.
            unsafe { message.write(question) };
            // SAFETY: its promise.
            let beside = unsafe { &raw mut (*place).promise };
            // SAFETY: as above.
            unsafe { beside.write(promise) };
            return;
        }
        self.ask_anyway(core, Packet { message: question, promise });
    }

    /// Publishes a question that goes elsewhere, or finds no room.
    #[inline(never)]
    fn ask_anyway(&self, core: &Core, packet: Packet<T>) {
        if let Err(Full(packet)) = self.publish(core, packet) {
            packet.promise.fail(AskError::Full);
        }
    }

    /// Publishes what lies at `packet`: hands it to its subscriber, or takes it along.
    ///
    /// # Safety
    /// There is a packet, which the caller gives up.
    #[inline]
    unsafe fn publish_from(&self, core: &Core, packet: *mut Packet<T>) -> Result<(), Full<Packet<T>>> {
        if let Some(straight) = self.straight.get() {
            // SAFETY: by the caller.
            let message = unsafe { &(*packet).message };
            // SAFETY: the route holds it.
            if unsafe { straight.call(self, core, message) } {
                // SAFETY: by the caller; nobody looks at it again.
                unsafe { packet.drop_in_place() };
                return Ok(());
            }
        }
        // SAFETY: passed on.
        if unsafe { self.spread(core, packet) } {
            return Ok(());
        }
        // SAFETY: passed on.
        unsafe { self.publish_slow(core, packet) }
    }

    /// Whether a message may be handed to its subscriber, the only one anywhere: a locus publishes it, and nothing of this
    /// topic waits here that it would overtake.
    #[inline]
    pub(crate) fn may_go_straight(&self, core: &Core) -> bool {
        #[cfg(test)]
        if fault::is_planted(Fault::InlineOvertakes) {
            return core.has_publisher();
        }
        core.has_publisher() && !core.is_detoured() && self.own.is_idle()
    }

    /// Counts a message that was handed to its subscriber.
    #[inline]
    pub(crate) fn count_straight(&self) {
        Figures::add(&self.figures.straight, 1);
    }

    /// The header of a record.
    #[inline]
    pub(super) fn header_of(&self, hash: u32) -> Header {
        if T::SPEC.keyed { self.header.with_hash(hash) } else { self.header }
    }

    #[inline]
    pub(super) fn hash_of(packet: &Packet<T>) -> u32 {
        if T::SPEC.keyed { key::hash_message(&packet.message) } else { 0 }
    }

    /// Publishes what lies at `packet`, whatever stands in its way.
    ///
    /// # Safety
    /// As for [`publish_from`](Self::publish_from).
    #[cold]
    #[inline(never)]
    unsafe fn publish_slow(&self, core: &Core, packet: *mut Packet<T>) -> Result<(), Full<Packet<T>>> {
        // SAFETY: by the caller; nobody looks at it again.
        let packet = unsafe { packet.read() };
        if core.is_detoured() {
            // Something of this activation already waits, or the start is not over: order wants this behind it.
            let owed = if core.is_holding() { Owed::HELD } else { self.owed(core, &packet) };
            self.suspect(core, owed);
            core.stage(self.number, owed, packet);
            Figures::add(&self.figures.published, 1);
            return Ok(());
        }
        let owed = self.owed(core, &packet);
        if owed.is_nothing() {
            let reason = self.unwanted();
            Figures::add(&self.figures.published, 1);
            self.dropped(core, reason, 1);
            self.note_uneven(core, |uneven| {
                Figures::add(&uneven.published, 1);
                let dropped = if reason == DropReason::NoSubscriber {
                    &uneven.no_subscriber
                } else {
                    &uneven.unmatched
                };
                Figures::add(dropped, 1);
            });
            packet.promise.fail(AskError::NoResponder);
            return Ok(());
        }
        self.regain(core);
        match T::SPEC.on_full {
            OnFull::Fail if self.with_room(core, owed) != owed => Err(Full(packet)),
            OnFull::Block | OnFull::DropOld
                if core.has_publisher() && (self.contended.get() || self.with_room(core, owed) != owed) =>
            {
                self.suspect(core, owed);
                core.stage(self.number, owed, packet);
                Figures::add(&self.figures.published, 1);
                Ok(())
            }
            _ => {
                Figures::add(&self.figures.published, 1);
                // Each copy that is sent sets one off against this; a `Clone` may panic in between.
                self.note_uneven(core, |uneven| Figures::add(&uneven.published, 1));
                if let Some(unsent) = self.send(core, owed, 0, packet) {
                    let full = unsent.owed.count();
                    self.dropped(core, DropReason::Full, full);
                    self.note_uneven(core, |uneven| Figures::add(&uneven.full, full));
                }
                Ok(())
            }
        }
    }

    /// Why a message goes nowhere.
    pub(super) fn unwanted(&self) -> DropReason {
        let has_subscriber = self.here.get() || self.far.get();
        if self.is_selective.get() && has_subscriber {
            DropReason::Unmatched
        } else {
            DropReason::NoSubscriber
        }
    }

    /// Where a message has to go.
    pub(super) fn owed(&self, core: &Core, packet: &Packet<T>) -> Owed {
        if self.is_selective.get() {
            self.selected(core, &packet.message)
        } else {
            Owed::to(self.destinations(core))
        }
    }

    /// Whether a child that may take the message was spawned and is not born yet: it is, once the message's turn comes.
    fn expects(&self, core: &Core) -> bool {
        self.is_expected.get() && core.unborn.get() > 0
    }

    /// The pools that subscribe, one bit each.
    fn destinations(&self, core: &Core) -> u64 {
        let own = if self.here.get() || self.expects(core) { 1 << core.id } else { 0 };
        self.remote.borrow().iter().fold(own, |mask, remote| mask | 1 << remote.pool)
    }

    /// Where this message goes, by its key and by the shares of replicas.
    fn selected(&self, core: &Core, message: &T) -> Owed {
        let own = 1_u64 << core.id;
        let keyed = T::SPEC.keyed;
        let hash = if keyed { key::hash_message(message) } else { 0 };
        let mut pools = if keyed { self.select.listed(message, hash) } else { 0 };
        let mut is_matched = pools != 0;
        if keyed && self.here.get() {
            let table = self.keyed.borrow();
            let found = table.find(key::spread(hash), |e| e.hash == hash && message.is_key(&e.key));
            if let Some(entry) = found {
                pools |= own;
                is_matched |= entry.subscribers.iter().any(|subscriber| !subscriber.is_outside());
            }
        }
        if self.expects(core)
            || !self.every.borrow().is_empty()
            || (!is_matched && self.select.has_unmatched_here())
        {
            pools |= own;
        }
        if keyed && self.select.has_shares() {
            pools |= self.select.owners(hash);
        }
        for remote in self.remote.borrow().iter() {
            if remote.wants.all || (remote.wants.unmatched && !is_matched) {
                pools |= 1 << remote.pool;
            }
        }
        Owed { is_matched, groups: self.select.all_groups(), ..Owed::to(pools) }
    }

    /// What of `owed` has room now.
    pub(super) fn with_room(&self, core: &Core, owed: Owed) -> Owed {
        let own = if self.own.has_credit() { 1 << core.id } else { 0 };
        let mut asked = owed.pools;
        if owed.groups != 0 {
            let groups = self.select.groups.borrow();
            asked = groups.iter().flatten().fold(asked, |mask, pool| mask | 1 << pool);
        }
        let remote = self.remote.borrow();
        let open = remote.iter().fold(own, |mask, remote| {
            let bit = asked & (1 << remote.pool);
            if bit != 0 && remote.credit.has_credit() { mask | bit } else { mask }
        });
        let mut groups = 0;
        if owed.groups != 0 {
            for (group, pools) in self.select.groups.borrow().iter().enumerate() {
                if owed.groups & 1 << group != 0 && pools.iter().any(|pool| open & 1 << pool != 0) {
                    groups |= 1 << group;
                }
            }
        }
        Owed { pools: owed.pools & open, groups, ..owed }
    }

    /// Whether any message published now would find room.
    pub(crate) fn has_room(&self, core: &Core) -> bool {
        if self.contended.get() {
            return false;
        }
        let mut owed = Owed::to(self.destinations(core));
        if self.is_selective.get() {
            owed.groups = self.select.all_groups();
            // A pool that takes shares alone is not asked: the message goes to one that has room.
            owed.pools &= !self.any_alone(core);
        }
        self.with_room(core, owed) == owed
    }

    /// The pools that take nothing but what falls to them of an `any` subscription, one bit each.
    fn any_alone(&self, core: &Core) -> u64 {
        let is_own = self.select.is_any_alone_here()
            && self.every.borrow().is_empty()
            && self.keyed.borrow().is_empty();
        let own = if is_own { 1 << core.id } else { 0 };
        let remote = self.remote.borrow();
        let any_alone = remote.iter().filter(|remote| remote.wants.any_alone);
        any_alone.fold(own, |mask, remote| mask | 1 << remote.pool)
    }

    /// For each of the `any` subscriptions in `groups`, its least loaded pool with room that is not `barred`.
    fn choose(&self, groups: u8, barred: u64) -> [Option<PoolId>; ANY_GROUPS_MAX] {
        let mut chosen = [None; ANY_GROUPS_MAX];
        if groups == 0 {
            return chosen;
        }
        let turn = self.select.turn.get();
        self.select.turn.set(turn.wrapping_add(1));
        let remote = self.remote.borrow();
        for (group, pools) in self.select.groups.borrow().iter().enumerate() {
            if groups & 1 << group == 0 {
                continue;
            }
            let mut least = u64::MAX;
            for step in 0..pools.len() {
                // Those that are loaded alike take turns.
                let pool = pools[(turn + step) % pools.len()];
                if barred & 1 << pool != 0 {
                    continue;
                }
                let load = match remote.iter().find(|remote| remote.pool == pool) {
                    Some(remote) => remote.credit.has_credit().then(|| remote.credit.under_way()),
                    None => self.own.has_credit().then(|| self.own.queued()),
                };
                if let Some(load) = load.filter(|load| *load < least) {
                    (least, chosen[group]) = (load, Some(pool));
                }
            }
        }
        chosen
    }

    /// Sends what has a credit; the rest comes back with what is still owed.
    ///
    /// `barred` are the pools that get a copy of their own later: if one of them had room by now and were chosen for an
    /// `any` subscription, it would get the message twice.
    pub(super) fn send(&self, core: &Core, owed: Owed, barred: u64, packet: Packet<T>) -> Option<Staged<T>> {
        let hash = Self::hash_of(&packet);
        let chosen = self.choose(owed.groups, barred);
        let groups_of = |pool: PoolId| {
            let of_pool = chosen.iter().enumerate().filter(|(_, chosen)| **chosen == Some(pool));
            of_pool.fold(0_u8, |mask, (group, _)| mask | 1 << group)
        };
        let mut left = owed;
        left.pools = chosen.iter().flatten().fold(left.pools, |mask, pool| mask | 1 << pool);
        // A subscription none of whose replicas has room is owed in any case.
        let stuck = chosen.iter().enumerate().fold(owed.groups, |mask, (group, chosen)| {
            if chosen.is_some() { mask & !(1 << group) } else { mask }
        });
        left.groups = stuck;
        let remote = self.remote.borrow();
        let mut packet = Some(packet);
        for index in 0..=remote.len() {
            let pool = remote.get(index).map_or(core.id, |remote| remote.pool);
            let bit = 1u64 << pool;
            if left.pools & bit == 0 || !self.has_credit(remote.get(index)) {
                continue;
            }
            left.pools &= !bit;
            // The user's `Clone` goes first: where it panics, this pool's credit has not been taken yet.
            let copy = if left.is_nothing() { packet.take() } else { packet.as_ref().map(Packet::duplicate) };
            let Some(copy) = copy else { break };
            self.take_credit(remote.get(index));
            self.note_uneven(core, |uneven| Figures::add(&uneven.published, u64::MAX));
            let bits = owed.mark(hash, groups_of(pool));
            if pool == core.id {
                core.queue.push(self.number, bits, copy);
            } else {
                core.push_out(pool, self.number, bits, copy);
            }
        }
        packet.map(|packet| Staged { owed: left, packet })
    }

    fn has_credit(&self, remote: Option<&Rc<Remote>>) -> bool {
        remote.map_or_else(|| self.own.has_credit(), |remote| remote.credit.has_credit())
    }

    /// Takes the credit that `has_credit` saw.
    fn take_credit(&self, remote: Option<&Rc<Remote>>) {
        match remote {
            Some(remote) => {
                let is_taken = remote.credit.try_take();
                debug_assert!(is_taken, "it was there a moment ago");
            }
            None => self.own.take(),
        }
        // Counted as it enters, and by whoever publishes it to all its pools.
        Figures::add(&self.figures.published, u64::MAX);
    }

    /// What has entered the pool's own queue and the outboxes, and is counted there.
    pub(super) fn entered(&self) -> u64 {
        self.remote
            .borrow()
            .iter()
            .fold(self.own.entered(), |sum, remote| sum.wrapping_add(remote.credit.sent()))
    }

    /// How many messages this pool published.
    #[cfg(test)]
    pub(crate) fn published(&self) -> u64 {
        self.figures.published.get().wrapping_add(self.entered()).wrapping_add(self.figures.straight.get())
    }

    /// How many credits of this pool's messages are out.
    #[cfg(test)]
    pub(crate) fn under_way(&self) -> u64 {
        let remote: u64 = self.remote.borrow_mut().iter_mut().map(|remote| remote.credit.under_way()).sum();
        remote + self.own.queued()
    }

    /// The most messages that hold a credit towards one pool.
    #[cfg(test)]
    pub(crate) fn fullest(&self) -> u64 {
        let remote = self.remote.borrow();
        let remote = remote.iter().map(|remote| remote.credit.under_way()).max();
        remote.unwrap_or_default().max(self.own.queued())
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
