//! The way to several pools at once, where every message goes to all of them: one copy each, the last of them takes the
//! original.
//!
//! It is short where each has room and nobody waits; else the message goes the long way, or waits with its publisher. The
//! first message of an activation that goes it looks at who waits and marks the outboxes, for all that follow.

use std::rc::Rc;

use super::Route;
use super::far::{NO_PASS, Remote};
use crate::bus::cursor::Taken;
use crate::bus::figures::Figures;
use crate::bus::topic::{Packet, Topic};
use crate::pool::core::Core;

impl<T: Topic> Route<T> {
    /// Notes whether every message goes to the same several pools.
    pub(super) fn note_spread(&self) {
        let pools = self.remote.borrow().len() + usize::from(self.here.get());
        let depends = self.is_expected.get() || self.is_selective.get();
        self.is_spread.set(self.far.get() && pools > 1 && !depends);
        self.end_spread_pass();
    }

    /// Lets the next message look again whether it may go that way.
    pub(super) fn end_spread_pass(&self) {
        self.spread_pass.set(NO_PASS);
    }

    /// Whether an earlier message of the running activation went that way, and nothing has changed since.
    #[inline]
    pub(super) fn is_spreading(&self, core: &Core) -> bool {
        self.spread_pass.get() == core.activation()
    }

    /// Whether a message may go there at once: nobody waits, and each pool has room.
    #[inline]
    fn may_spread(&self, core: &Core, remote: &[Rc<Remote>]) -> bool {
        if core.is_detoured() || (self.here.get() && !self.own.has_credit()) {
            return false;
        }
        let may_go_on = self.is_spreading(core) || self.begin_spreading(core, remote);
        may_go_on && remote.iter().all(|remote| remote.credit.has_credit())
    }

    /// Looks whether anybody waits, and marks the outboxes for the running activation where nobody does.
    #[inline(never)]
    fn begin_spreading(&self, core: &Core, remote: &[Rc<Remote>]) -> bool {
        let is_free = self.is_spread.get() && !self.contended.get();
        if is_free {
            remote.iter().for_each(|remote| remote.mark(core));
            self.spread_pass.set(core.activation());
        }
        is_free
    }

    /// Sends what lies at `packet` to every pool that subscribes, if that can be done at once; says whether it has.
    ///
    /// # Safety
    /// There is a packet, which the caller gives up where this says so, or unwinds.
    #[inline(never)]
    pub(super) unsafe fn spread(&self, core: &Core, packet: *mut Packet<T>) -> bool {
        let remote = self.remote.borrow();
        if !self.may_spread(core, &remote) {
            return false;
        }
        // It stays where it lies until the last pool takes it.
        // SAFETY: by the caller; nobody else looks at it again.
        let mut packet = unsafe { Taken::of(packet) };
        let header = self.header_of(Self::hash_of(&packet));
        let (last, others) = match self.here.get() {
            true => (None, &remote[..]),
            false => remote.split_last().map_or((None, &[][..]), |(last, others)| (Some(last), others)),
        };
        for remote in others {
            // The user's `Clone` goes first: where it panics, nothing of this copy has been taken or counted yet.
            let copy = packet.duplicate();
            // It counts as it enters, and once for all pools: that is the original.
            Figures::add(&self.figures.published, u64::MAX);
            self.note_uneven(core, |uneven| Figures::add(&uneven.published, u64::MAX));
            // SAFETY: marked, the header is that of such a packet, which is written at once.
            let place = unsafe { remote.claim_marked::<T>(header) };
            // SAFETY: the place of this very packet.
            unsafe { place.write(copy) };
        }
        if let Some(last) = last {
            // SAFETY: as above.
            let place = unsafe { last.claim_marked::<T>(header) };
            // SAFETY: as above.
            unsafe { place.write(packet.move_out()) };
        } else {
            self.own.take();
            core.queue.push(self.number, header.hash(), packet.move_out());
        }
        true
    }
}
