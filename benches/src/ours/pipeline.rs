//! Three stages in one pool, each a locus: the first two pass on what they take as a message of their own.

use locus::prelude::*;

use super::measure;
use super::stream::{Feeder, Sink, Turn};
use crate::harness::{Measured, Message, SINK_CORE, Work, carried, reporting};

/// What the first stage takes.
#[topic]
#[derive(Clone, Debug)]
pub(crate) struct Raw(Message);

carried!(Raw, Message);

#[topic]
#[derive(Clone, Debug)]
struct Parsed(Message);

#[topic]
#[derive(Clone, Debug)]
struct Enriched(Message);

carried!(Enriched, Message);

#[locus(publishes(Parsed))]
struct Parse;

#[locus]
impl Parse {
    #[on]
    fn on_raw(&mut self, Raw(message): &Raw, cx: &mut Cx<'_, Self>) {
        cx.publish(Parsed(message.clone()));
    }
}

#[locus(publishes(Enriched))]
struct Enrich;

#[locus]
impl Enrich {
    #[on]
    fn on_parsed(&mut self, Parsed(message): &Parsed, cx: &mut Cx<'_, Self>) {
        cx.publish(Enriched(message.clone()));
    }
}

#[locus(main)]
struct Pipeline {
    #[place(pool = "bench")]
    feeder: Feeder<Raw>,
    #[place(pool = "bench")]
    parse: Parse,
    #[place(pool = "bench")]
    enrich: Enrich,
    #[place(pool = "bench")]
    store: Sink<Enriched>,
}

/// Runs the shape once.
pub(crate) fn run(work: Work) -> Measured {
    let (reporter, report) = reporting(work, 1);
    let make = move || Pipeline {
        feeder: Feeder::new(work, SINK_CORE),
        parse: Parse,
        enrich: Enrich,
        store: Sink::new(reporter.meter(), SINK_CORE),
    };
    measure(make, Turn, || report.wait())
}
