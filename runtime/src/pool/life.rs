//! The lives of a pool's loci: births, starts, failures, restarts, drains and ends.

use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::app::control::{Control, LocusAccount, Probe, Report, Reports};
use crate::locus::any_cell::{AnyCell, Born};
use crate::locus::cell::{CellId, State};
use crate::locus::describe::Outcome;
use crate::pool::core::Failure;
use crate::pool::task::{Ended, Purpose};
use crate::pool::timers::Due;
use crate::pool::turn::Pool;
use crate::supervise::{Cause, panic_text};
use crate::watch::log::{self, Site};

/// How long a restart waits for a message of the locus that waits for room, before it looks again.
const RESTART_RETRY: Duration = Duration::from_millis(10);

/// Where a pool stands in the life of its app.
pub(crate) struct Life {
    pub(crate) reports: Reports,
    pub(crate) is_stopped: bool,
}

impl Pool {
    /// Does what the control thread says.
    pub(crate) fn obey(&mut self, control: Control) {
        match control {
            Control::Birth { cell } => self.birth(cell),
            Control::Go => self.go(),
            Control::CloseSources => {
                self.core.timers.borrow_mut().stop_ticks();
                self.done();
            }
            Control::CancelHandlers => {
                self.core.cancel_handlers();
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
                if let Some(cell) = self.core.cell(cell) {
                    cell.drain(&self.core);
                }
                self.done();
            }
            Control::Dissolve { cell } => {
                self.tasks.cancel(cell);
                if let Some(cell) = self.core.cell(cell) {
                    cell.dissolve(&self.core);
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
        cell.head().state.set(State::Unborn);
        match Rc::clone(&cell).bear(&self.core) {
            Born::Now(outcome) => self.born(&cell, outcome),
            Born::Later(future) => self.tasks.add(index, Purpose::Birth, future),
        }
    }

    /// A birth is over, at the start or at a restart.
    fn born(&mut self, cell: &Rc<dyn AnyCell>, outcome: Outcome) {
        let head = cell.head();
        let is_start = self.core.is_holding();
        match outcome.and_then(|()| Rc::clone(cell).subscribe(&self.core)) {
            Ok(()) => {
                if is_start {
                    self.life.reports.send(Report::Born { result: Ok(()) });
                } else {
                    self.core.make_ready(head);
                    self.start_run(cell);
                }
            }
            Err(error) if is_start => {
                self.core.abandon(head);
                cell.close(&self.core);
                self.life.reports.send(Report::Born { result: Err(format!("{}: {error}", head.path())) });
            }
            Err(error) => {
                self.core.abandon(head);
                let cause = Cause::Error(error);
                self.core.failures.borrow_mut().push(Failure { cell: head.id.index, phase: "birth", cause });
            }
        }
    }

    /// The start is over: runs begin and messages flow.
    fn go(&mut self) {
        self.core.let_go();
        for cell in self.core.cells() {
            self.start_run(&cell);
            for (period, timer) in cell.periods().into_iter().zip(0..) {
                let due = Due::Tick { cell: cell.head().id, timer, period };
                self.core.timers.borrow_mut().push(self.core.now() + period, due);
            }
        }
    }

    fn start_run(&mut self, cell: &Rc<dyn AnyCell>) {
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
        self.core.failures.borrow_mut().push(Failure { cell: head.id.index, phase: "run", cause });
    }

    /// Decides about loci that failed since the last look: a restart after a backoff, or the end.
    pub(crate) fn see_to_failures(&mut self, now: Instant) -> usize {
        let failures = self.core.failures.take();
        let count = failures.len();
        for failure in failures {
            let Some(cell) = self.core.cell(failure.cell) else { continue };
            let head = cell.head();
            let (path, phase, cause) = (head.path(), failure.phase, &failure.cause);
            if head.state.get() == State::Closed {
                // It failed in its last words, which nobody undoes.
                log::warn(Site::Supervise, || format!("{path}: {phase} {cause}"));
                continue;
            }
            self.tasks.cancel(failure.cell);
            head.state.set(State::Failed);
            let next = head.rare().intensity.borrow_mut().next_restart(now);
            match next {
                Some(wait) => {
                    let wait_ms = wait.as_millis();
                    log::warn(Site::Supervise, || {
                        format!("{path}: {phase} {cause}; restart in {wait_ms} ms")
                    });
                    self.core.timers.borrow_mut().push(now + wait, Due::Restart { cell: head.id });
                }
                None => {
                    cell.close(&self.core);
                    self.core.flush_aside(head);
                    let cause = format!("{path}: {phase} {cause}; too many restarts");
                    self.life.reports.send(Report::RootFailure { cause });
                }
            }
        }
        count
    }

    pub(crate) fn restart(&mut self, id: CellId) {
        let Some(cell) = self.core.find_cell(id) else { return };
        let head = cell.head();
        if head.state.get() != State::Failed {
            return;
        }
        if !head.has_staged() {
            self.birth(id.index);
        } else {
            // Its `run` failed while a message waited for room. That message goes first: no activation until then.
            self.core.timers.borrow_mut().push(self.core.now() + RESTART_RETRY, Due::Restart { cell: id });
        }
    }

    // ---- drain ------------------------------------------------------------------------------------------------

    /// What the control thread needs to know to tell when the bus is quiet.
    fn probe(&mut self, round: u64) -> Probe {
        let core = &self.core;
        let is_gate_quiet = core.ingresses.borrow().iter().all(|ingress| ingress.is_quiet());
        let mut waiting = Vec::new();
        let mut is_idle = core.queue.is_empty()
            && core.blocked.borrow().is_empty()
            && core.ready.borrow().is_empty()
            && core.failures.borrow().is_empty()
            && core.questions_open.get() == 0
            && is_gate_quiet;
        for cell in core.cells() {
            let head = cell.head();
            let is_settled = matches!(head.state.get(), State::Ready | State::Closed);
            is_idle &= is_settled && head.aside_len() == 0;
            is_idle &= head.rare_made().is_none_or(|rare| {
                rare.receivers.borrow().iter().all(|receiver| receiver.drained.is_empty())
            });
            if !is_settled {
                waiting.push(format!("{} is {:?}", head.path(), head.state.get()));
            }
        }
        is_idle &= (0..self.lanes_out.len()).all(|pool| core.with_outbox(pool, |outbox| outbox.is_empty()));
        let is_out = |cell: &Rc<dyn AnyCell>| {
            let head = cell.head();
            self.tasks.has(head.id.index, Purpose::Run) && !head.run_waits.get()
        };
        let out = core.cells().into_iter().filter(is_out);
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
        let account = |cell: &Rc<dyn AnyCell>| {
            let head = cell.head();
            LocusAccount {
                path: head.path().to_string(),
                handled: head.handled.get(),
                failed: head.failed(),
                cancelled: head.rare_made().map_or(0, |rare| rare.cancelled.get()),
            }
        };
        cells.iter().map(account).collect()
    }
}
