//! 8-byte messages: within one pool, and between two.

use locus::prelude::*;

use super::measure;
use super::stream::{Feeder, Sink, Turn};
use crate::harness::{FEEDER_CORE, Measured, SINK_CORE, Tick, Work, reporting};

#[locus(main)]
struct OnOneThread {
    #[place(pool = "bench")]
    feeder: Feeder<Tick>,
    #[place(pool = "bench")]
    sink: Sink<Tick>,
}

#[locus(main)]
struct OnTwoThreads {
    #[place(pinned)]
    feeder: Feeder<Tick>,
    #[place(pinned)]
    sink: Sink<Tick>,
}

/// One pool, queued.
pub(crate) fn queued(work: Work) -> Measured {
    let (reporter, report) = reporting(work, 1);
    let make = move || OnOneThread {
        feeder: Feeder::new(work, SINK_CORE),
        sink: Sink::new(reporter.meter(), SINK_CORE),
    };
    measure(make, Turn, || report.wait())
}

/// Two pools.
pub(crate) fn across_pools(work: Work) -> Measured {
    let (reporter, report) = reporting(work, 1);
    let make = move || OnTwoThreads {
        feeder: Feeder::new(work, FEEDER_CORE),
        sink: Sink::new(reporter.meter(), SINK_CORE),
    };
    measure(make, Turn, || report.wait())
}
