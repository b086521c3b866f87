//! The cells of a pool: places that are used again, told apart by generations.
//!
//! Relatives are looked up here at each spawn and each end, by an index and no more, so a cell's head is found without a
//! call through its table.
//!
//! Invariants
//! - I1. Every cell is a `LocusCell`, the only type that is an `AnyCell`, and its head is its first field.
//! - I2. The family of a `LocusCell<L>` names `L`: the cell's memory comes out of the family's stock, which is of that type.

use std::any::TypeId;
use std::rc::Rc;

use crate::locus::any_cell::AnyCell;
use crate::locus::cell::{CellHead, CellId, LocusCell, State};
use crate::locus::describe::Locus;
use crate::pool::core::Core;

/// One place.
struct Slot {
    generation: u32,
    cell: Option<Rc<dyn AnyCell>>,
}

/// The head of a cell, without a call through its table.
#[inline]
pub(crate) fn head_of(cell: &dyn AnyCell) -> &CellHead {
    let cell: *const dyn AnyCell = cell;
    // SAFETY: a cell begins with its head (I1), which lives as long.
    unsafe { &*cell.cast::<CellHead>() }
}

/// The cell, if its locus is an `L`; as quickly.
#[inline]
pub(crate) fn cell_of<L: Locus>(cell: &dyn AnyCell) -> Option<&LocusCell<L>> {
    if head_of(cell).family.locus != TypeId::of::<L>() {
        return None;
    }
    let cell: *const dyn AnyCell = cell;
    // SAFETY: it is a `LocusCell` (I1), of that locus (I2).
    Some(unsafe { &*cell.cast::<LocusCell<L>>() })
}

/// All places of one pool. Those of parts come first and are never given back.
#[derive(Default)]
pub(super) struct Cells {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl Cells {
    /// The head of the cell at a place.
    #[inline]
    pub(super) fn head(&self, index: u32) -> Option<&CellHead> {
        self.slots.get(index as usize)?.cell.as_deref().map(head_of)
    }

    /// Puts a cell at the place that is given out next.
    #[inline]
    pub(super) fn add(&mut self, cell: Rc<dyn AnyCell>) {
        match self.free.pop() {
            Some(index) => self.slots[index as usize].cell = Some(cell),
            None => {
                self.slots.push(Slot { generation: 0, cell: Some(cell) });
                // So that an end allocates nothing, however many come together.
                self.free.reserve(self.slots.len());
            }
        }
    }

    /// Gives a place back, and returns the cell there, to be dropped once nobody borrows the places.
    #[inline]
    pub(super) fn free(&mut self, id: CellId) -> Option<Rc<dyn AnyCell>> {
        let slot = &mut self.slots[id.index as usize];
        debug_assert_eq!(slot.generation, id.generation);
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(id.index);
        slot.cell.take()
    }
}

impl Core {
    /// Looks at the cell at a place; `look` may neither add cells nor free them.
    #[inline]
    pub(crate) fn with_head<R>(&self, index: u32, look: impl FnOnce(&CellHead) -> R) -> Option<R> {
        self.cells.borrow().head(index).map(look)
    }

    /// The same for the cell with this name, unless it has ended.
    #[inline]
    pub(crate) fn find_head<R>(&self, id: CellId, look: impl FnOnce(&CellHead) -> R) -> Option<R> {
        let cells = self.cells.borrow();
        cells.head(id.index).filter(|head| head.id == id).map(look)
    }

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
        debug_assert_eq!(cell.head().id, self.next_cell());
        self.cells.borrow_mut().add(cell);
    }

    /// Gives a place back, for the next generation.
    pub(crate) fn free_cell(&self, id: CellId) {
        let cell = self.cells.borrow_mut().free(id);
        // Its destructors may come back here.
        drop(cell);
    }

    /// The cell at a place, whichever it is now.
    pub(crate) fn cell(&self, index: u32) -> Option<Rc<dyn AnyCell>> {
        self.cells.borrow().slots.get(index as usize)?.cell.clone()
    }

    /// The cell with this name, unless it has ended.
    #[inline]
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
