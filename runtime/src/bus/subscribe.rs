//! Subscriptions: how one subscriber takes messages of one topic.
//!
//! | kind | where messages wait | bounded by |
//! |---|---|---|
//! | direct handler ([`direct::Direct`]) | in the shared queue; set aside while the locus is not ready | the topic's credits |
//! | handler with a ring ([`ring::Ringed`]) | in its own ring | its own bound, or the credits under `block` |
//! | batch handler ([`batch::Batched`]) | in its own ring | the same |
//! | concurrent handler ([`concurrent::Concurrent`]) | in its own ring | the same |
//! | `run.recv` ([`receive::Receiver`]) | in its own ring | the same |
//! | outside subscription ([`crate::bus::subscription`]) | in a ring shared with another thread | its own bound |

pub(crate) mod batch;
pub(crate) mod concurrent;
mod direct;
pub(crate) mod follow;
pub(crate) mod join;
pub(crate) mod receive;
pub(crate) mod ring;
pub(crate) mod straight;

use std::any::Any;
use std::rc::Rc;

use self::straight::Offer;
use super::cursor::{SEVERAL_MAX, Several, Taken};
use super::pass::Taker;
use super::side::{Aside, NO_SOURCE, NO_TICKET};
use super::topic::{Packet, Topic};
use crate::locus::cell::{CellHead, CellId, LocusCell};
use crate::locus::describe::{Locus, Outcome};
use crate::pool::PoolId;
use crate::pool::core::Core;

/// One subscriber of a topic.
pub(crate) trait Subscriber<T: Topic>: Any {
    /// How it takes the topic's records where nobody else does; `None` leaves them to the route.
    fn taker(&self) -> Option<Taker> {
        None
    }

    /// How it is called at the publish itself; `None` for all but `#[on(inline)]`.
    fn straight(&self) -> Option<Offer<T>> {
        None
    }

    /// The index of the locus that has to be ready before a message's credit comes back, if there is one.
    fn holder(&self) -> Option<u32> {
        None
    }

    /// Takes one message that others may share; the `last` of them may move it out.
    fn deliver(&self, core: &Core, packet: &mut Taken<Packet<T>>, origin: &mut Origin, last: bool);

    /// Takes several messages that others may share; the `last` of them may move them out.
    fn deliver_several(&self, core: &Core, shared: &mut Shared<T>, last: bool) {
        for index in 0..shared.len() {
            shared.lend(index, |packet, origin| self.deliver(core, packet, origin, last));
        }
    }

    /// Whether it is a handler of this cell that keeps nothing beside it.
    fn is_of(&self, _cell: CellId) -> bool {
        false
    }

    /// Takes a message that was set aside for it.
    fn deliver_aside(&self, core: &Core, packet: Packet<T>, ticket: u32) {
        let _ = packet;
        core.release_ticket(ticket);
    }

    /// Whether it takes only what its own pool publishes, because it has a twin on every pool.
    fn is_outside(&self) -> bool {
        false
    }
}

/// Where a message came from, and who keeps its credit.
///
/// Once somebody keeps it, so does the delivery itself until all subscribers have seen the message: one that keeps it for
/// a moment only does not return the credit under the others.
pub(crate) struct Origin {
    source: PoolId,
    topic: u16,
    ticket: Option<u32>,
}

impl Origin {
    pub(crate) fn new(source: PoolId, topic: u16) -> Self {
        Self { source, topic, ticket: None }
    }

    /// Whether its credit is the pool's own.
    #[inline]
    pub(crate) fn is_own(&self, core: &Core) -> bool {
        self.source == core.id
    }

    /// The number of the message's topic.
    #[inline]
    pub(crate) fn topic(&self) -> u16 {
        self.topic
    }

    /// Keeps the message's credit for one more holder, who releases the ticket.
    pub(crate) fn hold(&mut self, core: &Core) -> u32 {
        let own = *self.ticket.get_or_insert_with(|| core.hold_ticket(None, self.source, self.topic));
        core.hold_ticket(Some(own), self.source, self.topic)
    }

    /// All subscribers have seen the message. Returns whether nobody has kept it: its credit is then the caller's to
    /// return.
    #[must_use]
    pub(crate) fn ends_free(self, core: &Core) -> bool {
        self.ticket.map(|ticket| core.release_ticket(ticket)).is_none()
    }
}

/// Messages of one source that several subscribers take one after the other, each all of them.
pub(crate) struct Shared<T: Topic> {
    packets: Several<Packet<T>>,
    source: PoolId,
    topic: u16,
    tickets: [u32; SEVERAL_MAX],
}

impl<T: Topic> Shared<T> {
    pub(crate) fn new(packets: Several<Packet<T>>, source: PoolId, topic: u16) -> Self {
        Self { packets, source, topic, tickets: [NO_TICKET; SEVERAL_MAX] }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.packets.len()
    }

    /// The number of their topic.
    pub(crate) fn topic(&self) -> u16 {
        self.topic
    }

    /// Whether their credits are the pool's own.
    pub(crate) fn is_own(&self, core: &Core) -> bool {
        self.source == core.id
    }

    /// One of the messages, for a handler that keeps nothing.
    #[inline]
    pub(crate) fn packet(&mut self, index: usize) -> &mut Packet<T> {
        self.packets.lend(index)
    }

    /// Lends one of the messages to who may keep it.
    pub(crate) fn lend(&mut self, index: usize, visit: impl FnOnce(&mut Taken<Packet<T>>, &mut Origin)) {
        let known = Some(self.tickets[index]).filter(|ticket| *ticket != NO_TICKET);
        let mut origin = Origin { ticket: known, ..Origin::new(self.source, self.topic) };
        self.packets.lend_taken(index, |packet| visit(packet, &mut origin));
        self.tickets[index] = origin.ticket.unwrap_or(NO_TICKET);
    }

    /// All subscribers have seen them. Returns how many nobody has kept: their credits are the caller's to return.
    #[must_use]
    pub(crate) fn end_free(self, core: &Core) -> u32 {
        let mut free = 0;
        for ticket in &self.tickets[..self.packets.len()] {
            if *ticket == NO_TICKET {
                free += 1;
            } else {
                core.release_ticket(*ticket);
            }
        }
        free
    }
}

/// Takes the message for keeping: moved out by the last taker, cloned by the others.
///
/// The promise goes to whoever takes the message first; a topic that is asked has one responder.
pub(crate) fn keep<T: Topic>(packet: &mut Taken<Packet<T>>, last: bool) -> Packet<T> {
    if last {
        return packet.move_out();
    }
    let mut copy = packet.duplicate();
    copy.promise = std::mem::take(&mut packet.promise);
    copy
}

/// Keeps a message that a handler has stashed.
pub(crate) fn keep_stashed<T: Topic>(head: &CellHead, subscriber: Rc<dyn Subscriber<T>>, packet: Packet<T>) {
    let aside = Aside { subscriber, ticket: NO_TICKET, packet };
    head.rare().stashed.borrow_mut().push(T::number().get(), NO_SOURCE, aside);
}

/// Sees to the end of an activation that was called under `catch_unwind`.
#[inline]
pub(crate) fn after<L: Locus>(
    core: &Core,
    cell: &LocusCell<L>,
    method: &'static str,
    result: Result<Outcome, Box<dyn std::any::Any + Send>>,
) {
    core.name_activation(&cell.head, method);
    if !matches!(result, Ok(Ok(()))) {
        after_failure(core, &cell.head, method, result);
    }
}

#[cold]
#[inline(never)]
fn after_failure(
    core: &Core,
    head: &CellHead,
    method: &'static str,
    result: Result<Outcome, Box<dyn Any + Send>>,
) {
    match result {
        Ok(Ok(())) => {}
        Ok(Err(error)) => core.failed(head, method, error),
        Err(panic) => core.panicked(head, method, panic.as_ref()),
    }
}
