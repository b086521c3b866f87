//! The timers of a pool: what is due, in order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use crate::locus::cell::CellId;

/// What happens when a timer is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// The `timer`-th `#[every]` method of a locus.
    Tick { cell: CellId, timer: u32, period: Duration },
    /// The end of a restart's backoff.
    Restart { cell: CellId },
    /// The end of a handler's `timeout`.
    Deadline { slot: u32, at: Instant },
}

impl Due {
    /// The locus it concerns, where it may outlive that.
    fn cell(self) -> Option<CellId> {
        match self {
            Self::Tick { cell, .. } | Self::Restart { cell } => Some(cell),
            Self::Deadline { .. } => None,
        }
    }
}

/// A binary heap: loci have few timers, and a pool a few thousand at most.
#[derive(Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, Due)>>,
    /// Ticks of loci that have ended.
    stale: usize,
}

impl Timers {
    pub(crate) fn push(&mut self, at: Instant, due: Due) {
        self.heap.push(Reverse((at, due)));
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes one that is due. A tick is set up anew first, for the next multiple of its period: late ones are skipped.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<Due> {
        if self.next()? > now {
            return None;
        }
        let Reverse((at, due)) = self.heap.pop()?;
        if let Due::Tick { period, .. } = due {
            self.push(next_tick(at, period, now), due);
        }
        Some(due)
    }

    /// Counts ticks of a locus that has ended, and takes them out once they are half of all: a tick costs what it did
    /// before, and the heap stays within twice what is needed.
    pub(crate) fn forget(&mut self, count: usize, is_alive: impl Fn(CellId) -> bool) {
        self.stale += count;
        if self.stale * 2 > self.heap.len() {
            self.heap.retain(|Reverse((_, due))| due.cell().is_none_or(&is_alive));
            self.stale = 0;
        }
    }

    /// Forgets every tick: the sources close.
    pub(crate) fn stop_ticks(&mut self) {
        self.heap.retain(|Reverse((_, due))| !matches!(due, Due::Tick { .. }));
        self.stale = 0;
    }
}

/// The first multiple of `period` after `at` that lies after `now`.
fn next_tick(at: Instant, period: Duration, now: Instant) -> Instant {
    let late = now.saturating_duration_since(at).as_nanos();
    let period_ns = period.as_nanos().max(1);
    let periods = late / period_ns + 1;
    let ahead = u64::try_from(periods * period_ns).unwrap_or(u64::MAX);
    at + Duration::from_nanos(ahead)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: CellId = CellId { index: 3, generation: 0 };

    #[test]
    fn late_ticks_are_skipped_and_keep_their_phase() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        let mut timers = Timers::default();
        let tick = Due::Tick { cell: CELL, timer: 0, period: ms(10) };
        timers.push(start + ms(10), tick);
        assert_eq!(timers.pop_due(start + ms(9)), None);
        assert_eq!(timers.pop_due(start + ms(35)), Some(tick));
        assert_eq!(timers.pop_due(start + ms(35)), None);
        assert_eq!(timers.next(), Some(start + ms(40)));
    }

    #[test]
    fn stopping_the_ticks_keeps_restarts() {
        let start = Instant::now();
        let mut timers = Timers::default();
        timers.push(start, Due::Tick { cell: CELL, timer: 0, period: Duration::from_millis(1) });
        timers.push(start, Due::Restart { cell: CELL });
        timers.stop_ticks();
        assert_eq!(timers.pop_due(start), Some(Due::Restart { cell: CELL }));
        assert_eq!(timers.next(), None);
    }
}
