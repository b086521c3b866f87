//! The turn: one pass of a pool over its work.
//!
//! Order: control, waiting stages, lanes, gates, set-aside messages, the pool's own queue, timers, futures; then credits
//! are returned, outboxes flushed and bells rung. It is plain and sync, with no clock, thread or runtime in it: what it
//! needs of the world comes through [`Env`].
//!
//! Invariants
//! - I1. A lane's batch and the drained queue stay in place while their records are dispatched: lanes are advanced and
//!   the queue finished only afterwards.
//! - I2. Handlers run only inside a turn, and a turn never runs inside a handler.

mod lanes;

use std::rc::Rc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use crate::app::control::Control;
use crate::bus::lane::{LaneReader, LaneWriter};
use crate::bus::pass::OwnPasses;
use crate::bus::{LIFE, TOKEN};
use crate::locus::cell::State;
use crate::pool::core::Core;
use crate::pool::core::kin::LifeStep;
use crate::pool::task::{Tasks, WokenSlots};
use crate::pool::timers::Due;
use crate::pool::waits::Waits;
use crate::pool::{PoolId, residency::Held};
use crate::sync::Edge;

/// Control messages handled in one turn; the rest waits for the next.
const CONTROL_MAX: usize = 64;

/// Messages taken from one gate in one turn, so that no topic starves the others.
const GATE_PULL_MAX: usize = 256;

/// How often open questions are looked through for deadlines.
const EXPIRY_PERIOD: Duration = Duration::from_millis(5);

/// What a turn needs of the world.
pub(crate) trait Env {
    /// The time.
    fn now(&mut self) -> Instant;
    /// Wakes another pool if it has parked. The turn has issued the fence that this needs.
    fn ring(&mut self, pool: PoolId);
}

/// What a turn did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Whether there was work, so that there may be more.
    pub(crate) worked: bool,
    /// When the next timer is due.
    pub(crate) deadline: Option<Instant>,
}

/// What other pools might have parked for, and were not told of yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Untold {
    /// Pools that messages were flushed to, one bit each.
    flushed_to: u64,
    /// Pools whose lanes have been read from, one bit each.
    lanes_read: u64,
    /// Whether credits were returned.
    credits: bool,
}

/// One pool with all that belongs to its thread.
pub(crate) struct Pool {
    pub(crate) core: Rc<Core>,
    pub(crate) control: Receiver<Control>,
    /// By source and destination pool; `None` at its own index.
    pub(crate) lanes_in: Vec<Option<LaneReader>>,
    pub(crate) lanes_out: Vec<Option<LaneWriter>>,
    pub(crate) tasks: Tasks,
    pub(crate) life: super::life::Life,
    pub(crate) held: Held,
    /// Words handed to other pools, and taken from them: equal sums mean empty lanes.
    pub(crate) untold: Untold,
    pub(crate) sent_words: u64,
    pub(crate) received_words: u64,
    /// Turns that did something.
    pub(crate) activity: u64,
    pub(crate) first_lane: usize,
    pub(crate) next_expiry: Option<Instant>,
    pub(crate) waits: Waits,
}

impl Pool {
    /// Does one pass over the work there is.
    pub(crate) fn turn(&mut self, env: &mut impl Env) -> Progress {
        self.core.begin_turn();
        let progress = self.take_up(env);
        self.core.end_turn();
        progress
    }

    fn take_up(&mut self, env: &mut impl Env) -> Progress {
        let now = env.now();
        self.core.set_now(now);
        let obeyed = self.handle_control();
        let mut done = 0;
        if !self.core.is_holding() {
            done += self.let_go();
            done += self.read_lanes();
            done += self.pull_gates();
            done += self.replay();
            done += self.drain_queue();
            done += self.fire_timers(now);
        }
        self.wake_for_room();
        done += self.poll_futures();
        let wait_check = self.check_waits(now);
        done += self.see_to_failures(now);
        self.expire_questions(now);
        done += self.settle(env);
        self.activity += u64::from(done > 0);
        let mut deadline = self.core.timers.borrow().next();
        if self.core.questions_open.get() > 0 {
            let expiry = self.next_expiry.unwrap_or(now + EXPIRY_PERIOD);
            deadline = deadline.into_iter().chain([expiry]).min();
        }
        deadline = deadline.into_iter().chain(wait_check).min();
        Progress { worked: done + obeyed > 0, deadline }
    }

    /// Brings the accounts and counters up to date, before the thread parks.
    pub(crate) fn look(&mut self) {
        self.held.look(&self.core, &self.lanes_out);
    }

    /// Whether something waits that a turn would take up.
    pub(crate) fn has_work(&self) -> bool {
        let core = &self.core;
        !self.control.is_empty()
            || self.tasks.is_woken()
            || (!core.is_holding()
                && (!core.queue.is_empty()
                    || !core.ready.borrow().is_empty()
                    || self.lanes_in.iter().flatten().any(|lane| !lane.is_empty())
                    || self.has_open_gate()))
    }

    /// Whether messages wait for room in another pool, which may have come since the last turn looked.
    ///
    /// A pool must take one more turn after it has said that it parks: whoever makes room looks only then whether the
    /// pool has to be woken.
    pub(crate) fn waits_for_room(&self) -> bool {
        !self.core.blocked.borrow().is_empty() || self.waits_for_more_than_credits()
    }

    /// Whether they wait in a future, or for a lane.
    pub(crate) fn waits_for_more_than_credits(&self) -> bool {
        !self.core.room_waiters.borrow().is_empty()
            || (0..self.lanes_out.len()).any(|pool| !self.core.with_outbox(pool, |outbox| outbox.is_empty()))
    }

    /// Says to other pools that this one waits for credits of theirs. To be called before it parks, and ahead of the last
    /// look for work: whoever makes room looks only then whether the pool has to be woken.
    pub(crate) fn tell_waits(&self) {
        let core = &self.core;
        let is_waiting = !core.blocked.borrow().is_empty()
            || !core.room_waiters.borrow().is_empty()
            // A message may enter a gate between this and the last look, and would find nobody told.
            || !core.ingresses.borrow().is_empty();
        if is_waiting {
            core.routes.for_each(|_, route| route.tell_wait());
        }
    }

    /// Whether a gate holds messages that would find room.
    fn has_open_gate(&self) -> bool {
        self.core.ingresses.borrow().iter().any(|ingress| !ingress.is_empty() && ingress.has_room(&self.core))
    }

    fn handle_control(&mut self) -> usize {
        let mut handled = 0;
        while handled < CONTROL_MAX
            && let Ok(control) = self.control.try_recv()
        {
            handled += 1;
            self.obey(control);
        }
        handled
    }

    /// Lets messages go that waited for room, and hands them over at once: nobody need wait for the rest of the turn. None
    /// goes before the start is over: who takes it is known only then.
    pub(crate) fn let_go(&mut self) -> usize {
        if self.core.is_holding() || self.core.blocked.borrow().is_empty() {
            return 0;
        }
        let released = self.retry_blocked();
        if released > 0 {
            self.flush();
        }
        released
    }

    /// Lets messages go that waited with their publishers, in the order in which these were blocked.
    fn retry_blocked(&mut self) -> usize {
        let mut released = 0;
        self.core.end_contention();
        let waiting = self.core.blocked.borrow().len();
        for _ in 0..waiting {
            let Some(index) = self.core.blocked.borrow_mut().pop_front() else { break };
            let Some(cell) = self.core.cell(index) else { continue };
            let head = cell.head();
            let mut is_stuck = false;
            let next = || head.rare_made()?.stage.borrow_mut().peek();
            while let Some(number) = next() {
                let Some(route) = self.core.any_route(number) else { break };
                if !route.release(&self.core, head) {
                    is_stuck = true;
                    break;
                }
                released += 1;
                self.core.went_on(head, number);
            }
            if is_stuck {
                self.core.note_wait(head);
                self.core.add_blocked(index);
                continue;
            }
            self.core.give_stage_back(head);
            if head.state.get() == State::Blocked {
                self.core.make_ready(head);
            } else if head.state.get() == State::Closed {
                self.core.retire(&cell);
            } else {
                self.core.stage_emptied(head);
            }
        }
        released
    }

    fn pull_gates(&mut self) -> usize {
        let ingresses = self.core.ingresses.borrow();
        ingresses.iter().map(|ingress| ingress.pull(&self.core, GATE_PULL_MAX)).sum()
    }

    /// Delivers what was set aside for loci that became ready.
    fn replay(&mut self) -> usize {
        let mut replayed = 0;
        let waiting = self.core.ready.borrow().len();
        for _ in 0..waiting {
            let Some(index) = self.core.ready.borrow_mut().pop_front() else { break };
            let Some(cell) = self.core.cell(index) else { continue };
            let head = cell.head();
            if head.state.get() != State::Replaying {
                continue;
            }
            head.state.set(State::Ready);
            let rare = head.rare();
            let aside = rare.side.borrow().len();
            for _ in 0..aside {
                let Some(header) = rare.side.borrow_mut().peek() else { break };
                replayed += 1;
                if header.topic() == TOKEN {
                    // SAFETY: a token's payload is `()`.
                    unsafe { rare.side.borrow_mut().pop::<()>() };
                    self.core.token(header.hash()).drain(&self.core);
                } else if header.topic() == LIFE {
                    // SAFETY: a record under this number holds a `LifeStep`.
                    let step = unsafe { rare.side.borrow_mut().pop::<LifeStep>() };
                    self.take_step(step);
                } else if let Some(route) = self.core.any_route(header.topic()) {
                    route.replay(&self.core, &rare.side);
                }
                if head.state.get() != State::Ready {
                    break;
                }
            }
            let due = rare.pending_ticks.take();
            for timer in (0..64_usize).filter(|timer| due & 1 << timer != 0) {
                self.core.tick(&cell, timer);
            }
            if head.state.get() == State::Ready {
                self.core.make_ready(head);
            }
        }
        replayed
    }

    fn drain_queue(&mut self) -> usize {
        let core = Rc::clone(&self.core);
        if core.queue.is_empty() {
            return 0;
        }
        let mut passes = OwnPasses::begin(&core);
        loop {
            if let Some(step) = passes.hand_out() {
                self.take_step(step);
                continue;
            }
            let is_over = core.has_failures();
            // What was taken has made room: whoever waits gets it before those who publish next.
            if !is_over && !core.blocked.borrow().is_empty() {
                self.retry_blocked();
            }
            if core.flush_soon.get() {
                self.flush();
            }
            core.settle_call_off();
            if is_over || !passes.go_on() {
                break;
            }
        }
        passes.words()
    }

    fn fire_timers(&mut self, now: Instant) -> usize {
        let mut fired = 0;
        loop {
            let Some(due) = self.core.timers.borrow_mut().pop_due(now) else { return fired };
            fired += 1;
            match due {
                Due::Tick { cell, timer, .. } => {
                    if let Some(cell) = self.core.find_cell(cell) {
                        self.core.tick(&cell, timer as usize);
                    }
                }
                Due::Restart { cell } => self.restart(cell),
                Due::Deadline { slot, at } => self.core.deadline_due(slot, at),
            }
        }
    }

    /// Wakes the futures that wait for room where there is some.
    fn wake_for_room(&self) {
        let mut waiters = self.core.room_waiters.borrow_mut();
        if !waiters.is_empty() {
            waiters.wake(&self.core);
        }
    }

    fn poll_futures(&mut self) -> usize {
        let core = Rc::clone(&self.core);
        let before = |cell, _| {
            core.polls_run(Some(cell));
            if let Some(cell) = core.cell(cell) {
                cell.head().run_waits.set(false);
            }
        };
        let slots = |woken| {
            core.polls_run(None);
            match woken {
                WokenSlots::One(number) => usize::from(core.poll_slot(number)),
                WokenSlots::All => core.poll_all_slots(),
            }
        };
        let (polled, ended) = self.tasks.poll(before, slots);
        core.polls_run(None);
        for one in ended {
            self.future_ended(one);
        }
        polled
    }

    fn expire_questions(&mut self, now: Instant) {
        if self.core.questions_open.get() == 0 {
            self.next_expiry = None;
        } else if *self.next_expiry.get_or_insert(now + EXPIRY_PERIOD) <= now {
            self.core.routes.for_each(|_, route| route.expire(&self.core, now));
            self.next_expiry = Some(now + EXPIRY_PERIOD);
        }
    }

    /// Returns credits, flushes outboxes, rings bells and wakes readers outside.
    fn settle(&mut self, env: &mut impl Env) -> usize {
        self.core.routes.release_retired();
        self.untold.credits |= self.core.return_credits();
        self.core.tell_askers();
        let sent = self.flush();
        self.tell(env);
        if !self.core.wake_later.borrow().is_empty() {
            for reader in self.core.wake_later.take() {
                reader.wake();
            }
        }
        self.held.note(&self.core, &self.lanes_out, self.activity);
        usize::from(sent > 0)
    }

    /// Hands what was published for other pools to the lanes; returns how many words.
    pub(super) fn flush(&mut self) -> u64 {
        let sent_before = self.sent_words;
        self.core.begin_outgoing();
        for (pool, lane) in self.lanes_out.iter_mut().enumerate() {
            let Some(lane) = lane else { continue };
            let sent = self.core.with_outbox(pool, |outbox| {
                let before = outbox.len_words();
                outbox.flush_into(lane);
                before - outbox.len_words()
            });
            if sent > 0 {
                self.sent_words += sent as u64;
                self.untold.flushed_to |= 1 << pool;
            }
        }
        self.sent_words - sent_before
    }

    /// Wakes the pools that have parked and for which there is something since the last call: messages, credits or room.
    pub(crate) fn tell(&mut self, env: &mut impl Env) {
        let untold = std::mem::take(&mut self.untold);
        if untold == Untold::default() {
            return;
        }
        // After whatever was made visible, and before every look at who waits or has parked.
        Edge::fence_for([Edge::CreditWait, Edge::LaneRoom, Edge::BellRing]);
        let mut wake = untold.flushed_to;
        self.core.look_who_waits(&mut wake);
        for (source, lane) in self.lanes_in.iter().enumerate() {
            let is_read = untold.lanes_read & 1 << source != 0;
            if is_read && lane.as_ref().is_some_and(LaneReader::is_room_wanted) {
                wake |= 1 << source;
            }
        }
        for pool in (0..PoolId::try_from(self.lanes_out.len()).unwrap_or_default())
            .filter(|pool| wake & 1 << pool != 0)
        {
            env.ring(pool);
        }
    }
}
