//! The residency report: its lines, and that they add up to what the system says.

use std::hint::black_box;
use std::sync::mpsc;
use std::thread;

use locus::alloc::Counting;
use locus::arena::Scratch;
use locus::watch::{
    Account, Kind, Residency, ResidencyMode, StackAccount, arena_residency, arena_residency_trimmed,
    mark_start,
};

#[global_allocator]
static ALLOCATOR: Counting = Counting::new();

const MIB: usize = 1 << 20;

/// The figures are of the whole process, so there is one test.
#[test]
fn the_report_adds_up() {
    mark_start(ResidencyMode::AtExit);
    accounts_come_and_go();
    scratch_is_listed();
    memory_that_was_taken_is_accounted_for();
}

fn accounts_come_and_go() {
    let lane = Account::with_parent("chat/main -> rooms", Kind::Lane, "chat");
    lane.set(4000, 2);
    lane.set(1000, 1);
    let queue = Account::new("chat/rooms", Kind::Queue);
    queue.set(2000, 1);
    let report = arena_residency();
    let listed: Vec<_> =
        report.accounts.iter().map(|a| (&*a.path, a.kind, a.bytes, a.high_water_bytes, a.chunks)).collect();
    assert_eq!(
        listed,
        [("chat/rooms", Kind::Queue, 2000, 2000, 1), ("chat/main -> rooms", Kind::Lane, 1000, 4000, 1)],
        "largest first"
    );
    assert_eq!((report.arenas_bytes, report.accounts[1].parent.as_deref()), (3000, Some("chat")));
    let others = [1, 2].map(|n| {
        let queue = Account::new("chat/rooms", Kind::Queue);
        queue.set(n * 100, 1);
        queue
    });
    let queues = arena_residency().accounts[0].clone();
    assert_eq!(
        (queues.count, queues.bytes, queues.chunks),
        (3, 2300, 3),
        "one entry for those of one path and kind"
    );
    drop((lane, queue, others));
    assert!(arena_residency().accounts.is_empty());
}

fn scratch_is_listed() {
    let mut scratch = Scratch::owned_by("chat/rooms".into());
    assert!(arena_residency().accounts.is_empty(), "nothing is held before the first use");
    scratch.alloc_slice_copy(&[0_u8; 100_000]);
    let held = arena_residency().accounts[0].clone();
    assert_eq!((&*held.path, held.kind, held.chunks), ("chat/rooms", Kind::Scratch, 2));
    assert!(held.bytes > 160_000, "{held:?}");
    scratch.reset();
    let left = arena_residency().accounts[0].clone();
    assert_eq!((left.bytes, left.chunks, left.high_water_bytes), (0, 0, held.high_water_bytes));
}

/// Small blocks, large ones, blocks that are not touched, stacks, blocks that were freed between others.
fn memory_that_was_taken_is_accounted_for() {
    let strings: Vec<String> = (0..200_000).map(|n| format!("a line of about thirty bytes {n}")).collect();
    let lane = vec![1_u8; 8 * MIB];
    let account = Account::new("chat/main -> rooms", Kind::Lane);
    account.set(lane.capacity(), 1);
    let reserved: Vec<u8> = Vec::with_capacity(64 * MIB);
    let (stop, wait) = mpsc::channel::<()>();
    let deep = thread::spawn(move || {
        let _stack = StackAccount::of_this_thread("chat/deep");
        black_box([1_u8; MIB / 4]);
        wait.recv()
    });
    let freed: Vec<Box<[u8]>> = (0..20_000).map(|n| vec![1; 100 + n % 400].into_boxed_slice()).collect();
    let kept: Vec<Box<[u8]>> = freed.into_iter().filter(|block| block.len() % 2 == 0).collect();

    let stack_is_listed =
        || arena_residency().accounts.iter().any(|a| a.kind == Kind::Stack && a.bytes > MIB as u64 / 4);
    while !stack_is_listed() {
        thread::yield_now();
    }
    let report = arena_residency();
    assert!(report.untouched_bytes > 63 * MIB as u64, "{report}");
    adds_up(&report);
    let trimmed = arena_residency_trimmed();
    assert!(trimmed.given_back_bytes.is_some());
    adds_up(&trimmed);
    drop(stop);
    assert!(deep.join().expect("it does not panic").is_err());
    black_box((strings, lane, reserved, kept));
}

/// What is in no account is what the report lists as known, to a tenth of what was gained.
fn adds_up(report: &Residency) {
    let gained = report.gained_bytes().expect("Linux says");
    let unaccounted = report.unaccounted_bytes().expect("Linux says");
    let known = report.allocator_free_bytes.unwrap_or(0);
    assert!(gained > 28 * MIB as i64, "{report}");
    assert!((unaccounted - known as i64).abs() < gained / 10, "{report}");
}
