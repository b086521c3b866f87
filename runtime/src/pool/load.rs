//! How long a pool's activations take, where somebody wants to know.
//!
//! Off, each activation costs one predictable branch. On, no run of activations is longer than one, so that each ends where
//! it is timed; whoever called it says then which method that was.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::locus::cell::CellHead;
use crate::pool::core::Core;
use crate::watch::PoolEntry;

/// What a pool's core knows of its load.
pub(crate) struct Load {
    pub(crate) entry: PoolEntry,
    is_timed: bool,
    begun_at: Cell<Option<Instant>>,
    /// How long the latest activation took that nobody has named yet.
    took: Cell<Option<Duration>>,
    /// The locus whose `run` is polled, and since when.
    polled: Cell<Option<(u32, Instant)>>,
}

impl Load {
    pub(crate) fn new(path: &str, is_timed: bool) -> Self {
        Self {
            entry: PoolEntry::new(path),
            is_timed,
            begun_at: Cell::new(None),
            took: Cell::new(None),
            polled: Cell::new(None),
        }
    }

    #[inline]
    pub(crate) fn is_timed(&self) -> bool {
        self.is_timed
    }

    /// An activation begins.
    #[inline]
    pub(crate) fn begin(&self) {
        if self.is_timed {
            self.mark();
        }
    }

    #[cold]
    #[inline(never)]
    fn mark(&self) {
        self.took.set(None);
        self.begun_at.set(Some(Instant::now()));
    }

    /// It ends, or leaves the pool to others while it waits.
    pub(crate) fn end(&self) {
        if let Some(begun_at) = self.begun_at.take() {
            self.took.set(Some(begun_at.elapsed()));
        }
    }
}

impl Core {
    /// Says which method of which locus the latest activation was.
    #[inline]
    pub(crate) fn name_activation(&self, head: &CellHead, method: &'static str) {
        if self.load.is_timed {
            self.note_activation(head, method);
        }
    }

    #[cold]
    #[inline(never)]
    fn note_activation(&self, head: &CellHead, method: &'static str) {
        if let Some(took) = self.load.took.take() {
            self.load.entry.note_activation(head.path(), method, took);
        }
    }

    /// The `run` of a locus is about to be polled, or, with `None`, none any more.
    pub(crate) fn polls_run(&self, cell: Option<u32>) {
        if !self.load.is_timed {
            return;
        }
        let begun = cell.map(|cell| (cell, Instant::now()));
        if let Some((cell, begun_at)) = self.load.polled.replace(begun)
            && let Some(cell) = self.cell(cell)
        {
            self.load.entry.note_activation(cell.head().path(), "run", begun_at.elapsed());
        }
    }
}
