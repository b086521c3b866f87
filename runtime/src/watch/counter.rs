//! Counters: register a name once, use a handle afterwards.
//!
//! A counter that lives in a locus has one writer, so counting is a load and a store; whoever reads the counters
//! sees each value a moment late, never torn.
//!
//! What a dropped counter had counted is kept under its path, so that a restart counts on. Instance numbers
//! (`Conn#42`) are cut from the path then: the memory stays bounded however many children come and go.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::registry::Registry;

/// Counts something that happens in a locus.
///
/// Inert when it is made, so that constructors may make one; registers at its first use, under the path of the
/// running locus (outside of a locus: under the empty path).
///
/// # Cost
///
/// The first use takes a process-wide lock and allocates; each further one is two loads and a store.
///
/// # Examples
///
/// ```
/// use locus::watch::Counter;
///
/// let posts = Counter::new("posts");
/// posts.inc();
/// posts.add(2);
/// assert_eq!(posts.value(), 3);
/// ```
pub struct Counter {
    name: &'static str,
    registered: OnceCell<Registered>,
}

struct Registered {
    count: Arc<Count>,
    place: usize,
}

/// What readers see of a counter. Stored to by the counter alone.
struct Count {
    path: Arc<str>,
    name: &'static str,
    value: AtomicU64,
}

impl Counter {
    /// Makes a counter that is not registered yet.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, registered: OnceCell::new() }
    }

    /// Counts one.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// Counts `n`.
    #[inline]
    pub fn add(&self, n: u64) {
        let registered = match self.registered.get() {
            Some(registered) => registered,
            None => self.register(),
        };
        // A counter is neither `Sync` nor `Clone`: nobody else stores, so nothing is lost between load and store.
        let value = &registered.count.value;
        value.store(value.load(Relaxed).wrapping_add(n), Relaxed);
    }

    /// What this counter has counted since it was made.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.registered.get().map_or(0, |registered| registered.count.value.load(Relaxed))
    }

    #[cold]
    fn register(&self) -> &Registered {
        self.registered.get_or_init(|| {
            let path = PATH_SOURCE.get().and_then(|source| source()).unwrap_or_default();
            let count = Arc::new(Count { path, name: self.name, value: AtomicU64::new(0) });
            Registered { place: COUNTS.enter(count.clone()), count }
        })
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        if let Some(Registered { count, place }) = self.registered.take() {
            // Both under the lock of the past: a reader, who takes it too, sees the value once.
            let mut past = past();
            COUNTS.leave(place);
            *past.entry((without_instances(&count.path).into(), count.name)).or_default() +=
                count.value.load(Relaxed);
        }
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counter").field("name", &self.name).field("value", &self.value()).finish()
    }
}

/// One counter and what it has counted, those that were dropped under the same path and name included.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct CounterReading {
    /// The path of the locus that counts, empty outside of loci.
    pub path: Arc<str>,
    /// The name the counter was made with.
    pub name: &'static str,
    /// What it has counted.
    pub value: u64,
}

/// All counters that were ever used, by path and name.
#[must_use]
pub fn counters() -> Vec<CounterReading> {
    let past = past();
    let mut totals: BTreeMap<(Arc<str>, &'static str), u64> = past.clone();
    for count in COUNTS.snapshot() {
        *totals.entry((count.path.clone(), count.name)).or_default() += count.value.load(Relaxed);
    }
    let reading = |((path, name), value)| CounterReading { path, name, value };
    totals.into_iter().map(reading).collect()
}

/// Tells counters how to learn the path of the locus that runs on the calling thread. The first call counts.
pub(crate) fn set_path_source(source: fn() -> Option<Arc<str>>) {
    PATH_SOURCE.get_or_init(|| source);
}

static PATH_SOURCE: OnceLock<fn() -> Option<Arc<str>>> = OnceLock::new();
static COUNTS: Registry<Count> = Registry::new();

/// What counters that are gone had counted. As many entries as the program has paths and names.
type Past = BTreeMap<(Arc<str>, &'static str), u64>;

static PAST: Mutex<Past> = Mutex::new(Past::new());

fn past() -> MutexGuard<'static, Past> {
    PAST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The path of what an instance is one of: `web/Conn#42` is a `web/Conn`.
fn without_instances(path: &str) -> String {
    let segments: Vec<&str> =
        path.split('/').map(|segment| segment.split('#').next().unwrap_or("")).collect();
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    thread_local! {
        static PATH: std::cell::RefCell<Option<Arc<str>>> = const { std::cell::RefCell::new(None) };
    }

    fn run_as(path: &str) {
        set_path_source(|| PATH.with_borrow(Clone::clone));
        PATH.set(Some(path.into()));
    }

    fn reading(path: &str, name: &str) -> Option<u64> {
        counters().into_iter().find(|c| &*c.path == path && c.name == name).map(|c| c.value)
    }

    #[test]
    fn registers_at_first_use_under_the_running_path() {
        let posts = Counter::new("posts");
        run_as("chat/lobby");
        assert_eq!(reading("chat/lobby", "posts"), None);
        posts.inc();
        run_as("chat/elsewhere");
        posts.add(4);
        assert_eq!((posts.value(), reading("chat/lobby", "posts")), (5, Some(5)));
        assert_eq!(reading("chat/elsewhere", "posts"), None);
    }

    #[test]
    fn a_restarted_locus_counts_on() {
        run_as("chat/restarts");
        let first = Counter::new("seen");
        first.add(3);
        drop(first);
        let second = Counter::new("seen");
        second.inc();
        assert_eq!(reading("chat/restarts", "seen"), Some(4));
    }

    #[test]
    fn instances_that_are_gone_share_one_entry() {
        for (n, live) in [(1, true), (2, false), (3, false)] {
            let path = format!("web[1]/Conn#{n}/Part#9");
            run_as(&path);
            let bytes = Counter::new("bytes");
            bytes.add(10);
            assert_eq!(reading(&path, "bytes"), Some(10), "{live}");
            drop(bytes);
            assert_eq!((reading(&path, "bytes"), reading("web[1]/Conn/Part", "bytes")), (None, Some(n * 10)));
        }
    }
}
