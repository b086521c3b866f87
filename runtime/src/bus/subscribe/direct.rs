//! A handler that is fed straight from the queue: the common case, and the hot loop.
//!
//! Where the handler's subscription is its topic's only one on the pool, a pass hands it whole runs of records; else the
//! route delivers to it one by one. While its locus is not ready, messages are set aside for it.
//!
//! Invariants: those of `routes` (I2, I4) for what a pass hands over, and `cursor` I2 for the records.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::rc::Rc;

use super::straight::Offer;
use super::{Origin, Shared, Subscriber, after, keep, keep_stashed};
use crate::bus::ask::AskError;
use crate::bus::cursor::{Rest, Taken};
use crate::bus::figures::{DropReason, Figures};
use crate::bus::pass::{Next, Pass, Taker};
use crate::bus::record::words_for;
use crate::bus::route::Route;
use crate::bus::side::{Aside, NO_SOURCE, NO_TICKET};
use crate::bus::topic::{Packet, Promise, Topic};
use crate::locus::cell::{CellId, LocusCell, State};
use crate::locus::describe::{Handler, Locus, Outcome};
use crate::pool::core::Core;
use crate::pool::core::handled::Handled;
#[cfg(test)]
use crate::pool::rig::{
    coverage,
    fault::{self, Fault},
};
use crate::watch::log::{self, Site};

/// The `N`-th handler of a locus, fed straight from the queue.
///
/// It is the locus's cell, seen as one of its handlers: a subscription needs no memory of its own.
#[repr(transparent)]
pub(crate) struct Direct<L: Locus + Handler<N>, const N: usize> {
    cell: LocusCell<L>,
}

impl<L: Locus + Handler<N>, const N: usize> Direct<L, N> {
    /// Whether its messages may be stashed.
    const LENDS: bool = !<L::Topic as Topic>::Promise::IS_ASKED && L::START.is_none();

    pub(crate) fn new(cell: Rc<LocusCell<L>>) -> Rc<Self> {
        let cell: *const LocusCell<L> = Rc::into_raw(cell);
        // SAFETY: the pointer comes from `into_raw`, and `Self` is a transparent wrapper of what it points at: of the
        // same size, alignment and content.
        unsafe { Rc::from_raw(cell.cast::<Self>()) }
    }

    /// Whether it may hold one more message; one that it may not is dropped and counted.
    fn may_hold(&self, core: &Core, packet: &mut Packet<L::Topic>) -> bool {
        let Some(most) = L::Topic::SPEC.per_locus else { return true };
        if self.cell.head.rare().hold(N, most) {
            return true;
        }
        core.route::<L::Topic>().lost(core, DropReason::Slow, 1);
        std::mem::take(&mut packet.promise).fail(AskError::Full);
        let (path, subject) = (self.cell.head.path(), L::Topic::SPEC.subject);
        log::warn(Site::Bus, || format!("{path} holds {most} of {subject}: a new one is dropped"));
        false
    }

    /// This subscription, to be kept.
    fn me(&self) -> Option<Rc<Self>> {
        self.cell.me().map(Self::new)
    }

    #[inline]
    fn call(&self, core: &Core, packet: &mut Packet<L::Topic>, handled: Handled) -> Outcome {
        let promise = std::mem::take(&mut packet.promise);
        self.cell.activate(core, |me, cx| {
            core.lend(handled);
            L::handle(me, &packet.message, promise, cx)
        })
    }

    /// The hot loop: one monomorphic call per message until another topic follows or the locus is not ready.
    ///
    /// # Safety
    /// As for every [`Taker`]: `me` is a `Direct<L, N>`, `route` that of its topic, and a record of that comes next.
    unsafe fn take_run(me: NonNull<()>, route: NonNull<()>, pass: &mut Pass<'_>) -> Next {
        // SAFETY: by the caller; it lives as long as the pass (`routes` I4), and is only lent shared.
        let me = unsafe { me.cast::<Self>().as_ref() };
        // SAFETY: by the caller; routes stay in place (`routes` I2), and are only lent shared.
        let route = unsafe { route.cast::<Route<L::Topic>>().as_ref() };
        if me.cell.head.state.get() != State::Ready {
            return me.take_while_not_ready(route, pass);
        }
        #[cfg(test)]
        coverage::arrived(State::Ready, L::Topic::SPEC.on_full, false);
        let kind = route.kind();
        let handled = if pass.is_own {
            Handled::run(route.number, true, Self::LENDS)
        } else {
            let words = words_for::<Packet<L::Topic>>();
            pass.cursor.narrow(route.run_messages_max(pass.source).saturating_mul(words));
            Handled::run(route.number, false, Self::LENDS)
        };
        let core = pass.core;
        core.begin_run(handled);
        let mut follows = Next::UNKNOWN;
        let (end, method) = (pass.cursor.rest().end(), <L as Handler<N>>::OPTIONS.method);
        let mut run = RunOf { me, route, rest: pass.cursor.rest(), pass: &mut *pass };
        let outcome = me.cell.activate_each(core, end, method, |activation| {
            loop {
                // SAFETY: a record of this topic is next, by the caller or by `next`, and holds a `Packet` of it
                // (`cursor` I2).
                let mut packet = unsafe { run.rest.take::<Packet<L::Topic>>() };
                let promise = std::mem::take(&mut packet.promise);
                let ended = activation.of(|me, cx| L::handle(me, &packet.message, promise, cx));
                // SAFETY: the run was begun with the end of this rest, and ends there or earlier (`run` I1).
                let next = unsafe { run.rest.peek_before(core.run_end()) };
                if ended.is_err() || (next.is_none() && activation.is_cut()) {
                    me.end_run(core, ended.is_ok(), packet);
                    return ended;
                }
                drop(packet);
                match next {
                    Some(next) if next.kind() == kind => {}
                    Some(next) => {
                        follows = Next::of(next);
                        return ended;
                    }
                    None => return ended,
                }
            }
        });
        run.end();
        if let Err(error) = outcome {
            core.failed(&me.cell.head, method, error);
            return Next::UNKNOWN;
        }
        if <L::Topic as Topic>::Promise::IS_ASKED && pass.is_own {
            route.answers().take_at_once(pass);
            return Next::UNKNOWN;
        }
        follows
    }

    /// Drops the message that ends a run, or keeps it where its handler has asked for that.
    #[cold]
    #[inline(never)]
    fn end_run(&self, core: &Core, is_ok: bool, mut packet: Taken<Packet<L::Topic>>) {
        if core.take_stash_wish(&self.cell.head) && is_ok {
            self.stash(packet.move_out());
        }
    }

    fn stash(&self, packet: Packet<L::Topic>) {
        let Some(me) = self.me() else { return };
        keep_stashed(&self.cell.head, me, packet);
    }

    /// Takes records for a locus that is not ready.
    #[cold]
    #[inline(never)]
    fn take_while_not_ready(&self, route: &Route<L::Topic>, pass: &mut Pass<'_>) -> Next {
        let kind = route.kind();
        while self.cell.head.state.get() != State::Ready && pass.cursor.next_is(kind) {
            // SAFETY: a record of this topic is next, and holds a `Packet` of it (`cursor` I2).
            let mut packet = unsafe { pass.cursor.take::<Packet<L::Topic>>() };
            let mut origin = Origin::new(pass.source, route.number);
            self.deliver(pass.core, &mut packet, &mut origin, true);
            Figures::add(&route.figures.delivered, 1);
            if origin.ends_free(pass.core) {
                route.taken(pass.core, pass.source, 1);
            }
        }
        Next::UNKNOWN
    }

    /// Calls the handler and sees to a failure. Returns whether the handler wants to keep the message.
    #[must_use]
    fn call_guarded(&self, core: &Core, packet: &mut Packet<L::Topic>, handled: Handled) -> bool {
        let result = catch_unwind(AssertUnwindSafe(|| self.call(core, packet, handled)));
        let keeps = core.take_stash_wish(&self.cell.head) && matches!(result, Ok(Ok(())));
        after::<L>(core, &self.cell, <L as Handler<N>>::OPTIONS.method, result);
        keeps
    }

    /// Calls the handler for the messages from `first` on, until one ends the run, and sees to a failure. Returns how far it
    /// came.
    fn call_each(&self, core: &Core, shared: &mut Shared<L::Topic>, first: usize, last: bool) -> usize {
        #[cfg(test)]
        coverage::arrived(State::Ready, L::Topic::SPEC.on_full, false);
        core.lend(core.shared_run(shared.topic(), shared.is_own(core), Self::LENDS, first));
        let mut done = first;
        let result = catch_unwind(AssertUnwindSafe(|| {
            // Whether it is cut is asked for itself: these messages do not lie in the run of a cursor.
            self.cell.activate_each(core, 0, <L as Handler<N>>::OPTIONS.method, |activation| {
                loop {
                    let packet = shared.packet(done);
                    done += 1;
                    let promise = std::mem::take(&mut packet.promise);
                    let ended = activation.of(|me, cx| L::handle(me, &packet.message, promise, cx));
                    if ended.is_err() || activation.is_cut() || done == shared.len() {
                        return ended;
                    }
                }
            })
        }));
        Figures::add(&self.cell.head.handled, (done - first) as u64);
        let keeps = core.take_stash_wish(&self.cell.head) && matches!(result, Ok(Ok(())));
        after::<L>(core, &self.cell, <L as Handler<N>>::OPTIONS.method, result);
        if keeps {
            shared.lend(done - 1, |packet, _| self.stash(keep(packet, last)));
        }
        done
    }

    /// Takes a message while the locus is ready.
    fn take(&self, core: &Core, packet: &mut Taken<Packet<L::Topic>>, handled: Handled, last: bool) {
        Figures::add(&self.cell.head.handled, 1);
        match L::START {
            None => {
                if self.call_guarded(core, packet, handled) {
                    self.stash(keep(packet, last));
                }
            }
            Some(start) => {
                if let Some(cell) = self.cell.me() {
                    (start.0)(core, &cell, keep(packet, last), handled);
                }
            }
        }
    }

    /// Counts the messages of a run.
    #[inline]
    fn count(&self, route: &Route<L::Topic>, pass: &Pass<'_>, done: u32) {
        Figures::add(&route.figures.delivered, u64::from(done));
        Figures::add(&self.cell.head.handled, u64::from(done));
        route.taken_from(pass.core, pass.source, pass.is_own, done);
    }

    #[cold]
    #[inline(never)]
    fn note_unwound(&self, route: &Route<L::Topic>, pass: &Pass<'_>) {
        let done = pass.core.run_done();
        #[cfg(test)]
        let done = if fault::is_planted(Fault::CreditLostOnPanic) { done - 1 } else { done };
        self.count(route, pass, done);
        pass.core.note_unwound(self.cell.head.id.index, <L as Handler<N>>::OPTIONS.method);
    }

    fn set_aside(&self, core: &Core, packet: Packet<L::Topic>, ticket: u32) {
        let Some(me) = self.me() else { return core.release_ticket(ticket) };
        let number = L::Topic::number().get();
        let source = core.ticket_source(ticket).map_or(NO_SOURCE, u32::from);
        let aside = Aside { subscriber: me as Rc<dyn Subscriber<L::Topic>>, ticket, packet };
        self.cell.head.rare().side.borrow_mut().push(number, source, aside);
    }
}

/// A run of messages that one handler takes. Dropped only where its latest activation unwinds.
///
/// Its parts are looked at one by one, and never lent as a whole: so the loop keeps them in registers.
struct RunOf<'r, 'p, 'c, L: Locus + Handler<N>, const N: usize> {
    me: &'r Direct<L, N>,
    route: &'r Route<L::Topic>,
    /// What is left of the run, ahead of the cursor of the pass.
    rest: Rest,
    pass: &'p mut Pass<'c>,
}

impl<L: Locus + Handler<N>, const N: usize> RunOf<'_, '_, '_, L, N> {
    /// Ends the run behind its latest message.
    #[inline(always)]
    fn end(self) {
        self.pass.cursor.catch_up(self.rest);
        self.me.count(self.route, self.pass, self.pass.core.run_done());
        std::mem::forget(self);
    }
}

impl<L: Locus + Handler<N>, const N: usize> Drop for RunOf<'_, '_, '_, L, N> {
    #[inline(always)]
    fn drop(&mut self) {
        self.pass.cursor.catch_up(self.rest);
        self.me.note_unwound(self.route, self.pass);
    }
}

impl<L: Locus + Handler<N>, const N: usize> Subscriber<L::Topic> for Direct<L, N> {
    fn holder(&self) -> Option<u32> {
        Some(self.cell.head.id.index)
    }

    fn taker(&self) -> Option<Taker> {
        if L::START.is_some() {
            return None;
        }
        // SAFETY: `take_run` takes a `Direct<L, N>`, which `self` is, and a route of its topic.
        Some(unsafe { Taker::new(NonNull::from(self).cast(), Self::take_run) })
    }

    fn straight(&self) -> Option<Offer<L::Topic>> {
        <L as Handler<N>>::INLINE.map(|inline| (inline.0)(&self.cell))
    }

    fn is_of(&self, cell: CellId) -> bool {
        self.cell.head.id == cell
    }

    fn deliver(&self, core: &Core, packet: &mut Taken<Packet<L::Topic>>, origin: &mut Origin, last: bool) {
        #[cfg(test)]
        coverage::arrived(self.cell.head.state.get(), L::Topic::SPEC.on_full, false);
        match self.cell.head.state.get() {
            State::Ready => {
                let handled = Handled::message(origin.topic(), origin.is_own(core), Self::LENDS);
                self.take(core, packet, handled, last);
            }
            #[cfg(test)]
            State::Replaying if fault::is_planted(Fault::AsideOvertaken) => {
                let _ = self.call_guarded(core, packet, Handled::NOTHING);
                if self.cell.head.state.get() == State::Ready {
                    self.cell.head.state.set(State::Replaying);
                }
            }
            State::Closed => core.closed::<L::Topic>(packet),
            _ => {
                if !self.may_hold(core, packet) {
                    return;
                }
                let kept = keep(packet, last);
                let ticket = origin.hold(core);
                self.set_aside(core, kept, ticket);
            }
        }
    }

    fn deliver_several(&self, core: &Core, shared: &mut Shared<L::Topic>, last: bool) {
        let mut done = 0;
        while done < shared.len() {
            let is_ready = self.cell.head.state.get() == State::Ready;
            if is_ready && L::START.is_none() {
                done = self.call_each(core, shared, done, last);
                continue;
            }
            if is_ready {
                #[cfg(test)]
                coverage::arrived(State::Ready, L::Topic::SPEC.on_full, false);
                let handled = core.shared_run(shared.topic(), shared.is_own(core), Self::LENDS, done);
                shared.lend(done, |packet, _| self.take(core, packet, handled, last));
            } else {
                shared.lend(done, |packet, origin| self.deliver(core, packet, origin, last));
            }
            done += 1;
        }
    }

    fn deliver_aside(&self, core: &Core, mut packet: Packet<L::Topic>, ticket: u32) {
        // What was stashed was not held.
        if L::Topic::SPEC.per_locus.is_some() && ticket != NO_TICKET {
            self.cell.head.rare().let_go(N);
        }
        if self.cell.head.state.get() == State::Closed {
            #[cfg(test)]
            coverage::arrived(State::Closed, L::Topic::SPEC.on_full, false);
            core.closed::<L::Topic>(&mut packet);
            return core.release_ticket(ticket);
        }
        Figures::add(&self.cell.head.handled, 1);
        let handled = core.ticketed(L::Topic::number().get(), ticket, Self::LENDS);
        match L::START {
            None => {
                if self.call_guarded(core, &mut packet, handled) {
                    self.stash(packet);
                } else {
                    drop(packet);
                }
            }
            Some(start) => {
                if let Some(cell) = self.cell.me() {
                    (start.0)(core, &cell, packet, handled);
                }
            }
        }
        core.release_ticket(ticket);
    }
}
