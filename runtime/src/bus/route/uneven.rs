//! What the latest activation counted for messages that went to another number of pools than one: taking back record by
//! record would count these wrongly.

use std::cell::Cell;

use super::Route;
use crate::bus::figures::{DropReason, Figures};
use crate::bus::topic::Topic;
use crate::pool::core::Core;

#[derive(Default)]
pub(super) struct Uneven {
    activation: Cell<u64>,
    /// Messages less copies, wrapping.
    pub(super) published: Cell<u64>,
    pub(super) full: Cell<u64>,
    pub(super) no_subscriber: Cell<u64>,
    pub(super) unmatched: Cell<u64>,
}

impl Uneven {
    /// Takes back what a failed activation counted, if that is the latest that did.
    pub(super) fn take_back(&self, activation: u64, figures: &Figures) {
        if self.activation.get() != activation {
            return;
        }
        Figures::add(&figures.published, self.published.take().wrapping_neg());
        figures.drop_for(DropReason::Full, self.full.take().wrapping_neg());
        figures.drop_for(DropReason::NoSubscriber, self.no_subscriber.take().wrapping_neg());
        figures.drop_for(DropReason::Unmatched, self.unmatched.take().wrapping_neg());
    }
}

impl<T: Topic> Route<T> {
    /// Notes what the running activation counts beside its messages.
    pub(super) fn note_uneven(&self, core: &Core, note: impl FnOnce(&Uneven)) {
        let uneven = &self.uneven;
        if uneven.activation.replace(core.activation()) != core.activation() {
            for count in [&uneven.published, &uneven.full, &uneven.no_subscriber, &uneven.unmatched] {
                count.set(0);
            }
        }
        note(uneven);
    }
}
