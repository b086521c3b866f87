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

    /// Notes that a message has to wait which its own publisher takes, perhaps behind others that only it can take.
    pub(super) fn suspect(&self, core: &Core, owed: Owed) {
        if owed.pools & (1 << core.id) != 0
            && self.every.borrow().iter().any(|subscriber| subscriber.holder() == Some(core.publisher()))
        {
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
        let room = self.own.free() + u64::from(core.returning(self.number));
        #[cfg(test)]
        let room = if fault::is_planted(Fault::DoomedTooSoon) { self.own.free() } else { room };
        // What one subscription may hold is less: the rest is dropped for it, and makes room.
        staged > room && T::SPEC.per_locus.is_none() && !self.is_kept_by_others(core, head)
    }

    /// Whether a message here that holds a credit of this pool waits, but not for this locus.
    fn is_kept_by_others(&self, core: &Core, head: &CellHead) -> bool {
        core.tickets_out(self.number) > core.returning_tickets(self.number) + self.tickets_of(core, head)
    }

    /// How many messages that hold a credit of this pool a locus keeps until it is ready. Several of its handlers may keep
    /// the same one.
    fn tickets_of(&self, core: &Core, head: &CellHead) -> usize {
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
        tickets.len()
    }
}
