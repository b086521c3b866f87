//! The lives of a pool's loci: births, starts, failures, restarts, drains and ends.

mod children;
mod failures;

use std::rc::Rc;

use crate::app::control::{Control, LocusAccount, Probe, Report, Reports};
use crate::locus::any_cell::AnyCell;
use crate::locus::cell::{CellHead, State};
use crate::locus::children::ChildKind;
use crate::locus::describe::Outcome;
use crate::pool::core::Failure;
use crate::pool::task::{Ended, Purpose};
use crate::pool::timers::Due;
use crate::pool::turn::Pool;
use crate::supervise::{Cause, panic_text};

/// Where a pool stands in the life of its app.
pub(crate) struct Life {
    pub(crate) reports: Reports,
    pub(crate) is_stopped: bool,
    /// The part that is being born at the start.
    part: u32,
    /// Births of it that the start waits for, its children's too.
    pub(crate) births: usize,
    /// Why the start is refused.
    pub(crate) refusal: Option<String>,
    /// Whether timers tick no more.
    pub(crate) are_ticks_over: bool,
}

impl Life {
    pub(crate) fn new(reports: &Reports) -> Self {
        let reports = reports.clone();
        Self { reports, is_stopped: false, part: 0, births: 0, refusal: None, are_ticks_over: false }
    }
}

impl Pool {
    /// Does what the control thread says.
    pub(crate) fn obey(&mut self, control: Control) {
        match control {
            Control::Birth { cell } => {
                (self.life.part, self.life.births) = (cell, 1);
                self.birth(cell);
            }
            Control::Go => self.go(),
            Control::CloseSources => {
                self.core.timers.borrow_mut().stop_ticks();
                self.life.are_ticks_over = true;
                self.done();
            }
            Control::CancelHandlers => {
                self.core.cancel_handlers();
                self.cancel_runs_of_flows();
                self.done();
            }
            Control::Probe { round } => {
                let probe = self.probe(round);
                self.life.reports.send(Report::Probe(probe));
            }
            Control::EndOutside => {
                self.core.end_outside();
                self.done();
            }
            Control::EndReceiving => {
                for cell in self.core.cells() {
                    let Some(rare) = cell.head().rare_made() else { continue };
                    for receiver in rare.receivers.borrow().iter() {
                        receiver.drained.close();
                    }
                }
                self.done();
            }
            Control::Drain { cell } => {
                let more = self.drain_deepest(cell);
                self.life.reports.send(Report::Drained { more });
            }
            Control::Dissolve { cell } => {
                if let Some(cell) = self.core.cell(cell) {
                    self.end(&cell);
                }
                self.done();
            }
            Control::Look => {
                self.held.look(&self.core, &self.lanes_out);
                self.done();
            }
            Control::Tell(tell) => tell(&self.core),
            Control::Stop => {
                self.held.look(&self.core, &self.lanes_out);
                self.life.is_stopped = true;
            }
        }
    }

    fn done(&self) {
        self.life.reports.send(Report::Done);
    }

    // ---- births -----------------------------------------------------------------------------------------------

    fn birth(&mut self, index: u32) {
        let Some(cell) = self.core.cell(index) else { return };
        if let Err(error) = cell.build() {
            return self.born(&cell, Err(error));
        }
        self.bear(&cell);
    }

    /// A birth is over, at the start or at a restart.
    fn born(&mut self, cell: &Rc<dyn AnyCell>, outcome: Outcome) {
        let head = cell.head();
        let is_start = self.core.is_holding();
        match outcome.and_then(|()| Rc::clone(cell).subscribe(&self.core)) {
            Ok(()) => {
                head.is_born.set(true);
                if is_start {
                    self.bear_children(cell);
                    return self.birth_over(Ok(()));
                }
                self.begin_life(cell);
            }
            Err(error) => {
                if is_start {
                    self.core.abandon(head);
                    return self.birth_over(Err(format!("{}: {error}", head.path())));
                }
                self.core.birth_failed(head, error);
            }
        }
    }

    /// What begins with the birth of a locus that is not part of the start.
    pub(super) fn begin_life(&mut self, cell: &Rc<dyn AnyCell>) {
        let head = cell.head();
        self.core.make_ready(head);
        if head.rare_made().is_some() {
            self.core.resume_calls(head);
            self.bear_children(cell);
        }
        self.set_ticks(cell);
        self.start_run(cell);
    }

    /// One of the births that a part's start waits for is over; after the last the part is born, or all of it dissolved.
    fn birth_over(&mut self, result: Result<(), String>) {
        if !self.core.is_holding() {
            return;
        }
        self.life.births -= 1;
        if let Err(refusal) = result {
            self.life.refusal.get_or_insert(refusal);
        }
        if self.life.births == 0 {
            let result = self.life.refusal.take().map_or(Ok(()), Err);
            if result.is_err()
                && let Some(part) = self.core.cell(self.life.part)
            {
                self.end(&part);
            }
            self.life.reports.send(Report::Born { result });
        }
    }

    /// The start is over: runs begin and messages flow.
    fn go(&mut self) {
        self.core.let_go();
        for cell in self.core.cells() {
            self.start_run(&cell);
            self.set_ticks(&cell);
        }
    }

    /// Sets the timers of a locus that is born for the first time; they go on over restarts.
    fn set_ticks(&mut self, cell: &Rc<dyn AnyCell>) {
        let head = cell.head();
        if !head.family.has.ticks || self.life.are_ticks_over || head.ticks.replace(true) {
            return;
        }
        for (period, timer) in cell.periods().into_iter().zip(0..) {
            let due = Due::Tick { cell: cell.head().id, timer, period };
            self.core.timers.borrow_mut().push(self.core.now() + period, due);
        }
    }

    /// Takes the timers of a locus that has ended off the list, in time.
    fn forget_timers(&mut self, cell: &Rc<dyn AnyCell>) {
        if cell.head().ticks.get() {
            let count = cell.periods().len();
            let core = &self.core;
            core.timers
                .borrow_mut()
                .forget(count, |cell| core.state_of(cell).is_some_and(|s| s != State::Closed));
        }
    }

    fn start_run(&mut self, cell: &Rc<dyn AnyCell>) {
        if !cell.head().family.has.runs {
            return;
        }
        if let Some(run) = Rc::clone(cell).run(&self.core) {
            self.tasks.add(cell.head().id.index, Purpose::Run, run);
        }
    }

    // ---- failures ---------------------------------------------------------------------------------------------

    pub(crate) fn future_ended(&mut self, ended: Ended) {
        let Some(cell) = self.core.cell(ended.cell) else { return };
        let outcome = match ended.result {
            Ok(outcome) => outcome,
            Err(panic) => {
                let cause = Cause::Panic(panic_text(panic.as_ref()));
                return self.future_failed(&cell, ended.purpose, cause);
            }
        };
        match (ended.purpose, outcome) {
            (Purpose::Birth, outcome) => self.born(&cell, outcome),
            (Purpose::Run, Ok(())) => {
                if is_flow(&cell) {
                    // Behind what the `run` has published.
                    return self.core.stage_end(cell.head().id);
                }
                let Some(rare) = cell.head().rare_made() else { return };
                for receiver in rare.receivers.borrow().iter() {
                    receiver.drained.end(&self.core);
                }
            }
            (Purpose::Run, Err(error)) => self.future_failed(&cell, Purpose::Run, Cause::Error(error)),
        }
    }

    fn future_failed(&mut self, cell: &Rc<dyn AnyCell>, purpose: Purpose, cause: Cause) {
        let head = cell.head();
        if purpose == Purpose::Birth {
            return self.born(cell, Err(cause.to_string().into()));
        }
        // A failure that was noted before cancels this `run`, so its own end says nothing more.
        if matches!(head.state.get(), State::Closed | State::Failed) {
            return;
        }
        self.core.abandon(head);
        head.count_failure();
        self.core.add_failure(Failure { cell: head.id, phase: "run", cause });
    }

    // ---- drain ------------------------------------------------------------------------------------------------

    /// Cancels every `run` of a flow that does not wait for messages, which ends the flow.
    fn cancel_runs_of_flows(&mut self) {
        for cell in self.core.cells() {
            let head = cell.head();
            if is_flow(&cell) && self.runs_elsewhere(head) {
                self.tasks.cancel(head.id.index);
                self.core.count_cancelled(head);
                self.core.stage_end(head.id);
            }
        }
    }

    /// Whether a locus has a `run` that is neither over nor waits for messages.
    fn runs_elsewhere(&self, head: &CellHead) -> bool {
        self.tasks.has(head.id.index, Purpose::Run) && !head.run_waits.get()
    }

    /// What the control thread needs to know to tell when the bus is quiet.
    fn probe(&mut self, round: u64) -> Probe {
        let core = &self.core;
        let is_gate_quiet = core.ingresses.borrow().iter().all(|ingress| ingress.is_quiet());
        let mut waiting = Vec::new();
        let mut is_idle = core.queue.is_empty()
            && core.blocked.borrow().is_empty()
            && core.ready.borrow().is_empty()
            && !core.has_failures()
            && core.questions_open.get() == 0
            && is_gate_quiet;
        for cell in core.cells() {
            let head = cell.head();
            let is_settled = matches!(head.state.get(), State::Ready | State::Closed);
            is_idle &= is_settled && head.aside_len() == 0;
            let calls = head.rare_made().map_or(0, |rare| rare.calls.borrow().len());
            is_idle &= calls == 0;
            is_idle &= head.rare_made().is_none_or(|rare| {
                rare.receivers.borrow().iter().all(|receiver| receiver.drained.is_empty())
            });
            if calls > 0 {
                waiting.push(format!("{} has {calls} calls under way", head.path()));
            }
            if !is_settled {
                waiting.push(format!("{} is {:?}", head.path(), head.state.get()));
            }
        }
        is_idle &= (0..self.lanes_out.len()).all(|pool| core.with_outbox(pool, |outbox| outbox.is_empty()));
        let out = core.cells().into_iter().filter(|cell| self.runs_elsewhere(cell.head()));
        let runs = out.map(|cell| cell.head().path().to_string()).collect();
        Probe {
            round,
            is_idle,
            sent_words: self.sent_words,
            received_words: self.received_words,
            activity: self.activity,
            runs,
            waiting,
        }
    }

    /// What each locus did, for the account of the drain.
    pub(crate) fn accounts(&self) -> Vec<LocusAccount> {
        let cells = self.core.cells();
        let (children, parts): (Vec<_>, Vec<_>) =
            cells.iter().partition(|cell| cell.head().family.child().is_some());
        // Those that are left when the thread ends.
        children.into_iter().for_each(|child| self.core.remove(child));
        let account = |cell: &Rc<dyn AnyCell>| {
            let head = cell.head();
            LocusAccount {
                path: head.path().to_string(),
                handled: head.handled.get(),
                failed: head.failed(),
                cancelled: head.rare_made().map_or(0, |rare| rare.cancelled.get()),
            }
        };
        let parts = parts.into_iter().map(account);
        let tallies = self.core.tallies.borrow();
        let children = tallies.iter().map(|tally| LocusAccount {
            path: tally.path.to_string(),
            handled: tally.handled.get(),
            failed: tally.failed.get(),
            cancelled: tally.cancelled.get(),
        });
        parts.chain(children).collect()
    }
}

/// Whether a locus ends with its `run`.
fn is_flow(cell: &Rc<dyn AnyCell>) -> bool {
    cell.head().family.child().is_some_and(|child| child.kind == ChildKind::Flow)
}
