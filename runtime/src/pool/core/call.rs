//! Calls that run beside others of their locus: `#[on(concurrent = N)]`.
//!
//! A call has no envelope of its own: as a `run`, it publishes in the activations that `run.with` makes, or through
//! handles. Its slot is listed with the cell, so that a restart and the end of the locus cancel it.

use std::any::Any;
use std::rc::Rc;
use std::time::Duration;

use crate::bus::subscribe::concurrent::GoesOn;
use crate::locus::cell::CellHead;
use crate::locus::run::WITH;
use crate::pool::core::wait::{Left, poll};
use crate::pool::core::{Core, Failure};
use crate::pool::slot::Slot;
use crate::supervise::{Cause, panic_text};

impl Core {
    /// Polls a call for the first time. Its handler goes on by itself.
    pub(crate) fn start_call(
        &self,
        head: &CellHead,
        slot: Rc<Slot>,
        (method, timeout): (&'static str, Option<Duration>),
        handler: Rc<dyn GoesOn>,
    ) {
        slot.cell.set(head.id.index);
        slot.method.set(method);
        slot.handler.replace(Some(handler));
        slot.deadline.set(timeout.map(|timeout| self.now() + timeout));
        head.rare().calls.borrow_mut().push(slot.number());
        match self.poll_in_call(&slot) {
            Left::Suspended if self.cancels_handlers.get() => self.cancel_call(head, slot),
            Left::Suspended => self.set_timer(&slot),
            left => self.call_ended(head, slot, left),
        }
    }

    /// Polls a call that was woken.
    pub(super) fn poll_call(&self, head: &CellHead, slot: Rc<Slot>, handler: &dyn GoesOn) {
        match self.poll_in_call(&slot) {
            Left::Suspended => {}
            left => {
                self.call_ended(head, slot, left);
                handler.go_on(self);
            }
        }
    }

    /// Polls a call; whom it leaves without an answer hears whether it failed.
    fn poll_in_call(&self, slot: &Slot) -> Left {
        let poll = || {
            let left = poll(slot);
            // Whatever the call has made of that, it is over.
            self.call_panic.take().map_or(left, Left::Panicked)
        };
        self.in_call(poll, has_failed)
    }

    /// An activation by `with` panicked: the call is over that made it, or `run` waits for what is decided.
    pub(crate) fn with_panicked(&self, head: &CellHead, panic: Box<dyn Any + Send>) {
        if self.is_in_call.get() {
            self.abandon(head);
            self.call_panic.set(Some(panic));
        } else {
            self.panicked(head, WITH, panic.as_ref());
        }
    }

    fn call_ended(&self, head: &CellHead, slot: Rc<Slot>, left: Left) {
        let method = slot.method.get();
        self.drop_call(head, slot, has_failed(&left));
        match left {
            Left::Panicked(panic) => {
                self.abandon(head);
                head.count_failure();
                let cause = Cause::Panic(panic_text(panic.as_ref()));
                self.add_failure(Failure { cell: head.id, phase: method, cause });
            }
            Left::Ended(Err(error)) => self.note_failed(head, method, &error),
            Left::Ended(Ok(())) | Left::Suspended => {}
        }
    }

    /// The deadline of a call is over.
    pub(super) fn call_timed_out(&self, head: &CellHead, slot: Rc<Slot>, handler: &dyn GoesOn) {
        let method = slot.method.get();
        self.drop_call(head, slot, true);
        self.note_failed(head, method, &"it took longer than its `timeout`".into());
        handler.go_on(self);
    }

    /// Cancels a call because the drain's patience is over.
    pub(super) fn cancel_call(&self, head: &CellHead, slot: Rc<Slot>) {
        self.drop_call(head, slot, true);
        self.count_cancelled(head);
    }

    /// Cancels the calls of a locus, at its restart or its end.
    pub(crate) fn cancel_calls(&self, head: &CellHead) {
        let Some(rare) = head.rare_made() else { return };
        for number in rare.calls.take() {
            if let Some(slot) = self.slots.get(number) {
                self.drop_call(head, slot, true);
            }
        }
    }

    /// Drops what waits for calls of a locus that has ended for good.
    pub(crate) fn close_calls(&self, head: &CellHead) {
        self.cancel_calls(head);
        let Some(rare) = head.rare_made() else { return };
        for handler in rare.concurrent.take() {
            handler.go_on(self);
        }
    }

    /// Goes on with what waited for calls during a restart.
    pub(crate) fn resume_calls(&self, head: &CellHead) {
        let handlers = head.rare_made().map(|rare| rare.concurrent.borrow().clone());
        for handler in handlers.into_iter().flatten() {
            handler.go_on(self);
        }
    }

    fn drop_call(&self, head: &CellHead, slot: Rc<Slot>, has_failed: bool) {
        self.in_call(|| self.drop_frame(head, &slot), |()| has_failed);
        drop(slot.handler.take());
        head.rare().calls.borrow_mut().retain(|number| *number != slot.number());
        self.slots.give_back(slot);
    }
}

/// Whether a call is over, and not in good order.
fn has_failed(left: &Left) -> bool {
    matches!(left, Left::Panicked(_) | Left::Ended(Err(_)))
}
