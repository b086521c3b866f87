//! The tree of loci on one pool: children are staged, linked, and taken out again.
//!
//! A spawn and an end are records in the pool's own queue, behind the mark of the activation that asked for them: they
//! happen in order with its messages, and not at all when it fails.

use std::rc::Rc;

use crate::bus::LIFE;
use crate::locus::any_cell::AnyCell;
use crate::locus::cell::{CellHead, CellId, LocusCell};
use crate::locus::children::ChildId;
use crate::locus::describe::Locus;
use crate::locus::family::NO_CELL;
use crate::pool::core::Core;

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
    /// It ends.
    End,
    /// It has ended, and its parent releases it.
    Release,
    /// It has failed, and its parent decides.
    Decide,
}

impl Core {
    /// Takes a child in: it has its place at once, and is born when the record's turn comes.
    pub(crate) fn stage_child<C: Locus>(&self, parent: &CellHead, cell: Rc<LocusCell<C>>) -> ChildId {
        let id = cell.head.id;
        let family = &cell.head.family;
        family.live.set(family.live.get() + 1);
        family.tally.live.set(family.tally.live.get() + 1);
        self.unborn.set(self.unborn.get() + 1);
        self.link(parent, &cell.head);
        self.add_cell(cell);
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

    /// Takes a child out of the tree, and gives its place back once nothing of it waits. Its memory goes with the last pointer to its cell.
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
        let (family, tally) = (&head.family, &head.family.tally);
        family.live.set(family.live.get() - 1);
        tally.live.set(tally.live.get() - 1);
        tally.handled.set(tally.handled.get() + head.handled.get());
        tally.failed.set(tally.failed.get() + head.failed());
        let cancelled = head.rare_made().map_or(0, |rare| rare.cancelled.get());
        tally.cancelled.set(tally.cancelled.get() + cancelled);
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
        let oldest = self.cell(head.kin.first_child.get())?;
        self.cell(oldest.head().kin.previous.get())
    }

    /// Appends a child to its parent's list.
    fn link(&self, parent: &CellHead, child: &CellHead) {
        let index = child.id.index;
        match self.cell(parent.kin.first_child.get()) {
            None => {
                parent.kin.first_child.set(index);
                child.kin.previous.set(index);
            }
            Some(oldest) => {
                let youngest = oldest.head().kin.previous.replace(index);
                child.kin.previous.set(youngest);
                if let Some(youngest) = self.cell(youngest) {
                    youngest.head().kin.next.set(index);
                }
            }
        }
    }

    fn unlink(&self, child: &CellHead) {
        let Some(parent) = self.cell(child.kin.parent) else { return };
        let (next, previous) = (child.kin.next.get(), child.kin.previous.get());
        let oldest = parent.head().kin.first_child.get();
        if oldest == child.id.index {
            parent.head().kin.first_child.set(next);
        } else if let Some(previous) = self.cell(previous) {
            previous.head().kin.next.set(next);
        }
        // Whoever held this child as `previous` now holds the one before it: the next, or the oldest for the youngest.
        let holder = if next == NO_CELL { parent.head().kin.first_child.get() } else { next };
        if let Some(holder) = self.cell(holder) {
            holder.head().kin.previous.set(previous);
        }
    }
}
