//! Two loci of one pool, turns of 64; the sink asks for the next turn when it has taken one.

use locus::prelude::*;

use super::{Turn, measure};
use crate::harness::{Measured, Message, Meter, SINK_CORE, Source, Work, pin, reporting};

#[locus(publishes(Message))]
struct Feeder {
    source: Source,
}

#[locus]
impl Feeder {
    #[on]
    fn on_turn(&mut self, _: &Turn, cx: &mut Cx<'_, Self>) {
        for sequence in self.source.turn() {
            cx.publish(Message::new(sequence));
        }
    }
}

#[locus(publishes(Turn))]
struct Sink {
    meter: Meter,
}

#[locus]
impl Sink {
    fn birth(&mut self, _: &mut Cx<'_, Self>) {
        pin(SINK_CORE);
    }

    #[on]
    fn on_message(&mut self, message: &Message, cx: &mut Cx<'_, Self>) {
        if self.meter.take(message) {
            cx.publish(Turn);
        }
    }
}

#[locus(main)]
struct SamePool {
    #[place(pool = "bench")]
    feeder: Feeder,
    #[place(pool = "bench")]
    sink: Sink,
}

/// Runs the shape once.
pub(crate) fn run(work: Work) -> Measured {
    let (reporter, report) = reporting(work);
    let make = move || SamePool {
        feeder: Feeder { source: Source::new(work) },
        sink: Sink { meter: reporter.meter() },
    };
    measure(make, &report)
}
