//! A pool's routes by topic number.
//!
//! Invariants
//! - I1. The route at an even number `n` is the `Route<T>` of the topic whose number is `n`, the one at `n + 1` the
//!   `Answers<T>` of the same topic: `ensure` is the only place that inserts.
//! - I2. A route is never removed or moved while the table lives.
//! - I3. References to the table itself live only inside the methods of this module, which run no foreign code.

use std::cell::UnsafeCell;
use std::ptr::NonNull;

use super::answers::Answers;
use super::route::{AnyRoute, Route};
use super::topic::Topic;

#[derive(Default)]
pub(crate) struct Routes {
    by_number: UnsafeCell<Vec<Option<NonNull<dyn AnyRoute>>>>,
}

impl Routes {
    #[inline]
    fn slot(&self, number: u16) -> Option<NonNull<dyn AnyRoute>> {
        // SAFETY: I3.
        let table = unsafe { &*self.by_number.get() };
        table.get(usize::from(number)).copied().flatten()
    }

    /// The route with this number.
    #[inline]
    pub(crate) fn get(&self, number: u16) -> Option<&dyn AnyRoute> {
        // SAFETY: routes live and stay in place as long as the table (I2), and are only lent shared.
        self.slot(number).map(|route| unsafe { route.as_ref() })
    }

    /// The route of a topic.
    #[inline]
    pub(crate) fn of<T: Topic>(&self) -> Option<&Route<T>> {
        let route = self.slot(T::number().get())?;
        // SAFETY: at this number lies a `Route<T>` (I1), which stays in place (I2).
        Some(unsafe { route.cast::<Route<T>>().as_ref() })
    }

    /// The open questions of a topic.
    pub(crate) fn answers<T: Topic>(&self) -> Option<&Answers<T>> {
        let answers = self.slot(T::number().get() + 1)?;
        // SAFETY: at this number lies an `Answers<T>` (I1), which stays in place (I2).
        Some(unsafe { answers.cast::<Answers<T>>().as_ref() })
    }

    /// Makes the routes of a topic, unless they are there; returns whether it did.
    pub(crate) fn ensure<T: Topic>(&self) -> bool {
        let number = T::number().get();
        if self.slot(number).is_some() {
            return false;
        }
        let route: Box<dyn AnyRoute> = Box::new(Route::<T>::new(number));
        let answers: Box<dyn AnyRoute> = Box::new(Answers::<T>::new(number + 1));
        // SAFETY: I3.
        let table = unsafe { &mut *self.by_number.get() };
        let index = usize::from(number);
        if table.len() < index + 2 {
            table.resize(index + 2, None);
        }
        table[index] = NonNull::new(Box::into_raw(route));
        table[index + 1] = NonNull::new(Box::into_raw(answers));
        true
    }

    /// Calls `visit` with every route.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(u16, &dyn AnyRoute)) {
        let mut number = 0;
        // SAFETY: I3.
        while usize::from(number) < unsafe { (*self.by_number.get()).len() } {
            if let Some(route) = self.get(number) {
                visit(number, route);
            }
            number += 1;
        }
    }
}

impl Drop for Routes {
    fn drop(&mut self) {
        for route in self.by_number.get_mut().drain(..).flatten() {
            // SAFETY: made by `Box::into_raw` in `ensure`, and given up here for the first time.
            drop(unsafe { Box::from_raw(route.as_ptr()) });
        }
    }
}
