//! A pool's routes by topic number.
//!
//! Invariants
//! - I1. The route at the number `n` of a topic is its `Route<T>`, the one at `n + 1` its `Answers<T>`, the one at
//!   `n + 2` its `Changes<T>`: `ensure` is the only place that inserts.
//! - I2. A route is never removed or moved while the table lives.
//! - I3. References to the table itself live only inside the methods of this module, which run no foreign code.
//! - I4. A listed taker's function expects the subscriber beside it and the route of its row. A subscriber that was
//!   listed is kept in `retired` until the pool stands between two passes, so a pass that is about to call it, or is
//!   inside it, never loses it.
//! - I5. At the number of a topic, `of_topics` holds the address of its `Route<T>`; at every other number nothing.

use std::any::Any;
use std::cell::{RefCell, UnsafeCell};
use std::ptr::NonNull;
use std::rc::Rc;

use super::answers::Answers;
use super::ask::Home;
use super::pass::{Next, Pass, Taker};
use super::route::change::{CHANGES, Changes};
use super::route::{AnyRoute, Route};
use super::topic::{Topic, TopicNumber};
use crate::pool::PoolId;

/// A route and how its records are taken, side by side in one cache line.
#[derive(Clone, Copy)]
struct Row {
    taker: Taker,
    route: NonNull<dyn AnyRoute>,
}

#[derive(Default)]
pub(crate) struct Routes {
    rows: UnsafeCell<Vec<Option<Row>>>,
    /// What a publisher looks up, and no more than that.
    of_topics: UnsafeCell<Vec<Option<NonNull<()>>>>,
    /// The numbers in use.
    present: RefCell<Vec<u16>>,
    /// Subscribers that are no longer listed.
    retired: RefCell<Vec<Rc<dyn Any>>>,
}

impl Routes {
    #[inline]
    fn row(&self, number: u32) -> Option<&Row> {
        // SAFETY: I3.
        let rows = unsafe { &*self.rows.get() };
        rows.get(number as usize)?.as_ref()
    }

    /// The route with this number.
    #[inline]
    pub(crate) fn get(&self, number: u16) -> Option<&dyn AnyRoute> {
        // SAFETY: routes live and stay in place as long as the table (I2), and are only lent shared.
        self.row(number.into()).map(|row| unsafe { row.route.as_ref() })
    }

    /// How records of this number are taken, and the route that goes with it.
    #[inline]
    pub(crate) fn taker(&self, number: u16) -> Option<(Taker, NonNull<()>)> {
        self.row(number.into()).map(|row| (row.taker, row.route.cast()))
    }

    /// The route of a topic.
    #[inline]
    pub(crate) fn of<T: Topic>(&self) -> Option<&Route<T>> {
        // SAFETY: I3.
        let of_topics = unsafe { &*self.of_topics.get() };
        // A topic without a number has no route, nor does the number that means so.
        let route = (*of_topics.get(T::number().known() as usize)?)?;
        // SAFETY: at this number lies a `Route<T>` (I5), which stays in place (I2).
        Some(unsafe { route.cast::<Route<T>>().as_ref() })
    }

    /// Makes the routes of a topic on a pool of an app, unless they are there; returns whether it did.
    pub(crate) fn ensure<T: Topic>(&self, app: u32, pool: PoolId) -> bool {
        let number = T::number().get();
        debug_assert_ne!(u32::from(number), TopicNumber::NONE, "the number of no topic");
        if self.row(number.into()).is_some() {
            return false;
        }
        let home = Home::new(|core| core.ensure_route::<T>(), app, pool, number + 1);
        let answers = self.insert(number + 1, Answers::<T>::new(home));
        // SAFETY: the line above made them, and they stay in place (I2).
        let route = self.insert(number, unsafe { Route::<T>::new(number, answers.cast()) });
        // SAFETY: I3.
        let of_topics = unsafe { &mut *self.of_topics.get() };
        let index = usize::from(number);
        if of_topics.len() <= index {
            of_topics.resize(index + 1, None);
        }
        of_topics[index] = Some(route);
        self.insert(number + CHANGES, Changes::<T>::new());
        true
    }

    fn insert<R: AnyRoute + 'static>(&self, number: u16, route: R) -> NonNull<()> {
        let route = NonNull::from(Box::leak(Box::new(route)));
        let row = Row { taker: taker_of::<R>(), route };
        // SAFETY: I3.
        let rows = unsafe { &mut *self.rows.get() };
        let index = usize::from(number);
        if rows.len() <= index {
            rows.resize(index + 1, None);
        }
        rows[index] = Some(row);
        self.present.borrow_mut().push(number);
        route.cast()
    }

    /// Lists who takes the records of a topic: one subscriber alone, or the route for all of them.
    ///
    /// # Safety
    /// A taker was given out by a subscriber of this topic, which lives until it is handed to [`retire`](Self::retire)
    /// and no longer listed.
    pub(crate) unsafe fn list<T: Topic>(&self, taker: Option<Taker>) {
        // SAFETY: I3.
        let rows = unsafe { &mut *self.rows.get() };
        if let Some(Some(row)) = rows.get_mut(usize::from(T::number().get())) {
            row.taker = taker.unwrap_or(taker_of::<Route<T>>());
        }
    }

    /// Keeps a subscriber that is no longer listed until the running pass is over.
    pub(crate) fn retire(&self, subscriber: Rc<dyn Any>) {
        self.retired.borrow_mut().push(subscriber);
    }

    /// Lets go of what was retired. To be called between two passes.
    ///
    /// # Cost
    /// One load where there is nothing.
    #[inline]
    pub(crate) fn release_retired(&self) {
        if !self.retired.borrow().is_empty() {
            drop(self.retired.take());
        }
    }

    /// Calls `visit` with every route.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(u16, &dyn AnyRoute)) {
        let mut index = 0;
        // Each number is copied out first: `visit` may add to the list.
        while let Some(number) = { self.present.borrow().get(index).copied() } {
            if let Some(route) = self.get(number) {
                visit(number, route);
            }
            index += 1;
        }
    }
}

/// The taker that leaves records to their route.
fn taker_of<R: AnyRoute + 'static>() -> Taker {
    // SAFETY: `take_by_route` is a route's.
    unsafe { Taker::new(NonNull::dangling(), take_by_route::<R>) }
}

/// Leaves records to their route.
///
/// # Safety
/// `route` points at an `R`.
unsafe fn take_by_route<R: AnyRoute>(_: NonNull<()>, route: NonNull<()>, pass: &mut Pass<'_>) -> Next {
    // SAFETY: by the caller; routes stay in place and are only lent shared (I2).
    let route = unsafe { route.cast::<R>().as_ref() };
    route.dispatch(pass);
    Next::UNKNOWN
}

impl Drop for Routes {
    fn drop(&mut self) {
        for row in self.rows.get_mut().drain(..).flatten() {
            // SAFETY: leaked from a box in `insert`, and given up here for the first time.
            drop(unsafe { Box::from_raw(row.route.as_ptr()) });
        }
    }
}
