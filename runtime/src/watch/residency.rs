//! The residency report: which part of the program holds which memory, and what nobody accounts for.
//!
//! All figures are measured, none is what is left over, except `unaccounted`, which says so:
//! - arenas, queues and lanes: what their owners state in their accounts;
//! - ordinary heap: the live bytes of [`alloc::Counting`](crate::alloc::Counting), as the system's allocator lays
//!   them out, less the bytes of those accounts, which come from the same allocator;
//! - not touched yet: the pages of large blocks among both that have no memory so far;
//! - thread stacks: their pages that have memory;
//! - resident memory, and the part of it that files stand behind: the system's own figures.
//!
//! `unaccounted` is the resident memory gained since [`mark_start`] less all of these. What is known to be in it
//! follows it line by line: code pages read in since, and what the allocator holds for later use.

mod report;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::OnceLock;

pub use report::{AccountResidency, Residency};

use super::process::{self, Resident};
use super::{Kind, ResidencyMode, account, stack};
use crate::alloc;

/// Notes what the process holds before its loci exist; the runtime calls it first. Later calls change nothing.
///
/// When reports are to come, it first maps the code of the program in, so that resident memory grows afterwards by
/// what the service takes, and not by the code that happens to run.
pub fn mark_start(mode: ResidencyMode) {
    START.get_or_init(|| {
        if mode != ResidencyMode::Off {
            process::map_code_in();
        }
        Start::now()
    });
}

/// What this process holds now: every arena, queue and lane, ordinary heap, and resident memory.
///
/// # Cost
///
/// Some milliseconds: the system counts pages. No other thread is stopped.
#[must_use]
pub fn arena_residency() -> Residency {
    let start = START.get().copied().unwrap_or_default();
    // The system first: what the report itself allocates is in none of the figures then.
    let resident = process::resident();
    let allocator_free_bytes = process::allocator_free_bytes();
    let live_bytes = heap_bytes();
    let untouched_bytes = alloc::untouched_bytes().unwrap_or(0);
    let accounts = accounts();
    let sum = |of: fn(Kind) -> bool| accounts.iter().filter(|a| of(a.kind)).map(|a| a.bytes).sum();
    let arenas_bytes = sum(Kind::is_allocated);
    Residency {
        arenas_bytes,
        heap_bytes: live_bytes.map(|live| live.saturating_sub(arenas_bytes)),
        heap_at_start_bytes: start.heap_bytes,
        untouched_bytes: untouched_bytes.saturating_sub(start.untouched_bytes),
        stack_bytes: sum(|kind| kind == Kind::Stack),
        allocator_free_bytes,
        given_back_bytes: None,
        resident_bytes: resident.map(|now| now.bytes),
        start_resident_bytes: start.resident.map(|then| then.bytes),
        files_gained_bytes: resident.zip(start.resident).map(|(now, then)| {
            let files = |resident: Resident| resident.bytes as i64 - resident.anonymous_bytes as i64;
            files(now) - files(then)
        }),
        accounts,
    }
}

/// Writes [`arena_residency`] to stderr.
pub fn dump_arena_residency() {
    write(&arena_residency());
}

/// [`arena_residency`] after the allocator was asked to give free memory back to the system; says how much that was.
///
/// For the end of a process: whatever allocates afterwards pays for the pages again.
#[must_use]
pub fn arena_residency_trimmed() -> Residency {
    let (before, free_bytes) = (process::resident(), process::allocator_free_bytes());
    process::trim_allocator();
    let given_back = before
        .zip(process::resident())
        .map(|(before, after)| before.anonymous_bytes.saturating_sub(after.anonymous_bytes));
    Residency {
        given_back_bytes: given_back,
        // The allocator goes on to count what it gave back as free.
        allocator_free_bytes: free_bytes.map(|free| free.saturating_sub(given_back.unwrap_or(0))),
        ..arena_residency()
    }
}

/// Writes [`arena_residency_trimmed`] to stderr.
pub fn dump_arena_residency_trimmed() {
    write(&arena_residency_trimmed());
}

/// In one piece, so that lines of other threads do not come between. A closed stderr is no reason to fail.
fn write(report: &Residency) {
    let _ = io::stderr().lock().write_all(report.to_string().as_bytes());
}

/// What the process held before its loci existed.
#[derive(Clone, Copy, Debug, Default)]
struct Start {
    resident: Option<Resident>,
    heap_bytes: u64,
    untouched_bytes: u64,
}

static START: OnceLock<Start> = OnceLock::new();

impl Start {
    fn now() -> Self {
        Self {
            resident: process::resident(),
            heap_bytes: heap_bytes().unwrap_or(0),
            untouched_bytes: alloc::untouched_bytes().unwrap_or(0),
        }
    }
}

/// Live bytes, with the allocator's own overhead for each block where that is known.
fn heap_bytes() -> Option<u64> {
    alloc::live_block_bytes().or_else(alloc::live_bytes)
}

/// Every account and stack, largest first; those of one kind under one path are one entry.
fn accounts() -> Vec<AccountResidency> {
    let mut merged = BTreeMap::new();
    let entries = account::entries();
    let stacks = stack::stacks();
    let of_stacks = stacks.iter().map(|stack| stack.residency());
    for account in entries.iter().map(|entry| entry.residency()).chain(of_stacks) {
        let key = (account.path.clone(), account.kind, account.parent.clone());
        merged.entry(key).and_modify(|sum: &mut AccountResidency| sum.add(&account)).or_insert(account);
    }
    let mut accounts: Vec<_> = merged.into_values().collect();
    accounts.sort_by_key(|account| Reverse(account.bytes)); // stable: by path among equals
    accounts
}
