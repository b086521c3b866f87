//! Runs one shape and meters it: `locus-truth SHAPE` prints what half of its messages cost.
//!
//! A shape gets its messages through a short channel and is metered while it lives, once when half of them are sent and
//! once when all are. The line is `messages bytes descriptors`: how many lie between, and by how much resident
//! memory and open descriptors rose. Without an argument it lists the shapes. `cargo xtask soak truth` runs them all
//! and puts the meter beside what the checker says of each.
//!
//! A shape is one file, and a program of its own to the checker, which is shown that file alone; so it begins in `main`.

use std::process::ExitCode;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

macro_rules! shapes {
    ($($name:ident,)*) => {
        $(mod $name;)*

        const ALL: &[Shape] = &[
            $(Shape { name: stringify!($name), messages: $name::MESSAGES, run: $name::main },)*
        ];
    };
}

/// One of them.
struct Shape {
    name: &'static str,
    /// How many it is sent.
    messages: u64,
    run: fn(Receiver<u64>),
}

shapes! {
    file_replaced,
    files_kept,
    guard_from_above,
    guard_from_below,
    inner_list_cut,
    inner_list_grows,
    list_cleared_behind_its_loop,
    list_drained,
    list_held_at_its_capacity,
    list_only_grows,
    list_with_capacity_taken_for_a_limit,
    list_with_room_reserved,
    locus_cache_expired,
    locus_cache_never_expired,
    locus_drained_at_exit_only,
    locus_file_replaced,
    locus_files_kept,
    locus_list_only_grows,
    locus_map_by_id,
    locus_map_removed,
    locus_raw_descriptor_lost,
    locus_ring,
    locus_scratch,
    map_by_a_finite_key,
    map_by_id,
    map_by_id_removed,
    option_replaced,
    outer_keys_go,
    outer_keys_stay,
    queue_that_turns,
    queue_that_turns_and_lets_go,
    raw_descriptor_borrowed,
    raw_descriptor_lost_in_a_local,
    retain_that_keeps_all,
    retain_that_lets_go,
    sockets_by_id,
    sockets_by_id_closed,
    static_set_of_ids,
    static_set_swept,
    subscribers_dead_and_kept,
    subscribers_retained,
    text_appended,
    text_cleared,
    text_of_itself_and_more,
    threads_joined,
    threads_never_joined,
    value_replaced,
    window_of_the_last,
}

/// Looks in a row that must see the same, how far apart they are, and how many there may be.
const LOOKS_SAME: u32 = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);
const LOOKS_MAX: u32 = 500;

/// Messages that may be under way when the meter is read.
const UNDER_WAY_MAX: usize = 16;

fn main() -> ExitCode {
    let Some(wanted) = std::env::args().nth(1) else {
        ALL.iter().for_each(|shape| println!("{}", shape.name));
        return ExitCode::SUCCESS;
    };
    match ALL.iter().find(|shape| shape.name == wanted) {
        Some(shape) => {
            println!("{}", metered(shape));
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("error: there is no shape `{wanted}`");
            ExitCode::FAILURE
        }
    }
}

fn metered(shape: &Shape) -> String {
    let (sender, receiver) = sync_channel(UNDER_WAY_MAX);
    let run = shape.run;
    // The first look pages in what looking takes.
    let _ = (resident_bytes(), open_descriptors());
    let worker = std::thread::spawn(move || run(receiver));
    let half = shape.messages / 2;
    let send = |from: u64, to: u64| (from..to).all(|message| sender.send(message).is_ok());
    let lived = send(0, half);
    let before = settled();
    let lived = send(half, shape.messages) && lived;
    let after = settled();
    let (bytes, descriptors) = (after.0 - before.0, after.1 - before.1);
    drop(sender);
    let ended = worker.join().is_ok();
    assert!(lived && ended, "`{}` took not all of its messages", shape.name);
    format!("{} {bytes} {descriptors}", shape.messages - half)
}

/// Resident bytes and open descriptors when neither changes any more: what has been sent may wait in the queue of a pool.
fn settled() -> (i64, i64) {
    let mut last = (resident_bytes(), open_descriptors());
    let mut same = 0;
    for _ in 0..LOOKS_MAX {
        std::thread::sleep(BETWEEN_LOOKS);
        let now = (resident_bytes(), open_descriptors());
        same = if now == last { same + 1 } else { 0 };
        last = now;
        if same == LOOKS_SAME {
            break;
        }
    }
    last
}

fn resident_bytes() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the kernel tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("in a line of its own");
    let kilobytes: i64 = line.trim().trim_end_matches(" kB").parse().expect("in kB");
    kilobytes * 1024
}

fn open_descriptors() -> i64 {
    let open = std::fs::read_dir("/proc/self/fd").expect("the kernel lists them").count();
    i64::try_from(open).unwrap_or(i64::MAX)
}
