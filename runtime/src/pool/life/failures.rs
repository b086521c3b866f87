//! Failures: what is decided about a locus that failed, and how that is done.

use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::app::control::Report;
use crate::locus::any_cell::AnyCell;
use crate::locus::cell::{CellId, State};
use crate::locus::children::ChildKind;
use crate::pool::core::Failure;
use crate::pool::timers::Due;
use crate::pool::turn::Pool;
use crate::watch::log::{self, Site};

/// How long a restart waits for a message of the locus that waits for room, before it looks again.
const RESTART_RETRY: Duration = Duration::from_millis(10);

impl Pool {
    /// Decides about loci that failed since the last look.
    pub(crate) fn see_to_failures(&mut self, now: Instant) -> usize {
        let failures = self.core.failures.take();
        let count = failures.len();
        for failure in failures {
            let Some(cell) = self.core.find_cell(failure.cell) else { continue };
            if cell.head().state.get() == State::Closed {
                // It failed in its last words, which nobody undoes.
                let (path, phase, cause) = (cell.head().path(), failure.phase, &failure.cause);
                log::warn(Site::Supervise, || format!("{path}: {phase} {cause}"));
                continue;
            }
            self.tasks.cancel(failure.cell.index);
            self.core.cancel_calls(cell.head());
            cell.head().state.set(State::Failed);
            let is_flow = cell.head().family.child().is_some_and(|child| child.kind == ChildKind::Flow);
            if is_flow || !cell.has_factory() {
                self.dissolve_failed(&cell, &failure);
            } else {
                self.restart_later(&cell, failure, now);
            }
        }
        count
    }

    /// Ends a child that failed; its parent goes on.
    fn dissolve_failed(&mut self, cell: &Rc<dyn AnyCell>, failure: &Failure) {
        let (path, phase, cause) = (cell.head().path(), failure.phase, &failure.cause);
        log::warn(Site::Supervise, || format!("{path}: {phase} {cause}; dissolved"));
        self.end(cell);
    }

    /// Restarts a locus after a backoff, without the children it had; where that has happened too often, its parent
    /// fails in its place.
    fn restart_later(&mut self, cell: &Rc<dyn AnyCell>, failure: Failure, now: Instant) {
        let head = cell.head();
        let next = head.rare().intensity.borrow_mut().next_restart(now);
        let Some(wait) = next else { return self.bubble(cell, failure) };
        let (path, phase, cause, wait_ms) = (head.path(), failure.phase, &failure.cause, wait.as_millis());
        log::warn(Site::Supervise, || format!("{path}: {phase} {cause}; restart in {wait_ms} ms"));
        head.is_born.set(false);
        self.end_children(cell);
        self.core.timers.borrow_mut().push(now + wait, Due::Restart { cell: head.id });
    }

    /// Ends a locus whose failure its parent has to answer for. A part's failure is the program's.
    fn bubble(&mut self, cell: &Rc<dyn AnyCell>, failure: Failure) {
        let (path, phase, cause) = (cell.head().path(), failure.phase, &failure.cause);
        let parent = self.core.cell(cell.head().kin.parent);
        let text = format!("{path}: {phase} {cause}; too many restarts");
        self.end(cell);
        let Some(parent) = parent else {
            return self.life.reports.send(Report::RootFailure { cause: text });
        };
        log::warn(Site::Supervise, || text);
        let (cell, cause) = (parent.head().id, failure.cause);
        self.core.failures.borrow_mut().push(Failure { cell, phase: "a child", cause });
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
