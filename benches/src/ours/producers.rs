//! Four publishers on a pinned thread each, one subscriber on a fifth; no order is promised between publishers.

use locus::prelude::*;

use super::measure;
use crate::harness::{
    FEEDER_CORE, Measured, Message, Meter, PRODUCERS, SINK_CORE, Source, Work, pin, reporting,
    shared_among_producers,
};

/// Starts everything.
#[topic]
#[derive(Clone, Debug)]
struct Begin;

/// Starts the producers: with the warm-up, and when all of that has been taken, with what is measured. They share a core, and
/// each has to have had it before the clock starts.
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
    work: Work,
    source: Option<Source>,
}

#[locus]
impl Producer {
    fn birth(&mut self, _: &mut Cx<'_, Self>) {
        pin(FEEDER_CORE);
    }

    #[on]
    fn on_start(&mut self, _: &Start, cx: &mut Cx<'_, Self>) {
        match &mut self.source {
            None => self.source = Some(Source::of_warmup(self.work)),
            Some(source) => source.go_on(self.work),
        }
        cx.publish(TurnOf { producer: self.id });
    }

    #[locus::allow(bus_cycle, reason = "the sink starts a run when all of the last one has come")]
    #[on(key = self.id)]
    fn on_turn(&mut self, _: &TurnOf, cx: &mut Cx<'_, Self>) {
        let Some(source) = &mut self.source else { return };
        for place in source.turn() {
            cx.publish(Message::new(place * PRODUCERS + self.id));
        }
        if !source.is_spent() {
            cx.publish(TurnOf { producer: self.id });
        }
    }
}

#[locus(publishes(Start))]
struct Sink {
    meter: Meter,
}

#[locus]
impl Sink {
    fn birth(&mut self, _: &mut Cx<'_, Self>) {
        pin(SINK_CORE);
    }

    #[on]
    fn on_begin(&mut self, _: &Begin, cx: &mut Cx<'_, Self>) {
        cx.publish(Start);
    }

    #[on]
    fn on_message(&mut self, message: &Message, cx: &mut Cx<'_, Self>) {
        if self.meter.take_in_any_order(message) && self.meter.is_warm() {
            cx.publish(Start);
        }
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
    let (share, work) = shared_among_producers(work);
    let (reporter, report) = reporting(work, 1);
    let make = move || {
        let producer = |id| Producer { id, work: share, source: None };
        Producers {
            a: producer(0),
            b: producer(1),
            c: producer(2),
            d: producer(3),
            sink: Sink { meter: reporter.meter() },
        }
    };
    measure(make, Begin, || report.wait())
}
