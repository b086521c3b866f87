//! stakker: single-threaded actors over a queue of closures.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use ::stakker::{Actor, ActorOwn, CX, Stakker, actor, call, ret_nop};

use crate::harness::{
    IDLE, Mayfly, Measured, Message, Meter, SINK_CORE, Source, Work, bytes_per_idle, pin, report,
};

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

struct Child {
    _life: Mayfly,
}

impl Child {
    fn init(_: CX![], mut life: Mayfly) -> Option<Self> {
        life.born();
        Some(Self { _life: life })
    }
}

struct Parent {
    source: Source,
    meter: Rc<RefCell<Meter>>,
    alive: Vec<ActorOwn<Child>>,
}

impl Parent {
    fn init(_: CX![], source: Source, meter: Meter) -> Option<Self> {
        Some(Self { source, meter: Rc::new(RefCell::new(meter)), alive: Vec::new() })
    }

    fn turn(&mut self, cx: CX![]) {
        // Whoever loses its last owner ends.
        self.alive.clear();
        for sequence in self.source.turn() {
            let life = Mayfly::new(sequence, &self.meter);
            self.alive.push(actor!(cx, Child::init(life), ret_nop!()));
        }
        if !self.alive.is_empty() {
            call!([cx], turn());
        }
    }
}

/// One thread: 64 actors are made in a turn and ended in the next.
pub(crate) fn spawn(work: Work) -> Measured {
    pin(SINK_CORE);
    let (meter, report) = report(work);
    let now = Instant::now();
    let mut stakker = Stakker::new(now);
    let stakker = &mut stakker;
    let parent = actor!(stakker, Parent::init(Source::new(work), meter), ret_nop!());
    call!([parent, stakker], turn());
    stakker.run(now, false);
    report.wait()
}

struct Idle {
    _key: u64,
    _taken: u64,
}

impl Idle {
    fn init(_: CX![], key: u64) -> Option<Self> {
        Some(Self { _key: key, _taken: 0 })
    }
}

/// Needs the counting allocator. Actors that do nothing, and are subscribed to nothing: there is no bus.
pub(crate) fn idle(_: Work) -> Measured {
    let now = Instant::now();
    let mut stakker = Stakker::new(now);
    let stakker = &mut stakker;
    let mut alive = Vec::with_capacity(IDLE as usize);
    let live_bytes = || locus::alloc::live_bytes().unwrap_or_default();
    let before = live_bytes();
    for key in 0..IDLE {
        alive.push(actor!(stakker, Idle::init(key), ret_nop!()));
        stakker.run(now, false);
    }
    bytes_per_idle::<Idle>(before, live_bytes())
}
