//! actix: actors of one arbiter (a thread with a runtime), or of two.

use ::actix::{Actor, Addr, Arbiter, AsyncContext, Context, Handler, System};

use crate::harness::{
    FEEDER_CORE, Measured, Message, Meter, SINK_CORE, Source, Taken, WINDOW_MESSAGES, Work, pin, report,
};

const MAILBOX_MESSAGES: usize = WINDOW_MESSAGES as usize;

impl ::actix::Message for Message {
    type Result = ();
}

struct Sink {
    meter: Meter,
    taken: Taken,
    feeder: Option<Addr<Feeder>>,
}

impl Actor for Sink {
    type Context = Context<Self>;

    fn started(&mut self, cx: &mut Self::Context) {
        cx.set_mailbox_capacity(MAILBOX_MESSAGES);
    }
}

#[derive(::actix::Message)]
#[rtype(result = "()")]
struct Meet(Addr<Feeder>);

impl Handler<Meet> for Sink {
    type Result = ();

    fn handle(&mut self, Meet(feeder): Meet, _: &mut Self::Context) {
        self.feeder = Some(feeder);
    }
}

impl Handler<Message> for Sink {
    type Result = ();

    fn handle(&mut self, message: Message, _: &mut Self::Context) {
        if !self.meter.take(&message) {
            return;
        }
        self.taken.store(self.meter.taken());
        if self.meter.is_done() {
            System::current().stop();
        } else if let Some(feeder) = &self.feeder {
            feeder.do_send(Turn);
        }
    }
}

/// Sends one turn when told to; with `streams`, tells itself, and passes a turn while the window is full.
struct Feeder {
    source: Source,
    taken: Taken,
    sink: Addr<Sink>,
    streams: bool,
}

impl Actor for Feeder {
    type Context = Context<Self>;
}

#[derive(::actix::Message)]
#[rtype(result = "()")]
struct Turn;

impl Handler<Turn> for Feeder {
    type Result = ();

    fn handle(&mut self, _: Turn, cx: &mut Self::Context) {
        if self.source.has_room(&self.taken) {
            for sequence in self.source.turn() {
                // Takes no notice of the mailbox's capacity, which the window keeps: the fastest way to send.
                self.sink.do_send(Message::new(sequence));
            }
        }
        if self.streams && !self.source.is_spent() {
            cx.notify(Turn);
        }
    }
}

/// Two actors of one arbiter, turns of 64; the sink tells the feeder when it has taken a turn.
pub(crate) fn same_pool(work: Work) -> Measured {
    pin(SINK_CORE);
    let (meter, report) = report(work);
    let system = System::new();
    system.block_on(async move {
        let taken = Taken::default();
        let sink = Sink { meter, taken: taken.clone(), feeder: None }.start();
        let feeder = Feeder { source: Source::new(work), taken, sink: sink.clone(), streams: false }.start();
        sink.do_send(Meet(feeder.clone()));
        feeder.do_send(Turn);
    });
    system.run().expect("the system ends when it is told to");
    report.wait()
}

/// An actor per arbiter and pinned thread; the feeder tells itself to go on after each turn of 64.
pub(crate) fn across_pools(work: Work) -> Measured {
    let (meter, report) = report(work);
    let system = System::new();
    let taken = Taken::default();
    let taken_by_sink = taken.clone();
    let (sinks, feeders) = (Arbiter::new(), Arbiter::new());
    sinks.spawn_fn(|| pin(SINK_CORE));
    feeders.spawn_fn(|| pin(FEEDER_CORE));
    let sink =
        Sink::start_in_arbiter(&sinks.handle(), |_| Sink { meter, taken: taken_by_sink, feeder: None });
    let feeder = Feeder::start_in_arbiter(&feeders.handle(), move |_| Feeder {
        source: Source::new(work),
        taken,
        sink,
        streams: true,
    });
    feeder.do_send(Turn);
    system.run().expect("the system ends when it is told to");
    for arbiter in [sinks, feeders] {
        arbiter.stop();
        arbiter.join().expect("an arbiter does not panic");
    }
    report.wait()
}
