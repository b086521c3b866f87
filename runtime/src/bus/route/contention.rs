//! Contention: room goes to who has waited longest.
//!
//! While a locus waits for the topic, what others publish of it waits behind. Waits are gone through in the order in which
//! they began. Credits come from other pools at any moment, also in between: where one wait has found no room, those behind
//! it find none there either until all are gone through anew. Where all messages go to the same pools, that is anywhere: what
//! waits behind the message that found none goes there too.

use super::Route;
use super::select::Owed;
use crate::bus::topic::Topic;
use crate::pool::core::Core;

impl<T: Topic> Route<T> {
    pub(super) fn set_contended(&self, is_contended: bool) {
        self.contended.set(is_contended);
        self.note_far_open();
        self.note_own_open();
    }

    /// Notes where a message that waits has found no room.
    pub(super) fn want(&self, core: &Core, owed: Owed) {
        let wanted = self.wanted.get();
        let pools = if self.is_selective.get() { wanted.pools | owed.pools } else { u64::MAX };
        self.wanted.set(Owed { pools, groups: wanted.groups | owed.groups, ..wanted });
        self.set_contended(true);
        core.contend(self.number);
    }

    /// Forgets it: waits are gone through anew.
    pub(super) fn want_nothing(&self) {
        self.wanted.set(Owed::to(0));
        self.set_contended(false);
    }
}
