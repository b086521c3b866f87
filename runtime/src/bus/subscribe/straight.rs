//! Handlers that are called at the publish itself: what `#[on(inline)]` makes.
//!
//! Such a handler takes no `cx`, so it publishes nothing: it neither re-enters the bus nor has anything to take back.
//! It is called only while its locus is ready and nothing of the topic waits here, so no message overtakes another of
//! the same topic. It is an activation of its own locus: what goes wrong in it is that locus's failure, and the publisher
//! goes on.
//!
//! Invariants
//! - I1. A [`Straight`] is held by the route of its topic only while the subscriber that gave it out is in the route's
//!   list, or retired (`routes` I4).
//! - I2. The body is lent as `&mut L` while the state is `Running`, which was `Ready` just before (`cell` I2): a locus on
//!   the call stack is `Running` and so never lent twice.

use std::any::TypeId;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use crate::bus::figures::Figures;
use crate::bus::route::Route;
use crate::bus::topic::Topic;
use crate::locus::cell::{LocusCell, State};
use crate::locus::describe::{Locus, Outcome};
use crate::pool::core::Core;

/// The one `#[on(inline)]` handler of `T` in the locus. Implemented by `#[locus]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not take `{T}` inline",
    label = "has no `#[on(inline)]` handler for `{T}`",
    note = "`#[topic(to = ..)]` names the locus whose `#[on(inline)]` handler takes the topic"
)]
pub trait TakesInline<T: Topic>: Locus {
    /// The method's name, for reports.
    const METHOD: &'static str;
    /// Handles one message.
    ///
    /// # Errors
    /// The method's own.
    fn take_inline(me: &mut Self, message: &T) -> Outcome;
}

/// Calls a handler with a message.
///
/// # Safety
/// The pointer is the one that stands beside it in its [`Straight`], which is valid (I1).
type Call<T> = unsafe fn(NonNull<()>, &Route<T>, &Core, &T) -> bool;

/// How to call the handler of one subscriber.
pub(crate) struct Straight<T: Topic> {
    cell: NonNull<()>,
    call: Call<T>,
}

/// The same, and what locus it is.
pub(crate) struct Offer<T: Topic> {
    pub(crate) straight: Straight<T>,
    locus: TypeId,
}

impl<T: Topic> Clone for Straight<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Topic> Copy for Straight<T> {}

impl<T: Topic> Straight<T> {
    fn of<L: TakesInline<T>>(cell: &LocusCell<L>) -> Self {
        Self { cell: NonNull::from(cell).cast(), call: call::<T, L> }
    }

    /// Calls the handler; false, with nothing done, where its locus is not idle or something waits before the message.
    ///
    /// # Safety
    /// `route` holds `self` now (I1).
    #[inline]
    pub(crate) unsafe fn call(&self, route: &Route<T>, core: &Core, message: &T) -> bool {
        // SAFETY: passed on.
        unsafe { (self.call)(self.cell, route, core, message) }
    }
}

impl<T: Topic> Offer<T> {
    fn of<L: TakesInline<T>>(cell: &LocusCell<L>) -> Self {
        Self { straight: Straight::of(cell), locus: TypeId::of::<L>() }
    }

    /// The cell, where it is one of the locus type `locus`.
    pub(crate) fn cell_of(&self, locus: TypeId) -> Option<NonNull<()>> {
        (self.locus == locus).then_some(self.straight.cell)
    }
}

/// The constant that tells whether and how a handler is called straight.
pub struct Inline<L: 'static, T: Topic>(pub(crate) fn(&LocusCell<L>) -> Offer<T>);

impl<L: TakesInline<T>, T: Topic> Inline<L, T> {
    /// The handler that `L` has for `T`.
    pub const HANDLER: Self = Self(Offer::of::<L>);
}

impl<L: 'static, T: Topic> std::fmt::Debug for Inline<L, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inline")
    }
}

/// Where `publish` of a topic with `to = ..` finds the sink of its pool. Only generated code meets it.
#[derive(Clone, Copy)]
pub struct SinkCell<'a> {
    pub(crate) cell: NonNull<()>,
    /// The `Route` of the topic.
    pub(crate) route: NonNull<()>,
    pub(crate) core: &'a Core,
}

impl SinkCell<'_> {
    /// Calls the handler; false, with nothing done, where the sink is not idle or something waits before the message.
    #[inline(always)]
    pub fn call<L: TakesInline<T>, T: Topic>(self, message: &T) -> bool {
        debug_assert_eq!(T::sink(), Some(TypeId::of::<L>()), "the cell is one of the topic's sink");
        // SAFETY: routes make these with themselves; generated code calls the topic's own.
        let route = unsafe { self.route.cast::<Route<T>>().as_ref() };
        // SAFETY: a route makes one of these from a straight it holds, whose locus is the topic's sink (I1).
        unsafe { call::<T, L>(self.cell, route, self.core, message) }
    }
}

impl std::fmt::Debug for SinkCell<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SinkCell")
    }
}

/// Calls the handler of `T` in the locus in `cell`.
///
/// # Safety
/// `cell` is a living `LocusCell<L>` of this core's pool.
#[inline(always)]
unsafe fn call<T: Topic, L: TakesInline<T>>(
    cell: NonNull<()>,
    route: &Route<T>,
    core: &Core,
    message: &T,
) -> bool {
    // SAFETY: by the caller; it is only lent shared.
    let cell = unsafe { cell.cast::<LocusCell<L>>().as_ref() };
    if cell.head.state.get() != State::Ready || !route.may_go_straight(core) {
        return false;
    }
    route.count_straight();
    Figures::add(&cell.head.handled, 1);
    let publisher = core.enter_straight(&cell.head);
    let result = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the state was `Ready` and is `Running` until `leave_straight`, so nobody else has or gets a reference
        // (I2); a locus that was ever ready has a body (`cell` I1).
        let me = unsafe { &mut *cell.body_ptr() };
        L::take_inline(me, message)
    }));
    core.leave_straight(&cell.head, publisher);
    match result {
        Ok(Ok(())) => {}
        Ok(Err(error)) => drop(core.report_failed(&cell.head, L::METHOD, error)),
        Err(panic) => core.panicked_straight(&cell.head, L::METHOD, panic),
    }
    true
}
