//! Handlers that are called at the publish itself: through the topic's route, and as a call the compiler knows.

use locus::prelude::*;

use super::measure;
use super::stream::{Feeder, Turn};
use crate::harness::{Measured, Message, Meter, SINK_CORE, Tick, Work, carried, reporting};

/// Called through a route.
#[topic]
#[derive(Clone, Debug)]
pub(crate) struct Called(Message);

/// Called on one type.
#[topic(to = DirectSink)]
#[derive(Clone, Debug)]
pub(crate) struct Direct(Message);

/// The same with 8 bytes.
#[topic(to = TickSink)]
#[derive(Clone, Debug)]
pub(crate) struct DirectTick(Tick);

carried!(Called, Message);
carried!(Direct, Message);
carried!(DirectTick, Tick);

#[locus]
struct CalledSink {
    meter: Meter,
}

#[locus]
impl CalledSink {
    #[on(inline)]
    fn on_message(&mut self, message: &Called) {
        self.meter.take(message);
    }
}

#[locus]
pub(crate) struct DirectSink {
    meter: Meter,
}

#[locus]
impl DirectSink {
    #[on(inline)]
    fn on_message(&mut self, message: &Direct) {
        self.meter.take(message);
    }
}

#[locus]
pub(crate) struct TickSink {
    meter: Meter,
}

#[locus]
impl TickSink {
    #[on(inline)]
    fn on_tick(&mut self, tick: &DirectTick) {
        self.meter.take(tick);
    }
}

#[locus(main)]
struct ThroughRoute {
    #[place(pool = "bench")]
    feeder: Feeder<Called>,
    #[place(pool = "bench")]
    sink: CalledSink,
}

#[locus(main)]
struct OnType {
    #[place(pool = "bench")]
    feeder: Feeder<Direct>,
    #[place(pool = "bench")]
    sink: DirectSink,
}

#[locus(main)]
struct TicksOnType {
    #[place(pool = "bench")]
    feeder: Feeder<DirectTick>,
    #[place(pool = "bench")]
    sink: TickSink,
}

/// `#[on(inline)]`
pub(crate) fn through_route(work: Work) -> Measured {
    let (reporter, report) = reporting(work, 1);
    let make = move || ThroughRoute {
        feeder: Feeder::new(work, SINK_CORE),
        sink: CalledSink { meter: reporter.meter() },
    };
    measure(make, Turn, || report.wait())
}

/// `#[topic(to = ..)]`
pub(crate) fn on_type(work: Work) -> Measured {
    let (reporter, report) = reporting(work, 1);
    let make =
        move || OnType { feeder: Feeder::new(work, SINK_CORE), sink: DirectSink { meter: reporter.meter() } };
    measure(make, Turn, || report.wait())
}

/// `#[topic(to = ..)]`, 8 bytes.
pub(crate) fn ticks(work: Work) -> Measured {
    let (reporter, report) = reporting(work, 1);
    let make = move || TicksOnType {
        feeder: Feeder::new(work, SINK_CORE),
        sink: TickSink { meter: reporter.meter() },
    };
    measure(make, Turn, || report.wait())
}
