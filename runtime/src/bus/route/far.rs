//! The pools elsewhere that subscribe, and the short way to them: where every message goes to one further pool and nowhere
//! else, a credit and a place in the outbox are all it needs.
//!
//! What finds no credit waits in the stage of its publisher; it goes the same way once there is room, many messages at once.

use std::rc::Rc;

use super::select::{Owed, Wants};
use super::{AnyRoute, Route};
use crate::bus::credit::CreditOut;
use crate::bus::figures::Figures;
use crate::bus::topic::{OnFull, Packet, Topic};
use crate::locus::cell::CellHead;
use crate::pool::PoolId;
use crate::pool::core::Core;

/// Another pool that subscribes to the topic.
pub(super) struct Remote {
    pub(super) pool: PoolId,
    pub(super) credit: CreditOut,
    pub(super) wants: Wants,
}

impl<T: Topic> Route<T> {
    /// Adds another pool that subscribes, with the credits to reach it.
    pub(crate) fn add_remote(&self, pool: PoolId, credit: CreditOut, wants: Wants) {
        // Without keys there is nothing to select by, apart from shares.
        let wants = Wants { all: wants.all || (!T::SPEC.keyed && !wants.any_alone), ..wants };
        let remote = Rc::new(Remote { pool, credit, wants });
        let _ = self.first.set(Rc::clone(&remote));
        self.remote.borrow_mut().push(remote);
        self.far.set(true);
        self.own.set_open(false);
        self.straight.set(None);
        self.sink.set(None);
        self.is_selective.set(self.is_selective.get() || !wants.all);
        self.note_plain_far();
    }

    /// Notes whether all messages go to one further pool alone: that way is shorter.
    pub(super) fn note_plain_far(&self) {
        let is_elsewhere = self.here.get() || self.is_expected.get() || self.is_selective.get();
        self.is_plain_far.set(!is_elsewhere && self.remote.borrow().len() == 1);
    }

    /// Makes a record for one further pool, where all messages go there and a credit is known of: the other common case.
    /// Else the message waits with its publisher, or goes `here`.
    #[inline(never)]
    pub(super) fn reserve_far(&self, core: &Core, hash: u32, here: *mut Packet<T>) -> *mut Packet<T> {
        let Some(only) = self.first.get().filter(|_| self.is_plain_far.get()) else { return here };
        if core.is_detoured() || self.contended.get() || !only.credit.try_take_known() {
            return self.reserve_later(core, hash, here);
        }
        if only.credit.is_narrow() {
            core.flush_soon.set(true);
        }
        Figures::add(&self.figures.published, 1);
        // SAFETY: the header is that of such a packet, and `publish` writes it at once.
        unsafe { core.claim_out(only.pool, self.header_of(hash)) }
    }

    /// The same where a credit has to be looked for, or the message waits with its publisher.
    #[cold]
    #[inline(never)]
    fn reserve_later(&self, core: &Core, hash: u32, here: *mut Packet<T>) -> *mut Packet<T> {
        let Some(only) = self.first.get().filter(|_| !core.is_holding()) else { return here };
        let is_free = !core.is_detoured() && !self.contended.get();
        if is_free && only.credit.try_take() {
            Figures::add(&self.figures.published, 1);
            // SAFETY: the header is that of such a packet, and `publish` writes it at once.
            return unsafe { core.claim_out(only.pool, self.header_of(hash)) };
        }
        let may_wait = core.is_detoured() || matches!(T::SPEC.on_full, OnFull::Block | OnFull::DropOld);
        if !may_wait || !core.has_publisher() {
            return here;
        }
        // SAFETY: `publish` writes the packet at once.
        let Some(place) = (unsafe { core.claim_staged(self.number, Owed::to(1 << only.pool)) }) else {
            return here;
        };
        Figures::add(&self.figures.published, 1);
        place.as_ptr()
    }

    /// Sends what waits with its publisher, oldest first, as far as it goes the short way and there is room. Says whether
    /// none of it found no room; `None` where the oldest goes another way.
    pub(super) fn release_far(&self, core: &Core, head: &CellHead) -> Option<bool> {
        // Under `drop_new` nothing waits for room.
        let only = self.first.get().filter(|_| T::SPEC.on_full != OnFull::DropNew)?;
        let owed = Owed::to(1 << only.pool);
        let mut stage = head.rare().stage.borrow_mut();
        let mut released = 0;
        while stage.peek() == Some(self.number) {
            // SAFETY: the oldest message is of this topic.
            let staged = unsafe { stage.front::<T>() };
            if staged.owed != owed {
                break;
            }
            // The user's `Hash` goes first: where it panics, nothing has been taken yet.
            let hash = Self::hash_of(&staged.packet);
            if !only.credit.try_take() {
                self.set_contended(true);
                core.contend(self.number);
                stage.settle();
                return Some(false);
            }
            // SAFETY: the header is that of such a packet, which is moved there in the next line but one.
            let place = unsafe { core.claim_out(only.pool, self.header.with_hash(owed.mark(hash, 0))) };
            // SAFETY: the oldest message is of this topic, and the place that of a packet in another buffer.
            unsafe { stage.move_front_to::<T>(place) };
            released += 1;
        }
        stage.settle();
        (released > 0).then_some(true)
    }
}
