//! Loci that wait for room: how long, for whom, and what ends a wait that would never end.

use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::bus::TOKEN;
use crate::bus::figures::DropReason;
use crate::locus::any_cell::AnyCell;
use crate::locus::cell::{CellHead, CellId, State};
use crate::locus::describe::Outcome;
use crate::pool::PoolId;
use crate::pool::core::Core;
use crate::pool::slot::Slot;
use crate::pool::wait::{Holding, Member, Waiting};
use crate::watch::log::{self, Site};

/// How often a wait is told that goes on and on.
const WAIT_TOLD_EVERY: Duration = Duration::from_secs(5);

/// How a locus waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    /// Since when nothing of it went on.
    since: Instant,
    /// Up to when the time is counted for the topic.
    counted: Instant,
    told: u32,
}

/// Why what an activation published can never leave.
#[derive(Debug)]
pub(crate) enum Doom {
    /// It published more to its own locus than the topic's bound.
    WaitsForItself { subject: &'static str, bound: u32 },
    /// It published more that has to wait than one activation may.
    StageFull { messages_max: u32 },
    /// It changes more subscriptions than may wait for another pool to hear of them.
    ControlFull { messages_max: u32 },
    /// It waits in a circle.
    Circle { described: String },
}

impl fmt::Display for Doom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WaitsForItself { subject, bound } => {
                write!(
                    f,
                    "it publishes more of `{subject}` to itself than its bound of {bound}, and would wait for ever"
                )
            }
            Self::StageFull { messages_max } => {
                write!(f, "it publishes more than {messages_max} messages that have to wait for room")
            }
            Self::ControlFull { messages_max } => {
                write!(
                    f,
                    "more than {messages_max} changes of subscriptions wait for another pool to hear of them"
                )
            }
            Self::Circle { described } => write!(f, "it waits in a circle: {described}"),
        }
    }
}

impl std::error::Error for Doom {}

impl Core {
    /// The running activation cannot succeed: it fails when it returns.
    pub(crate) fn doom(&self, doom: Doom) {
        self.doom.borrow_mut().get_or_insert(doom);
        self.set_cut();
    }

    /// The running activation has published here, of topic `number`, what has to wait: whether for its own locus shows when it
    /// returns or waits.
    pub(crate) fn suspect(&self, number: u16) {
        let mut suspects = self.suspects.borrow_mut();
        if !suspects.contains(&number) {
            suspects.push(number);
        }
    }

    /// Why the running activation cannot succeed, if so; asked once, when it returns or waits.
    pub(super) fn take_doom(&self, head: &CellHead) -> Option<Doom> {
        self.find_doom(head);
        if self.doom.borrow().is_none() { None } else { self.doom.take() }
    }

    /// Whether the activation that returns, or just has, fails by what it published.
    pub(super) fn is_doomed(&self, head: &CellHead) -> bool {
        self.find_doom(head);
        self.doom.borrow().is_some() || self.failed_in.get() == self.activation.get()
    }

    fn find_doom(&self, head: &CellHead) {
        for number in self.suspects.borrow_mut().drain(..) {
            if let Some(route) = self.any_route(number)
                && route.waits_for_itself(self, head)
            {
                let (subject, bound) = route.subject_and_bound();
                self.doom(Doom::WaitsForItself { subject, bound });
            }
        }
    }

    /// Ends a birth that has gone well otherwise.
    ///
    /// # Errors
    /// Why what it published can never leave: its locus is not born.
    #[inline]
    pub(crate) fn check_doom(&self, head: &CellHead) -> Outcome {
        match self.is_cut().then(|| self.take_doom(head)).flatten() {
            Some(doom) => Err(doom.into()),
            None => Ok(()),
        }
    }

    /// The running activation fails anyway.
    pub(super) fn forget_doom(&self) {
        self.suspects.borrow_mut().clear();
        self.doom.take();
    }

    /// Begins a locus's wait for room, or ends its activation with a failure where the wait would not end.
    pub(super) fn begin_wait(&self, head: &CellHead) {
        if let Some(doom) = self.take_doom(head) {
            self.failed(head, "publish", doom.into());
            self.failed_in.set(self.activation.get());
            return;
        }
        if !head.has_staged() {
            return;
        }
        self.block(head);
        head.rare().wait.set(Some(self.fresh_wait()));
        #[cfg(test)]
        if crate::pool::rig::fault::is_planted(crate::pool::rig::fault::Fault::BlockedRuns) {
            return;
        }
        head.state.set(State::Blocked);
    }

    /// Notes since when a locus waits, unless that is known.
    pub(crate) fn note_wait(&self, head: &CellHead) {
        let wait = &head.rare().wait;
        wait.set(Some(wait.get().unwrap_or_else(|| self.fresh_wait())));
    }

    fn fresh_wait(&self) -> Wait {
        Wait { since: self.now(), counted: self.now(), told: 0 }
    }

    /// Something of a locus that waits went on: `topic` is what it waited for.
    pub(crate) fn went_on(&self, head: &CellHead, topic: u16) {
        self.count_wait(head, topic);
        head.rare().wait.set(Some(self.fresh_wait()));
    }

    /// Counts how long a locus has waited, for the topic it waits for.
    fn count_wait(&self, head: &CellHead, topic: u16) {
        let Some(wait) = head.rare().wait.get() else { return };
        if let Some(route) = self.any_route(topic) {
            route.count_wait(self.now().saturating_duration_since(wait.counted));
        }
        head.rare().wait.set(Some(Wait { counted: self.now(), ..wait }));
    }

    /// Has a locus wait for room, behind those who wait already, and others of this pool behind it.
    pub(crate) fn block(&self, head: &CellHead) {
        let topic = head.rare_made().and_then(|rare| rare.stage.borrow_mut().peek());
        if let Some(route) = topic.and_then(|topic| self.any_route(topic)) {
            route.begin_contention(self);
        }
        self.add_blocked(head.id.index);
    }

    /// A topic for which a locus waits: until that has its message through, others of this pool wait behind it.
    pub(crate) fn contend(&self, topic: u16) {
        let mut contended = self.contended.borrow_mut();
        if !contended.contains(&topic) {
            contended.push(topic);
        }
    }

    /// Lets everybody publish everything again.
    pub(crate) fn end_contention(&self) {
        // Drained in place: waits come thousands of times a second, and its memory is kept.
        for topic in self.contended.borrow_mut().drain(..) {
            if let Some(route) = self.any_route(topic) {
                route.end_contention();
            }
        }
    }

    /// What each locus of this pool waits for that waits, longest first.
    pub(crate) fn waiting(&self) -> Vec<Waiting> {
        let blocked = self.blocked.borrow().clone();
        blocked.into_iter().filter_map(|index| self.waiting_of(&*self.cell(index)?)).collect()
    }

    fn waiting_of(&self, cell: &dyn AnyCell) -> Option<Waiting> {
        let head = cell.head();
        let rare = head.rare_made()?;
        let since = rare.wait.get()?.since;
        let topic = rare.stage.borrow_mut().peek()?;
        let route = self.any_route(topic)?;
        let (subject, bound) = route.subject_and_bound();
        let pools = route.without_room(self, head);
        let member = Member { pool: self.id, cell: head.id };
        Some(Waiting { member, path: head.path(), since, topic, subject, bound, pools })
    }

    /// Who keeps messages here that hold credits.
    ///
    /// # Cost
    /// Looks at every locus and every message that is set aside: for waits that have taken seconds.
    pub(crate) fn holding(&self) -> Vec<Holding> {
        let mut all: Vec<Holding> = Vec::new();
        for cell in self.cells() {
            let (holder, first) = (Member { pool: self.id, cell: cell.head().id }, all.len());
            self.held_by(&cell, &mut |topic, source, moves| {
                let Some(source) = source else { return };
                let held = Holding { topic, source, holder, moves };
                if !all[first..].contains(&held) {
                    all.push(held);
                }
            });
        }
        all
    }

    /// Shows topic, source and whether it moves of each message that a locus keeps; no source of one without a credit.
    fn held_by(&self, cell: &Rc<dyn AnyCell>, show: &mut dyn FnMut(u16, Option<PoolId>, bool)) {
        let Some(rare) = cell.head().rare_made() else { return };
        let waiters = rare.waiters.borrow();
        let calls: Vec<Rc<Slot>> =
            rare.calls.borrow().iter().filter_map(|call| self.slots.get(*call)).collect();
        let goes_on = |call: &Rc<Slot>| {
            call.deadline.get().is_some() || !waiters.iter().any(|waiter| call.is_woken_by(waiter))
        };
        for handler in rare.concurrent.borrow().iter() {
            let moves = calls.iter().any(|call| call.is_of(handler) && goes_on(call));
            handler.holds(&mut |topic, ticket| show(topic, self.ticket_source(ticket), moves));
        }
        // Who else waits for the locus is its `run`.
        let moves = waiters.iter().all(|waiter| calls.iter().any(|call| call.is_woken_by(waiter)));
        for receiver in rare.receivers.borrow().iter() {
            receiver.drained.holds(&mut |topic, ticket| show(topic, self.ticket_source(ticket), moves));
        }
        let mut show = |topic, source| show(topic, source, false);
        rare.side.borrow_mut().for_each_header(|header| {
            if header.topic() == TOKEN {
                let ring = self.token(header.hash());
                ring.holds(&mut |topic, ticket| show(topic, self.ticket_source(ticket)));
            } else if header.topic() % 2 == 0 {
                // Answers hold no credits; their numbers are odd.
                show(header.topic(), PoolId::try_from(header.hash()).ok());
            }
        });
    }

    /// Counts the waits of this pool, tells of long ones, and ends those of a locus for itself.
    pub(crate) fn look_at_waits(&self, waiting: &[Waiting]) {
        for one in waiting {
            let Some(cell) = self.find_cell(one.member.cell) else { continue };
            let head = cell.head();
            self.count_wait(head, one.topic);
            if one.pools & (1 << self.id) != 0
                && self.any_route(one.topic).is_some_and(|route| route.is_held_by(self, head))
            {
                let doom = Doom::WaitsForItself { subject: one.subject, bound: one.bound };
                self.fail_wait(head.id, one.since, doom);
                continue;
            }
            let Some(wait) = head.rare().wait.get() else { continue };
            let waited = self.now().saturating_duration_since(one.since);
            if waited >= WAIT_TOLD_EVERY * (wait.told + 1) {
                head.rare().wait.set(Some(Wait { told: wait.told + 1, ..wait }));
                self.ask_for_holders(one, waited);
            }
        }
    }

    /// Has the pools without room tell who holds the credits that a locus waits for.
    fn ask_for_holders(&self, one: &Waiting, waited: Duration) {
        for pool in self.app.pool_ids().filter(|pool| one.pools & 1 << pool != 0) {
            let one = one.clone();
            self.app.tell(pool, Box::new(move |core| core.tell_holders(&one, waited)));
        }
    }

    fn tell_holders(&self, one: &Waiting, waited: Duration) {
        let mine = |held: &Holding| held.topic == one.topic && held.source == one.member.pool;
        let holders: Vec<String> = self
            .holding()
            .into_iter()
            .filter(mine)
            .filter_map(|held| self.find_cell(held.holder.cell))
            .map(|cell| {
                let head = cell.head();
                format!("{} ({:?}, {} set aside)", head.path(), head.state.get(), head.aside_len())
            })
            .collect();
        let holders = if holders.is_empty() { "nobody by now".to_owned() } else { holders.join(", ") };
        log::warn(Site::Bus, || {
            format!(
                "{} has waited {} s for room for `{}` (bound {}) on {}; its credits are held by {holders}",
                one.path,
                waited.as_secs(),
                one.subject,
                one.bound,
                self.app.pool_path(self.id)
            )
        });
    }

    /// Ends a wait in vain by failing the locus that waits since then, if it still does: what waits is dropped.
    pub(crate) fn fail_wait(&self, cell: CellId, since: Instant, doom: Doom) {
        let Some(cell) = self.find_cell(cell) else { return };
        let head = cell.head();
        let Some(rare) = head.rare_made() else { return };
        if rare.wait.get().is_none_or(|wait| wait.since != since) || !head.has_staged() {
            return;
        }
        rare.wait.set(None);
        self.blocked.borrow_mut().retain(|index| *index != head.id.index);
        self.drop_stage(head, DropReason::WaitCycle);
        // A handler that waits goes with what it published.
        if self.drop_handler(head) || head.state.get() == State::Blocked {
            if self.report_failed(head, "publish", doom.into()) {
                self.make_ready(head);
            }
        } else {
            self.note_failed(head, "publish", &doom.into());
            self.stage_emptied(head);
        }
    }
}
