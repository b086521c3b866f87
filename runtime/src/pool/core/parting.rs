//! What askers hear only once it is known how the activation ended that answered them, or the call.
//!
//! An answer to a question of a pool is a record, taken back with what else the activation published. One that goes to a
//! task or a thread outside waits here for the end of the turn. So does a question that a call of
//! `#[on(concurrent = N)]` leaves unanswered, wherever it came from: whether the call failed is known when it is over.

use crate::pool::core::Core;

/// Tells an asker; is told whether who answered has failed.
type Tell = Box<dyn FnOnce(bool)>;

/// In place of an activation's number: a call is polled.
const CALL: u64 = 0;

/// An asker that is told later.
pub(super) struct Parting {
    /// Who answered: the number of an activation, or `CALL`.
    answered_in: u64,
    tell: Tell,
}

impl Core {
    /// Has an asker told when the running activation is over.
    pub(crate) fn tell_after_activation(&self, tell: Tell) {
        self.partings.borrow_mut().push(Parting { answered_in: self.activation.get(), tell });
    }

    /// Has an asker told when the call is over that is being polled, or dropped.
    pub(crate) fn tell_after_call(&self, tell: Tell) {
        self.partings.borrow_mut().push(Parting { answered_in: CALL, tell });
    }

    /// Whether what is dropped now belongs to a call.
    pub(crate) fn is_in_call(&self) -> bool {
        self.is_in_call.get() && !self.has_publisher()
    }

    /// Does something with a call, and tells the askers whom that left without an answer: `has_failed` says of what was
    /// done whether the call has failed.
    pub(super) fn in_call<R>(&self, act: impl FnOnce() -> R, has_failed: impl FnOnce(&R) -> bool) -> R {
        let was_in_call = self.is_in_call.replace(true);
        let done = act();
        self.is_in_call.set(was_in_call);
        self.tell_partings(CALL, has_failed(&done));
        done
    }

    /// Tells the askers whom an activation answered that has failed.
    pub(super) fn tell_of_failure(&self, activation: u64) {
        self.tell_partings(activation, true);
    }

    fn tell_partings(&self, answered_in: u64, has_failed: bool) {
        if self.partings.borrow().is_empty() {
            return;
        }
        // Taken out first: what is dropped with an answer is the user's.
        let told: Vec<_> =
            self.partings.borrow_mut().extract_if(.., |one| one.answered_in == answered_in).collect();
        told.into_iter().for_each(|one| (one.tell)(has_failed));
    }

    /// Tells all askers that wait for the end of the turn.
    pub(crate) fn tell_askers(&self) {
        if !self.partings.borrow().is_empty() {
            self.partings.take().into_iter().for_each(|one| (one.tell)(false));
        }
    }
}
