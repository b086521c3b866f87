//! Two loci of one pool, in turns.

use locus::prelude::*;

use super::measure;
use super::stream::{Feeder, Sink, Turn};
use crate::harness::{Measured, Message, SINK_CORE, Work, reporting};

#[locus(main)]
struct SamePool {
    #[place(pool = "bench")]
    feeder: Feeder<Message>,
    #[place(pool = "bench")]
    sink: Sink<Message>,
}

/// Runs the shape once.
pub(crate) fn run(work: Work) -> Measured {
    let (reporter, report) = reporting(work, 1);
    let make = move || SamePool {
        feeder: Feeder::new(work, SINK_CORE),
        sink: Sink::new(reporter.meter(), SINK_CORE),
    };
    measure(make, Turn, || report.wait())
}
