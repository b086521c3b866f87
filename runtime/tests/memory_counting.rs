//! The counting allocator: exact sums, also across threads that come and go.

use std::sync::mpsc;
use std::thread;

use locus::alloc::{Counting, allocations, live_block_bytes, live_bytes, thread_allocations};

#[global_allocator]
static ALLOCATOR: Counting = Counting::new();

/// More threads than the allocator has shards.
const THREADS: usize = if cfg!(miri) { 8 } else { 300 };
/// Blocks that go to another thread.
const BLOCKS: usize = if cfg!(miri) { 50 } else { 500 };

const BLOCKS_KNOWN: bool = cfg!(all(target_env = "gnu", target_pointer_width = "64"));

/// What some code changes: live bytes, live block bytes, allocations.
fn change(code: impl FnOnce()) -> (i64, i64, u64) {
    let read = || {
        let bytes = live_bytes().expect("the allocator is installed");
        (bytes, live_block_bytes().unwrap_or(0), allocations())
    };
    let before = read();
    code();
    let after = read();
    (after.0.wrapping_sub(before.0) as i64, after.1.wrapping_sub(before.1) as i64, after.2 - before.2)
}

/// The counts are of the whole process, so nothing else may run in it: this is a test without a harness, which answers
/// what a test runner asks.
fn main() {
    let asked = |option: &str| std::env::args().any(|argument| argument == option);
    if asked("--list") {
        if !asked("--ignored") {
            println!("counts_are_exact: test");
        }
        return;
    }
    counts_what_one_thread_does();
    counts_over_aligned_blocks();
    a_block_freed_by_another_thread_leaves_the_sum_exact();
    more_threads_than_shards_count_exactly();
    a_thread_sees_its_own_allocations();
}

fn counts_what_one_thread_does() {
    let block = |bytes: i64| if BLOCKS_KNOWN { bytes } else { 0 };
    let mut kept = Vec::new();
    assert_eq!(change(|| kept = vec![1_u8; 1000]), (1000, block(1008), 1));
    assert_eq!(change(|| kept.reserve_exact(2000)), (2000, block(2000), 1), "grown to 3000");
    assert_eq!(change(|| kept.shrink_to_fit()), (-2000, block(-2000), 1));
    assert_eq!(change(|| kept = vec![0; 500]), (-500, block(-496), 1), "a zeroed block instead");
    assert_eq!(change(|| drop(kept)), (-500, block(-512), 0));
}

fn counts_over_aligned_blocks() {
    #[repr(align(256))]
    struct Wide(u8);
    let mut kept = None;
    let (bytes, _, count) = change(|| kept = Some(Box::new(Wide(1))));
    assert_eq!((bytes, count, kept.as_ref().map(|wide| wide.0)), (256, 1, Some(1)));
    assert_eq!(change(|| drop(kept)).0, -256);
}

fn a_block_freed_by_another_thread_leaves_the_sum_exact() {
    let exchange = || {
        let (give, take) = mpsc::channel::<Vec<u8>>();
        let freeing = thread::spawn(move || take.iter().map(|block| block.len()).sum::<usize>());
        for size in 1..BLOCKS {
            give.send(vec![0; size]).expect("the other thread receives");
        }
        drop(give);
        assert_eq!(freeing.join().expect("it does not panic"), (BLOCKS - 1) * BLOCKS / 2);
    };
    exchange(); // what std keeps for channels and threads
    let (bytes, block_bytes, count) = change(exchange);
    assert_eq!((bytes, block_bytes), (0, 0));
    assert!(count as usize >= BLOCKS, "{count}");
}

fn more_threads_than_shards_count_exactly() {
    let (hold, wait) = mpsc::sync_channel::<()>(0);
    let wait = std::sync::Arc::new(std::sync::Mutex::new(wait));
    let many = || {
        // All are alive at once: the first to get the lock waits for the end, the others for it.
        let start = || {
            let wait = wait.clone();
            thread::spawn(move || {
                let block = vec![0_u8; 10_000];
                let received = wait.lock().expect("nobody panics").recv();
                (block, received)
            })
        };
        let threads: Vec<_> = (0..THREADS).map(|_| start()).collect();
        threads.iter().for_each(|_| hold.send(()).expect("a thread waits"));
        let blocks = threads.into_iter().map(|thread| thread.join().expect("it does not panic").0);
        assert_eq!(blocks.map(|block| block.len()).sum::<usize>(), THREADS * 10_000);
    };
    many();
    for _ in 0..3 {
        let (bytes, _, count) = change(many);
        assert_eq!(bytes, 0);
        assert!(count as usize >= 2 * THREADS, "{count}");
    }
}

fn a_thread_sees_its_own_allocations() {
    let own = |code: &dyn Fn()| {
        let before = thread_allocations();
        code();
        thread_allocations() - before
    };
    assert_eq!(own(&|| drop(std::hint::black_box(Box::new(1)))), 1);
    assert_eq!(own(&|| {}), 0);
    let boxes: fn() -> usize =
        || (0..1000).map(|n| std::hint::black_box(Box::new(n))).filter(|n| **n == 0).count();
    let elsewhere = move || assert_eq!(thread::spawn(boxes).join().expect("it does not panic"), 1);
    assert!(own(&elsewhere) < 20, "the other thread's 1000 boxes are not ours");
    assert!(change(elsewhere).2 >= 1000);
}
