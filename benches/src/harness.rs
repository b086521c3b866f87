//! The harness: contestants run round robin in one process, and are judged by medians of the same run.
//!
//! A shape is a list of contestants that do the same work. Each round runs every contestant once, and each
//! round starts with another one, so that a slow spell of the machine meets all of them alike.

mod affinity;
mod message;
mod meter;
mod round;
mod row;
mod shape;
mod source;

pub use affinity::{FEEDER_CORE, SINK_CORE, pin, release};
pub use message::Message;
pub use meter::{Measured, Meter, Report, Reporter, report, reporting};
pub use round::{Outcome, Rounds, run};
pub use row::{Row, print_table_head};
pub use shape::{Contestant, Peer, Shape, Target};
pub use source::{Source, Taken, WINDOW_MESSAGES};

/// Messages that a feeder sends per activation; the turn that the targets speak of.
pub const TURN_MESSAGES: u64 = 64;

/// How much a contestant has to do. Both counts are multiples of [`TURN_MESSAGES`].
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Messages sent and checked before the clock starts: buffers have grown, threads have met.
    pub warmup: u64,
    /// Messages between the start and the stop of the clock.
    pub measured: u64,
}

impl Work {
    /// A tenth of `measured`, but at least four windows, is the warm-up.
    #[must_use]
    pub fn of(measured: u64) -> Self {
        let measured = measured.next_multiple_of(TURN_MESSAGES);
        let warmup = (measured / 10).max(4 * WINDOW_MESSAGES).next_multiple_of(TURN_MESSAGES);
        Self { warmup, measured }
    }

    /// All messages of a run.
    #[must_use]
    pub fn total(self) -> u64 {
        self.warmup + self.measured
    }
}
