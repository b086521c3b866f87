//! What a failed activation leaves behind, and how it is taken back.

use std::any::Any;
use std::panic::resume_unwind;

use crate::bus::LIFE;
use crate::bus::figures::DropReason;
use crate::bus::record::{Header, Word};
use crate::bus::words::Words;
use crate::locus::BoxError;
use crate::locus::cell::{CellHead, State};
use crate::pool::core::kin::LifeStep;
use crate::pool::core::{Core, Failure, stash};
#[cfg(test)]
use crate::pool::rig::fault::{self, Fault};
use crate::supervise::{Cause, panic_text};
use crate::watch::log::{self, Site};

impl Core {
    /// An activation returned an error: what it published is taken back, the state of the locus kept.
    pub(crate) fn failed(&self, head: &CellHead, phase: &'static str, error: BoxError) {
        if self.failed_in.get() == self.activation.get() {
            // What it published could not leave, which was told already.
            return;
        }
        self.take_back(head);
        self.unblock(head);
        self.report_failed(head, phase, error);
    }

    /// Puts a failure that has left the state of its locus whole before whoever decides about that, until which the locus
    /// gets nothing; where nobody does it is told, and the locus goes on. Returns whether it goes on.
    #[cold]
    #[inline(never)]
    pub(crate) fn report_failed(&self, head: &CellHead, phase: &'static str, error: BoxError) -> bool {
        if !self.is_supervised(head) {
            self.note_failed(head, phase, &error);
            return true;
        }
        head.count_failure();
        head.state.set(State::Failed);
        self.add_failure(Failure { cell: head.id, phase, cause: Cause::Error(error) });
        false
    }

    /// Whether somebody decides about failures of this locus.
    fn is_supervised(&self, head: &CellHead) -> bool {
        match head.family.child() {
            Some(_) => self.cell(head.kin.parent).is_some_and(|parent| parent.has_on_failure()),
            None => head.rare_made().is_some_and(|rare| rare.on_failure.get().is_some()),
        }
    }

    /// Nothing of a locus waits for room any more: what it published was taken back.
    pub(crate) fn unblock(&self, head: &CellHead) {
        if head.state.get() == State::Blocked {
            self.blocked.borrow_mut().retain(|index| *index != head.id.index);
            self.make_ready(head);
        }
    }

    /// Counts and tells a failure after which the locus goes on.
    #[cold]
    #[inline(never)]
    pub(crate) fn note_failed(&self, head: &CellHead, phase: &'static str, error: &BoxError) {
        let count = head.count_failure();
        log::warn(Site::Supervise, || {
            format!("{}: {phase} failed ({count} so far), resumed: {error}", head.path())
        });
    }

    /// An activation panicked: what it published is taken back, and the locus waits for its restart.
    pub(crate) fn panicked(&self, head: &CellHead, phase: &'static str, panic: &(dyn Any + Send)) {
        self.abandon(head);
        head.count_failure();
        let cause = Cause::Panic(panic_text(panic));
        self.add_failure(Failure { cell: head.id, phase, cause });
    }

    /// A handler panicked that was called at a publish: the publisher goes on, and the locus waits for its restart.
    #[cold]
    #[inline(never)]
    pub(crate) fn panicked_straight(&self, head: &CellHead, phase: &'static str, panic: Box<dyn Any + Send>) {
        head.state.set(State::Failed);
        head.count_failure();
        let cause = Cause::Panic(panic_text(panic.as_ref()));
        self.add_failure(Failure { cell: head.id, phase, cause });
    }

    /// Notes which activation unwinds, for whoever catches that.
    pub(crate) fn note_unwound(&self, cell: u32, method: &'static str) {
        self.unwound.set(Some((cell, method)));
    }

    /// Sees to the activation that unwound.
    #[cold]
    #[inline(never)]
    pub(crate) fn see_to_unwound(&self, panic: Box<dyn Any + Send>) {
        // Not of an activation: a destructor or a `Clone` between two, or the runtime itself.
        let Some((cell, method)) = self.unwound.take() else { resume_unwind(panic) };
        if let Some(cell) = self.cell(cell) {
            self.panicked(cell.head(), method, panic.as_ref());
        }
    }

    /// Closes the envelope of an activation that unwound, if one is open, and marks its locus as failed. A handler that
    /// waits is cancelled.
    pub(crate) fn abandon(&self, head: &CellHead) {
        if self.current.get() == head.id.index {
            self.end_regions();
            self.end_scratch(0);
            self.suspend();
            self.forget_doom();
            self.take_back(head);
        }
        self.drop_handler(head);
        head.state.set(State::Failed);
    }

    /// Ends the nested regions that an unwinding left open.
    pub(super) fn end_regions(&self) {
        while self.depth.get() > 0 {
            self.end_scratch(self.depth.get());
            self.depth.set(self.depth.get() - 1);
        }
    }

    /// Takes back everything the latest activation published.
    pub(crate) fn take_back(&self, head: &CellHead) {
        #[cfg(test)]
        if fault::is_planted(Fault::RollbackSkipped) {
            return;
        }
        let activation = self.activation.get();
        self.queue.roll_back(|header, payload| self.take_back_one(header, payload, self.id, true));
        for (out, pool) in self.outs.iter().zip(0..) {
            #[cfg(test)]
            if fault::is_planted(Fault::MarkOutlivesFlush) && out.mark.take().is_some() {
                // A mark from before a flush is anywhere in what came after it: at its start, for one.
                let mut all = out.outbox.take();
                all.drain_with(|header, payload| self.take_back_one(header, payload, pool, false));
                continue;
            }
            let Some(mark) = out.take_mark(activation) else { continue };
            let mut removed = Words::default();
            let mut take = |payload: *mut Word| {
                // SAFETY: the payload follows its header.
                let record = unsafe { payload.sub(1) };
                // SAFETY: the outbox has given the record up (`core` I3).
                unsafe { removed.push_record(record) }
            };
            // SAFETY: the mark was taken in this activation (`core` I2), and what is removed goes elsewhere.
            unsafe { out.outbox.rollback_with(mark, |_, payload| take(payload)) };
            removed.drain_with(|header, payload| self.take_back_one(header, payload, pool, false));
        }
        #[cfg(test)]
        let is_kept = fault::is_planted(Fault::StageOutlivesFailure);
        #[cfg(not(test))]
        let is_kept = false;
        if !is_kept {
            self.empty_stage(head, |route, payload| {
                // SAFETY: a staged record of this route that the stage has given up (`core` I3).
                unsafe { route.take_back_staged(payload) };
            });
        }
        self.routes.for_each(|_, route| route.forget(self, activation));
        self.tell_of_failure(activation);
    }

    /// Drops what waits for room.
    pub(super) fn drop_stage(&self, head: &CellHead, reason: DropReason) {
        self.empty_stage(head, |route, payload| {
            // SAFETY: a staged record of this route that the stage has given up (`core` I3).
            unsafe { route.discard_staged(payload, reason) };
        });
    }

    fn take_back_one(&self, header: Header, payload: *mut Word, pool: u16, local: bool) {
        if header.topic() == LIFE {
            // SAFETY: a record under this number holds a `LifeStep`, and its buffer has given it up.
            return self.take_back_step(unsafe { payload.cast::<LifeStep>().read() });
        }
        if let Some(route) = self.routes.get(header.topic()) {
            // SAFETY: a record of this route that its buffer has given up (`core` I3).
            unsafe { route.take_back(self, payload, pool, local) };
        }
    }

    /// Drops what was set aside for a locus that ended for good.
    pub(crate) fn flush_aside(&self, head: &CellHead) {
        stash::restore(head);
        let Some(rare) = head.rare_made() else { return };
        loop {
            let Some(header) = rare.side.borrow_mut().peek() else { return };
            match self.routes.get(header.topic()) {
                Some(route) => route.replay(self, &rare.side),
                None if header.topic() == LIFE => {
                    // SAFETY: a record under this number holds a `LifeStep`. Its locus ends anyway.
                    unsafe { rare.side.borrow_mut().pop::<LifeStep>() };
                }
                None => {
                    // SAFETY: only tokens have no route, and their payload is `()`.
                    unsafe { rare.side.borrow_mut().pop::<()>() };
                    self.token(header.hash()).drain(self);
                }
            }
        }
    }
}
