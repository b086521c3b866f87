//! A locus on each of two pinned threads; the feeder asks itself for the next turn of 64, and is held back by the
//! topic's bound and the default policy, `block`.

use locus::prelude::*;

use super::measure;
use super::stream::{Feeder, Sink, Turn};
use crate::harness::{FEEDER_CORE, Measured, Message, SINK_CORE, Work, carried, reporting};

/// Under the bound that a user might choose instead of the default.
#[topic(bounded = 64)]
#[derive(Clone, Debug)]
pub(crate) struct Narrow(Message);

carried!(Narrow, Message);

#[locus(main)]
struct AcrossPools {
    #[place(pinned)]
    feeder: Feeder<Message>,
    #[place(pinned)]
    sink: Sink<Message>,
}

#[locus(main)]
struct AcrossPoolsNarrow {
    #[place(pinned)]
    feeder: Feeder<Narrow>,
    #[place(pinned)]
    sink: Sink<Narrow>,
}

/// Runs the shape once, under the default bound of 8,192.
pub(crate) fn run(work: Work) -> Measured {
    let (reporter, report) = reporting(work, 1);
    let make = move || AcrossPools {
        feeder: Feeder::new(work, FEEDER_CORE),
        sink: Sink::new(reporter.meter(), SINK_CORE),
    };
    measure(make, Turn, || report.wait())
}

/// Runs the shape once, under a bound of 64.
pub(crate) fn run_narrow(work: Work) -> Measured {
    let (reporter, report) = reporting(work, 1);
    let make = move || AcrossPoolsNarrow {
        feeder: Feeder::new(work, FEEDER_CORE),
        sink: Sink::new(reporter.meter(), SINK_CORE),
    };
    measure(make, Turn, || report.wait())
}
