//! Credits on their way back. Tickets: who keeps a message's credit while some of its subscribers have not taken it;
//! credits that are due at the end of a turn. And tokens: the rings that stand in the queue as one word.

use std::rc::Rc;

use crate::bus::route::AnyRoute;
use crate::bus::side::NO_TICKET;
use crate::bus::subscribe::ring::TokenRing;
use crate::locus::cell::CellHead;
use crate::pool::PoolId;
use crate::pool::core::Core;
#[cfg(test)]
use crate::pool::rig::fault::{self, Fault};

/// A message kept by some of its subscribers.
pub(super) struct Ticket {
    holders: u32,
    source: PoolId,
    topic: u16,
}

impl Core {
    /// Adds a holder to a message's ticket, made at the first.
    pub(crate) fn hold_ticket(&self, known: Option<u32>, source: PoolId, topic: u16) -> u32 {
        let mut tickets = self.tickets.borrow_mut();
        if let Some(ticket) = known {
            tickets[ticket as usize].holders += 1;
            return ticket;
        }
        let fresh = Ticket { holders: 1, source, topic };
        if let Some(index) = self.free_tickets.borrow_mut().pop() {
            tickets[index as usize] = fresh;
            return index;
        }
        tickets.push(fresh);
        u32::try_from(tickets.len() - 1).expect("bounded by the credits of all topics")
    }

    /// The pool that a message with this ticket came from.
    pub(crate) fn ticket_source(&self, ticket: u32) -> Option<PoolId> {
        self.tickets.borrow().get(ticket as usize).map(|ticket| ticket.source)
    }

    /// How many messages of a topic are kept on credits of this pool.
    ///
    /// # Cost
    /// Looks at every ticket: for a locus that has to wait for what it takes itself, whether or not it fails for that.
    pub(crate) fn tickets_out(&self, topic: u16) -> u64 {
        let tickets = self.tickets.borrow();
        let is_meant = |one: &&Ticket| one.holders > 0 && (one.source, one.topic) == (self.id, topic);
        tickets.iter().filter(is_meant).count() as u64
    }

    /// Releases one holder; the last one returns the credit.
    pub(crate) fn release_ticket(&self, ticket: u32) {
        if ticket == NO_TICKET {
            return;
        }
        let (source, topic) = {
            let mut tickets = self.tickets.borrow_mut();
            let entry = &mut tickets[ticket as usize];
            entry.holders -= 1;
            #[cfg(test)]
            let is_early = fault::is_planted(Fault::CreditReturnedEarly);
            #[cfg(not(test))]
            let is_early = false;
            if entry.holders > 0 && !is_early {
                return;
            }
            (entry.source, entry.topic)
        };
        self.free_tickets.borrow_mut().push(ticket);
        if let Some(route) = self.routes.get(topic) {
            route.acked(self, source);
        }
    }

    /// Notes that a topic has credits to return at the end of the turn.
    pub(crate) fn note_credits_due(&self, topic: u16) {
        self.credits_due.borrow_mut().push(topic);
    }

    /// Returns what credits are due, and says whether some were returned since the last look at who waits.
    pub(crate) fn return_credits(&self) -> bool {
        let due = self.credits_due.borrow();
        due.iter().filter_map(|topic| self.routes.get(*topic)).for_each(AnyRoute::return_credits);
        !due.is_empty()
    }

    /// Notes in `wake` which publishers wait for a credit that was returned. To be called behind a fence.
    pub(crate) fn look_who_waits(&self, wake: &mut u64) {
        let mut due = self.credits_due.borrow_mut();
        due.drain(..).filter_map(|topic| self.routes.get(topic)).for_each(|route| route.settle(wake));
    }

    /// Gives a ring of a locus its number in the queues.
    pub(crate) fn add_token(&self, head: &CellHead, ring: Rc<dyn TokenRing>) -> u32 {
        let token = self.new_token(ring);
        head.rare().tokens.borrow_mut().push(token);
        token
    }

    fn new_token(&self, ring: Rc<dyn TokenRing>) -> u32 {
        let mut tokens = self.tokens.borrow_mut();
        if let Some(index) = self.free_tokens.borrow_mut().pop() {
            tokens[index as usize] = Some(ring);
            return index;
        }
        tokens.push(Some(ring));
        u32::try_from(tokens.len() - 1).expect("bounded by the subscriptions of one pool")
    }

    /// Lets go of the rings of a locus that has ended, each of which holds its cell, and gives their numbers back; those
    /// that still stand in a queue go with their turn.
    pub(crate) fn free_rings(&self, head: &CellHead) {
        let Some(rare) = head.rare_made() else { return };
        drop(rare.rings.take());
        for token in rare.tokens.take() {
            if self.token(token).is_idle() {
                self.free_token(token);
            }
        }
    }

    /// Gives the number of a ring that was emptied after its locus ended back.
    pub(crate) fn free_emptied(&self, head: &CellHead, token: u32) {
        if let Some(rare) = head.rare_made() {
            rare.tokens.borrow_mut().retain(|known| *known != token);
        }
        self.free_token(token);
    }

    fn free_token(&self, token: u32) {
        let ring = self.tokens.borrow_mut()[token as usize].take();
        if ring.is_some() {
            self.free_tokens.borrow_mut().push(token);
        }
    }

    /// Lets go of the rings, at the end: each holds the cell that holds it.
    pub(crate) fn take_tokens(&self) -> Vec<Rc<dyn TokenRing>> {
        self.tokens.take().into_iter().flatten().collect()
    }

    pub(crate) fn token(&self, index: u32) -> Rc<dyn TokenRing> {
        let ring = self.tokens.borrow()[index as usize].clone();
        ring.expect("a number is free only when it stands in no queue")
    }
}
