//! How busy the pools are: what each spends in turns with work, the longest turn and activation, and what waits.
//!
//! Turns are timed always: the clock is looked at in each anyway. Activations are timed where `LOCUS_POOL_RESIDENCY` asks
//! for it; one that keeps its pool for long is told at once.

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::log::{self, Site};
use super::registry::Registry;

/// An activation that takes this long hogs its pool: what else lives there is that much late.
const HOG_TIME: Duration = Duration::from_millis(50);

static POOLS: Registry<Shared> = Registry::new();

/// One activation, and how long it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongActivation {
    /// Where the locus stands in the tree, such as `chat/web[1]`.
    pub path: Arc<str>,
    /// The handler, timer or hook.
    pub method: &'static str,
    /// How long it took.
    pub time: Duration,
}

/// What one pool did so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolResidency {
    /// The pool, such as `chat:rooms`.
    pub path: Arc<str>,
    /// How long it has been there.
    pub age: Duration,
    /// How long it was in turns that had work.
    pub busy: Duration,
    /// The longest of these.
    pub longest_turn: Duration,
    /// The longest activation; `None` unless `LOCUS_POOL_RESIDENCY` has them timed.
    pub longest_activation: Option<LongActivation>,
    /// Messages in its own queue when it last looked, which is when it parks and every few dozen turns.
    pub depth: u64,
    /// The most it saw there.
    pub depth_high_water: u64,
}

impl PoolResidency {
    /// The share of its time that it was busy, from 0 to 1.
    #[must_use]
    pub fn busy_share(&self) -> f64 {
        let age = self.age.as_secs_f64();
        if age > 0.0 { (self.busy.as_secs_f64() / age).min(1.0) } else { 0.0 }
    }
}

impl fmt::Display for PoolResidency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let busy = format!("{:.1}%", self.busy_share() * 100.0);
        let turn = format!("{:.1?}", self.longest_turn);
        write!(f, "{busy:>7}{turn:>14}{:>10}{:>12}  {:<20}", self.depth, self.depth_high_water, &*self.path)?;
        match &self.longest_activation {
            Some(longest) => write!(f, "  {:.1?} in {} of {}", longest.time, longest.method, longest.path),
            None => Ok(()),
        }
    }
}

/// What a pool and the reports share.
#[derive(Debug)]
struct Shared {
    path: Arc<str>,
    born_at: Instant,
    busy_nanos: AtomicU64,
    longest_turn_nanos: AtomicU64,
    depth: AtomicU64,
    depth_high_water: AtomicU64,
    longest: Mutex<Option<LongActivation>>,
}

/// The entry of one pool, for as long as that runs.
#[derive(Debug)]
pub(crate) struct PoolEntry {
    shared: Arc<Shared>,
    place: usize,
}

impl PoolEntry {
    pub(crate) fn new(path: &str) -> Self {
        let shared = Arc::new(Shared {
            path: Arc::from(path),
            born_at: Instant::now(),
            busy_nanos: AtomicU64::new(0),
            longest_turn_nanos: AtomicU64::new(0),
            depth: AtomicU64::new(0),
            depth_high_water: AtomicU64::new(0),
            longest: Mutex::new(None),
        });
        let place = POOLS.enter(Arc::clone(&shared));
        Self { shared, place }
    }

    /// Counts a turn that had work. Only the pool itself writes, so a load and a store do.
    pub(crate) fn count_turn(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let shared = &*self.shared;
        shared.busy_nanos.store(shared.busy_nanos.load(Relaxed).saturating_add(nanos), Relaxed);
        if nanos > shared.longest_turn_nanos.load(Relaxed) {
            shared.longest_turn_nanos.store(nanos, Relaxed);
        }
    }

    /// Notes how many messages lie in the pool's queue.
    pub(crate) fn note_depth(&self, depth: u64) {
        let shared = &*self.shared;
        shared.depth.store(depth, Relaxed);
        if depth > shared.depth_high_water.load(Relaxed) {
            shared.depth_high_water.store(depth, Relaxed);
        }
    }

    /// Notes an activation, and says so where it kept the pool for long.
    pub(crate) fn note_activation(&self, path: Arc<str>, method: &'static str, time: Duration) {
        let mut longest = self.shared.longest.lock().unwrap_or_else(PoisonError::into_inner);
        if longest.as_ref().is_some_and(|longest| longest.time >= time) && time < HOG_TIME {
            return;
        }
        if time >= HOG_TIME {
            let pool = &self.shared.path;
            log::warn(Site::Pool, || format!("{method} of {path} kept pool {pool} for {time:.1?}"));
        }
        if longest.as_ref().is_none_or(|longest| longest.time < time) {
            *longest = Some(LongActivation { path, method, time });
        }
    }
}

impl Drop for PoolEntry {
    fn drop(&mut self) {
        POOLS.leave(self.place);
    }
}

/// What each pool of this process did so far, the busiest first.
///
/// # Cost
/// A lock and a few loads a pool; no pool is stopped.
#[must_use]
pub fn pool_residency() -> Vec<PoolResidency> {
    let mut pools: Vec<PoolResidency> = POOLS.snapshot().iter().map(|shared| shared.residency()).collect();
    pools.sort_by(|one, other| other.busy_share().total_cmp(&one.busy_share()));
    pools
}

impl Shared {
    fn residency(&self) -> PoolResidency {
        PoolResidency {
            path: Arc::clone(&self.path),
            age: self.born_at.elapsed(),
            busy: Duration::from_nanos(self.busy_nanos.load(Relaxed)),
            longest_turn: Duration::from_nanos(self.longest_turn_nanos.load(Relaxed)),
            longest_activation: self.longest.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            depth: self.depth.load(Relaxed),
            depth_high_water: self.depth_high_water.load(Relaxed),
        }
    }
}

/// Writes [`pool_residency`] to stderr.
pub fn dump_pool_residency() {
    let pools = pool_residency();
    let mut text = format!("pool residency: {} pools\n", pools.len());
    text += "   busy  longest turn     depth  high-water  pool                  longest activation\n";
    pools.iter().for_each(|pool| text += &format!("{pool}\n"));
    // In one piece, so that lines of other threads do not come between. A closed stderr is no reason to fail.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
