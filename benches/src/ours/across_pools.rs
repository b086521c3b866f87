//! A locus on each of two pinned threads; the feeder asks itself for the next turn of 64, and is held back by
//! the topic's default bound and policy: 8,192 messages, `block`.

use locus::prelude::*;

use super::{Turn, measure};
use crate::harness::{FEEDER_CORE, Measured, Message, Meter, SINK_CORE, Source, Work, pin, reporting};

#[locus(publishes(Message, Turn))]
struct Feeder {
    source: Source,
}

#[locus]
impl Feeder {
    fn birth(&mut self, _: &mut Cx<'_, Self>) {
        pin(FEEDER_CORE);
    }

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
struct AcrossPools {
    #[place(pinned)]
    feeder: Feeder,
    #[place(pinned)]
    sink: Sink,
}

/// Runs the shape once.
pub(crate) fn run(work: Work) -> Measured {
    let (reporter, report) = reporting(work);
    let make = move || AcrossPools {
        feeder: Feeder { source: Source::new(work) },
        sink: Sink { meter: reporter.meter() },
    };
    measure(make, &report)
}
