//! The cells of a pool: places that are used again, told apart by generations.

use std::rc::Rc;

use crate::locus::any_cell::AnyCell;
use crate::locus::cell::{CellId, State};
use crate::pool::core::Core;

/// One place.
#[derive(Default)]
struct Slot {
    generation: u32,
    cell: Option<Rc<dyn AnyCell>>,
}

/// All places of one pool. Those of parts come first and are never given back.
#[derive(Default)]
pub(super) struct Cells {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl Core {
    /// The place that the next cell gets.
    pub(crate) fn next_cell(&self) -> CellId {
        let cells = self.cells.borrow();
        match cells.free.last() {
            Some(index) => CellId { index: *index, generation: cells.slots[*index as usize].generation },
            None => {
                let index = u32::try_from(cells.slots.len()).expect("fewer than 4 billion loci on one pool");
                CellId { index, generation: 0 }
            }
        }
    }

    /// Puts a cell where [`next_cell`](Self::next_cell) said.
    pub(crate) fn add_cell(&self, cell: Rc<dyn AnyCell>) {
        let id = cell.head().id;
        debug_assert_eq!(id, self.next_cell());
        let mut cells = self.cells.borrow_mut();
        if cells.free.pop().is_none() {
            cells.slots.push(Slot::default());
        }
        cells.slots[id.index as usize].cell = Some(cell);
    }

    /// Gives a place back, for the next generation.
    pub(crate) fn free_cell(&self, id: CellId) {
        let mut cells = self.cells.borrow_mut();
        let slot = &mut cells.slots[id.index as usize];
        debug_assert_eq!(slot.generation, id.generation);
        slot.generation = slot.generation.wrapping_add(1);
        let cell = slot.cell.take();
        cells.free.push(id.index);
        // Its destructors may come back here.
        drop(cells);
        drop(cell);
    }

    /// The cell at a place, whichever it is now.
    pub(crate) fn cell(&self, index: u32) -> Option<Rc<dyn AnyCell>> {
        self.cells.borrow().slots.get(index as usize)?.cell.clone()
    }

    /// The cell with this name, unless it has ended.
    pub(crate) fn find_cell(&self, id: CellId) -> Option<Rc<dyn AnyCell>> {
        let cells = self.cells.borrow();
        let slot = cells.slots.get(id.index as usize).filter(|slot| slot.generation == id.generation)?;
        slot.cell.clone()
    }

    /// All cells, parts first.
    pub(crate) fn cells(&self) -> Vec<Rc<dyn AnyCell>> {
        self.cells.borrow().slots.iter().filter_map(|slot| slot.cell.clone()).collect()
    }

    pub(crate) fn state_of(&self, id: CellId) -> Option<State> {
        let cells = self.cells.borrow();
        let slot = cells.slots.get(id.index as usize).filter(|slot| slot.generation == id.generation)?;
        slot.cell.as_ref().map(|cell| cell.head().state.get())
    }

    /// Calls `visit` with the locus whose activation runs.
    pub(super) fn with_current_cell<R>(&self, visit: impl FnOnce(&dyn AnyCell) -> R) -> Option<R> {
        let cells = self.cells.borrow();
        cells.slots.get(self.current.get() as usize)?.cell.as_deref().map(visit)
    }

    /// Appends something to what waits for a locus.
    pub(crate) fn set_aside<P>(&self, id: CellId, number: u16, payload: P) {
        if let Some(cell) = self.find_cell(id) {
            cell.head().rare().side.borrow_mut().push(number, 0, payload);
        }
    }
}
