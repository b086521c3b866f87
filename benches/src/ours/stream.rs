//! The two ends of most shapes: a locus that sends turn after turn, and one that takes.

use std::marker::PhantomData;

use locus::PublishedBy;
use locus::prelude::*;

use super::across_pools::Narrow;
use super::inline::{Called, Direct, DirectTick};
use super::pipeline::Raw;
use crate::harness::{Addressed, Labelled, Message, Meter, Payload, Source, Tick, Work, pin};

/// Asks the feeder for the next turn.
#[topic]
#[derive(Clone, Debug)]
pub(crate) struct Turn;

/// Sends the messages of one turn with `send`, then asks for the next one: that lies behind the last message of this
/// one, and so comes when a subscriber on the same pool has taken them all, since a pool delivers in order.
#[inline]
pub(super) fn send_turn<C: Publish<Turn>>(source: &mut Source, cx: &mut C, send: impl Fn(&mut C, u64)) {
    for sequence in source.turn() {
        send(cx, sequence);
    }
    if !source.is_spent() {
        cx.publish(Turn);
    }
}

/// Streams messages of one type.
#[locus(publishes(Addressed, Called, Direct, DirectTick, Labelled, Message, Narrow, Raw, Tick, Turn))]
pub(super) struct Feeder<M> {
    source: Source,
    core: usize,
    sends: PhantomData<fn() -> M>,
}

#[locus]
impl<M> Feeder<M>
where
    M: Payload + PublishedBy<Feeder<M>, Sent = ()>,
{
    fn birth(&mut self, _: &mut Cx<'_, Self>) {
        pin(self.core);
    }

    #[on]
    fn on_turn(&mut self, _: &Turn, cx: &mut Cx<'_, Self>) {
        send_turn(&mut self.source, cx, |cx, sequence| cx.publish(M::numbered(sequence)));
    }
}

impl<M> Feeder<M> {
    /// A feeder of all messages of `work` that binds its thread to `core`.
    pub(super) fn new(work: Work, core: usize) -> Self {
        Self { source: Source::new(work), core, sends: PhantomData }
    }
}

/// Takes messages of one type, in order.
#[locus]
pub(super) struct Sink<M> {
    meter: Meter,
    core: usize,
    takes: PhantomData<fn() -> M>,
}

#[locus]
impl<M> Sink<M>
where
    M: Payload + Topic<Promise = ()>,
{
    fn birth(&mut self, _: &mut Cx<'_, Self>) {
        pin(self.core);
    }

    #[on]
    fn on_message(&mut self, message: &M, _: &mut Cx<'_, Self>) {
        self.meter.take(message);
    }
}

impl<M> Sink<M> {
    /// A sink that binds its thread to `core`.
    pub(super) fn new(meter: Meter, core: usize) -> Self {
        Self { meter, core, takes: PhantomData }
    }
}
