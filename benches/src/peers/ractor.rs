//! ractor: actors on tokio tasks, with an unbounded mailbox of boxed messages.

use ::ractor::{Actor, ActorProcessingErr, ActorRef, concurrency::JoinHandle};
use std::sync::mpsc::channel;

use super::{current_thread_runtime, on_two_cores};
use crate::harness::{Measured, Message, Meter, SINK_CORE, Source, Taken, Work, pin, report};

struct Sink;

enum ToSink {
    Meet(ActorRef<Turn>),
    Take(Message),
}

struct SinkState {
    meter: Meter,
    taken: Taken,
    feeder: Option<ActorRef<Turn>>,
}

impl Actor for Sink {
    type Msg = ToSink;
    type State = SinkState;
    type Arguments = SinkState;

    async fn pre_start(
        &self,
        _: ActorRef<ToSink>,
        state: SinkState,
    ) -> Result<SinkState, ActorProcessingErr> {
        Ok(state)
    }

    async fn handle(
        &self,
        me: ActorRef<ToSink>,
        message: ToSink,
        state: &mut SinkState,
    ) -> Result<(), ActorProcessingErr> {
        let message = match message {
            ToSink::Take(message) => message,
            ToSink::Meet(feeder) => {
                state.feeder = Some(feeder);
                return Ok(());
            }
        };
        if !state.meter.take(&message) {
            return Ok(());
        }
        state.taken.store(state.meter.taken());
        if state.meter.is_done() {
            me.stop(None);
        } else if let Some(feeder) = &state.feeder {
            feeder.cast(Turn)?;
        }
        Ok(())
    }
}

/// Sends one turn when told to; with `streams`, tells itself, and passes a turn while the window is full.
struct Feeder {
    streams: bool,
}

struct Turn;

struct FeederState {
    source: Source,
    taken: Taken,
    sink: ActorRef<ToSink>,
}

impl Actor for Feeder {
    type Msg = Turn;
    type State = FeederState;
    type Arguments = FeederState;

    async fn pre_start(
        &self,
        _: ActorRef<Turn>,
        state: FeederState,
    ) -> Result<FeederState, ActorProcessingErr> {
        Ok(state)
    }

    async fn handle(
        &self,
        me: ActorRef<Turn>,
        _: Turn,
        state: &mut FeederState,
    ) -> Result<(), ActorProcessingErr> {
        if state.source.has_room(&state.taken) {
            for sequence in state.source.turn() {
                state.sink.cast(ToSink::Take(Message::new(sequence)))?;
            }
        }
        if state.source.is_spent() {
            me.stop(None);
        } else if self.streams {
            me.cast(Turn)?;
        }
        Ok(())
    }
}

async fn spawn_sink(meter: Meter, taken: Taken) -> (ActorRef<ToSink>, JoinHandle<()>) {
    let state = SinkState { meter, taken, feeder: None };
    Actor::spawn(None, Sink, state).await.expect("the sink starts")
}

async fn spawn_feeder(streams: bool, state: FeederState) -> (ActorRef<Turn>, JoinHandle<()>) {
    Actor::spawn(None, Feeder { streams }, state).await.expect("the feeder starts")
}

/// Two actors on one runtime, turns of 64; the sink tells the feeder when it has taken a turn.
pub(crate) fn same_pool(work: Work) -> Measured {
    pin(SINK_CORE);
    let (meter, report) = report(work);
    current_thread_runtime().block_on(async move {
        let taken = Taken::default();
        let (sink, sink_ended) = spawn_sink(meter, taken.clone()).await;
        let state = FeederState { source: Source::new(work), taken, sink: sink.clone() };
        let (feeder, _) = spawn_feeder(false, state).await;
        sink.cast(ToSink::Meet(feeder.clone())).expect("the sink is alive");
        feeder.cast(Turn).expect("the feeder is alive");
        sink_ended.await.expect("the sink does not panic");
    });
    report.wait()
}

/// An actor per runtime and pinned thread; the feeder tells itself to go on after each turn of 64.
pub(crate) fn across_pools(work: Work) -> Measured {
    let (meter, report) = report(work);
    let (introduce, introduced) = channel();
    let taken = Taken::default();
    let taken_by_sink = taken.clone();
    let sink = move || {
        current_thread_runtime().block_on(async move {
            let (sink, ended) = spawn_sink(meter, taken_by_sink).await;
            introduce.send(sink).expect("the feeder waits for its sink");
            ended.await.expect("the sink does not panic");
        });
    };
    let feeder = move || {
        let sink = introduced.recv().expect("the sink introduces itself");
        current_thread_runtime().block_on(async move {
            let state = FeederState { source: Source::new(work), taken, sink };
            let (feeder, ended) = spawn_feeder(true, state).await;
            feeder.cast(Turn).expect("the feeder is alive");
            ended.await.expect("the feeder does not panic");
        });
    };
    on_two_cores(feeder, sink, &report)
}
