//! The subscriptions with one key: as a rule a single one, which then lies in the index itself.

use std::ops::Deref;
use std::rc::Rc;

use crate::bus::subscribe::Subscriber;
use crate::bus::topic::Topic;

/// The subscribers of one key.
pub(super) enum Takers<T: Topic> {
    One(Rc<dyn Subscriber<T>>),
    /// None or several.
    Many(Vec<Rc<dyn Subscriber<T>>>),
}

impl<T: Topic> Takers<T> {
    /// Adds a subscriber.
    pub(super) fn push(&mut self, subscriber: Rc<dyn Subscriber<T>>) {
        match self {
            Self::One(first) => *self = Self::Many(vec![Rc::clone(first), subscriber]),
            Self::Many(all) => all.push(subscriber),
        }
    }

    /// Takes out those that `keep` does not want.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Rc<dyn Subscriber<T>>) -> bool) {
        match self {
            Self::One(only) if keep(only) => {}
            Self::One(_) => *self = Self::Many(Vec::new()),
            Self::Many(all) => all.retain(keep),
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
