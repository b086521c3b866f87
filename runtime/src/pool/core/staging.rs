//! What the running activation publishes and has to wait: it goes to the stage of its locus, which is looked up once, and
//! lies in memory that the pool lends, so that waits of one locus at a time allocate nothing. It comes back with the last
//! message, whether that leaves or fails with its activation.
//!
//! Invariants
//! - I1. A stage is used only while the activation runs that it was looked up for, by the same locus: until then neither the
//!   cell nor what it keeps beside its head is moved or freed.

use std::cell::RefCell;
use std::ptr::NonNull;

use crate::bus::record::Word;
use crate::bus::route::AnyRoute;
use crate::bus::route::select::Owed;
use crate::bus::side::Stage;
use crate::bus::topic::{Packet, Topic};
use crate::locus::any_cell::AnyCell;
use crate::locus::cell::CellHead;
use crate::pool::core::Core;
use crate::pool::core::blocked::Doom;

/// A stage, whose it is, and in which activation.
#[derive(Clone, Copy)]
pub(super) struct Known {
    activation: u64,
    publisher: u32,
    stage: NonNull<RefCell<Stage>>,
}

impl Core {
    /// The stage of the locus that publishes.
    #[inline]
    fn current_stage(&self) -> Option<&RefCell<Stage>> {
        let is_meant = |known: &Known| {
            known.activation == self.activation.get() && known.publisher == self.current.get()
        };
        let stage = match self.known_stage.get().filter(is_meant) {
            Some(known) => known.stage,
            None => self.find_stage()?,
        };
        // SAFETY: that of the locus whose activation runs (I1), and only lent shared.
        Some(unsafe { stage.as_ref() })
    }

    #[cold]
    #[inline(never)]
    fn find_stage(&self) -> Option<NonNull<RefCell<Stage>>> {
        let stage = self.with_current_cell(|cell: &dyn AnyCell| {
            let stage = &cell.head().rare().stage;
            stage.borrow_mut().take_memory(&self.stage_memory);
            NonNull::from(stage)
        })?;
        let (activation, publisher) = (self.activation.get(), self.current.get());
        self.known_stage.set(Some(Known { activation, publisher, stage }));
        Some(stage)
    }

    /// Nothing of a locus waits any more: the memory goes to who has to wait next.
    pub(crate) fn give_stage_back(&self, head: &CellHead) {
        if let Some(rare) = head.rare_made() {
            rare.stage.borrow_mut().give_memory(&self.stage_memory);
        }
    }

    /// Gives up what waits with a locus, calls `visit` with the route and the payload of each message, and gives the memory
    /// back.
    pub(super) fn empty_stage(&self, head: &CellHead, mut visit: impl FnMut(&dyn AnyRoute, *mut Word)) {
        if !head.has_staged() {
            return;
        }
        let stage = &head.rare().stage;
        // Taken out first: what is dropped is the user's.
        let mut staged = stage.borrow_mut().take();
        staged.drain_with(|header, payload| {
            if let Some(route) = self.any_route(header.topic()) {
                visit(route, payload);
            }
        });
        stage.borrow_mut().put_memory(staged);
        self.give_stage_back(head);
    }

    /// Keeps a message with the locus that publishes it.
    pub(crate) fn stage<T: Topic>(&self, number: u16, owed: Owed, packet: Packet<T>) {
        if let Some(stage) = self.current_stage() {
            stage.borrow_mut().push(number, owed, packet);
            self.set_detour(true);
        }
        self.count_staged();
    }

    /// Makes room for a message with the locus that publishes it, and returns where it goes.
    ///
    /// # Safety
    /// `number` is that of `T`, and the caller writes the message before it does anything else.
    #[inline]
    pub(crate) unsafe fn claim_staged<T: Topic>(
        &self,
        number: u16,
        owed: Owed,
    ) -> Option<NonNull<Packet<T>>> {
        let stage = self.current_stage()?;
        if !self.detour.get() {
            self.set_detour(true);
        }
        // May unwind, and so comes before there is a record without its message.
        self.count_staged();
        // SAFETY: passed on.
        Some(unsafe { stage.borrow_mut().claim::<T>(number, owed) })
    }

    /// Counts a message of the running activation that has to wait, against the limit of its stage.
    ///
    /// # Panics
    /// Over the limit in a birth before the start.
    #[inline]
    fn count_staged(&self) {
        let activation = self.activation.get();
        let (known, count) = self.staged_in.get();
        let count = if known == activation { count + 1 } else { 1 };
        self.staged_in.set((activation, count));
        if count > self.stage_messages_max {
            self.stage_is_full();
        }
    }

    #[cold]
    #[inline(never)]
    fn stage_is_full(&self) {
        let doom = Doom::StageFull { messages_max: self.stage_messages_max };
        // A birth that is too loud refuses the start.
        assert!(!self.is_holding(), "{doom}");
        self.doom(doom);
    }
}
