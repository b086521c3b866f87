//! stakker: single-threaded actors over a queue of closures.

use std::time::Instant;

use ::stakker::{Actor, CX, Stakker, actor, call, ret_nop};

use crate::harness::{Measured, Message, Meter, SINK_CORE, Source, Work, pin, report};

struct Sink {
    meter: Meter,
}

impl Sink {
    fn init(_: CX![], meter: Meter) -> Option<Self> {
        Some(Self { meter })
    }

    fn take(&mut self, _: CX![], message: Message) {
        self.meter.take(&message);
    }
}

struct Feeder {
    source: Source,
    sink: Actor<Sink>,
}

impl Feeder {
    fn init(_: CX![], source: Source, sink: Actor<Sink>) -> Option<Self> {
        Some(Self { source, sink })
    }

    fn turn(&mut self, cx: CX![]) {
        for sequence in self.source.turn() {
            call!([self.sink, cx], take(Message::new(sequence)));
        }
        if !self.source.is_spent() {
            call!([cx], turn());
        }
    }
}

/// One thread, turns of 64; the feeder calls itself behind the last message of a turn.
pub(crate) fn same_pool(work: Work) -> Measured {
    pin(SINK_CORE);
    let (meter, report) = report(work);
    let now = Instant::now();
    let mut stakker = Stakker::new(now);
    let stakker = &mut stakker;
    let sink = actor!(stakker, Sink::init(meter), ret_nop!());
    let feeder = actor!(stakker, Feeder::init(Source::new(work), sink.clone()), ret_nop!());
    call!([feeder, stakker], turn());
    // Runs until the queue is empty, which is when the feeder has nothing left to send.
    stakker.run(now, false);
    report.wait()
}
