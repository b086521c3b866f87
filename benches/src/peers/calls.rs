//! Calls, and nothing around them: through a vtable, and to a method that is not inlined.

use crate::harness::{Measured, Message, Meter, SINK_CORE, Source, Work, pin, report};

trait Take {
    fn take(&mut self, message: &Message);
}

struct Sink {
    meter: Meter,
}

impl Take for Sink {
    fn take(&mut self, message: &Message) {
        self.meter.take(message);
    }
}

impl Sink {
    #[inline(never)]
    fn take_not_inlined(&mut self, message: &Message) {
        self.meter.take(message);
    }
}

/// One thread, a `Box<dyn ..>` of which the caller knows no more than that.
pub(crate) fn dynamic(work: Work) -> Measured {
    pin(SINK_CORE);
    let (meter, report) = report(work);
    let mut sink: Box<dyn Take> = std::hint::black_box(Box::new(Sink { meter }));
    let mut source = Source::new(work);
    while !source.is_spent() {
        call_turn(&mut source, |message| sink.take(message));
    }
    report.wait()
}

/// One thread, a plain method.
pub(crate) fn method(work: Work) -> Measured {
    pin(SINK_CORE);
    let (meter, report) = report(work);
    let mut sink = Sink { meter };
    let mut source = Source::new(work);
    while !source.is_spent() {
        call_turn(&mut source, |message| sink.take_not_inlined(message));
    }
    report.wait()
}

// Not inlined: one activation of ours sends one turn.
#[inline(never)]
fn call_turn(source: &mut Source, mut call: impl FnMut(&Message)) {
    for sequence in source.turn() {
        call(&Message::new(sequence));
    }
}
