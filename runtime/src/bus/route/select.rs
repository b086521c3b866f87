//! Which pools a message goes to, where that depends on the message.
//!
//! A pool that publishes a topic knows of every other pool whether it takes all messages, only those with certain keys,
//! or a share of them among replicas. The keys stand in a directory, from key to pools, which the subscribing pools keep
//! up to date by [`Change`](super::change::Change)s. So a keyed message goes only where somebody takes it.
//!
//! What the sender has decided travels in the header's 32 bits beside the key's hash: whether a keyed subscription takes
//! the message anywhere, and which `any` subscriptions of the destination are meant.
//!
//! A route without such subscriptions never comes here.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hashbrown::HashTable;

use crate::bus::key;
use crate::bus::subscribe::Subscriber;
use crate::bus::topic::Topic;
use crate::locus::family::Stand;
use crate::pool::PoolId;
#[cfg(test)]
use crate::pool::rig::fault::{self, Fault};

/// `any` subscriptions of one topic: as many bits as the header has for them.
pub(crate) const ANY_GROUPS_MAX: usize = 3;

/// Where the bits of the `any` subscriptions lie in the header.
const ANY_SHIFT: u32 = key::HASH_BITS;

/// Set if a keyed subscription takes the message somewhere, so that `key = _` does not.
const MATCHED: u32 = 1 << 31;

const _: () =
    assert!(ANY_SHIFT as usize + ANY_GROUPS_MAX < 32, "the hash, the groups and a flag share 32 bits");

/// Where a message still has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owed {
    /// Pools that get a copy, one bit each.
    pub(crate) pools: u64,
    /// `any` subscriptions of which one replica gets it, one bit each.
    pub(crate) groups: u8,
    /// Whether a keyed subscription takes it.
    pub(crate) is_matched: bool,
    /// Published before the start is over: the pools are not known yet.
    pub(crate) is_held: bool,
}

impl Owed {
    /// Not known before the start is over.
    pub(crate) const HELD: Self = Self { pools: 0, groups: 0, is_matched: false, is_held: true };

    pub(crate) fn to(pools: u64) -> Self {
        Self { pools, groups: 0, is_matched: false, is_held: false }
    }

    pub(crate) fn is_nothing(self) -> bool {
        self.pools == 0 && self.groups == 0
    }

    /// What is left once `sent` is gone.
    pub(crate) fn without(self, sent: Self) -> Self {
        Self { pools: self.pools & !sent.pools, groups: self.groups & !sent.groups, ..self }
    }

    /// How many copies or shares.
    pub(crate) fn count(self) -> u64 {
        u64::from(self.pools.count_ones() + self.groups.count_ones())
    }

    /// The header's bits of a copy that stands for `groups` too.
    pub(super) fn mark(self, hash: u32, groups: u8) -> u32 {
        hash | u32::from(groups) << ANY_SHIFT | if self.is_matched { MATCHED } else { 0 }
    }
}

/// What a pool other than the publisher's takes without looking at keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wants {
    /// Every message.
    pub(crate) all: bool,
    /// Those that no keyed subscription takes.
    pub(crate) unmatched: bool,
    /// Nothing but what falls to it of `any` subscriptions.
    pub(crate) any_alone: bool,
}

/// The replicas among which a subscription divides its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// By replica.
    pub(crate) pools: Vec<PoolId>,
    /// `any`, not `shard`.
    pub(crate) is_any: bool,
}

/// The pools with subscriptions to one key.
struct Listed<K> {
    hash: u32,
    key: K,
    pools: u64,
    /// A pool stands here once for each of its further subscriptions to the key.
    again: Vec<PoolId>,
}

/// A subscription to the keys of one replica.
struct Shard<T: Topic> {
    stand: Stand,
    subscriber: Rc<dyn Subscriber<T>>,
}

/// A subscription to what falls to this pool's replica, and its number.
type Any<T> = (u8, Rc<dyn Subscriber<T>>);

/// What a route needs where not every subscription takes everything or a key of this pool.
pub(crate) struct Select<T: Topic> {
    directory: RefCell<HashTable<Listed<T::Key>>>,
    shards: RefCell<Vec<Vec<PoolId>>>,
    pub(super) groups: RefCell<Vec<Vec<PoolId>>>,
    /// Where the search for the least loaded replica begins.
    pub(super) turn: Cell<usize>,
    unmatched_here: RefCell<Vec<Rc<dyn Subscriber<T>>>>,
    shards_here: RefCell<Vec<Shard<T>>>,
    any_here: RefCell<Vec<Any<T>>>,
}

impl<T: Topic> Select<T> {
    pub(super) fn new() -> Self {
        Self {
            directory: RefCell::new(HashTable::new()),
            shards: RefCell::default(),
            groups: RefCell::default(),
            turn: Cell::new(0),
            unmatched_here: RefCell::default(),
            shards_here: RefCell::default(),
            any_here: RefCell::default(),
        }
    }

    /// Notes how the replicas of a part divide the topic.
    pub(super) fn add_share(&self, share: Share) {
        let shares = if share.is_any { &self.groups } else { &self.shards };
        shares.borrow_mut().push(share.pools);
    }

    pub(super) fn has_shares(&self) -> bool {
        !self.shards.borrow().is_empty() || !self.groups.borrow().is_empty()
    }

    // ---- the directory ----------------------------------------------------------------------------------------

    /// Notes that `pool` has one more subscription to `key`.
    pub(super) fn list(&self, pool: PoolId, key: T::Key) {
        let hash = key::hash_key(&key);
        let mut directory = self.directory.borrow_mut();
        let entry = directory
            .entry(key::spread(hash), |e| e.hash == hash && e.key == key, |e| key::spread(e.hash))
            .or_insert_with(|| Listed { hash, key: key.clone(), pools: 0, again: Vec::new() })
            .into_mut();
        let bit = 1 << pool;
        if entry.pools & bit == 0 {
            entry.pools |= bit;
        } else {
            entry.again.push(pool);
        }
    }

    /// Notes that `pool` has one subscription to `key` less.
    pub(super) fn unlist(&self, pool: PoolId, key: &T::Key) {
        let hash = key::hash_key(key);
        let mut directory = self.directory.borrow_mut();
        let found = directory.find_entry(key::spread(hash), |e| e.hash == hash && e.key == *key);
        let Ok(mut found) = found else { return };
        let entry = found.get_mut();
        match entry.again.iter().position(|again| *again == pool) {
            Some(index) => drop(entry.again.swap_remove(index)),
            None => entry.pools &= !(1 << pool),
        }
        if entry.pools == 0 {
            found.remove();
        }
    }

    /// The other pools with a subscription to the message's key.
    pub(super) fn listed(&self, message: &T, hash: u32) -> u64 {
        let directory = self.directory.borrow();
        let found = directory.find(key::spread(hash), |e| e.hash == hash && message.is_key(&e.key));
        found.map_or(0, |entry| entry.pools)
    }

    /// The pools of the replicas whose share the key is.
    pub(super) fn owners(&self, hash: u32) -> u64 {
        self.shards.borrow().iter().fold(0, |mask, pools| mask | 1 << pools[owner(hash, pools.len())])
    }

    /// A bit for each `any` subscription.
    pub(super) fn all_groups(&self) -> u8 {
        (1u8 << self.groups.borrow().len()) - 1
    }

    // ---- subscriptions of this pool ----------------------------------------------------------------------------

    pub(super) fn add_unmatched(&self, subscriber: Rc<dyn Subscriber<T>>) {
        self.unmatched_here.borrow_mut().push(subscriber);
    }

    pub(super) fn add_shard(&self, stand: Stand, subscriber: Rc<dyn Subscriber<T>>) {
        self.shards_here.borrow_mut().push(Shard { stand, subscriber });
    }

    pub(super) fn add_any(&self, group: u8, subscriber: Rc<dyn Subscriber<T>>) {
        self.any_here.borrow_mut().push((group, subscriber));
    }

    /// Takes a subscription back.
    pub(super) fn remove(&self, subscriber: &Rc<dyn Subscriber<T>>) {
        self.unmatched_here.borrow_mut().retain(|other| !Rc::ptr_eq(other, subscriber));
        self.shards_here.borrow_mut().retain(|other| !Rc::ptr_eq(&other.subscriber, subscriber));
        self.any_here.borrow_mut().retain(|(_, other)| !Rc::ptr_eq(other, subscriber));
    }

    /// Whether this pool has subscriptions of these kinds and they are all to what falls to its replica.
    pub(super) fn is_any_alone_here(&self) -> bool {
        self.unmatched_here.borrow().is_empty()
            && self.shards_here.borrow().is_empty()
            && !self.any_here.borrow().is_empty()
    }

    /// Whether no subscription of this pool is of these kinds.
    pub(super) fn is_empty_here(&self) -> bool {
        self.unmatched_here.borrow().is_empty()
            && self.shards_here.borrow().is_empty()
            && self.any_here.borrow().is_empty()
    }

    pub(super) fn has_unmatched_here(&self) -> bool {
        !self.unmatched_here.borrow().is_empty()
    }

    /// Calls `visit` with those of this pool's subscriptions that take a message with these bits in its header; it has
    /// been found to have a keyed subscriber here or not.
    pub(super) fn for_each_taker(
        &self,
        bits: u32,
        is_matched_here: bool,
        mut visit: impl FnMut(&Rc<dyn Subscriber<T>>),
    ) {
        if !is_matched_here && bits & MATCHED == 0 {
            self.unmatched_here.borrow().iter().for_each(&mut visit);
        }
        let hash = bits & key::HASH_MASK;
        for shard in self.shards_here.borrow().iter() {
            if owner(hash, shard.stand.replicas as usize) == shard.stand.replica as usize {
                visit(&shard.subscriber);
            }
        }
        for (group, subscriber) in self.any_here.borrow().iter() {
            #[cfg(test)]
            let is_planted = fault::is_planted(Fault::ShareTakenByAll);
            #[cfg(not(test))]
            let is_planted = false;
            if bits >> ANY_SHIFT & 1 << group != 0 || is_planted {
                visit(subscriber);
            }
        }
    }
}

/// Which of `replicas` a key belongs to.
fn owner(hash: u32, replicas: usize) -> usize {
    // The high bits decide: the low ones choose the place in tables, and both are to be spread.
    (hash as usize * replicas) >> key::HASH_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    // Thousands of hashes and nothing unsafe: under miri it would take the time of what is.
    #[cfg(not(miri))]
    #[test]
    fn every_replica_owns_about_as_many_keys() {
        for replicas in [1, 2, 3, 7] {
            let mut owned = vec![0_usize; replicas];
            for key in 0..7_000_u64 {
                owned[owner(key::hash_key(&key), replicas)] += 1;
            }
            let fair = 7_000 / replicas;
            assert!(owned.iter().all(|owned| owned.abs_diff(fair) < fair / 2), "{owned:?}");
        }
    }

    #[test]
    fn the_bits_of_a_header_keep_apart() {
        let owed = Owed { is_matched: true, ..Owed::to(1) };
        let bits = owed.mark(key::HASH_MASK, 0b101);
        assert_eq!(bits & key::HASH_MASK, key::HASH_MASK);
        assert_eq!(bits >> ANY_SHIFT & 0b111, 0b101);
        assert_ne!(bits & MATCHED, 0);
        assert_eq!(Owed::to(1).mark(0, 0), 0);
    }
}
