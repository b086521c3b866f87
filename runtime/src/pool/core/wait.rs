//! Activations that wait: the envelope around the polls of an `async fn` handler.
//!
//! Each poll is an envelope of its own: what is published in it leaves when the future suspends, and is taken back when
//! it fails. Between polls the locus is busy, so what arrives for it is set aside. A handler whose message waits for
//! room is not polled until that has gone.
//!
//! Invariants
//! - I1. While a frame lies in a slot, the cell's head names the slot, and its state is `Busy`: every way out of that
//!   state ([`Core::abandon`], the end of the future, [`Core::cancel`]) drops the frame first.
//! - I2. A pool cancels all its frames before it lets go of its core.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use crate::locus::cell::{CellHead, State};
use crate::locus::describe::Outcome;
use crate::pool::core::Core;
use crate::pool::core::blocked::Doom;
use crate::pool::slot::{NO_SLOT, Slot};
use crate::pool::timers::Due;
use crate::supervise::panic_text;
use crate::watch::log::{self, Site};

/// How the frame of a handler was left.
pub(super) enum Left {
    Suspended,
    Ended(Outcome),
    Panicked(Box<dyn Any + Send>),
}

impl Core {
    /// Opens the envelope of a handler that may wait, on a locus that is ready.
    pub(crate) fn begin_waiting(&self, head: &CellHead) {
        debug_assert_eq!(head.slot.get(), NO_SLOT, "{} has a handler that waits", head.path());
        head.state.set(State::Busy);
        self.begin(head);
    }

    /// Polls a handler's frame for the first time, in the envelope that [`begin_waiting`](Self::begin_waiting) opened.
    pub(crate) fn start(
        &self,
        head: &CellHead,
        slot: Rc<Slot>,
        method: &'static str,
        timeout: Option<Duration>,
    ) {
        slot.cell.set(head.id.index);
        slot.method.set(method);
        slot.deadline.set(timeout.map(|timeout| self.now() + timeout));
        head.slot.set(slot.number());
        match poll(&slot) {
            Left::Suspended => self.suspended(head, &slot),
            left => {
                self.ended(head, &slot, left);
                self.slots.give_back(slot);
            }
        }
    }

    /// Polls a handler that was woken; returns whether there was one.
    pub(crate) fn poll_slot(&self, number: u32) -> bool {
        let Some(slot) = self.slots.get(number).filter(|slot| slot.is_live()) else { return false };
        let Some(cell) = self.cell(slot.cell.get()) else { return false };
        let head = cell.head();
        if let Some(handler) = slot.handler() {
            self.poll_call(head, slot, &*handler);
            return true;
        }
        if self.is_paused(head) {
            // It goes on when that has gone: `stage_emptied` wakes it.
            slot.unlist();
            return false;
        }
        self.resume(head);
        match poll(&slot) {
            Left::Suspended => self.suspended(head, &slot),
            left => {
                self.ended(head, &slot, left);
                self.slots.give_back(slot);
                self.make_ready_again(head);
            }
        }
        true
    }

    /// Polls every handler that waits.
    pub(crate) fn poll_all_slots(&self) -> usize {
        self.slots.live().iter().filter(|slot| self.poll_slot(slot.number())).count()
    }

    /// A handler waits: what it published so far leaves.
    fn suspended(&self, head: &CellHead, slot: &Rc<Slot>) {
        self.load.end();
        self.name_activation(head, slot.method.get());
        if self.cancels_handlers.get() {
            self.forget_doom();
            self.suspend();
            self.cancel(head);
            return;
        }
        if let Err(doom) = self.pause(head) {
            self.drop_handler(head);
            if self.report_failed(head, slot.method.get(), doom.into()) {
                self.make_ready(head);
            }
            return;
        }
        self.set_timer(slot);
    }

    /// Leaves the envelope of a future that suspends; it is not polled until all it has published has found room.
    ///
    /// # Errors
    /// Why that can never leave, after which it is taken back, and the future is the caller's to drop.
    pub(crate) fn pause(&self, head: &CellHead) -> Result<(), Doom> {
        let doom = self.take_doom(head);
        self.suspend();
        if let Some(doom) = doom {
            self.take_back(head);
            return Err(doom);
        }
        if self.is_paused(head) {
            self.block(head);
        }
        Ok(())
    }

    /// Whether a message that a suspended future published waits for room. Before the start is over all of them wait.
    pub(crate) fn is_paused(&self, head: &CellHead) -> bool {
        head.has_staged() && !self.is_holding()
    }

    /// A handler is over. Its frame is dropped inside the envelope, so that what its destructors do belongs to it.
    fn ended(&self, head: &CellHead, slot: &Slot, left: Left) {
        self.load.end();
        self.name_activation(head, slot.method.get());
        self.drop_frame(head, slot);
        head.slot.set(NO_SLOT);
        match left {
            Left::Panicked(panic) => self.panicked(head, slot.method.get(), panic.as_ref()),
            Left::Ended(outcome) => {
                self.end(head);
                if let Err(error) = outcome {
                    self.failed(head, slot.method.get(), error);
                }
            }
            Left::Suspended => unreachable!("a suspended handler is not over"),
        }
    }

    /// Lets a locus whose handler has waited take what was set aside meanwhile.
    fn make_ready_again(&self, head: &CellHead) {
        if head.state.get() == State::Ready {
            self.make_ready(head);
        }
    }

    /// Every message that a waiting locus had published has gone: it may go on.
    pub(crate) fn stage_emptied(&self, head: &CellHead) {
        if head.state.get() != State::Busy {
            return;
        }
        if let Some(slot) = self.slots.get(head.slot.get()) {
            slot.wake();
        }
        if let Some(rare) = head.rare_made() {
            // An async birth; a `run` that waits for the locus looks in vain.
            rare.waiters.take().into_iter().for_each(Waker::wake);
        }
    }

    /// Sets up the timer for a handler's deadline. There is one for each slot at most.
    pub(super) fn set_timer(&self, slot: &Slot) {
        let (Some(at), None) = (slot.deadline.get(), slot.timer_at.get()) else { return };
        slot.timer_at.set(Some(at));
        self.timers.borrow_mut().push(at, Due::Deadline { slot: slot.number(), at });
    }

    /// A deadline that was set up is due. The handler it was for may be over, and another one in its slot.
    pub(crate) fn deadline_due(&self, number: u32, at: Instant) {
        let Some(slot) = self.slots.get(number).filter(|slot| slot.timer_at.get() == Some(at)) else {
            return;
        };
        slot.timer_at.set(None);
        let Some(deadline) = slot.deadline.get().filter(|_| slot.is_live()) else { return };
        if deadline > self.now() {
            return self.set_timer(&slot);
        }
        let Some(cell) = self.cell(slot.cell.get()) else { return };
        let head = cell.head();
        if let Some(handler) = slot.handler() {
            return self.call_timed_out(head, slot, &*handler);
        }
        let method = slot.method.get();
        if self.drop_handler(head)
            && self.report_failed(head, method, "it took longer than its `timeout`".into())
        {
            self.make_ready(head);
        }
    }

    /// Cancels what a locus waits for in a handler, and makes it ready; returns whether there was anything.
    #[inline]
    pub(crate) fn cancel(&self, head: &CellHead) -> bool {
        head.slot.get() != NO_SLOT && self.cancel_waiting(head)
    }

    fn cancel_waiting(&self, head: &CellHead) -> bool {
        let is_cancelled = self.drop_handler(head);
        if is_cancelled {
            self.count_cancelled(head);
            self.make_ready(head);
        }
        is_cancelled
    }

    /// Counts something of a locus that the drain did not wait for.
    pub(crate) fn count_cancelled(&self, head: &CellHead) {
        let cancelled = &head.rare().cancelled;
        cancelled.set(cancelled.get() + 1);
    }

    /// Cancels every handler that waits, and from now on each that would.
    pub(crate) fn cancel_handlers(&self) {
        self.cancels_handlers.set(true);
        for slot in self.slots.live() {
            // What was cancelled before it may have ended this one too.
            let Some(cell) = self.cell(slot.cell.get()).filter(|_| slot.is_live()) else { continue };
            match slot.handler() {
                None => {
                    self.cancel(cell.head());
                }
                Some(handler) => {
                    self.cancel_call(cell.head(), slot);
                    handler.go_on(self);
                }
            }
        }
    }

    /// Drops the handler in which a locus waits, if there is one. What its destructors publish is taken back, and the
    /// questions they leave unanswered hear that the handler failed; what it published before it waited has left, or
    /// waits for room.
    pub(super) fn drop_handler(&self, head: &CellHead) -> bool {
        let Some(slot) = self.slots.get(head.slot.get()).filter(|slot| slot.is_live()) else { return false };
        debug_assert!(!self.has_publisher(), "futures are dropped between activations");
        let released = head.rare_made().map(|rare| rare.stage.take());
        self.begin(head);
        self.drop_frame(head, &slot);
        head.slot.set(NO_SLOT);
        self.suspend();
        self.forget_doom();
        self.take_back(head);
        if let Some(released) = released {
            head.rare().stage.replace(released);
        }
        self.slots.give_back(slot);
        true
    }

    /// Drops a frame whose destructors may panic: the locus goes on.
    pub(super) fn drop_frame(&self, head: &CellHead, slot: &Slot) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| slot.empty())) {
            self.end_regions();
            let (method, text) = (slot.method.get(), panic_text(panic.as_ref()));
            log::warn(Site::Supervise, || {
                format!("{}: a destructor of {method} panicked: {text}", head.path())
            });
        }
    }
}

pub(super) fn poll(slot: &Slot) -> Left {
    match catch_unwind(AssertUnwindSafe(|| slot.poll())) {
        Ok(None | Some(Poll::Pending)) => Left::Suspended,
        Ok(Some(Poll::Ready(outcome))) => Left::Ended(outcome),
        Err(panic) => Left::Panicked(panic),
    }
}
