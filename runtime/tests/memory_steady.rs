//! What runs for ever allocates nothing: scratch, rings, kept values, counters.

use std::fmt::Write;

use locus::alloc::{Counting, thread_allocations};
use locus::arena::Scratch;
use locus::store::{Keep, Ring, Text};
use locus::watch::Counter;

#[global_allocator]
static ALLOCATOR: Counting = Counting::new();

/// How often `activation` allocates in a thousand runs, once it has run a hundred times.
fn allocations(mut activation: impl FnMut(usize)) -> u64 {
    (0..100).for_each(&mut activation);
    let before = thread_allocations();
    (0..1000).for_each(&mut activation);
    thread_allocations() - before
}

#[test]
fn an_activation_reuses_its_scratch() {
    let mut scratch = Scratch::new();
    let count = allocations(|n| {
        let numbers = scratch.alloc_slice_copy(&[n; 100]);
        let line = scratch.format(format_args!("{n}: {}", numbers.len()));
        let mut text = scratch.text();
        for _ in 0..100 {
            write!(text, "{line} ").expect("it is far below the ceiling");
        }
        let boxed = scratch.boxed(Text::<24>::new(line));
        assert!(text.into_str().starts_with(boxed.as_str()));
        drop(boxed);
        scratch.reset();
    });
    assert_eq!(count, 0);
}

#[test]
fn an_outlier_costs_its_chunks_each_time() {
    let mut scratch = Scratch::new();
    let count = allocations(|_| {
        scratch.alloc_slice_copy(&[0_u8; 100_000]);
        scratch.reset();
    });
    assert_eq!(count, 2 * 1000, "the first chunk and the large one, neither of which is kept");
}

#[test]
fn a_full_ring_reuses_what_it_evicts() {
    let mut recent: Ring<String, 16> = Ring::new();
    let lines: Vec<String> = (0..50).map(|n| "x".repeat(10 + n % 50)).collect();
    (0..16).for_each(|_| recent.push_evict_with(|slot| slot.reserve(60)));
    assert_eq!(allocations(|n| recent.push_evict_with(|slot| lines[n % 50].keep_into(slot))), 0);
}

#[test]
fn a_counter_allocates_at_its_first_use_only() {
    let before = thread_allocations();
    let posts = Counter::new("posts");
    assert_eq!(thread_allocations(), before);
    posts.inc();
    assert_ne!(thread_allocations(), before);
    assert_eq!(allocations(|_| posts.inc()), 0);
}
