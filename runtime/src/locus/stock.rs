//! What a pool has in stock for one locus type: the description, and the memory of children that have ended, for those
//! that come next.
//!
//! So a child that is spawned where others have ended costs no allocation. What is kept is memory that was in use a short
//! while ago, at most [`SPARE_BYTES_MAX`] of it: what has not been needed between two looks is given back, a half of it
//! at each.
//!
//! Invariants
//! - I1. Spare memory is held by one strong pointer and no weak one, and holds nothing.
//! - I2. `me` of a cell is its own address inside the `Rc` that holds it: [`Stock::place`] sets it, the drop of the cell
//!   takes it away again (`cell` I4).

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::mem::MaybeUninit;
use std::rc::Rc;

use crate::locus::cell::LocusCell;
use crate::locus::describe::{Describe, Locus};
use crate::watch::{Account, Kind};

/// Memory of ended children that a pool keeps for one type, in bytes: as much as one chunk of scratch.
const SPARE_BYTES_MAX: usize = 64 << 10;

type Place<L> = Rc<MaybeUninit<LocusCell<L>>>;

/// See the module.
pub(crate) struct Stock<L: 'static> {
    pub(crate) describe: Describe<L>,
    spares: RefCell<Vec<Place<L>>>,
    /// How many of them have lain there since the last look.
    unneeded: Cell<usize>,
    account: RefCell<Option<Account>>,
}

/// The stock of a type, whatever type it is.
pub(crate) trait AnyStock {
    fn as_any(self: Rc<Self>) -> Rc<dyn Any>;
    /// Gives back what was not needed since the last look, and brings the account of the rest up to date.
    fn look(&self, pool: &str);
}

impl<L: Locus> Stock<L> {
    pub(crate) fn new(describe: Describe<L>) -> Self {
        let (spares, account) = (RefCell::default(), RefCell::new(None));
        Self { describe, spares, unneeded: Cell::new(0), account }
    }

    /// What one cell takes, with the counts of its `Rc`.
    const CELL_BYTES: usize = size_of::<LocusCell<L>>() + 2 * size_of::<usize>();

    /// How many fit.
    const SPARES_MAX: usize = SPARE_BYTES_MAX / Self::CELL_BYTES;

    /// Memory for a cell.
    #[inline]
    pub(crate) fn room(&self) -> Place<L> {
        let mut spares = self.spares.borrow_mut();
        let Some(spare) = spares.pop() else { return Rc::new_uninit() };
        self.unneeded.set(self.unneeded.get().min(spares.len()));
        spare
    }

    /// Puts a cell into memory that [`room`](Self::room) gave.
    #[inline]
    pub(crate) fn place(mut room: Place<L>, make: impl FnOnce() -> LocusCell<L>) -> Rc<LocusCell<L>> {
        // Made here, so that it is built where it goes.
        Rc::get_mut(&mut room).expect("nobody else holds spare memory").write(make());
        // SAFETY: written just above.
        let placed = unsafe { room.assume_init() };
        placed.note_place(Rc::as_ptr(&placed));
        placed
    }

    /// Takes the memory of a cell back that nobody else holds. What is in it is dropped.
    #[inline]
    pub(crate) fn take_back(&self, cell: Rc<LocusCell<L>>) {
        let mut spares = self.spares.borrow_mut();
        let is_alone = Rc::strong_count(&cell) == 1 && Rc::weak_count(&cell) == 0;
        let is_plain = !cell.head.has_body() && cell.head.rare_made().is_none();
        if !is_alone || !is_plain || spares.len() >= Self::SPARES_MAX {
            drop(spares);
            return drop(cell);
        }
        if spares.capacity() == 0 {
            // All of the list at once: an end that makes it longer would allocate later.
            spares.reserve_exact(Self::SPARES_MAX);
        }
        let place = Rc::into_raw(cell).cast_mut();
        // SAFETY: the only pointer to the cell, which is not looked at again. Without a body and rare parts nothing of the
        // user's runs, so nothing unwinds.
        unsafe { place.drop_in_place() };
        // SAFETY: out of `into_raw`, of a type of the same layout that needs no value.
        let room = unsafe { Rc::from_raw(place.cast::<MaybeUninit<LocusCell<L>>>()) };
        spares.push(room);
    }
}

impl<L: Locus> AnyStock for Stock<L> {
    fn as_any(self: Rc<Self>) -> Rc<dyn Any> {
        self
    }

    fn look(&self, pool: &str) {
        let mut spares = self.spares.borrow_mut();
        let left = spares.len() - self.unneeded.get().div_ceil(2);
        spares.truncate(left);
        self.unneeded.set(left);
        let mut account = self.account.borrow_mut();
        if left > 0 || account.is_some() {
            let account =
                account.get_or_insert_with(|| Account::new(format!("{pool}/{}", L::NAME), Kind::SpareLoci));
            account.set(left * Self::CELL_BYTES + spares.capacity() * size_of::<Place<L>>(), left);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
