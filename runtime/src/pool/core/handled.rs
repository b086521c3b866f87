//! What the running activation handles: whether the message may be stashed, and which credits come back once it, or the
//! run it belongs to, is over.
//!
//! The credits of a run come back with its end. A publisher that finds no room looks here whether its own run holds some
//! that nobody needs any more, and a locus that has to wait, whether its own end makes the room it waits for.

use crate::bus::figures::Figures;
use crate::bus::side::NO_TICKET;
use crate::pool::core::Core;

/// A topic's number above four bits.
#[derive(Clone, Copy)]
pub(super) struct Handled(u32);

impl Handled {
    /// No message, or one whose end gives no credit of this pool's back.
    pub(super) const NOTHING: Self = Self(1 << 31);
    /// It may be stashed.
    const LENT: u32 = 1;
    /// It is one of a run that begins behind `run_began`.
    const RUN: u32 = 2;
    /// Nobody else takes that run.
    const ALONE: u32 = 4;
    /// Its credit comes back with its ticket.
    const TICKET: u32 = 8;

    #[inline]
    const fn message(number: u16, flags: u32) -> Self {
        Self((number as u32) << 4 | flags)
    }

    #[inline]
    const fn with(self, flag: u32, is_set: bool) -> Self {
        if is_set { Self(self.0 | flag) } else { self }
    }

    fn has(self, flag: u32) -> bool {
        self.0 & flag != 0
    }

    fn is_of(self, number: u16) -> bool {
        self.0 >> 4 == u32::from(number)
    }

    pub(super) fn is_lent(self) -> bool {
        self.has(Self::LENT)
    }
}

impl Core {
    /// The activations that follow take a message of topic `number` each, as one run, whose credits are this pool's where it
    /// `is_own`. `lends` says whether the messages may be stashed.
    #[inline]
    pub(crate) fn begin_run(&self, number: u16, is_own: bool, lends: bool) {
        let own =
            if is_own { Handled::message(number, Handled::RUN | Handled::ALONE) } else { Handled::NOTHING };
        self.handled.set(own.with(Handled::LENT, lends));
        self.run_began.set(self.activation.get());
    }

    /// The same where other loci take the same messages, of which this one has taken `done`.
    #[inline]
    pub(crate) fn begin_shared_run(&self, number: u16, is_own: bool, lends: bool, done: usize) {
        let own = if is_own { Handled::message(number, Handled::RUN) } else { Handled::NOTHING };
        self.handled.set(own.with(Handled::LENT, lends));
        self.run_began.set(self.activation.get().wrapping_sub(done as u64));
    }

    /// How many messages the run has taken, the running activation's included, less those that were
    /// [taken off](Self::take_off_run).
    #[inline]
    pub(crate) fn run_done(&self) -> u32 {
        self.activation.get().wrapping_sub(self.run_began.get()) as u32
    }

    /// The activations that follow handle a message of topic `number` each, whose credit is this pool's where it `is_own`.
    #[inline]
    pub(crate) fn lend_message(&self, number: u16, is_own: bool, lends: bool) {
        let own = if is_own { Handled::message(number, 0) } else { Handled::NOTHING };
        self.handled.set(own.with(Handled::LENT, lends));
    }

    /// The same for a message that has waited for its locus, under this ticket.
    pub(crate) fn lend_ticketed(&self, number: u16, ticket: u32, lends: bool) {
        let is_own = ticket != NO_TICKET && self.ticket_source(ticket) == Some(self.id);
        let own = if is_own { Handled::message(number, Handled::TICKET) } else { Handled::NOTHING };
        self.handled.set(own.with(Handled::LENT, lends));
    }

    /// Takes the messages of topic `number` off the run that have been taken before the running activation, and returns how
    /// many: their credits may come back now.
    pub(crate) fn take_off_run(&self, number: u16) -> u32 {
        let handled = self.handled.get();
        if !self.has_publisher() || !handled.has(Handled::ALONE) || !handled.is_of(number) {
            return 0;
        }
        let done = self.run_done() - 1;
        self.run_began.set(self.run_began.get().wrapping_add(u64::from(done)));
        done
    }

    /// Counts messages as handled by the locus that publishes.
    pub(crate) fn count_handled(&self, messages: u32) {
        self.with_current_cell(|cell| Figures::add(&cell.head().handled, u64::from(messages)));
    }

    /// How many of this pool's credits of topic `number` come back once what the ending activation belongs to is over.
    pub(crate) fn returning(&self, number: u16) -> u32 {
        let handled = self.handled.get();
        match handled.is_of(number) {
            true if handled.has(Handled::RUN) => self.run_done(),
            is_one => u32::from(is_one),
        }
    }

    /// How many of them come back with a ticket.
    pub(crate) fn returning_tickets(&self, number: u16) -> usize {
        let handled = self.handled.get();
        usize::from(handled.is_of(number) && handled.has(Handled::TICKET))
    }
}
