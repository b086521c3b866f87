//! Two loci of one pool, turns of 64. The feeder asks itself for the next turn behind the last message of this one,
//! so that it comes when all of them are taken: a pool delivers in order.

use locus::prelude::*;

use super::{Turn, measure};
use crate::harness::{Measured, Message, Meter, SINK_CORE, Source, Work, pin, reporting};

#[locus(publishes(Message, Turn))]
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
        if !self.source.is_spent() {
            cx.publish(Turn);
        }
    }
}

#[locus]
struct Sink {
    meter: Meter,
}

#[locus]
impl Sink {
    fn birth(&mut self, _: &mut Cx<'_, Self>) {
        pin(SINK_CORE);
    }

    #[on]
    fn on_message(&mut self, message: &Message, _: &mut Cx<'_, Self>) {
        self.meter.take(message);
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
