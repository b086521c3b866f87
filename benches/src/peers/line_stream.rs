//! The floor between two threads: cache lines through a single-producer single-consumer ring, with one release
//! store per 32 lines and nothing else. No routing, no wake-up, no fairness, no rollback.
//!
//! And the floor under a small bound: the same ring with at most 64 lines under way, written, published and given back 16
//! at a time, which is the fastest of 4, 8, 16 and 32. Both sides wait for each other's line all the time.
//!
//! And the floor of who publishes all 64 in one step, as an activation does that may still fail: the next 64 are written as
//! lines are given back, and published together once the last of them is there.
//!
//! The words of a slot are relaxed atomics, which compile to plain moves: the ring needs no unsafe code.

use std::sync::atomic::{AtomicU64, Ordering};

use super::on_two_cores;
use crate::harness::{Measured, Message, Work, report};

/// Large enough that the two sides seldom meet on a full ring.
const SLOTS: u64 = 4096;
/// How far apart the two sides may be, and in what portions they go on.
#[derive(Clone, Copy)]
struct Pace {
    /// Lines that may be under way.
    window_lines: u64,
    /// Lines that are written as soon as there is room for them.
    write_lines: u64,
    /// Lines behind one release store of the writer.
    flush_lines: u64,
    /// Lines behind one release store of the reader, where it has not caught up before.
    return_lines: u64,
    /// How long the reader looks away when it has caught up: polling the line too eagerly slows a writer that streams.
    back_off_spins: u32,
}

const STREAM: Pace =
    Pace { window_lines: SLOTS, write_lines: 32, flush_lines: 32, return_lines: SLOTS, back_off_spins: 32 };

const WINDOW: Pace =
    Pace { window_lines: 64, write_lines: 16, flush_lines: 16, return_lines: 16, back_off_spins: 1 };

const WHOLE_WINDOW: Pace = Pace { flush_lines: WINDOW.window_lines, ..WINDOW };

const _: () = assert!(SLOTS.is_power_of_two() && SLOTS.is_multiple_of(STREAM.flush_lines));

/// A position on a line of its own, so that the two sides do not share one.
#[repr(align(128))]
#[derive(Default)]
struct Position(AtomicU64);

#[repr(align(64))]
#[derive(Default)]
struct Slot([AtomicU64; 8]);

struct Ring {
    written: Position,
    read: Position,
    slots: Box<[Slot]>,
}

impl Ring {
    fn new() -> Self {
        let slots = (0..SLOTS).map(|_| Slot::default()).collect();
        Self { written: Position::default(), read: Position::default(), slots }
    }

    #[inline]
    fn slot(&self, position: u64) -> &Slot {
        &self.slots[position as usize % self.slots.len()]
    }

    fn write_all(&self, pace: Pace, total: u64) {
        let mut room_until = pace.window_lines;
        let mut position = 0;
        while position < total {
            let write_to = (position + pace.write_lines).min(total);
            while room_until < write_to {
                room_until = self.read.0.load(Ordering::Acquire) + pace.window_lines;
                std::hint::spin_loop();
            }
            for sequence in position..write_to {
                let words = Message::new(sequence).to_words();
                for (cell, word) in self.slot(sequence).0.iter().zip(words) {
                    cell.store(word, Ordering::Relaxed);
                }
            }
            position = write_to;
            if position.is_multiple_of(pace.flush_lines) || position == total {
                self.written.0.store(position, Ordering::Release);
            }
        }
    }

    fn read_all(&self, pace: Pace, total: u64, mut take: impl FnMut(&Message)) {
        let mut position = 0;
        while position < total {
            let written = self.written.0.load(Ordering::Acquire);
            if written == position {
                (0..pace.back_off_spins).for_each(|_| std::hint::spin_loop());
                continue;
            }
            while position < written {
                let return_at = (position + pace.return_lines).min(written);
                for sequence in position..return_at {
                    let slot = self.slot(sequence);
                    let words = std::array::from_fn(|word| slot.0[word].load(Ordering::Relaxed));
                    take(&Message::from_words(words));
                }
                position = return_at;
                self.read.0.store(position, Ordering::Release);
            }
        }
    }
}

/// Two pinned threads that spin.
pub(crate) fn across_pools(work: Work) -> Measured {
    run(STREAM, work)
}

/// The same with 64 lines under way at most.
pub(crate) fn across_pools_window_64(work: Work) -> Measured {
    run(WINDOW, work)
}

/// The same, and all 64 published together.
pub(crate) fn across_pools_whole_window_64(work: Work) -> Measured {
    run(WHOLE_WINDOW, work)
}

fn run(pace: Pace, work: Work) -> Measured {
    let (mut meter, report) = report(work);
    let ring = Ring::new();
    let feeder = || ring.write_all(pace, work.total());
    let sink = || {
        ring.read_all(pace, work.total(), |message| {
            meter.take(message);
        });
    };
    on_two_cores(feeder, sink, &report)
}
