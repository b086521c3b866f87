//! Failures: what is decided about a locus that failed, and how that is done.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::app::control::Report;
use crate::bus::LIFE;
use crate::locus::any_cell::AnyCell;
use crate::locus::cell::{CellId, State};
use crate::locus::children::{ChildId, ChildKind};
use crate::locus::run::WITH;
use crate::pool::core::Failure;
use crate::pool::core::kin::{LifeStep, Step};
use crate::pool::timers::Due;
use crate::pool::turn::Pool;
use crate::supervise::{self, Decision, panic_text};
use crate::watch::log::{self, Site};

/// What a locus does that fails in place of a child.
const A_CHILD: &str = "a child";

/// How long a restart waits for a message of the locus that waits for room, before it looks again.
const RESTART_RETRY: Duration = Duration::from_millis(10);

impl Pool {
    /// Decides about loci that failed since the last look.
    pub(crate) fn see_to_failures(&mut self, now: Instant) -> usize {
        let failures = self.core.take_failures();
        let count = failures.len();
        for failure in failures {
            let Some(cell) = self.core.find_cell(failure.cell) else { continue };
            if cell.head().state.get() == State::Closed {
                // It failed in its last words, which nobody undoes.
                let (path, phase, cause) = (cell.head().path(), failure.phase, &failure.cause);
                log::warn(Site::Supervise, || format!("{path}: {phase} {cause}"));
                continue;
            }
            // A handler that waits is cancelled with the failure of another activation.
            self.core.cancel(cell.head());
            cell.head().state.set(State::Failed);
            let Failure { phase, cause, .. } = failure;
            let head = cell.head();
            let child = head.family.child().map(|_| ChildId(head.id));
            let failure = supervise::Failure { path: head.path(), phase, cause, count: head.failed(), child };
            self.decide(&cell, failure, now);
        }
        count
    }

    /// Asks the parent of a locus that failed, and does what it says. A parent that is busy is asked later.
    fn decide(&mut self, cell: &Rc<dyn AnyCell>, failure: supervise::Failure, now: Instant) {
        let said = match self.core.cell(cell.head().kin.parent) {
            None => ask_main(cell, &failure),
            Some(parent) if !parent.has_on_failure() => None,
            Some(parent) => match parent.head().state.get() {
                State::Ready => parent.on_failure(&self.core, &failure),
                State::Busy | State::Blocked | State::Replaying | State::Failed => {
                    cell.head().rare().undecided.replace(Some(failure));
                    let step = LifeStep { cell: cell.head().id, what: Step::Decide };
                    return parent.head().rare().side.borrow_mut().push(LIFE, 0, step);
                }
                _ => None,
            },
        };
        let decision = said.unwrap_or_else(|| default_for(cell, &failure));
        match decision {
            Decision::Resume if cell.head().is_born.get() => self.resume(cell, &failure),
            Decision::Restart if cell.has_factory() => self.restart_later(cell, failure, now),
            Decision::Bubble => self.bubble(cell, failure, ""),
            _ => self.dissolve_failed(cell, &failure),
        }
    }

    /// A parent that was busy is ready to decide.
    pub(super) fn decide_now(&mut self, cell: &Rc<dyn AnyCell>) {
        let undecided = cell.head().rare_made().and_then(|rare| rare.undecided.take());
        if let Some(failure) = undecided {
            let now = self.core.now();
            self.decide(cell, failure, now);
        }
    }

    /// Lets a locus go on with the state it has.
    fn resume(&mut self, cell: &Rc<dyn AnyCell>, failure: &supervise::Failure) {
        let (path, phase, cause, count) = (&failure.path, failure.phase, &failure.cause, failure.count);
        log::warn(Site::Supervise, || format!("{path}: {phase} failed ({count} so far), resumed: {cause}"));
        self.core.make_ready(cell.head());
        if failure.phase == WITH {
            // Its `run` waits for a result that never comes: it begins anew.
            self.tasks.cancel(cell.head().id.index);
            self.start_run(cell);
        }
    }

    /// Ends a child that failed; its parent goes on.
    fn dissolve_failed(&mut self, cell: &Rc<dyn AnyCell>, failure: &supervise::Failure) {
        let (path, phase, cause) = (&failure.path, failure.phase, &failure.cause);
        log::warn(Site::Supervise, || format!("{path}: {phase} {cause}; dissolved"));
        self.end(cell);
    }

    /// Restarts a locus after a backoff, without the children it had; where that has happened too often, its parent
    /// fails in its place.
    fn restart_later(&mut self, cell: &Rc<dyn AnyCell>, failure: supervise::Failure, now: Instant) {
        let head = cell.head();
        self.tasks.cancel(head.id.index);
        self.core.cancel_calls(head);
        let next = head.rare().intensity.borrow_mut().next_restart(now);
        let Some(wait) = next else { return self.bubble(cell, failure, "; too many restarts") };
        let (path, phase, cause, wait_ms) = (&failure.path, failure.phase, &failure.cause, wait.as_millis());
        log::warn(Site::Supervise, || format!("{path}: {phase} {cause}; restart in {wait_ms} ms"));
        head.is_born.set(false);
        self.end_children(cell);
        self.core.timers.borrow_mut().push(now + wait, Due::Restart { cell: head.id });
    }

    /// Ends a locus whose failure its parent has to answer for. A part's failure is the program's.
    fn bubble(&mut self, cell: &Rc<dyn AnyCell>, failure: supervise::Failure, why: &str) {
        let (path, phase, cause) = (&failure.path, failure.phase, &failure.cause);
        let parent = self.core.cell(cell.head().kin.parent);
        let text = format!("{path}: {phase} {cause}{why}");
        self.end(cell);
        let Some(parent) = parent else {
            return self.life.reports.send(Report::RootFailure { cause: text });
        };
        log::warn(Site::Supervise, || text);
        parent.head().count_failure();
        let (cell, cause) = (parent.head().id, failure.cause);
        self.core.add_failure(Failure { cell, phase: A_CHILD, cause });
    }

    pub(crate) fn restart(&mut self, id: CellId) {
        let Some(cell) = self.core.find_cell(id) else { return };
        if cell.head().state.get() != State::Failed {
            return;
        }
        if !cell.head().has_staged() {
            self.birth(id.index);
        } else {
            // Its `run` failed while a message waited for room. That message goes first: no activation until then.
            self.core.timers.borrow_mut().push(self.core.now() + RESTART_RETRY, Due::Restart { cell: id });
        }
    }
}

/// What main says about a failure of one of its parts.
fn ask_main(part: &Rc<dyn AnyCell>, failure: &supervise::Failure) -> Option<Decision> {
    let on_failure = part.head().rare_made()?.on_failure.get()?;
    match catch_unwind(AssertUnwindSafe(|| on_failure(failure))) {
        Ok(decision) => Some(decision),
        Err(panic) => {
            let text = panic_text(panic.as_ref());
            log::warn(Site::Supervise, || format!("{}: main's `on_failure` panicked: {text}", failure.path));
            None
        }
    }
}

/// What is decided where nobody says anything else.
fn default_for(cell: &Rc<dyn AnyCell>, failure: &supervise::Failure) -> Decision {
    let is_flow = cell.head().family.child().is_some_and(|child| child.kind == ChildKind::Flow);
    if !failure.is_panic() && !matches!(failure.phase, "birth" | "run" | A_CHILD) {
        Decision::Resume
    } else if is_flow || !cell.has_factory() {
        Decision::Dissolve
    } else {
        Decision::Restart
    }
}
