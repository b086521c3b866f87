//! What the running activation handles: whether the message may be stashed, and which credits come back once it, or the
//! run it belongs to, is over.
//!
//! The credits of a run come back with its end. A publisher that finds no room looks here whether its own run holds some
//! that nobody needs any more, and a locus that has to wait, whether its own end makes the room it waits for.

use crate::bus::figures::Figures;
use crate::pool::core::Core;

/// A topic's number above four bits.
#[derive(Clone, Copy)]
pub(crate) struct Handled(u32);

impl Handled {
    /// No message, or one whose end gives no credit of this pool's back.
    pub(crate) const NOTHING: Self = Self(1 << 31);
    /// It may be stashed.
    const LENT: u32 = 1;
    /// It is one of a run that begins behind `run_began`.
    const RUN: u32 = 2;
    /// Nobody else takes that run.
    const ALONE: u32 = 4;
    /// Its credit comes back with its ticket.
    const TICKET: u32 = 8;

    /// A message of topic `number`, whose credit is this pool's where it `is_own`, and comes back once it is handled. `lends`
    /// says whether it may be stashed.
    #[inline]
    pub(crate) const fn message(number: u16, is_own: bool, lends: bool) -> Self {
        Self::of(number, is_own, lends, 0)
    }

    /// As [`message`](Self::message), for each message of a run that nobody else takes.
    #[inline]
    pub(crate) const fn run(number: u16, is_own: bool, lends: bool) -> Self {
        Self::of(number, is_own, lends, Self::RUN | Self::ALONE)
    }

    #[inline]
    const fn of(number: u16, is_own: bool, lends: bool, flags: u32) -> Self {
        let Self(own) = if is_own { Self((number as u32) << 4 | flags) } else { Self::NOTHING };
        Self(if lends { own | Self::LENT } else { own })
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
    /// Says what the running activation handles, or those that follow as one run.
    #[inline]
    pub(crate) fn lend(&self, handled: Handled) {
        self.handled.set(handled);
    }

    /// The activations that follow take a message each, as one run that nobody else takes.
    #[inline]
    pub(crate) fn begin_run(&self, handled: Handled) {
        self.lend(handled);
        self.run_began.set(self.activation.get());
    }

    /// What the activations that follow handle where other loci take the same messages, of which this one has taken `done`.
    #[inline]
    pub(crate) fn shared_run(&self, number: u16, is_own: bool, lends: bool, done: usize) -> Handled {
        self.run_began.set(self.activation.get().wrapping_sub(done as u64));
        Handled::of(number, is_own, lends, Handled::RUN)
    }

    /// What an activation handles whose message has waited for its locus, under this ticket.
    pub(crate) fn ticketed(&self, number: u16, ticket: u32, lends: bool) -> Handled {
        Handled::of(number, self.ticket_source(ticket) == Some(self.id), lends, Handled::TICKET)
    }

    /// How many messages the run has taken, the running activation's included, less those that were
    /// [taken off](Self::take_off_run).
    #[inline]
    pub(crate) fn run_done(&self) -> u32 {
        self.activation.get().wrapping_sub(self.run_began.get()) as u32
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

    /// How many of this pool's credits of topic `number` come back once what the ending activation belongs to is over:
    /// straight, and with a ticket.
    pub(crate) fn returning(&self, number: u16) -> (u32, u32) {
        let handled = self.handled.get();
        match handled.is_of(number) {
            false => (0, 0),
            true if handled.has(Handled::RUN) => (self.run_done(), 0),
            true if handled.has(Handled::TICKET) => (0, 1),
            true => (1, 0),
        }
    }
}
