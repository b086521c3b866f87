//! Between two pools, with a `String` built for each message by the feeder and freed on the sink's thread.

use locus::prelude::*;

use super::measure;
use super::stream::{Feeder, Sink, Turn};
use crate::harness::{FEEDER_CORE, Labelled, Measured, SINK_CORE, Work, reporting};

#[locus(main)]
struct Labels {
    #[place(pinned)]
    feeder: Feeder<Labelled>,
    #[place(pinned)]
    sink: Sink<Labelled>,
}

/// Runs the shape once.
pub(crate) fn run(work: Work) -> Measured {
    let (reporter, report) = reporting(work, 1);
    let make = move || Labels {
        feeder: Feeder::new(work, FEEDER_CORE),
        sink: Sink::new(reporter.meter(), SINK_CORE),
    };
    measure(make, Turn, || report.wait())
}
