//! stakker: single-threaded actors over a queue of closures.

use std::time::Instant;

use ::stakker::{Actor, CX, Stakker, actor, call, ret_nop};

use crate::harness::{Measured, Message, Meter, SINK_CORE, Source, Work, pin, report};

struct Sink {
    meter: Meter,
    feeder: Option<Actor<Feeder>>,
}

impl Sink {
    fn init(_: CX![], meter: Meter) -> Option<Self> {
        Some(Self { meter, feeder: None })
    }

    fn meet(&mut self, _: CX![], feeder: Actor<Feeder>) {
        self.feeder = Some(feeder);
    }

    fn take(&mut self, cx: CX![], message: Message) {
        if self.meter.take(&message)
            && let Some(feeder) = &self.feeder
        {
            call!([feeder, cx], turn());
        }
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
    }
}

/// One thread, turns of 64; the sink calls the feeder when it has taken a turn.
pub(crate) fn same_pool(work: Work) -> Measured {
    pin(SINK_CORE);
    let (meter, report) = report(work);
    let now = Instant::now();
    let mut stakker = Stakker::new(now);
    let stakker = &mut stakker;
    let sink = actor!(stakker, Sink::init(meter), ret_nop!());
    let feeder = actor!(stakker, Feeder::init(Source::new(work), sink.clone()), ret_nop!());
    call!([sink, stakker], meet(feeder.clone()));
    call!([feeder, stakker], turn());
    // Runs until the queue is empty, which is when the feeder has nothing left to send.
    stakker.run(now, false);
    report.wait()
}
