//! The tree of loci on one pool: children are staged, linked, and taken out again.
//!
//! A spawn and an end are records in the pool's own queue, behind the mark of the activation that asked for them: they
//! happen in order with its messages, and not at all when it fails.

use std::rc::Rc;

use crate::bus::LIFE;
use crate::locus::BoxError;
use crate::locus::any_cell::AnyCell;
use crate::locus::cell::{CellHead, CellId, LocusCell};
use crate::locus::children::ChildId;
use crate::locus::describe::Locus;
use crate::locus::family::NO_CELL;
use crate::locus::plain::Plainly;
use crate::pool::core::cells::Cells;
use crate::pool::core::{Core, Failure};
use crate::supervise::Cause;

/// What is to happen to a locus, as a record in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LifeStep {
    pub(crate) cell: CellId,
    pub(crate) what: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It was spawned, and is born if its parent accepts it.
    Birth,
    /// It was born the short way, and the pool sees to the rest.
    Born,
    /// It ends.
    End,
    /// It has ended, and its parent releases it.
    Release,
    /// It has failed, and its parent decides.
    Decide,
}

impl Core {
    /// Takes a step the short way; returns what is left of it.
    pub(crate) fn take_plain_step(&self, step: LifeStep) -> Option<LifeStep> {
        match self.find_cell(step.cell)?.step_plainly(self, step.what) {
            Plainly::Done => None,
            Plainly::Born => Some(LifeStep { what: Step::Born, ..step }),
            Plainly::Not => Some(step),
        }
    }

    /// A birth failed that was not part of the start.
    pub(crate) fn birth_failed(&self, head: &CellHead, error: BoxError) {
        self.abandon(head);
        let cause = Cause::Error(error);
        self.add_failure(Failure { cell: head.id, phase: "birth", cause });
    }

    /// Takes a child in: it has its place at once, and is born when the record's turn comes.
    pub(crate) fn stage_child<C: Locus>(&self, parent: &CellHead, cell: Rc<LocusCell<C>>) -> ChildId {
        let id = cell.head.id;
        let family = &cell.head.family;
        family.live.set(family.live.get() + 1);
        family.tally.live.set(family.tally.live.get() + 1);
        self.unborn.set(self.unborn.get() + 1);
        self.add_child(parent, cell);
        self.queue.push(LIFE, 0, LifeStep { cell: id, what: Step::Birth });
        ChildId(id)
    }

    /// Ends a locus when the record's turn comes.
    pub(crate) fn stage_end(&self, cell: CellId) {
        self.queue.push(LIFE, 0, LifeStep { cell, what: Step::End });
    }

    /// The activation that asked for this failed.
    pub(crate) fn take_back_step(&self, step: LifeStep) {
        if step.what == Step::Birth
            && let Some(cell) = self.find_cell(step.cell)
        {
            self.remove(&cell);
        }
    }

    /// Takes a child out of the tree, and gives its place back once nothing of it waits. Its memory goes with the last
    /// pointer to its cell.
    pub(crate) fn remove(&self, cell: &Rc<dyn AnyCell>) {
        let head = cell.head();
        self.unlink(head);
        self.note_considered(head);
        head.is_retired.set(true);
        if head.has_staged() {
            // Its last messages wait for room. They go, and it counts until then.
            return;
        }
        self.retire(cell);
    }

    /// Gives the place of a child back that is out of the tree.
    pub(crate) fn retire(&self, cell: &Rc<dyn AnyCell>) {
        let head = cell.head();
        if !head.is_retired.get() {
            return;
        }
        count_out(head);
        let tally = &head.family.tally;
        if let Some(rare) = head.rare_made() {
            tally.failed.set(tally.failed.get() + rare.failed.get());
            tally.cancelled.set(tally.cancelled.get() + rare.cancelled.get());
        }
        self.free_cell(head.id);
    }

    /// A child's turn to be born has come, or will not.
    pub(crate) fn note_considered(&self, head: &CellHead) {
        if !head.is_considered.replace(true) {
            self.unborn.set(self.unborn.get() - 1);
        }
    }

    /// The youngest child of a locus.
    pub(crate) fn youngest(&self, head: &CellHead) -> Option<Rc<dyn AnyCell>> {
        let youngest = self.with_head(head.kin.first_child.get(), |oldest| oldest.kin.previous.get())?;
        self.cell(youngest)
    }

    /// Takes a child out of the tree that has ended with nothing left of it, and gives its place back.
    ///
    /// The caller holds the cell.
    pub(crate) fn remove_plain(&self, head: &CellHead) {
        head.is_retired.set(true);
        count_out(head);
        let mut cells = self.cells.borrow_mut();
        unlink(&cells, head);
        let cell = cells.free(head.id);
        drop(cells);
        drop(cell);
    }

    /// Puts a child where [`next_cell`](Self::next_cell) said, as the youngest of its parent.
    #[inline]
    fn add_child<C: Locus>(&self, parent: &CellHead, cell: Rc<LocusCell<C>>) {
        let mut cells = self.cells.borrow_mut();
        link(&cells, parent, &cell.head);
        cells.add(cell);
    }

    fn unlink(&self, child: &CellHead) {
        unlink(&self.cells.borrow(), child);
    }
}

/// Takes a child out of the count of those that live, and adds what it handled to that of its type.
#[inline]
fn count_out(head: &CellHead) {
    let (family, tally) = (&head.family, &head.family.tally);
    family.live.set(family.live.get() - 1);
    tally.live.set(tally.live.get() - 1);
    tally.handled.set(tally.handled.get() + head.handled.get());
}

/// Appends a child to its parent's list.
#[inline]
fn link(cells: &Cells, parent: &CellHead, child: &CellHead) {
    let index = child.id.index;
    let Some(oldest) = cells.head(parent.kin.first_child.get()) else {
        parent.kin.first_child.set(index);
        return child.kin.previous.set(index);
    };
    let youngest = oldest.kin.previous.replace(index);
    child.kin.previous.set(youngest);
    if let Some(youngest) = cells.head(youngest) {
        youngest.kin.next.set(index);
    }
}

#[inline]
fn unlink(cells: &Cells, child: &CellHead) {
    let Some(parent) = cells.head(child.kin.parent) else { return };
    let (next, previous) = (child.kin.next.get(), child.kin.previous.get());
    if parent.kin.first_child.get() == child.id.index {
        parent.kin.first_child.set(next);
    } else if let Some(previous) = cells.head(previous) {
        previous.kin.next.set(next);
    }
    // Whoever held this child as `previous` now holds the one before it: the next, or the oldest for the youngest.
    let holder = if next == NO_CELL { parent.kin.first_child.get() } else { next };
    if let Some(holder) = cells.head(holder) {
        holder.kin.previous.set(previous);
    }
}
