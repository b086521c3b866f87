//! `#[on(keys, max = N)]`: a subscription that starts with no key and follows keys as its locus says.
//!
//! `follow` and `unfollow` change the set of keys at once, for the ceiling; what comes of it, in this pool's route and in
//! the directories of others, waits behind the activation like what it publishes, and is taken back with it.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use hashbrown::HashTable;

use super::super::cursor::Taken;
use super::super::key;
use super::super::route::change::{CHANGES, Change};
use super::super::topic::{Packet, Topic};
use super::{Origin, Subscriber};
use crate::locus::cell::{CellHead, CellId};
use crate::pool::core::Core;

/// `follow` found the subscription at its ceiling; the key comes back.
#[derive(Clone, PartialEq, Eq)]
pub struct TooManyKeys<K>(pub K);

impl<K> fmt::Debug for TooManyKeys<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TooManyKeys(..)")
    }
}

impl<K> fmt::Display for TooManyKeys<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the subscription follows as many keys as its `max` allows")
    }
}

impl<K> std::error::Error for TooManyKeys<K> {}

/// The locus `L` has an `#[on(keys, max = N)]` handler of `Self`. Implemented by `#[locus]`.
#[diagnostic::on_unimplemented(
    message = "`{L}` has no handler that follows keys of `{Self}`",
    label = "not followed by `{L}`",
    note = "write it in the `#[locus] impl`: `#[on(keys, max = 256)] fn on_it(&mut self, it: &{Self}) {{ .. }}`"
)]
pub trait FollowedBy<L: ?Sized>: Topic {}

/// A subscriber under an address of its own: handlers of one locus may share theirs, and a key that one of them lets go
/// is not to be taken from another.
struct Apart<T: Topic>(Rc<dyn Subscriber<T>>);

impl<T: Topic> Subscriber<T> for Apart<T> {
    fn deliver(&self, core: &Core, packet: &mut Taken<Packet<T>>, origin: &mut Origin, last: bool) {
        self.0.deliver(core, packet, origin, last);
    }
}

struct Followed<K> {
    hash: u32,
    key: K,
    /// Followed before a restart, and not since.
    is_stale: bool,
}

/// The keys that one locus follows of one topic.
pub(crate) struct Follows<T: Topic> {
    cell: CellId,
    max: usize,
    keys: RefCell<HashTable<Followed<T::Key>>>,
    /// How many of them are stale.
    stale: Cell<usize>,
    subscriber: Rc<dyn Subscriber<T>>,
}

/// The same in the list of its cell.
pub(crate) struct FollowsEntry {
    number: u16,
    any: Rc<dyn Any>,
    follows: Rc<dyn AnyFollows>,
}

/// What a cell does to its sets of keys, whatever their topics.
trait AnyFollows {
    fn begin_anew(&self);
    fn forget_stale(&self, core: &Core);
    fn leave(&self, core: &Core);
}

impl<T: Topic> Follows<T> {
    /// Adds an empty set to a cell's list.
    pub(crate) fn add(head: &CellHead, max: u32, subscriber: Rc<dyn Subscriber<T>>) {
        let follows = Rc::new(Self {
            cell: head.id,
            max: max as usize,
            keys: RefCell::new(HashTable::new()),
            stale: Cell::new(0),
            subscriber: Rc::new(Apart(subscriber)),
        });
        let (any, follows) = (Rc::clone(&follows) as Rc<dyn Any>, follows as Rc<dyn AnyFollows>);
        head.rare().follows.borrow_mut().push(FollowsEntry { number: T::number().get(), any, follows });
    }

    /// The set of a cell, if it declares one.
    pub(crate) fn find(head: &CellHead) -> Option<Rc<Self>> {
        let number = T::number().get();
        let follows = head.rare_made()?.follows.borrow();
        let entry = follows.iter().find(|entry| entry.number == number)?;
        Rc::clone(&entry.any).downcast().ok()
    }

    /// Takes messages with `key` from now on.
    pub(crate) fn follow(&self, core: &Core, key: T::Key) -> Result<(), TooManyKeys<T::Key>> {
        let hash = key::hash_key(&key);
        let mut keys = self.keys.borrow_mut();
        if let Some(known) = keys.find_mut(key::spread(hash), |e| e.hash == hash && e.key == key) {
            // Its subscription has outlived the restart.
            self.stale.set(self.stale.get() - usize::from(known.is_stale));
            known.is_stale = false;
            return Ok(());
        }
        if keys.len() - self.stale.get() >= self.max {
            return Err(TooManyKeys(key));
        }
        let entry = Followed { hash, key: key.clone(), is_stale: false };
        keys.insert_unique(key::spread(hash), entry, |e| key::spread(e.hash));
        drop(keys);
        self.change(core, key, true);
        Ok(())
    }

    /// Takes no more messages with `key`; returns whether it did.
    pub(crate) fn unfollow(&self, core: &Core, key: &T::Key) -> bool {
        let Some(entry) = self.remove(key) else { return false };
        self.change(core, entry.key, false);
        !entry.is_stale
    }

    fn remove(&self, key: &T::Key) -> Option<Followed<T::Key>> {
        let hash = key::hash_key(key);
        let mut keys = self.keys.borrow_mut();
        let found = keys.find_entry(key::spread(hash), |e| e.hash == hash && e.key == *key).ok()?;
        let (entry, _) = found.remove();
        self.stale.set(self.stale.get() - usize::from(entry.is_stale));
        Some(entry)
    }

    fn change(&self, core: &Core, key: T::Key, is_added: bool) {
        let route = core.route::<T>();
        route.announce(core, &key, is_added, self.cell);
        if core.is_holding() {
            self.apply(core, key, is_added);
        } else {
            core.queue.push(route.number + CHANGES, 0, Change { key, is_added, cell: self.cell });
        }
    }

    /// Makes a change in the route of this pool, when its turn has come among the messages.
    pub(crate) fn apply(&self, core: &Core, key: T::Key, is_added: bool) {
        let route = core.route::<T>();
        if !is_added {
            route.unsubscribe(core, Some(&key), &self.subscriber);
        } else if !route.has_subscriber(&key, &self.subscriber) {
            route.subscribe(core, Some(key), Rc::clone(&self.subscriber));
        }
    }

    /// The activation that made this change has failed.
    pub(crate) fn take_back(&self, change: &Change<T::Key>) {
        // Every change was one of the set too, so undoing each of them in any order leads back to where it began.
        if self.remove(&change.key).is_none() {
            let hash = key::hash_key(&change.key);
            let entry = Followed { hash, key: change.key.clone(), is_stale: false };
            self.keys.borrow_mut().insert_unique(key::spread(hash), entry, |e| key::spread(e.hash));
        }
    }

    /// Ends the subscription to `key` here and elsewhere.
    fn end(&self, core: &Core, key: &T::Key) {
        let route = core.route::<T>();
        route.unsubscribe(core, Some(key), &self.subscriber);
        route.announce(core, key, false, self.cell);
    }
}

impl<T: Topic> AnyFollows for Follows<T> {
    fn begin_anew(&self) {
        let mut keys = self.keys.borrow_mut();
        keys.iter_mut().for_each(|entry| entry.is_stale = true);
        self.stale.set(keys.len());
    }

    fn forget_stale(&self, core: &Core) {
        let stale: Vec<T::Key> =
            self.keys.borrow_mut().extract_if(|entry| entry.is_stale).map(|entry| entry.key).collect();
        self.stale.set(0);
        stale.iter().for_each(|key| self.end(core, key));
    }

    fn leave(&self, core: &Core) {
        self.begin_anew();
        self.forget_stale(core);
    }
}

/// A locus is about to be born again: it follows nothing, though what it followed still takes messages.
pub(crate) fn begin_anew(head: &CellHead) {
    for_each(head, |follows| follows.begin_anew());
}

/// A locus is born: the keys that it has not followed again are let go.
pub(crate) fn forget_stale(head: &CellHead, core: &Core) {
    for_each(head, |follows| follows.forget_stale(core));
}

/// A locus has ended.
pub(crate) fn leave(head: &CellHead, core: &Core) {
    for_each(head, |follows| follows.leave(core));
    if let Some(rare) = head.rare_made() {
        drop(rare.follows.take());
    }
}

fn for_each(head: &CellHead, visit: impl Fn(&dyn AnyFollows)) {
    if let Some(rare) = head.rare_made() {
        rare.follows.borrow().iter().for_each(|entry| visit(&*entry.follows));
    }
}
