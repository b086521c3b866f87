//! What a locus publishes to itself: the room that its own run holds back, and the wait that nobody else would end.
//!
//! Messages of one's own topic circulate: each that is taken makes the room for the next. The credits of a run come back
//! with its end, so a publisher that finds none looks whether its own run has some; and whether a locus waits for itself
//! shows when its activation is over, by what comes back with that.

use super::Route;
use super::select::Owed;
use crate::bus::figures::Figures;
use crate::bus::topic::Topic;
use crate::locus::cell::CellHead;
use crate::pool::core::Core;
#[cfg(test)]
use crate::pool::rig::fault::{self, Fault};

impl<T: Topic> Route<T> {
    /// Notes whether the short way to the pool's own queue is open.
    pub(super) fn note_own_open(&self) {
        let is_queued = self.here.get() && !self.far.get() && self.straight.get().is_none();
        self.own.set_open(is_queued && !self.contended.get());
    }

    /// Gives the credits back of what the running activation's run has taken, where there are no others: else they come
    /// back with its end.
    pub(super) fn regain(&self, core: &Core) {
        if self.own.has_credit() {
            return;
        }
        #[cfg(test)]
        if fault::is_planted(Fault::RoomKeptByRun) {
            return;
        }
        let taken = core.take_off_run(self.number);
        if taken > 0 {
            Figures::add(&self.figures.delivered, u64::from(taken));
            core.count_handled(taken);
            self.own.give_back(taken);
        }
    }

    /// Notes that a message for this pool has to wait: whether for its own publisher shows at the end of the activation.
    pub(super) fn suspect(&self, core: &Core, owed: Owed) {
        if owed.pools & (1 << core.id) != 0 {
            core.suspect(self.number);
        }
    }

    /// Whether what the locus has just published here finds room only once it takes something itself, which it does not
    /// before: nobody else makes as much.
    pub(super) fn is_in_its_own_way(&self, core: &Core, head: &CellHead) -> bool {
        let own = 1 << core.id;
        let mut stage = head.rare().stage.borrow_mut();
        // A message takes a word at least: as a rule there is no need to count them.
        if stage.len_words() as u64 <= self.own.free() {
            return false;
        }
        let staged = stage.count::<T>(self.number, |owed| owed.pools & own != 0);
        let (returning, ticketed) = core.returning(self.number);
        #[cfg(test)]
        let (returning, ticketed) =
            if fault::is_planted(Fault::DoomedTooSoon) { (0, 0) } else { (returning, ticketed) };
        let room = self.own.free() + u64::from(returning);
        // What one subscription may hold is less: the rest is dropped for it, and makes room.
        let may_drop = T::SPEC.per_locus.is_some();
        if staged <= room + u64::from(ticketed) || may_drop || !self.is_taken_by(head) {
            return false;
        }
        // The message that is handled under a ticket is one of those that are out.
        staged > room + core.tickets_out(self.number) - self.tickets_of(core, head)
    }

    /// Whether a locus that waits for room here keeps every credit itself, and takes nothing before it has some.
    pub(super) fn is_held_by(&self, core: &Core, head: &CellHead) -> bool {
        !self.own.has_credit() && self.tickets_of(core, head) == self.own.queued()
    }

    /// Whether a locus takes every message, and keeps its credit until then.
    fn is_taken_by(&self, head: &CellHead) -> bool {
        self.every.borrow().iter().any(|subscriber| subscriber.holder() == Some(head.id.index))
    }

    /// How many messages that hold a credit of this pool a locus keeps until it is ready. Several of its handlers may keep
    /// the same one.
    fn tickets_of(&self, core: &Core, head: &CellHead) -> u64 {
        let Some(rare) = head.rare_made() else { return 0 };
        let mut tickets = Vec::new();
        rare.side.borrow_mut().for_each_ticket::<T>(self.number, |ticket| tickets.push(ticket));
        for token in rare.tokens.borrow().iter() {
            core.token(*token).holds(&mut |topic, ticket| {
                if topic == self.number {
                    tickets.push(ticket);
                }
            });
        }
        tickets.retain(|ticket| core.ticket_source(*ticket) == Some(core.id));
        tickets.sort_unstable();
        tickets.dedup();
        tickets.len() as u64
    }
}
