//! Async births: a future that holds the locus, its context and its scratch across polls.
//!
//! Invariants
//! - I1. While an [`AsyncBirth`] lives its cell is `Busy`, so it alone may use the body (`cell` I2).
//! - I2. The references inside the future point into the cell, the core and the boxed scratch, all owned by the same
//!   value and dropped after the future (fields drop in order).

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::arena::Scratch;
use crate::locus::cell::{LocusCell, State};
use crate::locus::context::Cx;
use crate::locus::describe::{AsyncHook, LocalBoxFuture, Locus, Outcome};
use crate::pool::core::Core;
use crate::supervise::panic_text;

/// An `async fn birth` under way. Dropping it cancels the birth.
pub(crate) struct AsyncBirth<L: Locus> {
    future: LocalBoxFuture<'static, Outcome>,
    _cx: CxBox<L>,
    _scratch: ScratchBox,
    core: Rc<Core>,
    cell: Rc<LocusCell<L>>,
}

/// A leaked box that is freed by its owner: a `Box` would claim to be the only pointer to what the future borrows.
struct CxBox<L: Locus>(*mut Cx<'static, L>);
struct ScratchBox(*mut Scratch);

impl<L: Locus> Drop for CxBox<L> {
    fn drop(&mut self) {
        // SAFETY: made by `Box::into_raw` below; the future that borrowed it is dropped (I2).
        drop(unsafe { Box::from_raw(self.0) });
    }
}

impl Drop for ScratchBox {
    fn drop(&mut self) {
        // SAFETY: as for `CxBox`; the context that borrowed it is dropped too (I2).
        drop(unsafe { Box::from_raw(self.0) });
    }
}

impl<L: Locus> AsyncBirth<L> {
    /// Calls `birth`, which runs at the first poll.
    pub(crate) fn new(cell: Rc<LocusCell<L>>, core: Rc<Core>, birth: AsyncHook<L>) -> Self {
        cell.head.state.set(State::Busy);
        let scratch = Box::into_raw(Box::new(Scratch::owned_by(cell.head.path())));
        // SAFETY: freed by `ScratchBox`, after the future (I2).
        let scratch_ref: &'static Scratch = unsafe { &*scratch };
        scratch_ref.set_ceiling_bytes(cell.head.scratch_bytes_max());
        // SAFETY: the core outlives the future, by the `Rc` kept beside it (I2).
        let core_ref: &'static Core = unsafe { &*Rc::as_ptr(&core) };
        // SAFETY: the cell outlives the future, by the `Rc` kept beside it (I2).
        let head = unsafe { &(*Rc::as_ptr(&cell)).head };
        let cx = Box::into_raw(Box::new(Cx::new(scratch_ref, core_ref, head)));
        // SAFETY: the cell is `Busy` from here on, so nobody else has the body (I1).
        let me: &'static mut L = unsafe { &mut *cell.body_ptr() };
        // SAFETY: freed by `CxBox`, after the future (I2), and lent to it alone.
        let future = birth(me, unsafe { &mut *cx });
        Self { future, _cx: CxBox(cx), _scratch: ScratchBox(scratch), core, cell }
    }
}

impl<L: Locus> Future for AsyncBirth<L> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let me = &mut *self;
        if me.core.is_paused(&me.cell.head) {
            me.cell.head.rare().wait(context.waker());
            return Poll::Pending;
        }
        me.core.resume(&me.cell.head);
        // Caught here, not by the pool: other activations may run before it hears of the end.
        match catch_unwind(AssertUnwindSafe(|| me.future.as_mut().poll(context))) {
            Ok(Poll::Pending) => match me.core.pause(&me.cell.head) {
                Ok(()) => Poll::Pending,
                Err(doom) => Poll::Ready(Err(doom.into())),
            },
            Ok(Poll::Ready(outcome)) => {
                let outcome = outcome.and_then(|()| me.core.check_doom(&me.cell.head));
                match outcome {
                    Ok(()) => me.core.end(&me.cell.head),
                    Err(_) => me.core.abandon(&me.cell.head),
                }
                Poll::Ready(outcome)
            }
            Err(panic) => {
                me.core.abandon(&me.cell.head);
                Poll::Ready(Err(format!("panicked: {}", panic_text(panic.as_ref())).into()))
            }
        }
    }
}
