//! The way out to one other pool, as activations see it: the outbox, and where the current activation began in it.
//!
//! The first message of an activation marks the outbox; the others find it marked, and need no more than room.
//!
//! Invariants
//! - I1. Where an outbox [is marked](Out::is_marked), it is noted as outgoing, and what the running activation has pushed
//!   lies behind its mark, unless that was taken back: each activation and each flush takes a number of its own, so that
//!   none from before is taken for the running one.

use std::cell::Cell;

use crate::bus::outbox::{Outbox, Room};
use crate::bus::record::Header;
use crate::bus::words::Mark;
use crate::pool::core::Core;
#[cfg(test)]
use crate::pool::rig::fault::{self, Fault};

/// Words that wait in an outbox before it is flushed between two passes over the queue: it stays in the nearest cache, and
/// the other side need not wait for the end of the turn.
const FLUSH_WORDS: usize = 2048;

/// The outbox for one pool.
#[derive(Default)]
pub(crate) struct Out {
    pub(super) outbox: Outbox,
    /// The activation that marked it last.
    marked_in: Cell<u64>,
    pub(super) mark: Cell<Option<Mark>>,
    /// Changes of subscriptions that were pushed since it was counted how many wait.
    pub(super) changes: Cell<u32>,
}

impl Out {
    /// Whether the running activation has marked it, so that a record may be made.
    #[inline]
    pub(crate) fn is_marked(&self, core: &Core) -> bool {
        self.marked_in.get() == core.activation()
    }

    /// Notes where the running activation begins in it; between two of them, where begins what leaves since the last flush.
    #[inline]
    pub(crate) fn mark(&self, core: &Core) {
        if !self.is_marked(core) {
            self.mark_anew(core);
        }
    }

    #[inline(never)]
    fn mark_anew(&self, core: &Core) {
        self.marked_in.set(core.activation());
        core.is_outgoing.set(true);
        if self.outbox.len_words() >= FLUSH_WORDS {
            core.ask_for_flush();
        }
        self.mark.set(Some(self.outbox.mark()));
        #[cfg(test)]
        if fault::is_planted(Fault::StageReleasedEarly) {
            self.mark.set(None);
        }
    }

    /// Where the next record goes, if there is room for one more `P`.
    #[inline]
    pub(crate) fn room_for<P>(&self) -> Option<Room> {
        self.outbox.room_for::<P>()
    }

    /// Makes a record where there is room, and returns where its payload goes.
    ///
    /// # Safety
    /// As for [`claim`](Self::claim), and `room` is what [`room_for`](Self::room_for) said of a `P` just before.
    #[inline]
    pub(crate) unsafe fn claim_in<P: Send>(&self, room: Room, header: Header) -> *mut P {
        // SAFETY: passed on.
        unsafe { self.outbox.claim_in(room, header) }
    }

    /// Makes a record, and returns where its payload goes.
    ///
    /// # Safety
    /// It is marked, `header` is that of a `P`, and the caller writes the payload before it does anything else.
    #[inline]
    pub(crate) unsafe fn claim<P: Send>(&self, header: Header) -> *mut P {
        // SAFETY: passed on.
        unsafe { self.outbox.claim(header) }
    }

    /// Where the activation began, if it marked the outbox and that was not flushed since.
    pub(super) fn take_mark(&self, activation: u64) -> Option<Mark> {
        self.mark.take().filter(|_| self.marked_in.get() == activation)
    }

    /// Lends the outbox for a flush, which moves the records: a mark from before it must not be used after it.
    pub(super) fn unmarked(&self) -> &Outbox {
        self.mark.set(None);
        &self.outbox
    }
}
