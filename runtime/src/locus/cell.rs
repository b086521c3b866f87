//! The cell: where a locus lives for as long as its pool runs, or, as a child, until it ends.
//!
//! A cell outlives the locus inside it: a restart replaces the body, while subscriptions, set-aside messages and
//! handles stay. The state byte decides who may touch the body. What an idle locus does not need lies behind one
//! pointer, made at its first use (`rare`).
//!
//! Invariants
//! - I1. The body is initialised exactly while `alive` is true.
//! - I2. `&mut L` exists only while the state is `Running` or `Busy`, and whoever set that state holds the only one:
//!   the state is tested before it is set, and a cell never leaves its thread (it is `!Send` by its `Rc`s).
//! - I3. The body is dropped or replaced only in the states `Unborn`, `Failed` and `Closed`, in which I2 gives nobody
//!   a reference.
//! - I4. `me` is there only while an `Rc` holds the cell: it is set once the cell lies in one (`stock` I2), and taken away
//!   before anything else when it is dropped.

use std::any::TypeId;
use std::cell::{Cell, OnceCell, UnsafeCell};
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;

use crate::arena::Scratch;
use crate::locus::context::Cx;
use crate::locus::describe::{BoxError, Describe, Locus, Outcome};
use crate::locus::family::{Family, Kin, NO_CELL, Stand};
use crate::locus::rare::Rare;
use crate::locus::stock::Stock;
use crate::pool::core::Core;
use crate::pool::slot::NO_SLOT;

/// Who may touch a locus now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    /// Nobody does: messages run at once.
    Ready,
    /// An activation runs.
    Running,
    /// An async `birth` or handler holds the locus.
    Busy,
    /// A published message waits for room; no activation until it has gone.
    Blocked,
    /// What was set aside goes first.
    Replaying,
    /// Built, not yet born.
    Unborn,
    /// Failed, and waits for its restart.
    Failed,
    /// Dissolved for good.
    Closed,
}

/// The place of a cell in its pool. A place is used again after its locus has ended, under the next generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CellId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// What every cell has, whatever locus it holds.
pub(crate) struct CellHead {
    pub(crate) state: Cell<State>,
    alive: Cell<bool>,
    /// Whether its `run` waits in `recv`, with nothing there to take.
    pub(crate) run_waits: Cell<bool>,
    /// Whether its parent has been asked whether it accepts it.
    pub(crate) is_considered: Cell<bool>,
    /// Whether it is out of the tree, a child that has ended.
    pub(crate) is_retired: Cell<bool>,
    /// Whether its `drain` was called.
    pub(crate) is_drained: Cell<bool>,
    /// Whether it has been born, since it was built last.
    pub(crate) is_born: Cell<bool>,
    /// Whether it is being dissolved, so that it has no more children.
    pub(crate) is_ending: Cell<bool>,
    /// Whether its timers are set.
    pub(crate) ticks: Cell<bool>,
    pub(crate) id: CellId,
    /// What it has in common with its siblings of the same type.
    pub(crate) family: Rc<Family>,
    /// Its number among them; 0 for a part.
    ordinal: u64,
    pub(crate) kin: Kin,
    pub(crate) handled: Cell<u64>,
    /// The slot of the handler that waits.
    pub(crate) slot: Cell<u32>,
    /// One of its subscriptions; the others are `rare`.
    joined: Cell<Option<Joined>>,
    rare: OnceCell<Box<Rare>>,
}

/// A subscription as its route finds it again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Joined {
    pub(crate) number: u16,
    /// Of its key; `None` takes every message.
    pub(crate) hash: Option<u32>,
}

impl CellHead {
    /// What few loci need, made at its first use.
    pub(crate) fn rare(&self) -> &Rare {
        self.rare.get_or_init(|| Box::new(Rare::new(&self.path(), &self.family.options)))
    }

    /// The same, if it was needed.
    #[inline]
    pub(crate) fn rare_made(&self) -> Option<&Rare> {
        self.rare.get().map(|rare| &**rare)
    }

    /// Where the locus stands in the tree.
    ///
    /// # Cost
    /// A child's path is put together anew each time: none of a million children keeps its own.
    pub(crate) fn path(&self) -> Arc<str> {
        self.family.path_of(self.ordinal)
    }

    /// Whether a message it published waits for room.
    pub(crate) fn has_staged(&self) -> bool {
        self.rare_made().is_some_and(|rare| !rare.stage.borrow().is_empty())
    }

    /// Notes a subscription; false if there is no place for it.
    pub(crate) fn join(&self, joined: Joined) -> bool {
        let is_free = self.joined.get().is_none();
        if is_free {
            self.joined.set(Some(joined));
        }
        is_free
    }

    /// Takes the subscription that `join` noted.
    pub(crate) fn take_joined(&self) -> Option<Joined> {
        self.joined.take()
    }

    /// Whether there is a locus in the cell.
    pub(crate) fn has_body(&self) -> bool {
        self.alive.get()
    }

    /// How many messages are set aside for it.
    pub(crate) fn aside_len(&self) -> usize {
        self.rare_made().map_or(0, |rare| rare.side.borrow().len())
    }

    /// How many messages it has set aside itself.
    pub(crate) fn stashed_len(&self) -> usize {
        self.rare_made().map_or(0, |rare| rare.stashed.borrow().len())
    }

    /// How many of its activations failed.
    pub(crate) fn failed(&self) -> u64 {
        self.rare_made().map_or(0, |rare| rare.failed.get())
    }

    /// Counts an activation that failed; returns how many there were.
    pub(crate) fn count_failure(&self) -> u64 {
        let failed = &self.rare().failed;
        failed.set(failed.get() + 1);
        failed.get()
    }

    /// Scratch bytes that one activation may use.
    #[inline]
    pub(crate) fn scratch_bytes_max(&self) -> usize {
        self.family.options.scratch_bytes_max
    }
}

/// Builds the locus of a cell, at the start and again at each restart.
pub(crate) type Factory<L> = Rc<dyn Fn() -> Result<L, BoxError>>;

/// One locus and all that belongs to it. The head comes first, where it is found without knowing the type
/// (`pool::core::cells` I1).
#[repr(C)]
pub(crate) struct LocusCell<L: 'static> {
    pub(crate) head: CellHead,
    /// Where it lies in the `Rc` that holds it.
    me: Cell<Option<NonNull<Self>>>,
    body: UnsafeCell<MaybeUninit<L>>,
}

// What the places of a pool rely on.
const _: () = assert!(std::mem::offset_of!(LocusCell<()>, head) == 0);

/// Where a new cell stands.
pub(crate) struct Seat {
    pub(crate) id: CellId,
    pub(crate) stand: Stand,
    pub(crate) path: Arc<str>,
}

impl<L: Locus> LocusCell<L> {
    /// The cell of a part of main.
    pub(crate) fn part(seat: Seat, factory: Factory<L>, describe: Describe<L>) -> Rc<Self> {
        let stock = Stock::new(describe);
        let room = stock.room();
        let (has, stock) = (stock.describe.traits(), Rc::new(stock));
        let family =
            Rc::new(Family::of_part(TypeId::of::<L>(), seat.path, seat.stand, L::OPTIONS, has, stock));
        let cell = Stock::place(room, || Self::new(seat.id, family, 0, Kin::new(NO_CELL), None));
        cell.set_factory(factory);
        cell
    }

    /// The cell of a child; without a body, it is built by its factory.
    #[inline]
    pub(crate) fn child(id: CellId, parent: &CellHead, family: Rc<Family>, body: Option<L>) -> Rc<Self> {
        debug_assert_eq!(family.locus, TypeId::of::<L>(), "a family is of one type (`pool::core::cells` I2)");
        let ordinal = family.next_number();
        let room = family.stock::<L>().room();
        Stock::place(room, || Self::new(id, family, ordinal, Kin::new(parent.id.index), body))
    }

    /// Says how to build the locus.
    pub(crate) fn set_factory(&self, factory: Factory<L>) {
        self.head.rare().factory.replace(Some(Box::new(factory)));
    }

    #[inline]
    fn new(id: CellId, family: Rc<Family>, ordinal: u64, kin: Kin, body: Option<L>) -> Self {
        let head = CellHead {
            state: Cell::new(State::Unborn),
            alive: Cell::new(body.is_some()),
            run_waits: Cell::new(false),
            is_considered: Cell::new(false),
            is_retired: Cell::new(false),
            is_drained: Cell::new(false),
            is_born: Cell::new(false),
            is_ending: Cell::new(false),
            ticks: Cell::new(false),
            id,
            family,
            ordinal,
            kin,
            handled: Cell::new(0),
            slot: Cell::new(NO_SLOT),
            joined: Cell::new(None),
            rare: OnceCell::new(),
        };
        let body = UnsafeCell::new(body.map_or_else(MaybeUninit::uninit, MaybeUninit::new));
        Self { head, me: Cell::new(None), body }
    }

    /// Notes where in its `Rc` the cell lies.
    pub(super) fn note_place(&self, place: *const Self) {
        debug_assert!(std::ptr::eq(self, place), "a cell lies where it is");
        self.me.set(NonNull::new(place.cast_mut()));
    }

    /// The cell itself, to be kept; `None` while it is made or dropped.
    pub(crate) fn me(&self) -> Option<Rc<Self>> {
        let me = self.me.get()?.as_ptr();
        // SAFETY: the address inside an `Rc` that still holds the cell (I4).
        unsafe { Rc::increment_strong_count(me) };
        // SAFETY: as above; the count was raised for this pointer.
        Some(unsafe { Rc::from_raw(me) })
    }

    /// What the macros say about the locus.
    pub(crate) fn describe(&self) -> &Describe<L> {
        &self.head.family.stock().describe
    }

    /// Builds the locus anew.
    ///
    /// # Errors
    /// The constructor's.
    pub(crate) fn build(&self) -> Result<(), BoxError> {
        self.bury();
        let factory = self.factory().ok_or("there is no factory to build it anew")?;
        let fresh = factory()?;
        self.fill(fresh);
        Ok(())
    }

    /// How to build the locus, if that is known.
    pub(crate) fn factory(&self) -> Option<Factory<L>> {
        let factory = self.head.rare_made()?.factory.borrow();
        factory.as_ref()?.downcast_ref::<Factory<L>>().map(Rc::clone)
    }

    /// Puts a locus into a cell that has none.
    pub(crate) fn fill(&self, fresh: L) {
        assert!(!self.head.alive.get(), "{} has a body", self.head.path());
        // SAFETY: a cell without a body lends it to nobody: every reference is made behind a test of `alive` (I1).
        let body = unsafe { &mut *self.body.get() };
        body.write(fresh);
        self.head.alive.set(true);
    }

    /// Drops the locus, if there is one.
    pub(crate) fn bury(&self) {
        let state = self.head.state.get();
        assert!(
            matches!(state, State::Unborn | State::Failed | State::Closed),
            "{} is {state:?} and cannot be replaced",
            self.head.path()
        );
        if self.head.alive.replace(false) {
            // SAFETY: the state lends the body to nobody (I3).
            let body = unsafe { &mut *self.body.get() };
            // SAFETY: `alive` was true, so the body is initialised (I1).
            unsafe { body.assume_init_drop() };
        }
    }

    /// The locus, for reading between its activations.
    pub(crate) fn peek<R>(&self, read: impl FnOnce(&L) -> R) -> R {
        let before = self.head.state.get();
        assert!(
            self.head.alive.get() && before != State::Running && before != State::Busy,
            "{} is in use",
            self.head.path()
        );
        self.head.state.set(State::Running);
        let _restore = Restore { state: &self.head.state, before };
        // SAFETY: `Running` keeps every other reference away (I2).
        let body = unsafe { &*self.body.get() };
        // SAFETY: the body is initialised (I1, asserted).
        read(unsafe { body.assume_init_ref() })
    }

    /// The locus before its birth, or after its end, for its parent to look at.
    pub(crate) fn lend<R>(&self, read: impl FnOnce(&L) -> R) -> R {
        let state = self.head.state.get();
        assert!(
            self.head.alive.get() && matches!(state, State::Unborn | State::Closed),
            "{} is {state:?} and cannot be lent",
            self.head.path()
        );
        self.peek(read)
    }

    /// Calls one method of the locus as an activation: scratch, staging and the state byte around it.
    ///
    /// A panic leaves the state `Running`; the caller catches it and hands it to [`Core::panicked`].
    #[inline(always)]
    pub(crate) fn activate<R>(&self, core: &Core, call: impl FnOnce(&mut L, &mut Cx<'_, L>) -> R) -> R {
        debug_assert!(self.head.alive.get(), "{} has no body", self.head.path());
        self.head.state.set(State::Running);
        core.begin(&self.head);
        let result = {
            let mut cx = Cx::new(core.scratch(&self.head), core, &self.head);
            // SAFETY: the callers test for a state in which nobody holds the body, and `Running`, set above, keeps
            // others away until `end` (I2).
            let body = unsafe { &mut *self.body.get() };
            // SAFETY: the states that callers test for are entered after `build` only, so the body is initialised (I1).
            let me = unsafe { body.assume_init_mut() };
            call(me, &mut cx)
        };
        core.end(&self.head);
        result
    }

    /// Lets `body` call `method` for each of several messages, each call an activation of its own. It has to end with the
    /// first that fails or [cuts](Activations::is_cut) the run short; `end` is for [`Core::run_end`].
    ///
    /// A panic leaves the state `Running`; the caller notes it for the pass that catches it.
    ///
    /// # Cost
    /// What is the same for all of them, the state byte, the current locus and the ceiling, is set once.
    #[inline(always)]
    pub(crate) fn activate_each(
        &self,
        core: &Core,
        end: usize,
        method: &'static str,
        body: impl FnOnce(&mut Activations<'_, L>) -> Outcome,
    ) -> Outcome {
        debug_assert!(self.head.alive.get(), "{} has no body", self.head.path());
        self.head.state.set(State::Running);
        let mut activations = Activations { cell: self, core, scratch: core.enter_run(&self.head, end) };
        let outcome = body(&mut activations);
        core.end_run(&self.head, method);
        outcome
    }

    /// The body, for a future that holds the locus while the state is `Busy`.
    pub(crate) fn body_ptr(&self) -> *mut L {
        self.body.get().cast()
    }
}

/// Several activations of one locus, one after the other.
pub(crate) struct Activations<'a, L: 'static> {
    cell: &'a LocusCell<L>,
    core: &'a Core,
    scratch: &'a Scratch,
}

impl<L: Locus> Activations<'_, L> {
    /// Calls one method as an activation.
    #[inline(always)]
    pub(crate) fn of(&mut self, call: impl FnOnce(&mut L, &mut Cx<'_, L>) -> Outcome) -> Outcome {
        self.core.begin_next();
        let mut cx = Cx::new(self.scratch, self.core, &self.cell.head);
        // SAFETY: only `activate_each` makes one of these, with the state at `Running`, which it keeps while `self`
        // lives; `&mut self` keeps a second call away (I2).
        let body = unsafe { &mut *self.cell.body.get() };
        // SAFETY: as in `activate` (I1).
        let me = unsafe { body.assume_init_mut() };
        let outcome = call(me, &mut cx);
        self.core.end_next(self.scratch);
        outcome
    }

    /// Whether the locus has to wait after the latest activation: something it published found no room, or its stash has changed.
    #[inline(always)]
    pub(crate) fn is_cut(&self) -> bool {
        self.core.is_cut()
    }
}

/// Gives a state back at the end of a look, also when that unwinds.
struct Restore<'c> {
    state: &'c Cell<State>,
    before: State,
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        self.state.set(self.before);
    }
}

impl<L: 'static> Drop for LocusCell<L> {
    fn drop(&mut self) {
        self.me.set(None);
        if self.head.alive.get() {
            // SAFETY: `alive` is true, so the body is initialised (I1); `&mut self` excludes any other reference.
            unsafe { self.body.get_mut().assume_init_drop() };
        }
    }
}
