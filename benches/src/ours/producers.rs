//! Four publishers on a pinned thread each, one subscriber on a fifth; no order is promised between publishers.

use locus::prelude::*;

use super::measure;
use crate::harness::{
    FEEDER_CORE, Measured, Message, Meter, PRODUCERS, SINK_CORE, Source, Work, pin, reporting, share_of,
};

/// Starts them all.
#[topic]
#[derive(Clone, Debug)]
struct Start;

/// Asks one producer for its next turn.
#[topic(key = producer)]
#[derive(Clone, Debug)]
struct TurnOf {
    producer: u64,
}

#[locus(publishes(Message, TurnOf))]
struct Producer {
    id: u64,
    source: Source,
}

#[locus]
impl Producer {
    fn birth(&mut self, _: &mut Cx<'_, Self>) {
        pin(FEEDER_CORE);
    }

    #[on]
    fn on_start(&mut self, _: &Start, cx: &mut Cx<'_, Self>) {
        cx.publish(TurnOf { producer: self.id });
    }

    #[on(key = self.id)]
    fn on_turn(&mut self, _: &TurnOf, cx: &mut Cx<'_, Self>) {
        for place in self.source.turn() {
            cx.publish(Message::new(place * PRODUCERS + self.id));
        }
        if !self.source.is_spent() {
            cx.publish(TurnOf { producer: self.id });
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
        self.meter.take_in_any_order(message);
    }
}

#[locus(main)]
struct Producers {
    #[place(pinned)]
    a: Producer,
    #[place(pinned)]
    b: Producer,
    #[place(pinned)]
    c: Producer,
    #[place(pinned)]
    d: Producer,
    #[place(pinned)]
    sink: Sink,
}

/// Runs the shape once.
pub(crate) fn run(work: Work) -> Measured {
    let work = work.in_turns_of(work.turn * PRODUCERS);
    let (reporter, report) = reporting(work, 1);
    let make = move || {
        let producer = |id| Producer { id, source: Source::new(share_of(work)) };
        Producers {
            a: producer(0),
            b: producer(1),
            c: producer(2),
            d: producer(3),
            sink: Sink { meter: reporter.meter() },
        }
    };
    measure(make, Start, &report)
}
