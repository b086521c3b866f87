//! The lives of children: accepted, born, ended and released.
//!
//! Everything here happens between activations, when a record's turn has come.

use std::rc::Rc;

use crate::bus::LIFE;
use crate::locus::any_cell::{AnyCell, Born};
use crate::locus::cell::{CellHead, State};
use crate::locus::family::NO_CELL;
use crate::pool::core::kin::{LifeStep, Step};
use crate::pool::task::Purpose;
use crate::pool::turn::Pool;
use crate::watch::log::{self, Site};

impl Pool {
    /// Takes one step in the life of a locus.
    pub(crate) fn take_step(&mut self, step: LifeStep) {
        let Some(cell) = self.core.find_cell(step.cell) else { return };
        match step.what {
            Step::Birth => self.consider(&cell),
            Step::Born => self.begin_life(&cell),
            Step::End => self.end_when_free(&cell),
            Step::Release => self.release(&cell),
            Step::Decide => self.decide_now(&cell),
        }
        if cell.head().is_retired.get() {
            cell.give_back();
        }
    }

    /// Bears what a locus spawned in its own birth.
    pub(crate) fn bear_children(&mut self, parent: &Rc<dyn AnyCell>) {
        let mut next = self.core.cell(parent.head().kin.first_child.get());
        while let Some(child) = next {
            self.consider(&child);
            next = self.core.find_cell(child.head().id);
            next = next.and_then(|child| self.core.cell(child.head().kin.next.get()));
        }
    }

    /// Bears a child that its parent accepts. A parent that is not born yet does so after its own birth; one that is
    /// busy is asked later.
    fn consider(&mut self, child: &Rc<dyn AnyCell>) {
        let head = child.head();
        if head.state.get() != State::Unborn || head.is_considered.get() {
            return;
        }
        let look = |parent: &CellHead| (parent.is_born.get(), parent.state.get());
        let Some((true, parent_state)) = self.core.with_head(head.kin.parent, look) else { return };
        let asked = head.family.child().and_then(|child| child.accept);
        let asked = asked.and_then(|accept| Some((accept, self.core.cell(head.kin.parent)?)));
        if let Some((_, parent)) = &asked
            && parent_state != State::Ready
        {
            let step = LifeStep { cell: head.id, what: Step::Birth };
            return parent.head().rare().side.borrow_mut().push(LIFE, 0, step);
        }
        self.core.note_considered(head);
        self.life.births += usize::from(self.core.is_holding());
        if !head.has_body()
            && let Err(error) = child.build()
        {
            return self.born(child, Err(error));
        }
        if let Some((accept, parent)) = asked
            && let Err(refused) = accept(&self.core, &parent, child)
        {
            let tally = &head.family.tally;
            tally.refused.set(tally.refused.get() + 1);
            let (path, parent) = (head.path(), parent.head().path());
            log::warn(Site::Supervise, || format!("{path} was refused by {parent}: {refused}"));
            child.close(&self.core);
            self.core.remove(child);
            return self.birth_over(Ok(()));
        }
        self.bear(child);
    }

    /// Calls `birth` of a locus that is built.
    pub(super) fn bear(&mut self, cell: &Rc<dyn AnyCell>) {
        cell.head().state.set(State::Unborn);
        match Rc::clone(cell).bear(&self.core) {
            Born::Now(outcome) => self.born(cell, outcome),
            Born::Later(future) => self.tasks.add(cell.head().id.index, Purpose::Birth, future),
        }
    }

    /// Ends a locus once nothing that came before is left: what was set aside for it, what it published, a handler that
    /// waits.
    fn end_when_free(&mut self, cell: &Rc<dyn AnyCell>) {
        let head = cell.head();
        match head.state.get() {
            State::Busy | State::Blocked | State::Replaying => {
                let step = LifeStep { cell: head.id, what: Step::End };
                head.rare().side.borrow_mut().push(LIFE, 0, step);
            }
            State::Closed => {}
            _ => self.end(cell),
        }
    }

    /// Dissolves a locus and all below it: children before parents, the youngest first.
    pub(crate) fn end(&mut self, top: &Rc<dyn AnyCell>) {
        if top.head().kin.first_child.get() == NO_CELL {
            top.head().is_ending.set(true);
            return self.end_one(top);
        }
        let mut at = Rc::clone(top);
        loop {
            at.head().is_ending.set(true);
            if let Some(child) = self.core.youngest(at.head()) {
                at = child;
                continue;
            }
            let is_top = Rc::ptr_eq(&at, top);
            let parent = self.core.cell(at.head().kin.parent);
            self.end_one(&at);
            match parent {
                Some(parent) if !is_top => at = parent,
                _ => return,
            }
        }
    }

    /// Dissolves all children of a locus that goes on.
    pub(super) fn end_children(&mut self, parent: &Rc<dyn AnyCell>) {
        let was_ending = parent.head().is_ending.replace(true);
        while let Some(child) = self.core.youngest(parent.head()) {
            self.end(&child);
        }
        parent.head().is_ending.set(was_ending);
    }

    /// Dissolves a locus that has no children.
    fn end_one(&mut self, cell: &Rc<dyn AnyCell>) {
        let head = cell.head();
        self.tasks.cancel(head.id.index);
        if head.state.get() != State::Closed {
            Rc::clone(cell).dissolve(&self.core);
            if head.rare_made().is_some() {
                self.core.flush_aside(head);
            }
        }
        if head.family.child().is_some() {
            self.forget_timers(cell);
            if head.rare_made().is_some() {
                self.core.free_rings(head);
            }
            self.release(cell);
        } else {
            cell.bury();
        }
    }

    /// Shows a child that has ended to its parent, and frees it. A parent that is busy sees it later.
    fn release(&mut self, child: &Rc<dyn AnyCell>) {
        let head = child.head();
        let hook = head.family.child().and_then(|child| child.release).filter(|_| head.is_born.get());
        if let Some(hook) = hook
            && let Some(parent) = self.core.cell(head.kin.parent)
        {
            match parent.head().state.get() {
                State::Ready => hook(&self.core, &parent, child),
                State::Busy | State::Blocked | State::Replaying if !parent.head().is_ending.get() => {
                    let step = LifeStep { cell: head.id, what: Step::Release };
                    return parent.head().rare().side.borrow_mut().push(LIFE, 0, step);
                }
                _ => {}
            }
        }
        child.bury();
        self.core.remove(child);
    }

    /// Calls `drain` of the deepest loci under a part, the part included, that have not been drained yet; returns
    /// whether there are more above them.
    pub(super) fn drain_deepest(&mut self, part: u32) -> bool {
        let mut deepest = Vec::new();
        let mut depth_of_deepest = 0;
        let mut open: Vec<_> = self.core.cell(part).into_iter().map(|cell| (0_usize, cell)).collect();
        while let Some((depth, cell)) = open.pop() {
            let mut child = self.core.cell(cell.head().kin.first_child.get());
            while let Some(one) = child {
                child = self.core.cell(one.head().kin.next.get());
                open.push((depth + 1, one));
            }
            if cell.head().is_drained.get() {
                continue;
            }
            if depth > depth_of_deepest {
                deepest.clear();
                depth_of_deepest = depth;
            }
            if depth == depth_of_deepest {
                deepest.push(cell);
            }
        }
        for cell in deepest {
            cell.head().is_drained.set(true);
            cell.drain(&self.core);
        }
        depth_of_deepest > 0
    }
}
