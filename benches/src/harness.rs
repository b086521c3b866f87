//! The harness: contestants run round robin in one process, and are judged by medians of the same run.
//!
//! A shape is a list of contestants that do the same work. Each round runs every contestant once, and each
//! round starts with another one, so that a slow spell of the machine meets all of them alike.

mod addressed;
mod affinity;
mod idle;
mod labelled;
mod laps;
mod mayfly;
mod measured;
mod message;
mod meter;
mod options;
mod payload;
mod round;
mod row;
mod shape;
mod source;
mod tick;

pub use addressed::{Addressed, KEYS, key_of};
pub use affinity::{FEEDER_CORE, SINK_CORE, pin, release};
pub use idle::{IDLE, bytes_per_idle};
pub use labelled::Labelled;
pub use laps::{Laps, answer_to};
pub use mayfly::Mayfly;
pub use measured::Measured;
pub use message::{Message, topic_of_four};
pub use meter::{Meter, Report, Reporter, report, reporting};
pub use options::Options;
pub use payload::Payload;
pub(crate) use payload::carried;
pub use round::{Outcome, Rounds, median, run};
pub use row::{Comparison, Row, print_table_head};
pub use shape::{Contestant, NS_PER_MESSAGE, Peer, Shape, Target};
pub use source::{PRODUCERS, Source, Taken, WINDOW_MESSAGES, shared_among_producers};
pub use tick::Tick;

/// Messages that a feeder sends per activation, unless the shape is about that.
const TURN_MESSAGES: u64 = 64;

/// What part of the measured messages the warm-up is.
const WARMUP_DIVISOR: u64 = 10;
/// The least warm-up: the window has been filled and emptied a few times.
const WARMUP_MESSAGES_MIN: u64 = 4 * WINDOW_MESSAGES;

/// How much a contestant has to do. Both counts are multiples of the turn.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Messages sent and checked before the clock starts: buffers have grown, threads have met.
    pub warmup: u64,
    /// Messages between the start and the stop of the clock.
    pub measured: u64,
    /// Messages that a feeder sends per activation.
    pub turn: u64,
}

impl Work {
    /// About `measured` messages, in turns of 64.
    #[must_use]
    pub fn of(measured: u64) -> Self {
        let warmup = (measured / WARMUP_DIVISOR).max(WARMUP_MESSAGES_MIN);
        Self { warmup, measured, turn: TURN_MESSAGES }.in_turns_of(TURN_MESSAGES)
    }

    /// As much work, in turns of this many messages.
    #[must_use]
    pub fn in_turns_of(self, turn: u64) -> Self {
        let (warmup, measured) = (self.warmup.next_multiple_of(turn), self.measured.next_multiple_of(turn));
        Self { warmup, measured, turn }
    }

    /// All messages of a run.
    #[must_use]
    pub fn total(self) -> u64 {
        self.warmup + self.measured
    }
}
