//! Publishing through the core: the queue, the stage and the outboxes.

use std::rc::Rc;

use crate::bus::answers::Answer;
use crate::bus::ask::{Address, AskError};
use crate::bus::figures::DropReason;
use crate::bus::outbox::Outbox;
use crate::bus::record::Header;
use crate::bus::route::change::CHANGES;
use crate::bus::route::{AnyRoute, Route};
use crate::bus::topic::{Full, NUMBERS_EACH, Packet, Promise, Topic};
use crate::pool::PoolId;
use crate::pool::core::Core;
use crate::pool::core::blocked::Doom;
use crate::pool::core::out::Out;
#[cfg(test)]
use crate::pool::rig::fault::{self, Fault};

impl Core {
    /// Takes a message under the policy of its topic.
    #[inline(always)]
    pub(crate) fn publish<T: Topic>(&self, packet: Packet<T>) -> Result<(), Full<Packet<T>>> {
        self.route::<T>().publish(self, packet)
    }

    #[inline]
    pub(crate) fn is_detoured(&self) -> bool {
        #[cfg(test)]
        if fault::is_planted(Fault::StageOvertaken) && !self.is_holding() {
            return false;
        }
        self.detour.get()
    }

    /// Says whether what is published from now on goes to the publisher's stage.
    pub(super) fn set_detour(&self, detour: bool) {
        self.detour.set(detour);
        self.cut.set(self.load.is_timed());
        if detour {
            self.set_cut();
        }
        self.queue.set_shut(detour);
    }

    pub(crate) fn is_holding(&self) -> bool {
        self.holding.get()
    }

    /// The start is over: messages flow.
    pub(crate) fn let_go(&self) {
        self.holding.set(false);
        self.set_detour(false);
    }

    /// Appends a message to the outbox for another pool.
    pub(crate) fn push_out<P: Send>(&self, pool: PoolId, number: u16, hash: u32, payload: P) {
        let out = self.out(pool);
        out.mark(self);
        out.outbox.push(number, hash, payload);
    }

    /// Appends a change of a subscription to the outbox for another pool. The activation that makes one too many fails.
    pub(crate) fn push_change<P: Send>(&self, pool: PoolId, number: u16, change: P) {
        self.push_out(pool, number, 0, change);
        let out = self.out(pool);
        let messages_max = self.app.limits.control_messages_max;
        out.changes.set(out.changes.get() + 1);
        if out.changes.get() <= messages_max {
            return;
        }
        // Most may have left since: those that wait are counted anew.
        let is_change = |number: u16| usize::from(number) % NUMBERS_EACH == usize::from(CHANGES);
        let waiting = out.outbox.count(is_change);
        out.changes.set(waiting);
        if waiting > messages_max && self.has_publisher() {
            self.doom(Doom::ControlFull { messages_max });
        }
    }

    /// The outboxes are about to be flushed: what is published afterwards, within an activation or not, marks them anew.
    pub(crate) fn begin_outgoing(&self) {
        self.activation.set(self.activation.get() + 1);
        self.is_outgoing.set(false);
        self.flush_soon.set(false);
    }

    /// Lends the outbox for a pool, at the flush.
    pub(crate) fn with_outbox<R>(&self, pool: usize, flush: impl FnOnce(&Outbox) -> R) -> R {
        flush(self.outs[pool].unmarked())
    }

    /// The way out to a pool.
    pub(crate) fn out(&self, pool: PoolId) -> &Rc<Out> {
        &self.outs[usize::from(pool)]
    }

    /// Takes an answer to a question of this pool in one of its turns, if the queue has room; else its result comes back.
    #[inline(always)]
    pub(crate) fn take_answer<R: Send + 'static, F: FnOnce() -> Result<R, AskError>>(
        &self,
        to: &Address,
        result: F,
    ) -> Result<(), F> {
        let home = &to.home;
        if !home.is_on(self.in_turn.get()) {
            return Err(result);
        }
        let Some(room) = self.queue.room_for::<Answer<R>>() else { return Err(result) };
        // SAFETY: there is room, and the header is that of an answer, which is written below, before anything else.
        let place = unsafe { self.queue.claim(room, Header::of::<Answer<R>>(home.number(), 0)) };
        // SAFETY: the place of this very answer.
        unsafe { Answer::write(place, to.question, result) };
        Ok(())
    }

    /// Sends an answer to the pool that asked.
    pub(crate) fn send_answer<R: Send + 'static>(&self, to: Address, result: Result<R, AskError>) {
        // A failed activation takes its answers back by their route.
        if self.any_route(to.home.number()).is_none() {
            (to.home.ensure)(self);
        }
        let answer = Answer { question: to.question, result };
        self.send_answer_to(to.home.pool(), to.home.number(), answer);
    }

    pub(crate) fn send_answer_to<R: Send + 'static>(&self, pool: PoolId, number: u16, answer: Answer<R>) {
        if pool == self.id {
            self.queue.push(number, 0, answer);
        } else {
            self.push_out(pool, number, 0, answer);
        }
    }

    /// Counts a message that arrives for a dissolved locus.
    pub(crate) fn closed<T: Topic>(&self, packet: &mut Packet<T>) {
        self.route::<T>().lost(self, DropReason::Closed, 1);
        std::mem::take(&mut packet.promise).fail(AskError::Closed);
    }

    pub(crate) fn log_drop(&self, subject: &'static str, reason: DropReason, n: u64) {
        if self.app.log_drops {
            let site = self.current_path();
            let site = site.as_deref().unwrap_or("(bus)");
            eprintln!("locus: dropped {n} of {subject} ({reason}) at {site}");
        }
    }

    /// The route of a topic this pool declares.
    ///
    /// # Panics
    /// For a topic nobody on this pool declares, which is the runtime's fault.
    #[inline]
    pub(crate) fn route<T: Topic>(&self) -> &Route<T> {
        match self.routes.of::<T>() {
            Some(route) => route,
            None => self.new_route::<T>(),
        }
    }

    #[cold]
    #[inline(never)]
    fn new_route<T: Topic>(&self) -> &Route<T> {
        self.ensure_route::<T>();
        self.routes.of::<T>().expect("made in the line above")
    }

    /// Makes the route of a topic, with the credits to and from the pools that the plan names.
    pub(crate) fn ensure_route<T: Topic>(&self) {
        if !self.routes.ensure::<T>(self.app_id(), self.id) {
            return;
        }
        let route = self.route::<T>();
        self.app.connect(self, route);
    }

    pub(crate) fn any_route(&self, number: u16) -> Option<&dyn AnyRoute> {
        self.routes.get(number)
    }
}
