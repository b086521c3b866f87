//! kameo: actors on tokio tasks, with a bounded mailbox of boxed messages.

use ::kameo::Actor;
use ::kameo::actor::{ActorRef, Spawn};
use ::kameo::error::Infallible;
use ::kameo::mailbox;
use ::kameo::message::{Context, Message as Handler};
use std::sync::mpsc::channel;

use super::{current_thread_runtime, on_two_cores};
use crate::harness::{Measured, Message, Meter, SINK_CORE, Source, WINDOW_MESSAGES, Work, pin, report};

const MAILBOX_MESSAGES: usize = WINDOW_MESSAGES as usize;

struct Sink {
    meter: Meter,
    feeder: Option<ActorRef<Feeder>>,
}

struct Meet(ActorRef<Feeder>);

impl Actor for Sink {
    type Args = Meter;
    type Error = Infallible;

    async fn on_start(meter: Meter, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Self { meter, feeder: None })
    }
}

impl Handler<Meet> for Sink {
    type Reply = ();

    async fn handle(&mut self, Meet(feeder): Meet, _: &mut Context<Self, ()>) {
        self.feeder = Some(feeder);
    }
}

impl Handler<Message> for Sink {
    type Reply = ();

    async fn handle(&mut self, message: Message, cx: &mut Context<Self, ()>) {
        if !self.meter.take(&message) {
            return;
        }
        if self.meter.is_done() {
            cx.stop();
        } else if let Some(feeder) = &self.feeder {
            feeder.tell(Turn).try_send().expect("the feeder is alive and has room");
        }
    }
}

/// Sends one turn when told to, without ever finding the mailbox full.
struct Feeder {
    source: Source,
    sink: ActorRef<Sink>,
}

struct Turn;

impl Actor for Feeder {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(me: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(me)
    }
}

impl Handler<Turn> for Feeder {
    type Reply = ();

    async fn handle(&mut self, _: Turn, _: &mut Context<Self, ()>) {
        for sequence in self.source.turn() {
            self.sink.tell(Message::new(sequence)).try_send().expect("the sink is alive and has room");
        }
    }
}

/// Two actors on one runtime, turns of 64; the sink tells the feeder when it has taken a turn.
pub(crate) fn same_pool(work: Work) -> Measured {
    pin(SINK_CORE);
    let (meter, report) = report(work);
    current_thread_runtime().block_on(async move {
        let sink = Sink::spawn_with_mailbox(meter, mailbox::bounded(MAILBOX_MESSAGES));
        let feeder = Feeder { source: Source::new(work), sink: sink.clone() };
        let feeder = Feeder::spawn_with_mailbox(feeder, mailbox::bounded(MAILBOX_MESSAGES));
        sink.tell(Meet(feeder.clone())).await.expect("the sink is alive");
        feeder.tell(Turn).await.expect("the feeder is alive");
        sink.wait_for_shutdown().await;
    });
    report.wait()
}

/// Sends turn after turn, waiting for room in the sink's mailbox.
struct Streamer {
    source: Source,
    sink: ActorRef<Sink>,
}

impl Actor for Streamer {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(me: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(me)
    }
}

impl Handler<Turn> for Streamer {
    type Reply = ();

    async fn handle(&mut self, _: Turn, cx: &mut Context<Self, ()>) {
        for sequence in self.source.turn() {
            self.sink.tell(Message::new(sequence)).send().await.expect("the sink is alive");
        }
        if self.source.is_spent() {
            cx.stop();
        } else {
            cx.actor_ref().tell(Turn).try_send().expect("an actor has room for its own next turn");
        }
    }
}

/// An actor per runtime and pinned thread; the feeder tells itself to go on after each turn of 64.
pub(crate) fn across_pools(work: Work) -> Measured {
    let (meter, report) = report(work);
    let (introduce, introduced) = channel();
    let sink = move || {
        current_thread_runtime().block_on(async move {
            let sink = Sink::spawn_with_mailbox(meter, mailbox::bounded(MAILBOX_MESSAGES));
            introduce.send(sink.clone()).expect("the feeder waits for its sink");
            sink.wait_for_shutdown().await;
        });
    };
    let feeder = move || {
        let sink = introduced.recv().expect("the sink introduces itself");
        current_thread_runtime().block_on(async move {
            let feeder = Streamer { source: Source::new(work), sink };
            let feeder = Streamer::spawn_with_mailbox(feeder, mailbox::bounded(MAILBOX_MESSAGES));
            feeder.tell(Turn).await.expect("the feeder is alive");
            feeder.wait_for_shutdown().await;
        });
    };
    on_two_cores(feeder, sink, &report)
}
