//! Accounts: each arena, queue and lane says here what it holds.
//!
//! An account is written by its owner when it grows or shrinks, never per message, and read by whoever prints a
//! report. It lives exactly as long as the memory it stands for.
//!
//! What it does not do: it attributes nothing by itself; memory without an account is ordinary heap.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::registry::Registry;
use super::residency::AccountResidency;

/// What an account stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Chunks of the scratches of a pool or of a waiting activation.
    Scratch,
    /// The region of one locus.
    Heap,
    /// The loci of a pool themselves: their structs and the runtime's header beside each.
    Loci,
    /// Memory of loci that have ended, kept for the next of their type.
    SpareLoci,
    /// A queue of messages inside a pool, or from other threads to a pool.
    Queue,
    /// Messages on their way to another pool that are not yet handed over.
    Outbox,
    /// A ring between two pools.
    Lane,
    /// The ring of one bounded subscription.
    Ring,
    /// The slots of a pool in which `async fn` handlers wait.
    Slots,
    /// Free chunks kept for later.
    ChunkPool,
    /// The touched part of a thread's stack. Not from the allocator.
    Stack,
}

impl Kind {
    /// The name in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scratch => "scratch",
            Self::Heap => "heap",
            Self::Loci => "loci",
            Self::SpareLoci => "spare loci",
            Self::Queue => "queue",
            Self::Outbox => "outbox",
            Self::Lane => "lane",
            Self::Ring => "ring",
            Self::Slots => "slots",
            Self::ChunkPool => "chunk pool",
            Self::Stack => "stack",
        }
    }

    /// Whether its bytes come from the global allocator, and so are part of the allocator's live bytes.
    #[must_use]
    pub fn is_allocated(self) -> bool {
        !matches!(self, Self::Stack)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One line of the residency report, kept current by the owner of the memory. Dropping it removes the line.
///
/// # Cost
///
/// Making and dropping one takes a process-wide lock; setting it is three atomic operations. Call `set` when memory
/// is taken or given back, not per message.
#[derive(Debug)]
pub struct Account {
    entry: Arc<Entry>,
    place: usize,
}

/// What an account holds, shared with the registry.
#[derive(Debug)]
pub(super) struct Entry {
    path: Arc<str>,
    kind: Kind,
    parent: Option<Arc<str>>,
    bytes: AtomicUsize,
    high_water: AtomicUsize,
    chunks: AtomicUsize,
}

impl Account {
    /// Opens an account under the path of its owner.
    #[must_use]
    pub fn new(path: impl Into<Arc<str>>, kind: Kind) -> Self {
        Self::open(path.into(), kind, None)
    }

    /// Opens an account that is shown with the arena it takes its memory from.
    #[must_use]
    pub fn with_parent(path: impl Into<Arc<str>>, kind: Kind, parent: impl Into<Arc<str>>) -> Self {
        Self::open(path.into(), kind, Some(parent.into()))
    }

    fn open(path: Arc<str>, kind: Kind, parent: Option<Arc<str>>) -> Self {
        let zero = || AtomicUsize::new(0);
        let (bytes, high_water, chunks) = (zero(), zero(), zero());
        let entry = Arc::new(Entry { path, kind, parent, bytes, high_water, chunks });
        Self { place: ACCOUNTS.enter(entry.clone()), entry }
    }

    /// States what is held now, as taken from the allocator, and in how many blocks. Keeps the high-water mark.
    pub fn set(&self, bytes: usize, chunks: usize) {
        self.entry.bytes.store(bytes, Relaxed);
        self.entry.chunks.store(chunks, Relaxed);
        self.entry.high_water.fetch_max(bytes, Relaxed);
    }

    /// Bytes held now.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.entry.bytes.load(Relaxed)
    }

    /// The most bytes ever held.
    #[must_use]
    pub fn high_water_bytes(&self) -> usize {
        self.entry.high_water.load(Relaxed)
    }

    /// Blocks the bytes are held in.
    #[must_use]
    pub fn chunks(&self) -> usize {
        self.entry.chunks.load(Relaxed)
    }

    /// The path of the owner.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.entry.path
    }
}

impl Entry {
    pub(super) fn residency(&self) -> AccountResidency {
        AccountResidency {
            path: self.path.clone(),
            kind: self.kind,
            parent: self.parent.clone(),
            count: 1,
            bytes: self.bytes.load(Relaxed) as u64,
            high_water_bytes: self.high_water.load(Relaxed) as u64,
            chunks: self.chunks.load(Relaxed) as u64,
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        ACCOUNTS.leave(self.place);
    }
}

static ACCOUNTS: Registry<Entry> = Registry::new();

/// All open accounts.
pub(super) fn entries() -> Vec<Arc<Entry>> {
    ACCOUNTS.snapshot()
}
