//! A global allocator that counts.
//!
//! [`Counting`] forwards to the system's allocator and keeps count: live bytes as asked for, live bytes as the
//! allocator rounds them, and how often it was asked. A program that wants the residency report to be complete
//! installs it:
//!
//! ```
//! #[global_allocator]
//! static ALLOCATOR: locus::alloc::Counting = locus::alloc::Counting::new();
//!
//! let before = locus::alloc::live_bytes().expect("it is installed");
//! let kept = vec![0_u8; 1000];
//! assert_eq!(locus::alloc::live_bytes(), Some(before + 1000));
//! # drop(kept);
//! ```
//!
//! Each thread counts in a shard of its own with plain loads and stores; a reader sums the shards. A block that is
//! freed by another thread than the one that took it makes one shard rise and another fall; the sum stays exact. A
//! shard outlives its thread and is handed on. Threads beyond `SHARDS` count together in one more shard, with
//! atomic additions.
//!
//! Invariants:
//! - I1: a shard other than `COMMON` is written only by the thread that has set its `owned` flag, between setting it
//!   (acquire) and clearing it (release).
//! - I2: nothing here allocates: the first allocation of a thread claims its shard from inside `alloc`.
//!
//! What it does not do: it does not know which locus asked.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};

mod large;
pub(crate) mod pages;
#[cfg(unix)]
mod retire;

use large::LARGE_BYTES;

/// The system's allocator, counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counting;

impl Counting {
    /// Makes the allocator, for a `#[global_allocator]` static.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

/// Bytes that are allocated now, as asked for; `None` when [`Counting`] is not the global allocator.
///
/// Exact while no other thread allocates; otherwise each thread is read at a slightly different moment.
#[must_use]
pub fn live_bytes() -> Option<u64> {
    is_installed().then(|| sum(|shard| &shard.bytes))
}

/// Bytes that are allocated now, as the system's allocator lays them out: with its header, rounded up to its
/// granularity. `None` when [`Counting`] is not the global allocator, or when the layout is not known (anything but
/// glibc).
#[must_use]
pub fn live_block_bytes() -> Option<u64> {
    (is_installed() && BLOCKS_KNOWN).then(|| sum(|shard| &shard.block_bytes))
}

/// Bytes of blocks of 32 KiB and more that were never written to, and so take no memory yet. Part of the live bytes.
///
/// # Cost
///
/// One system call for each such block, and one more for every 4 MiB of it.
#[must_use]
pub fn untouched_bytes() -> Option<u64> {
    is_installed().then(large::untouched_bytes)
}

/// How often memory was asked for since the start of the process: new blocks, zeroed ones, and changes of size.
#[must_use]
pub fn allocations() -> u64 {
    sum(|shard| &shard.allocations)
}

/// How often this thread asked for memory. For tests that say how often some code allocates.
#[must_use]
pub fn thread_allocations() -> u64 {
    let in_common = IN_COMMON.get();
    match SHARD.get() {
        Some(shard) => in_common + shard.allocations.load(Relaxed) - CLAIMED_AT.get(),
        None => in_common,
    }
}

fn is_installed() -> bool {
    INSTALLED.load(Relaxed)
}

/// Threads that can count without atomic additions. More than any sensible service has, and 32 KiB.
const SHARDS: usize = if cfg!(miri) { 4 } else { 256 };

static INSTALLED: AtomicBool = AtomicBool::new(false);
static OWN: [Shard; SHARDS] = [const { Shard::new() }; SHARDS];
static COMMON: Shard = Shard::new();

// Constant and without destructor: reading them never allocates and works until the very end of a thread.
thread_local! {
    static SHARD: Cell<Option<&'static Shard>> = const { Cell::new(None) };
    /// What the shard had counted when this thread took it over.
    static CLAIMED_AT: Cell<u64> = const { Cell::new(0) };
    static IN_COMMON: Cell<u64> = const { Cell::new(0) };
    static MAY_CLAIM: Cell<bool> = const { Cell::new(true) };
}

/// Counts of one thread. Byte counts wrap below zero where other threads' blocks are freed; only sums mean anything.
///
/// The alignment keeps two threads' shards off one pair of cache lines.
#[repr(align(128))]
struct Shard {
    bytes: AtomicU64,
    block_bytes: AtomicU64,
    allocations: AtomicU64,
    owned: AtomicBool,
}

impl Shard {
    const fn new() -> Self {
        Self {
            bytes: AtomicU64::new(0),
            block_bytes: AtomicU64::new(0),
            allocations: AtomicU64::new(0),
            owned: AtomicBool::new(false),
        }
    }

    /// Adds by load and store. Only for the owner (I1).
    #[inline(always)]
    fn add_own(&self, change: Change) {
        let add = |counter: &AtomicU64, n: u64| counter.store(counter.load(Relaxed).wrapping_add(n), Relaxed);
        add(&self.bytes, change.bytes);
        add(&self.block_bytes, change.block_bytes);
        if change.allocations != 0 {
            add(&self.allocations, change.allocations);
        }
    }

    fn add_common(&self, change: Change) {
        self.bytes.fetch_add(change.bytes, Relaxed);
        self.block_bytes.fetch_add(change.block_bytes, Relaxed);
        self.allocations.fetch_add(change.allocations, Relaxed);
    }
}

/// What one call changes; bytes in two's complement.
#[derive(Clone, Copy)]
struct Change {
    bytes: u64,
    block_bytes: u64,
    allocations: u64,
}

impl Change {
    #[inline(always)]
    fn taken(size: usize) -> Self {
        Self { bytes: size as u64, block_bytes: block_bytes(size), allocations: 1 }
    }

    #[inline(always)]
    fn freed(size: usize) -> Self {
        Self {
            bytes: (size as u64).wrapping_neg(),
            block_bytes: block_bytes(size).wrapping_neg(),
            allocations: 0,
        }
    }

    #[inline(always)]
    fn resized(from: usize, to: usize) -> Self {
        Self {
            bytes: (to as u64).wrapping_sub(from as u64),
            block_bytes: block_bytes(to).wrapping_sub(block_bytes(from)),
            allocations: 1,
        }
    }
}

/// Whether `block_bytes` says more than the size.
const BLOCKS_KNOWN: bool = cfg!(all(target_env = "gnu", target_pointer_width = "64"));

/// What glibc's malloc sets aside: an 8-byte header, in steps of 16, at least 32.
#[inline(always)]
fn block_bytes(size: usize) -> u64 {
    if BLOCKS_KNOWN { (size as u64 + 8).next_multiple_of(16).max(32) } else { size as u64 }
}

#[inline(always)]
fn count(change: Change) {
    match SHARD.get() {
        Some(shard) => shard.add_own(change),
        None => count_without_shard(change),
    }
}

#[cold]
fn count_without_shard(change: Change) {
    if MAY_CLAIM.replace(false) {
        INSTALLED.store(true, Relaxed);
        if let Some(shard) = claim() {
            CLAIMED_AT.set(shard.allocations.load(Relaxed));
            SHARD.set(Some(shard));
            return shard.add_own(change);
        }
    }
    COMMON.add_common(change);
    IN_COMMON.set(IN_COMMON.get() + change.allocations);
}

/// Takes over a shard that nobody owns, if the end of this thread can be known, so that it is handed on.
fn claim() -> Option<&'static Shard> {
    #[cfg(not(unix))]
    return None;
    #[cfg(unix)]
    {
        let free = |shard: &&Shard| !shard.owned.load(Relaxed) && !shard.owned.swap(true, Acquire);
        let shard = OWN.iter().find(free)?;
        if !retire::at_thread_exit(give_back) {
            shard.owned.store(false, Release);
            return None;
        }
        Some(shard)
    }
}

/// Hands the shard of an ending thread on. What the thread still does counts in common.
#[cfg(unix)]
fn give_back() {
    if let Some(shard) = SHARD.take() {
        IN_COMMON.set(IN_COMMON.get() + shard.allocations.load(Relaxed) - CLAIMED_AT.get());
        shard.owned.store(false, Release);
    }
}

fn sum(counter: impl Fn(&Shard) -> &AtomicU64) -> u64 {
    let shards = OWN.iter().chain([&COMMON]);
    shards.fold(0, |total: u64, shard| total.wrapping_add(counter(shard).load(Relaxed)))
}

// SAFETY: forwards to `System`, which is an allocator; counting neither allocates (I2) nor unwinds.
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is the same.
        let block = unsafe { System.alloc(layout) };
        if !block.is_null() {
            count(Change::taken(layout.size()));
            if layout.size() >= LARGE_BYTES {
                large::enter(block, layout.size());
            }
        }
        block
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is the same.
        let block = unsafe { System.alloc_zeroed(layout) };
        if !block.is_null() {
            count(Change::taken(layout.size()));
            if layout.size() >= LARGE_BYTES {
                large::enter(block, layout.size());
            }
        }
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if layout.size() >= LARGE_BYTES {
            large::leave(block);
        }
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(block, layout) };
        count(Change::freed(layout.size()));
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if layout.size() >= LARGE_BYTES {
            large::leave(block);
        }
        // SAFETY: the caller's promise is the same.
        let moved = unsafe { System.realloc(block, layout, new_size) };
        let (now_at, size) = if moved.is_null() { (block, layout.size()) } else { (moved, new_size) };
        if size >= LARGE_BYTES {
            large::enter(now_at, size);
        }
        if !moved.is_null() {
            count(Change::resized(layout.size(), new_size));
        }
        moved
    }
}
