//! What siblings of one type have in common, and how a cell finds its relatives.
//!
//! A child keeps its number and a pointer to its family: paths, options, the description and the ceiling exist once for
//! all of them. What ended children did is summed up by type, so that the sums are as few as the types.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use crate::locus::any_cell::AnyCell;
use crate::locus::children::{ChildKind, Refused};
use crate::locus::describe::{Locus, LocusOptions, Traits};
use crate::locus::stock::Stock;
use crate::pool::core::Core;
use crate::watch::{Account, Kind};

/// The index of no cell.
pub(crate) const NO_CELL: u32 = u32::MAX;

/// What the parent says before a child is born.
pub(crate) type CallAccept = fn(&Core, &Rc<dyn AnyCell>, &Rc<dyn AnyCell>) -> Result<(), Refused>;

/// What the parent does after a child has ended.
pub(crate) type CallRelease = fn(&Core, &Rc<dyn AnyCell>, &Rc<dyn AnyCell>);

/// What is known of a child type where a parent spawns it.
pub(crate) struct ChildType {
    pub(crate) type_id: TypeId,
    pub(crate) name: &'static str,
    pub(crate) kind: ChildKind,
    pub(crate) cell_bytes: usize,
    pub(crate) options: LocusOptions,
    pub(crate) accept: Option<CallAccept>,
    pub(crate) release: Option<CallRelease>,
}

/// Where a part stands among the parts of main, and which of its replicas a locus is or belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stand {
    pub(crate) part: u32,
    pub(crate) replica: u32,
    pub(crate) replicas: u32,
}

/// The children of one type that one parent has; a part is a family by itself.
pub(crate) struct Family {
    /// The type of its loci.
    pub(crate) locus: TypeId,
    /// The parent's path, or a part's own.
    base: Arc<str>,
    pub(crate) stand: Stand,
    /// What is known of the type; `None` for a part, which has the name of its field.
    child: Option<ChildType>,
    pub(crate) options: LocusOptions,
    pub(crate) has: Traits,
    /// Whether nobody but a member itself has to hear of its birth, and of its end (`plain`).
    pub(crate) is_born_plainly: bool,
    pub(crate) ends_plainly: bool,
    /// The `Stock` of the type.
    stock: Rc<dyn Any>,
    pub(crate) tally: Rc<Tally>,
    /// How many there are, from the spawn until the memory is free again.
    pub(crate) live: Cell<u32>,
    numbers: Cell<u64>,
}

impl Family {
    pub(crate) fn of_part(
        locus: TypeId,
        path: Arc<str>,
        stand: Stand,
        options: LocusOptions,
        has: Traits,
        stock: Rc<dyn Any>,
    ) -> Self {
        let tally = Rc::new(Tally::new(Arc::clone(&path), 0));
        Self {
            locus,
            base: path,
            child: None,
            stand,
            options,
            has,
            is_born_plainly: false,
            ends_plainly: false,
            stock,
            tally,
            live: Cell::new(1),
            numbers: Cell::new(0),
        }
    }

    pub(crate) fn of_children(
        base: Arc<str>,
        stand: Stand,
        child: ChildType,
        (has, stock): (Traits, Rc<dyn Any>),
        tally: Rc<Tally>,
    ) -> Self {
        Self {
            locus: child.type_id,
            base,
            stand,
            options: child.options,
            has,
            is_born_plainly: child.accept.is_none() && !has.prepares && !has.ticks && !has.runs,
            ends_plainly: child.release.is_none() && !has.ticks && !has.runs,
            child: Some(child),
            stock,
            tally,
            live: Cell::new(0),
            numbers: Cell::new(0),
        }
    }

    /// What the pool has in stock for its type, which is `L`.
    #[inline]
    pub(crate) fn stock<L: Locus>(&self) -> &Stock<L> {
        self.stock.downcast_ref().expect("a family has the stock of its own type")
    }

    /// What is known of the type; `None` for a part.
    pub(crate) fn child(&self) -> Option<&ChildType> {
        self.child.as_ref()
    }

    /// The number of the next member, from 1.
    pub(crate) fn next_number(&self) -> u64 {
        self.numbers.set(self.numbers.get() + 1);
        self.numbers.get()
    }

    /// The path of the member with this number.
    pub(crate) fn path_of(&self, ordinal: u64) -> Arc<str> {
        match &self.child {
            None => Arc::clone(&self.base),
            Some(child) => Arc::from(format!("{}/{}#{ordinal}", self.base, child.name)),
        }
    }
}

/// What all children of one type under one part did, the ended ones too.
pub(crate) struct Tally {
    /// The path without numbers, such as `chat/web/Conn`.
    pub(crate) path: Arc<str>,
    cell_bytes: usize,
    pub(crate) live: Cell<u32>,
    pub(crate) handled: Cell<u64>,
    pub(crate) failed: Cell<u64>,
    pub(crate) cancelled: Cell<u64>,
    pub(crate) refused: Cell<u64>,
    account: RefCell<Option<Account>>,
}

impl Tally {
    pub(crate) fn new(path: Arc<str>, cell_bytes: usize) -> Self {
        Self {
            path,
            cell_bytes,
            live: Cell::new(0),
            handled: Cell::new(0),
            failed: Cell::new(0),
            cancelled: Cell::new(0),
            refused: Cell::new(0),
            account: RefCell::new(None),
        }
    }

    /// Brings what the residency report says of them up to date.
    pub(crate) fn look(&self) {
        let live = self.live.get() as usize;
        let mut account = self.account.borrow_mut();
        let account = account.get_or_insert_with(|| Account::new(&*self.path, Kind::Loci));
        account.set(live * self.cell_bytes, live);
    }
}

/// Where a cell finds its relatives: indices of cells of the same pool.
///
/// Siblings form a list in the order of their spawns; `previous` of the oldest is the youngest.
pub(crate) struct Kin {
    pub(crate) parent: u32,
    /// The oldest child.
    pub(crate) first_child: Cell<u32>,
    pub(crate) next: Cell<u32>,
    pub(crate) previous: Cell<u32>,
}

impl Kin {
    pub(crate) fn new(parent: u32) -> Self {
        let none = || Cell::new(NO_CELL);
        Self { parent, first_child: none(), next: none(), previous: none() }
    }
}
