//! The cell: where a locus lives for as long as its pool runs.
//!
//! A cell outlives the locus inside it: a restart replaces the body, while subscriptions, set-aside messages and
//! handles stay. The state byte decides who may touch the body.
//!
//! Invariants
//! - I1. The body is initialised exactly while `alive` is true.
//! - I2. `&mut L` exists only while the state is `Running` or `Busy`, and whoever set that state holds the only one:
//!   the state is tested before it is set, and a cell never leaves its thread (it is `!Send` by its `Rc`s).
//! - I3. The body is dropped or replaced only in the states `Unborn`, `Failed` and `Closed`, in which I2 gives nobody
//!   a reference.

use std::any::Any;
use std::cell::{Cell, RefCell, UnsafeCell};
use std::mem::MaybeUninit;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use crate::bus::side::{Side, Stage};
use crate::bus::subscribe::receive::ReceiverEntry;
use crate::locus::context::Cx;
use crate::locus::describe::{BoxError, Describe, Locus, Outcome};
use crate::pool::core::Core;
use crate::supervise::Intensity;

/// Who may touch a locus now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    /// Nobody does: messages run at once.
    Ready,
    /// An activation runs.
    Running,
    /// An async `birth` holds the locus.
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

/// Takes one subscription back.
pub(crate) type Undo = Box<dyn FnOnce(&Core)>;

/// What every cell has, whatever locus it holds.
pub(crate) struct CellHead {
    pub(crate) state: Cell<State>,
    /// The index of the cell in its pool.
    pub(crate) index: u32,
    pub(crate) replica: u32,
    pub(crate) path: Arc<str>,
    pub(crate) scratch_bytes_max: usize,
    /// Messages that arrived while the locus was not ready.
    pub(crate) side: RefCell<Side>,
    /// Messages this locus published that found no room.
    pub(crate) stage: RefCell<Stage>,
    /// Those who wait in `Run::with`.
    pub(crate) waiters: RefCell<Vec<Waker>>,
    /// Timers that came due meanwhile, one bit each.
    pub(crate) pending_ticks: Cell<u64>,
    /// The rings of `receives(..)`.
    pub(crate) receivers: RefCell<Vec<ReceiverEntry>>,
    /// The rings of its handlers, each a `Ringed` of its own type.
    pub(crate) rings: RefCell<Vec<Rc<dyn Any>>>,
    /// Takes back each subscription.
    pub(crate) unsubscribe: RefCell<Vec<Undo>>,
    pub(crate) intensity: RefCell<Intensity>,
    pub(crate) handled: Cell<u64>,
    pub(crate) failed: Cell<u64>,
    /// Whether its `run` waits in `recv`, with nothing there to take.
    pub(crate) run_waits: Cell<bool>,
}

/// Builds the locus of a cell, at the start and again at each restart.
pub(crate) type Factory<L> = Rc<dyn Fn() -> Result<L, BoxError>>;

/// One locus and all that belongs to it.
pub(crate) struct LocusCell<L: 'static> {
    pub(crate) head: CellHead,
    alive: Cell<bool>,
    body: UnsafeCell<MaybeUninit<L>>,
    factory: Factory<L>,
    pub(crate) describe: Describe<L>,
}

/// Where a new cell stands.
pub(crate) struct Seat {
    pub(crate) index: u32,
    pub(crate) replica: u32,
    pub(crate) path: Arc<str>,
}

impl<L: Locus> LocusCell<L> {
    pub(crate) fn new(seat: Seat, factory: Factory<L>) -> Rc<Self> {
        let options = L::OPTIONS;
        let head = CellHead {
            state: Cell::new(State::Unborn),
            index: seat.index,
            replica: seat.replica,
            scratch_bytes_max: options.scratch_bytes_max,
            side: RefCell::new(Side::new(&seat.path)),
            stage: RefCell::default(),
            waiters: RefCell::default(),
            pending_ticks: Cell::new(0),
            receivers: RefCell::default(),
            rings: RefCell::default(),
            unsubscribe: RefCell::default(),
            intensity: RefCell::new(Intensity::new(options.restarts, options.within, &seat.path)),
            handled: Cell::new(0),
            failed: Cell::new(0),
            run_waits: Cell::new(false),
            path: seat.path,
        };
        let body = UnsafeCell::new(MaybeUninit::uninit());
        Rc::new(Self { head, alive: Cell::new(false), body, factory, describe: Describe::of() })
    }

    /// Builds the locus anew.
    ///
    /// # Errors
    /// The constructor's.
    pub(crate) fn build(&self) -> Result<(), BoxError> {
        self.bury();
        let fresh = (self.factory)()?;
        // SAFETY: the state allows no reference to the body (I3, asserted by `bury`).
        let body = unsafe { &mut *self.body.get() };
        // `bury` emptied it (I1).
        body.write(fresh);
        self.alive.set(true);
        Ok(())
    }

    /// Drops the locus, if there is one.
    pub(crate) fn bury(&self) {
        let state = self.head.state.get();
        assert!(
            matches!(state, State::Unborn | State::Failed | State::Closed),
            "{} is {state:?} and cannot be replaced",
            self.head.path
        );
        if self.alive.replace(false) {
            // SAFETY: the state lends the body to nobody (I3).
            let body = unsafe { &mut *self.body.get() };
            // SAFETY: `alive` was true, so the body is initialised (I1).
            unsafe { body.assume_init_drop() };
        }
    }

    /// The locus, for reading what a subscription needs right after birth.
    pub(crate) fn peek<R>(&self, read: impl FnOnce(&L) -> R) -> R {
        let before = self.head.state.replace(State::Running);
        assert!(
            self.alive.get() && before != State::Running && before != State::Busy,
            "{} is in use",
            self.head.path
        );
        // SAFETY: `Running` keeps every other reference away (I2).
        let body = unsafe { &*self.body.get() };
        // SAFETY: the body is initialised (I1, asserted).
        let result = read(unsafe { body.assume_init_ref() });
        self.head.state.set(before);
        result
    }

    /// Calls one method of the locus as an activation: scratch, staging and the state byte around it.
    ///
    /// A panic leaves the state `Running`; the caller catches it and hands it to [`Core::panicked`].
    #[inline(always)]
    pub(crate) fn activate<R>(&self, core: &Core, call: impl FnOnce(&mut L, &mut Cx<'_, L>) -> R) -> R {
        debug_assert!(self.alive.get(), "{} has no body", self.head.path);
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

    /// Calls one method for each of `messages`, each call an activation of its own, until there is none left, one fails
    /// or the locus has to wait.
    ///
    /// # Cost
    /// What is the same for all of them, the state byte, the current locus and the ceiling, is set once.
    #[inline(always)]
    pub(crate) fn activate_each<M>(
        &self,
        core: &Core,
        mut messages: impl FnMut() -> Option<M>,
        mut call: impl FnMut(&mut L, M, &mut Cx<'_, L>) -> Outcome,
    ) -> Outcome {
        debug_assert!(self.alive.get(), "{} has no body", self.head.path);
        self.head.state.set(State::Running);
        core.enter_run(&self.head);
        let scratch = core.scratch(&self.head);
        let mut outcome = Ok(());
        while let Some(message) = messages() {
            core.begin_next();
            let mut cx = Cx::new(scratch, core, &self.head);
            // SAFETY: as in `activate`; `Running` is kept until `end` (I2).
            let body = unsafe { &mut *self.body.get() };
            // SAFETY: as in `activate` (I1).
            let me = unsafe { body.assume_init_mut() };
            outcome = call(me, message, &mut cx);
            if core.end_next(scratch) || outcome.is_err() {
                break;
            }
        }
        core.end(&self.head);
        outcome
    }

    /// The body, for a future that holds the locus while the state is `Busy`.
    pub(crate) fn body_ptr(&self) -> *mut L {
        self.body.get().cast()
    }
}

impl<L: 'static> Drop for LocusCell<L> {
    fn drop(&mut self) {
        if self.alive.get() {
            // SAFETY: `alive` is true, so the body is initialised (I1); `&mut self` excludes any other reference.
            unsafe { self.body.get_mut().assume_init_drop() };
        }
    }
}
