//! actors that are started and ended, and actors that do nothing.

use std::cell::RefCell;
use std::rc::Rc;

use ::actix::{Actor, Addr, AsyncContext, Context, Handler, System};

use crate::harness::{IDLE, Mayfly, Measured, Meter, SINK_CORE, Source, Work, bytes_per_idle, pin, report};

struct Child {
    life: Mayfly,
    /// Told by the last of a turn that all of them have started.
    parent: Option<Addr<Parent>>,
}

impl Actor for Child {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        self.life.born();
        if let Some(parent) = self.parent.take() {
            parent.do_send(Turn);
        }
    }
}

struct Parent {
    source: Source,
    meter: Rc<RefCell<Meter>>,
    alive: Vec<Addr<Child>>,
}

impl Actor for Parent {
    type Context = Context<Self>;
}

#[derive(::actix::Message)]
#[rtype(result = "()")]
struct Turn;

impl Handler<Turn> for Parent {
    type Result = ();

    fn handle(&mut self, _: Turn, cx: &mut Self::Context) {
        // Whoever loses its last address ends.
        self.alive.clear();
        let turn = self.source.turn();
        let last = turn.end - 1;
        for sequence in turn {
            let parent = (sequence == last).then(|| cx.address());
            let child = Child { life: Mayfly::new(sequence, &self.meter), parent };
            self.alive.push(child.start());
        }
    }
}

/// One arbiter: 64 actors are started in a turn and ended in the next.
pub(crate) fn spawn(work: Work) -> Measured {
    pin(SINK_CORE);
    let (meter, report) = report(work);
    System::new().block_on(async move {
        let meter = Rc::new(RefCell::new(meter));
        let parent =
            Parent { source: Source::new(work), meter: Rc::clone(&meter), alive: Vec::new() }.start();
        parent.do_send(Turn);
        while !meter.borrow().is_done() {
            ::actix::clock::sleep(std::time::Duration::from_millis(1)).await;
        }
    });
    report.wait()
}

struct Idle {
    _key: u64,
    _taken: u64,
}

impl Actor for Idle {
    type Context = Context<Self>;
}

/// Needs the counting allocator. Actors that do nothing, and are subscribed to nothing: there is no bus.
pub(crate) fn idle(_: Work) -> Measured {
    let live_bytes = || locus::alloc::live_bytes().unwrap_or_default();
    System::new().block_on(async move {
        let mut alive = Vec::with_capacity(IDLE as usize);
        let before = live_bytes();
        for key in 0..IDLE {
            alive.push(Idle { _key: key, _taken: 0 }.start());
            tokio::task::yield_now().await;
        }
        // Each has been polled, and waits.
        ::actix::clock::sleep(std::time::Duration::from_millis(10)).await;
        bytes_per_idle::<Idle>(before, live_bytes())
    })
}
