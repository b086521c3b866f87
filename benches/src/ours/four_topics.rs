//! As [`super::same_pool`], with four topics at random, in order over all of them.

use locus::prelude::*;

use super::measure;
use super::stream::{Turn, send_turn};
use crate::harness::{Measured, Message, Meter, SINK_CORE, Source, Work, pin, reporting, topic_of_four};

#[topic]
#[derive(Clone, Debug)]
struct North(Message);

#[topic]
#[derive(Clone, Debug)]
struct East(Message);

#[topic]
#[derive(Clone, Debug)]
struct South(Message);

#[topic]
#[derive(Clone, Debug)]
struct West(Message);

#[locus(publishes(North, East, South, West, Turn))]
struct Feeder {
    source: Source,
}

#[locus]
impl Feeder {
    #[on]
    fn on_turn(&mut self, _: &Turn, cx: &mut Cx<'_, Self>) {
        send_turn(&mut self.source, cx, |cx, sequence| {
            let message = Message::new(sequence);
            match topic_of_four(sequence) {
                0 => cx.publish(North(message)),
                1 => cx.publish(East(message)),
                2 => cx.publish(South(message)),
                _ => cx.publish(West(message)),
            }
        });
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
    fn on_north(&mut self, North(message): &North, _: &mut Cx<'_, Self>) {
        self.meter.take(message);
    }

    #[on]
    fn on_east(&mut self, East(message): &East, _: &mut Cx<'_, Self>) {
        self.meter.take(message);
    }

    #[on]
    fn on_south(&mut self, South(message): &South, _: &mut Cx<'_, Self>) {
        self.meter.take(message);
    }

    #[on]
    fn on_west(&mut self, West(message): &West, _: &mut Cx<'_, Self>) {
        self.meter.take(message);
    }
}

#[locus(main)]
struct FourTopics {
    #[place(pool = "bench")]
    feeder: Feeder,
    #[place(pool = "bench")]
    sink: Sink,
}

/// Runs the shape once.
pub(crate) fn run(work: Work) -> Measured {
    let (reporter, report) = reporting(work, 1);
    let make = move || FourTopics {
        feeder: Feeder { source: Source::new(work) },
        sink: Sink { meter: reporter.meter() },
    };
    measure(make, Turn, || report.wait())
}
