//! actix: actors of one arbiter (a thread with a runtime), or of two.

pub(crate) mod life;

use ::actix::{Actor, Addr, Arbiter, AsyncContext, Context, Handler, System};

use crate::harness::{
    FEEDER_CORE, Measured, Message, Meter, SINK_CORE, Source, Taken, WINDOW_MESSAGES, Work, pin, report,
    topic_of_four,
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

/// One of four message types.
struct OnTopic<const TOPIC: u64>(Message);

impl<const TOPIC: u64> ::actix::Message for OnTopic<TOPIC> {
    type Result = ();
}

impl<const TOPIC: u64> Handler<OnTopic<TOPIC>> for Sink {
    type Result = ();

    fn handle(&mut self, OnTopic(message): OnTopic<TOPIC>, cx: &mut Self::Context) {
        Handler::<Message>::handle(self, message, cx);
    }
}

fn send_on_one_of_four(sink: &Addr<Sink>, sequence: u64) {
    let message = Message::new(sequence);
    match topic_of_four(sequence) {
        0 => sink.do_send(OnTopic::<0>(message)),
        1 => sink.do_send(OnTopic::<1>(message)),
        2 => sink.do_send(OnTopic::<2>(message)),
        _ => sink.do_send(OnTopic::<3>(message)),
    }
}

/// Sends one turn when told to; with `streams`, tells itself, and passes a turn while the window is full.
struct Feeder {
    source: Source,
    taken: Taken,
    sink: Addr<Sink>,
    send: fn(&Addr<Sink>, u64),
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
                (self.send)(&self.sink, sequence);
            }
        }
        if self.streams && !self.source.is_spent() {
            cx.notify(Turn);
        }
    }
}

/// Takes no notice of the mailbox's capacity, which the window keeps: the fastest way to send.
fn send(sink: &Addr<Sink>, sequence: u64) {
    sink.do_send(Message::new(sequence));
}

/// Two actors of one arbiter; the sink tells the feeder when it has taken a turn.
pub(crate) fn same_pool(work: Work) -> Measured {
    on_one_arbiter(work, send)
}

/// The same with four message types.
pub(crate) fn four_topics(work: Work) -> Measured {
    on_one_arbiter(work, send_on_one_of_four)
}

fn on_one_arbiter(work: Work, send: fn(&Addr<Sink>, u64)) -> Measured {
    pin(SINK_CORE);
    let (meter, report) = report(work);
    let system = System::new();
    system.block_on(async move {
        let taken = Taken::default();
        let sink = Sink { meter, taken: taken.clone(), feeder: None }.start();
        let source = Source::new(work);
        let feeder = Feeder { source, taken, sink: sink.clone(), send, streams: false }.start();
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
        send,
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
