//! The end of a pool: every message that is still somewhere is dropped, and what refers to itself is taken apart.
//!
//! A buffer of records does not know how to drop them, and a subscription holds the cell that holds it, so a pool that
//! were only let go would leak both. It runs also when the pool's thread has failed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::bus::figures::DropReason;
use crate::bus::lane::{LaneReader, LaneWriter};
use crate::bus::record::{Header, Word};
use crate::bus::words::Words;
use crate::locus::cell::State;
use crate::pool::core::Core;
use crate::pool::turn::Pool;
use crate::supervise::panic_text;
use crate::watch::log::{self, Site};

/// Passes over the buffers: a message that is dropped may answer a question, and so leave an answer to drop.
const PASSES_MAX: usize = 8;

impl Pool {
    /// Drops every message that is still somewhere, at the end.
    pub(crate) fn discard_all(&mut self) {
        for _ in 0..PASSES_MAX {
            let mut dropped = 0;
            for lane in self.lanes_in.iter_mut().flatten() {
                lane.drain_with(|header, payload| {
                    dropped += 1;
                    drop_record(&self.core, header, payload);
                });
            }
            dropped += self.core.discard_buffers();
            if dropped == 0 {
                break;
            }
        }
    }
}

impl Pool {
    /// Ends this pool's side of every lane. Where the other pool is gone, what it left, or could not take any more, is
    /// dropped here: at the end of a drain whose time is over, pools go while others publish still.
    fn end_lanes(&mut self) {
        let readers = self.lanes_in.iter_mut().filter_map(Option::take).filter_map(LaneReader::end);
        let mut left: Vec<LaneReader> = readers.collect();
        left.extend(self.lanes_out.iter_mut().filter_map(Option::take).filter_map(LaneWriter::end));
        for lane in &mut left {
            lane.drain_with(|header, payload| drop_record(&self.core, header, payload));
        }
        // What was dropped may have answered questions.
        self.discard_all();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Futures first: they hold or borrow the core and their cells.
        self.core.slots.empty_all();
        self.tasks.cancel_all();
        guarded(|| self.discard_all());
        guarded(|| self.end_lanes());
        for cell in self.core.cells() {
            let Some(rare) = cell.head().rare_made() else { continue };
            drop(rare.concurrent.take());
            drop(rare.rings.take());
            drop(rare.follows.take());
            drop(rare.unsubscribe.take());
        }
        drop(self.core.take_tokens());
    }
}

impl Core {
    fn discard_buffers(&self) -> usize {
        let mut dropped = 0;
        let mut drop_all = |mut words: Words| {
            words.drain_with(|header, payload| {
                dropped += 1;
                drop_record(self, header, payload);
            });
        };
        // Each buffer is taken out first: the destructor of a message may answer a question, and so push anew.
        for pool in 0..self.app().pools.len() {
            drop_all(self.with_outbox(pool, |outbox| outbox.take()));
        }
        drop_all(self.queue.take());
        for cell in self.cells() {
            let Some(rare) = cell.head().rare_made() else { continue };
            let mut staged = rare.stage.borrow_mut().take();
            staged.drain_with(|header, payload| {
                dropped += 1;
                if let Some(route) = self.any_route(header.topic()) {
                    // SAFETY: a staged record of this route, given up by its buffer.
                    guarded(|| unsafe { route.discard_staged(payload, DropReason::Closed) });
                }
            });
            if cell.head().aside_len() + cell.head().stashed_len() > 0 {
                dropped += 1;
                cell.head().state.set(State::Closed);
                guarded(|| self.flush_aside(cell.head()));
            }
        }
        dropped
    }
}

fn drop_record(core: &Core, header: Header, payload: *mut Word) {
    if let Some(route) = core.any_route(header.topic()) {
        // SAFETY: a queued record of this route, given up by its buffer.
        guarded(|| unsafe { route.discard(payload, DropReason::Closed) });
    }
}

/// Runs destructors of the user's, which may panic: the others are to run all the same.
fn guarded(run: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
        let text = panic_text(panic.as_ref());
        log::warn(Site::Supervise, || format!("a message's destructor panicked at the end: {text}"));
    }
}
