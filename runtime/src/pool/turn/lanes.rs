//! Reading the lanes: what other pools handed over.
//!
//! Under a small bound both sides wait for each other all the time: the publisher for credits, the consumer for what these
//! let go. The consumer then stays with the lane for a moment once that is empty, because the rest of a turn takes longer than
//! what comes next.
//!
//! The invariants I1 and I2 are those of `turn`.

use crate::bus::cursor::Cursor;
use crate::bus::lane::{Batch, LANE_WORDS_MAX};
use crate::bus::pass::Pass;
use crate::pool::PoolId;
use crate::pool::turn::Pool;

/// Words of a lane's batch after which room is given back: an eighth of the largest ring, so that a writer that streams
/// meets the reader seldom.
const LANE_SLICE_WORDS: usize = LANE_WORDS_MAX / 8;

/// Batches of one lane in one turn: the end of a lap makes two of one, and what comes meanwhile costs no turn.
const LANE_BATCHES_MAX: usize = 4;

/// The same under a small bound, where a batch is short: so many share the cost of a turn that it hardly counts.
const NARROW_BATCHES_MAX: usize = 16;

impl Pool {
    pub(super) fn read_lanes(&mut self) -> usize {
        let count = self.lanes_in.len();
        self.first_lane = (self.first_lane + 1) % count.max(1);
        let mut read = 0;
        for step in 0..count {
            let source = (self.first_lane + step) % count;
            let from_lane = self.read_lane(source);
            if from_lane > 0 {
                self.untold.lanes_read |= 1 << source;
            }
            self.received_words += from_lane as u64;
            read += from_lane;
        }
        read
    }

    /// Reads one lane, and returns how many words.
    fn read_lane(&mut self, source: usize) -> usize {
        let mut from_lane = 0;
        self.core.is_narrow_read.set(false);
        for batches in 0..NARROW_BATCHES_MAX {
            if batches >= LANE_BATCHES_MAX && !self.core.is_narrow_read.get() {
                break;
            }
            let Some(lane) = &mut self.lanes_in[source] else { break };
            let batch = lane.batch();
            if batch.words > 0 {
                self.hand_out(source, batch);
                from_lane += batch.words;
            } else if from_lane == 0 || !self.lingers_at(source) {
                break;
            }
        }
        from_lane
    }

    fn hand_out(&mut self, source: usize, batch: Batch) {
        let Some(lane) = &mut self.lanes_in[source] else { return };
        // SAFETY: a batch is whole records that belong to the reader until `advance` below (I1).
        let cursor = unsafe { Cursor::new(batch.records, batch.words) };
        let source = PoolId::try_from(source).expect("lanes come from at most POOLS_MAX pools");
        let mut pass = Pass::new(&self.core, cursor, source);
        while pass.cursor.left_words() > 0 {
            let before = pass.cursor.left_words();
            let step = pass.hand_out(LANE_SLICE_WORDS);
            debug_assert_eq!(step, None, "steps stay on their pool");
            let taken = before - pass.cursor.left_words();
            // SAFETY: exactly the records whose payloads the pass has taken.
            unsafe { lane.advance(taken) };
        }
    }

    /// Waits a moment for more where it gave credits back that somebody may wait for, and has nothing else to do; returns
    /// whether more has come.
    fn lingers_at(&self, source: usize) -> bool {
        if !self.core.is_narrow_read.get() || self.has_work() {
            return false;
        }
        // All of them, not by shares: else what is missing to a share would be waited for.
        self.core.return_credits();
        let lane = self.lanes_in[source].as_ref();
        self.core.linger(|| lane.is_some_and(|lane| !lane.is_empty()))
    }
}
