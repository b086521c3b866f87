//! The floor between two threads: cache lines through a single-producer single-consumer ring, with one release
//! store per 32 lines and nothing else. No routing, no wake-up, no fairness, no rollback.
//!
//! The words of a slot are relaxed atomics, which compile to plain moves: the ring needs no unsafe code.

use std::sync::atomic::{AtomicU64, Ordering};

use super::on_two_cores;
use crate::harness::{Measured, Message, Work, report};

/// Large enough that the two sides seldom meet on a full ring.
const SLOTS: u64 = 4096;
/// Lines behind one release store.
const FLUSH_LINES: u64 = 32;
/// How long the reader looks away when it has caught up: polling the line too eagerly slows the writer.
const BACK_OFF_SPINS: u32 = 32;

const _: () = assert!(SLOTS.is_power_of_two() && SLOTS.is_multiple_of(FLUSH_LINES));

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

    fn write_all(&self, total: u64) {
        let mut room_until = SLOTS;
        let mut position = 0;
        while position < total {
            let flush_at = (position + FLUSH_LINES).min(total);
            while room_until < flush_at {
                room_until = self.read.0.load(Ordering::Acquire) + SLOTS;
                std::hint::spin_loop();
            }
            for sequence in position..flush_at {
                let words = Message::new(sequence).to_words();
                for (cell, word) in self.slot(sequence).0.iter().zip(words) {
                    cell.store(word, Ordering::Relaxed);
                }
            }
            position = flush_at;
            self.written.0.store(position, Ordering::Release);
        }
    }

    fn read_all(&self, total: u64, mut take: impl FnMut(&Message)) {
        let mut position = 0;
        while position < total {
            let written = self.written.0.load(Ordering::Acquire);
            if written == position {
                (0..BACK_OFF_SPINS).for_each(|_| std::hint::spin_loop());
                continue;
            }
            for sequence in position..written {
                let slot = self.slot(sequence);
                take(&Message::from_words(std::array::from_fn(|word| slot.0[word].load(Ordering::Relaxed))));
            }
            position = written;
            self.read.0.store(position, Ordering::Release);
        }
    }
}

/// Two pinned threads that spin.
pub(crate) fn across_pools(work: Work) -> Measured {
    let (mut meter, report) = report(work);
    let ring = Ring::new();
    let feeder = || ring.write_all(work.total());
    let sink = || {
        ring.read_all(work.total(), |message| {
            meter.take(message);
        });
    };
    on_two_cores(feeder, sink, &report)
}
