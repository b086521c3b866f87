//! What the bus counts, by topic: published, delivered, dropped by reason, depth and high-water.
//!
//! Counting is a plain store in the pool's own memory. The pool copies its counts to shared memory when it runs out of
//! work and at least once in a few dozen turns, so reading stops nothing and is at most that far behind.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Why a message was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// The topic was full and its policy is `drop_new`.
    Full,
    /// The ring of a subscription was full: the oldest (`drop_old`) or the new one (`drop_new`) went.
    Overrun,
    /// A subscription held as many as the topic's `per_locus` allows.
    Slow,
    /// Nobody subscribes to the topic.
    NoSubscriber,
    /// No subscription has the message's key.
    Unmatched,
    /// The locus was dissolved, or the program ended.
    Closed,
    /// Its publisher waited for room in a circle of loci that waited for each other.
    WaitCycle,
}

impl DropReason {
    /// All reasons, in the order in which they are counted.
    pub const ALL: [Self; 7] = [
        Self::Full,
        Self::Overrun,
        Self::Slow,
        Self::NoSubscriber,
        Self::Unmatched,
        Self::Closed,
        Self::WaitCycle,
    ];

    /// The reason as reports spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Overrun => "overrun",
            Self::Slow => "slow subscriber",
            Self::NoSubscriber => "no subscriber",
            Self::Unmatched => "unmatched key",
            Self::Closed => "closed",
            Self::WaitCycle => "wait cycle",
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One topic's counts, summed over the pools of the process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicFigures {
    /// The topic.
    pub subject: &'static str,
    /// Messages the runtime took responsibility for.
    pub published: u64,
    /// Deliveries: one message to three subscribers counts three.
    pub delivered: u64,
    /// Drops by reason, in the order of [`DropReason::ALL`].
    pub dropped: [u64; DropReason::ALL.len()],
    /// Messages in pool queues that were not yet taken.
    pub depth: u64,
    /// The highest depth of any one pool.
    pub high_water: u64,
    /// How long publishers have waited for room, all together.
    pub blocked: Duration,
}

impl TopicFigures {
    /// How many messages were dropped for `reason`.
    #[must_use]
    pub fn dropped(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }
}

#[derive(Debug)]
struct Shared {
    subject: &'static str,
    published: AtomicU64,
    delivered: AtomicU64,
    dropped: [AtomicU64; DropReason::ALL.len()],
    depth: AtomicU64,
    high_water: AtomicU64,
    blocked_micros: AtomicU64,
}

/// The counts of running pools, and what ended ones had counted, by subject: as many lines as there are topics.
struct Registry {
    running: Vec<Arc<Shared>>,
    ended: Vec<TopicFigures>,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry { running: Vec::new(), ended: Vec::new() });

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn add_to(&self, all: &mut Vec<TopicFigures>) {
        let index = all.iter().position(|figures| figures.subject == self.subject).unwrap_or_else(|| {
            all.push(TopicFigures { subject: self.subject, ..TopicFigures::default() });
            all.len() - 1
        });
        let figures = &mut all[index];
        figures.published += self.published.load(Relaxed);
        figures.delivered += self.delivered.load(Relaxed);
        for (sum, one) in figures.dropped.iter_mut().zip(&self.dropped) {
            *sum += one.load(Relaxed);
        }
        figures.depth += self.depth.load(Relaxed);
        figures.high_water = figures.high_water.max(self.high_water.load(Relaxed));
        figures.blocked += Duration::from_micros(self.blocked_micros.load(Relaxed));
    }
}

/// The counts of one topic on one pool.
pub(crate) struct Figures {
    /// Those that did not enter the pool's own queue, wrapping.
    pub(crate) published: Cell<u64>,
    pub(crate) delivered: Cell<u64>,
    /// Those that were handed over at the publish itself: published and delivered.
    pub(crate) straight: Cell<u64>,
    dropped: [Cell<u64>; DropReason::ALL.len()],
    high_water: Cell<u64>,
    blocked: Cell<Duration>,
    /// What had entered the queue when the counts were copied last.
    entered: Cell<u64>,
    shared: Arc<Shared>,
}

impl Figures {
    pub(crate) fn new(subject: &'static str) -> Self {
        let shared = Arc::new(Shared {
            subject,
            published: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            dropped: Default::default(),
            depth: AtomicU64::new(0),
            high_water: AtomicU64::new(0),
            blocked_micros: AtomicU64::new(0),
        });
        registry().running.push(Arc::clone(&shared));
        Self {
            published: Cell::new(0),
            delivered: Cell::new(0),
            straight: Cell::new(0),
            dropped: Default::default(),
            high_water: Cell::new(0),
            blocked: Cell::default(),
            entered: Cell::new(0),
            shared,
        }
    }

    #[inline]
    pub(crate) fn add(cell: &Cell<u64>, n: u64) {
        cell.set(cell.get().wrapping_add(n));
    }

    /// Counts `n` drops.
    pub(crate) fn drop_for(&self, reason: DropReason, n: u64) {
        Self::add(&self.dropped[reason as usize], n);
    }

    /// Counts time that a publisher has waited for room.
    pub(crate) fn count_wait(&self, time: Duration) {
        self.blocked.set(self.blocked.get() + time);
    }

    /// How many were dropped for `reason` on this pool.
    #[cfg(test)]
    pub(crate) fn dropped(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize].get()
    }

    /// Copies the counts to where other threads read them; `entered` messages were published by entering the queue.
    /// Returns `depth`.
    pub(crate) fn export(&self, entered: u64, depth: u64) -> u64 {
        self.entered.set(entered);
        let straight = self.straight.take();
        Self::add(&self.published, straight);
        Self::add(&self.delivered, straight);
        self.high_water.set(self.high_water.get().max(depth));
        self.shared.published.store(self.published.get().wrapping_add(entered), Relaxed);
        self.shared.delivered.store(self.delivered.get(), Relaxed);
        for (shared, own) in self.shared.dropped.iter().zip(&self.dropped) {
            shared.store(own.get(), Relaxed);
        }
        let blocked = u64::try_from(self.blocked.get().as_micros()).unwrap_or(u64::MAX);
        self.shared.blocked_micros.store(blocked, Relaxed);
        self.shared.depth.store(depth, Relaxed);
        self.shared.high_water.store(self.high_water.get(), Relaxed);
        depth
    }
}

impl Drop for Figures {
    fn drop(&mut self) {
        self.export(self.entered.get(), 0);
        let mut registry = registry();
        let Registry { running, ended } = &mut *registry;
        running.retain(|shared| !Arc::ptr_eq(shared, &self.shared));
        self.shared.add_to(ended);
    }
}

/// The counts of every topic, by subject; what ended programs of this process counted is included.
///
/// # Cost
/// Takes a lock that is otherwise taken only when a pool meets a topic for the first time.
#[must_use]
pub fn topics() -> Vec<TopicFigures> {
    let registry = registry();
    let mut all = registry.ended.clone();
    registry.running.iter().for_each(|shared| shared.add_to(&mut all));
    drop(registry);
    all.sort_by_key(|figures| figures.subject);
    all
}
