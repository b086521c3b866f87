//! The way to several pools at once, where every message goes to all of them: one copy each, the last of them takes the
//! original.
//!
//! It is short where each has room and nobody waits; else the message goes the long way, or waits with its publisher.

use super::Route;
use crate::bus::figures::Figures;
use crate::bus::topic::{Packet, Topic};
use crate::pool::core::Core;

impl<T: Topic> Route<T> {
    /// Notes whether every message goes to the same several pools.
    pub(super) fn note_spread(&self) {
        let pools = self.remote.borrow().len() + usize::from(self.here.get());
        let depends = self.is_expected.get() || self.is_selective.get();
        self.is_spread.set(self.far.get() && pools > 1 && !depends);
    }

    /// Whether a message may go there at once: nobody waits, and each pool has room.
    fn may_spread(&self, core: &Core) -> bool {
        self.is_spread.get()
            && !self.contended.get()
            && !core.is_detoured()
            && (!self.here.get() || self.own.has_credit())
            && self.remote.borrow().iter().all(|remote| remote.credit.has_credit())
    }

    /// Sends what lies at `packet` to every pool that subscribes, if that can be done at once; says whether it has.
    ///
    /// # Safety
    /// There is a packet, which the caller gives up where this says so, or unwinds.
    #[inline(never)]
    pub(super) unsafe fn spread(&self, core: &Core, packet: *mut Packet<T>) -> bool {
        if !self.may_spread(core) {
            return false;
        }
        // SAFETY: by the caller; nobody looks at it again.
        let packet = unsafe { packet.read() };
        let header = self.header_of(Self::hash_of(&packet));
        let remote = self.remote.borrow();
        let copies = remote.len() - usize::from(!self.here.get());
        for remote in &remote[..copies] {
            // The user's `Clone` goes first: where it panics, nothing of this copy has been taken or counted yet.
            let copy = packet.duplicate();
            // It counts as it enters, and once for all pools: that is the original.
            Figures::add(&self.figures.published, u64::MAX);
            self.note_uneven(core, |uneven| Figures::add(&uneven.published, u64::MAX));
            // SAFETY: the header is that of such a packet, which is written at once.
            let place = unsafe { remote.claim::<T>(core, header) };
            // SAFETY: the place of this very packet.
            unsafe { place.write(copy) };
        }
        if let Some(last) = remote.get(copies) {
            // SAFETY: as above.
            let place = unsafe { last.claim::<T>(core, header) };
            // SAFETY: as above.
            unsafe { place.write(packet) };
        } else {
            self.own.take();
            core.queue.push(self.number, header.hash(), packet);
        }
        true
    }
}
