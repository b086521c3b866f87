//! `Cx`: what one activation may reach.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use crate::arena::Scratch;
use crate::bus::ask::Ask;
use crate::bus::publish::room::PublishWait;
use crate::bus::publish::{PublishedBy, Publisher};
use crate::bus::subscribe::follow::{FollowedBy, Follows, TooManyKeys};
use crate::bus::topic::{Asked, Topic};
use crate::locus::cell::CellHead;
use crate::locus::describe::Locus;
use crate::pool::core::Core;
use crate::pool::core::on_pool::OnPool;
use crate::pool::core::stash::StashError;

/// The context of one activation: its scratch, and the right to publish what the locus declares.
///
/// `'s` is the activation. It is fresh for each call and appears in no type that outlives it, so the borrow checker
/// proves that nothing from [`scratch`](Self::scratch) stays in the locus.
pub struct Cx<'s, L: ?Sized> {
    scratch: &'s Scratch,
    core: OnPool<'s, Core>,
    head: OnPool<'s, CellHead>,
    /// Invariant in `'s`.
    marker: PhantomData<Invariant<'s, L>>,
}

type Invariant<'s, L> = (fn(&'s ()) -> &'s (), fn() -> *const L);

impl<'s, L: 'static> Cx<'s, L> {
    #[inline]
    pub(crate) fn new(scratch: &'s Scratch, core: &'s Core, head: &'s CellHead) -> Self {
        Self { scratch, core: OnPool::new(core), head: OnPool::new(head), marker: PhantomData }
    }

    /// The pool and the cell behind it.
    #[inline]
    pub(crate) fn parts(&self) -> (&'s Core, &'s CellHead) {
        (self.core.get(), self.head.get())
    }

    /// The arena of this activation, freed when the method returns.
    #[inline]
    #[must_use]
    pub fn scratch(&self) -> &'s Scratch {
        self.scratch
    }

    /// Publishes `message` under the policy of its topic. It leaves when the activation succeeds, and not at all when
    /// it fails.
    ///
    /// # Ordering
    /// Each subscriber gets what this locus publishes in order, over all topics.
    ///
    /// # Cost
    /// One copy of the message into the pool's queue; no allocation, no lock, no atomic read-modify-write.
    #[inline]
    pub fn publish<T: PublishedBy<L>>(&mut self, message: T) -> T::Sent {
        message.__send(&mut Publisher::new(self.core.get()))
    }

    /// Asks the responder of a topic. Say how long to wait, and what to do with the answer:
    /// `cx.ask(q).within(d).then(|me, answer, cx| ..)`, or `.await` in an `async` handler.
    pub fn ask<'c, Q>(&'c mut self, question: Q) -> Ask<'c, L, Q>
    where
        L: Locus,
        Q: Topic<Promise: Asked> + PublishedBy<L>,
    {
        Ask::new(self.core, self.head, question)
    }

    /// Publishes `message` once there is room for it wherever it goes: it does not wait with the locus, which goes on
    /// with what else it awaits.
    ///
    /// Under `on_full = block`, `fail` and `drop_old` it waits for room; under `drop_new` it publishes at once.
    ///
    /// # Cancel safety
    /// Dropped while it waits, the message is dropped with it and was not published.
    ///
    /// # Ordering
    /// Among what the locus publishes, it stands where the future ends. It leaves as what [`publish`](Self::publish)
    /// takes does.
    ///
    /// # Cost
    /// No allocation, whether it waits or not.
    pub fn publish_wait<T>(&mut self, message: T) -> PublishWait<'_, T>
    where
        T: Topic + PublishedBy<L>,
    {
        PublishWait::new(self.core, message)
    }

    /// Takes messages with `key` from now on, in the topic's `#[on(keys, max = N)]` handler. A key that is followed
    /// already stays so.
    ///
    /// It happens when the activation succeeds, and not at all when it fails.
    ///
    /// # Errors
    /// [`TooManyKeys`] with the key, when the handler follows `max` keys.
    ///
    /// # Ordering
    /// Whoever handles what this locus publishes afterwards publishes to this key's follower: no message is missed between
    /// a snapshot that was asked for behind `follow` and the first that is delivered. Other publishers' messages arrive
    /// once their pool has heard of the subscription, which is when it next looks at its lanes.
    ///
    /// # Cost
    /// A lookup, and one record for each pool that publishes the topic.
    pub fn follow<T: FollowedBy<L>>(&mut self, key: T::Key) -> Result<(), TooManyKeys<T::Key>> {
        match Follows::<T>::find(&self.head) {
            Some(follows) => follows.follow(&self.core, key),
            None => Err(TooManyKeys(key)),
        }
    }

    /// Takes no more messages with `key`; returns whether it was followed. What is under way is still delivered, or
    /// counted as unmatched.
    ///
    /// It happens when the activation succeeds, and not at all when it fails.
    pub fn unfollow<T: FollowedBy<L>>(&mut self, key: &T::Key) -> bool {
        Follows::<T>::find(&self.head).is_some_and(|follows| follows.unfollow(&self.core, key))
    }

    /// Sets the message of this activation aside until [`unstash`](Self::unstash). The handler goes on as before; if the
    /// activation fails, the message is not kept.
    ///
    /// # Errors
    /// [`StashError`]: 256 messages are stashed, or there is no message that could be.
    ///
    /// # Cost
    /// The message is moved, or cloned where others share it. It gives its room in the topic back.
    pub fn stash(&mut self) -> Result<(), StashError> {
        self.core.stash(&self.head)
    }

    /// Takes all stashed messages back, in the order in which they were stashed: they are handled before everything else
    /// that waits. Returns how many there are.
    pub fn unstash(&mut self) -> usize {
        self.core.unstash(&self.head)
    }

    /// Runs `body` with a nested scratch that is freed at its end.
    ///
    /// It is another arena, never a mark on the outer one, so what the outer scratch holds stays usable inside.
    pub fn scoped<R>(&mut self, body: impl for<'t> FnOnce(&mut Cx<'t, L>) -> R) -> R {
        let (core, head) = self.parts();
        core.scoped(head, |scratch| body(&mut Cx::new(scratch, core, head)))
    }

    /// The time at which this turn of the pool began. Cheaper than the clock, and virtual in tests.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.core.now()
    }

    /// Where the locus stands in the tree, such as `chat/web[1]`.
    #[must_use]
    pub fn path(&self) -> Arc<str> {
        self.head.path()
    }

    /// Which replica of its part this is, from 0.
    #[must_use]
    pub fn replica(&self) -> u32 {
        self.head.family.stand.replica
    }
}

impl<L: ?Sized> std::fmt::Debug for Cx<'_, L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cx").field("path", &self.head.path()).finish_non_exhaustive()
    }
}
