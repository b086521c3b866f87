//! What many programs have for a bus on one thread: boxed closures, found by the name of the event.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::harness::{Measured, Payload, SINK_CORE, Source, Tick, Work, pin, report};

type Handlers = HashMap<&'static str, Box<dyn Fn(&Tick)>>;

/// One thread: a lookup (with the standard library's hasher) and a call through a vtable, at once.
pub(crate) fn ticks(work: Work) -> Measured {
    pin(SINK_CORE);
    let (meter, report) = report(work);
    let meter = Rc::new(RefCell::new(meter));
    let mut handlers = Handlers::new();
    handlers.insert("tick", Box::new(move |tick| _ = meter.borrow_mut().take(tick)));
    let mut source = Source::new(work);
    while !source.is_spent() {
        emit_turn(&mut source, &handlers);
    }
    report.wait()
}

// Not inlined: in a program, the publisher does not know what is in the map.
#[inline(never)]
fn emit_turn(source: &mut Source, handlers: &Handlers) {
    for sequence in source.turn() {
        if let Some(handler) = handlers.get("tick") {
            handler(&Tick::numbered(sequence));
        }
    }
}
