//! The pools elsewhere that subscribe, and the short way to them: where every message goes to one further pool and nowhere
//! else, a credit and a place in the outbox are all it needs.
//!
//! What was published for other pools is not counted twice: where it goes to one, it is what was sent on its credits; where
//! it goes to several, whoever publishes it sets the others off.
//!
//! What finds no credit waits in the stage of its publisher; it goes the same way once there is room, many messages at once.

use std::cell::Cell;
use std::rc::Rc;

use super::Route;
use super::select::{Owed, Wants};
use crate::bus::credit::CreditOut;
use crate::bus::figures::Figures;
use crate::bus::record::Header;
use crate::bus::topic::{OnFull, Packet, Topic};
use crate::locus::cell::CellHead;
use crate::pool::PoolId;
use crate::pool::core::Core;
use crate::pool::core::linger::Patience;
use crate::pool::core::out::Out;

/// In place of an activation: none has this number.
pub(super) const NO_PASS: u64 = u64::MAX;

/// Another pool that subscribes to the topic.
pub(super) struct Remote {
    pub(super) pool: PoolId,
    pub(super) credit: CreditOut,
    pub(super) wants: Wants,
    out: Rc<Out>,
    /// What was sent before the activation that sent last.
    sent_before: Cell<u64>,
    patience: Patience,
}

impl Remote {
    /// Waits a moment for a credit where messages are under way that have left, and returns whether there is one. `is_first`
    /// says that the running activation has sent nothing yet.
    #[cold]
    #[inline(never)]
    fn lingers_for_credit(&self, core: &Core, is_first: bool) -> bool {
        let sent = self.credit.sent();
        let own = if is_first { 0 } else { sent.saturating_sub(self.sent_before.get()) };
        if !core.may_linger() || !self.credit.is_narrow() || self.credit.under_way() <= own {
            return false;
        }
        self.patience.try_wait(|| core.linger(|| self.credit.has_credit()))
    }

    /// Takes a credit that is there, makes a record, and returns where its payload goes.
    ///
    /// # Safety
    /// `header` is that of a `Packet<T>`, and the caller writes that before it does anything else.
    #[inline]
    pub(super) unsafe fn claim<T: Topic>(&self, core: &Core, header: Header) -> *mut Packet<T> {
        self.mark(core);
        // SAFETY: marked just above; the rest is the caller's promise.
        unsafe { self.claim_marked::<T>(header) }
    }

    /// Notes where the running activation, which is about to send, begins in the outbox.
    #[inline]
    pub(super) fn mark(&self, core: &Core) {
        if self.credit.is_narrow() {
            core.ask_for_flush();
        }
        self.out.mark(core);
    }

    /// The same as [`claim`](Self::claim), where the running activation has [marked](Self::mark) the outbox.
    ///
    /// # Safety
    /// As for [`claim`](Self::claim), and it has.
    #[inline]
    pub(super) unsafe fn claim_marked<T: Topic>(&self, header: Header) -> *mut Packet<T> {
        let is_taken = self.credit.try_take_known();
        debug_assert!(is_taken, "it was there a moment ago");
        // SAFETY: passed on.
        unsafe { self.out.claim(header) }
    }
}

impl<T: Topic> Route<T> {
    /// Adds another pool that subscribes, with the credits to reach it.
    pub(crate) fn add_remote(&self, core: &Core, pool: PoolId, credit: CreditOut, wants: Wants) {
        // Without keys there is nothing to select by, apart from shares.
        let wants = Wants { all: wants.all || (!T::SPEC.keyed && !wants.any_alone), ..wants };
        let remote = Rc::new(Remote {
            pool,
            credit,
            wants,
            out: Rc::clone(core.out(pool)),
            sent_before: Cell::new(0),
            patience: Patience::default(),
        });
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
        self.note_far_open();
        self.note_spread();
    }

    /// Ends the pass that an activation has for its way, where messages go another or have to wait.
    pub(super) fn note_far_open(&self) {
        if !self.is_plain_far.get() || self.contended.get() {
            self.far_pass.set(NO_PASS);
        }
        if self.contended.get() {
            self.end_spread_pass();
        }
    }

    /// Makes a record for one further pool, where an earlier message of the running activation went there alone and at once,
    /// and a credit and room in the outbox are known of: the other common case.
    #[inline(always)]
    pub(super) fn claim_far(&self, core: &Core, hash: u32) -> Option<*mut Packet<T>> {
        if self.far_pass.get() != core.activation() || core.is_detoured() {
            return None;
        }
        let only = self.first.get()?;
        let room = only.out.room_for::<Packet<T>>()?;
        if !only.credit.try_take_known() {
            return None;
        }
        // SAFETY: the pass was given to this activation with the mark (`core::out` I1), and there is room; the header is that
        // of such a packet, and `publish` writes it at once.
        Some(unsafe { only.out.claim_in(room, self.header_of(hash)) })
    }

    /// The same where it is the first of its activation, a credit has to be looked for, or the message waits with its
    /// publisher. Else it goes `here`.
    #[inline(never)]
    pub(super) fn reserve_far(&self, core: &Core, hash: u32, here: *mut Packet<T>) -> *mut Packet<T> {
        let Some(only) = self.first.get().filter(|_| self.is_plain_far.get() && !core.is_holding()) else {
            return here;
        };
        let is_free = !core.is_detoured() && !self.contended.get();
        let is_first = self.far_pass.get() != core.activation();
        if is_free && (only.credit.has_credit() || self.lingers(core, only, is_first)) {
            if is_first {
                only.sent_before.set(only.credit.sent());
            }
            self.far_pass.set(core.activation());
            // SAFETY: the header is that of such a packet, and `publish` writes it at once.
            return unsafe { only.claim::<T>(core, self.header_of(hash)) };
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

    /// Waits a moment for a credit instead of keeping the rest of what the activation publishes with it, which is made while
    /// the other side waits and copied once more. Returns whether there is one.
    fn lingers(&self, core: &Core, only: &Remote, is_first: bool) -> bool {
        matches!(T::SPEC.on_full, OnFull::Block)
            && core.has_publisher()
            && core.is_in_turn()
            && only.lingers_for_credit(core, is_first)
    }

    /// Sends what waits with its publisher, oldest first, as far as it goes the short way and there is room. Says whether
    /// none of it found no room; `None` where the oldest goes another way.
    pub(super) fn release_far(&self, core: &Core, head: &CellHead) -> Option<bool> {
        // Under `drop_new` nothing waits for room.
        let only = self.first.get().filter(|_| T::SPEC.on_full != OnFull::DropNew)?;
        let owed = Owed::to(1 << only.pool);
        let mut stage = head.rare().stage.borrow_mut();
        let mut is_any_gone = false;
        let is_wanted = self.wanted.get().pools & owed.pools != 0;
        while stage.is_next::<T>(self.number, owed) {
            // The user's `Hash` goes first: where it panics, nothing has been taken yet.
            // SAFETY: the oldest message is of this topic.
            let hash = if T::SPEC.keyed { Self::hash_of(&unsafe { stage.front::<T>() }.packet) } else { 0 };
            if is_wanted || !only.credit.has_credit() {
                self.want(core, owed);
                stage.settle();
                return Some(false);
            }
            // A hash is that of one message.
            let most = if T::SPEC.keyed { 1 } else { only.credit.known() };
            let header = self.header.with_hash(owed.mark(hash, 0));
            only.out.mark(core);
            let mut released = 0;
            while released < most && stage.is_next::<T>(self.number, owed) {
                // SAFETY: the header is that of such a packet, which is moved there in the next line but one.
                let place = unsafe { only.out.claim(header) };
                // SAFETY: the oldest message is of this topic, and the place that of a packet in another buffer.
                unsafe { stage.move_front_to::<T>(place) };
                released += 1;
            }
            only.credit.take_known(released);
            if only.credit.is_narrow() {
                core.ask_for_flush();
            }
            // Counted when they were staged.
            Figures::add(&self.figures.published, released.wrapping_neg());
            is_any_gone = true;
        }
        stage.settle();
        is_any_gone.then_some(true)
    }
}
