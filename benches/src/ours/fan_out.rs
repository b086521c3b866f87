//! One publisher; subscribers on its own pool and on another one, as many on each.

use locus::prelude::*;

use super::measure;
use super::stream::{Feeder, Sink, Turn};
use crate::harness::{FEEDER_CORE, Measured, Message, SINK_CORE, Work, reporting};

#[locus(main)]
struct ToOnePerPool {
    #[place(pool = "near")]
    feeder: Feeder<Message>,
    #[place(pool = "near")]
    near: Sink<Message>,
    #[place(pool = "far")]
    far: Sink<Message>,
}

#[locus(main)]
struct ToFourPerPool {
    #[place(pool = "near")]
    feeder: Feeder<Message>,
    #[place(pool = "near")]
    near_a: Sink<Message>,
    #[place(pool = "near")]
    near_b: Sink<Message>,
    #[place(pool = "near")]
    near_c: Sink<Message>,
    #[place(pool = "near")]
    near_d: Sink<Message>,
    #[place(pool = "far")]
    far_a: Sink<Message>,
    #[place(pool = "far")]
    far_b: Sink<Message>,
    #[place(pool = "far")]
    far_c: Sink<Message>,
    #[place(pool = "far")]
    far_d: Sink<Message>,
}

/// One subscriber on each of two pools.
pub(crate) fn to_one_per_pool(work: Work) -> Measured {
    let (reporter, report) = reporting(work, 2);
    let make = move || ToOnePerPool {
        feeder: Feeder::new(work, FEEDER_CORE),
        near: Sink::new(reporter.meter(), FEEDER_CORE),
        far: Sink::new(reporter.meter(), SINK_CORE),
    };
    measure(make, Turn, || report.wait())
}

/// Four subscribers on each of two pools.
pub(crate) fn to_four_per_pool(work: Work) -> Measured {
    let (reporter, report) = reporting(work, 8);
    let make = move || {
        let sink = |core| Sink::new(reporter.meter(), core);
        ToFourPerPool {
            feeder: Feeder::new(work, FEEDER_CORE),
            near_a: sink(FEEDER_CORE),
            near_b: sink(FEEDER_CORE),
            near_c: sink(FEEDER_CORE),
            near_d: sink(FEEDER_CORE),
            far_a: sink(SINK_CORE),
            far_b: sink(SINK_CORE),
            far_c: sink(SINK_CORE),
            far_d: sink(SINK_CORE),
        }
    };
    measure(make, Turn, || report.wait())
}
