//! The subscriptions with one key: as a rule a single one, which then lies in the index itself.

use std::ops::Deref;
use std::rc::Rc;

use crate::bus::subscribe::Subscriber;
use crate::bus::topic::Topic;

/// The subscribers of one key. No larger than one of them: a million keys are as many of these.
pub(super) enum Takers<T: Topic> {
    One(Rc<dyn Subscriber<T>>),
    /// Several, or what is left of them.
    #[expect(
        clippy::box_collection,
        reason = "as large as a pointer, where a list by itself is larger than `One`"
    )]
    Many(Box<Vec<Rc<dyn Subscriber<T>>>>),
}

impl<T: Topic> Takers<T> {
    const IS_NO_LARGER_THAN_ONE: () = assert!(size_of::<Self>() == size_of::<Rc<dyn Subscriber<T>>>());

    /// A subscriber by itself.
    pub(super) fn one(subscriber: Rc<dyn Subscriber<T>>) -> Self {
        let () = Self::IS_NO_LARGER_THAN_ONE;
        Self::One(subscriber)
    }

    /// Adds a subscriber.
    pub(super) fn push(&mut self, subscriber: Rc<dyn Subscriber<T>>) {
        match self {
            Self::One(first) => *self = Self::Many(Box::new(vec![Rc::clone(first), subscriber])),
            Self::Many(all) => all.push(subscriber),
        }
    }

    /// Takes out those that `keep` does not want. Returns whether any are left; else all of this is to be dropped.
    #[must_use]
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Rc<dyn Subscriber<T>>) -> bool) -> bool {
        match self {
            Self::One(only) => keep(only),
            Self::Many(all) => {
                all.retain(keep);
                !all.is_empty()
            }
        }
    }
}

impl<T: Topic> Deref for Takers<T> {
    type Target = [Rc<dyn Subscriber<T>>];

    fn deref(&self) -> &Self::Target {
        match self {
            Self::One(only) => std::slice::from_ref(only),
            Self::Many(all) => all,
        }
    }
}
