//! The core of a pool: everything its activations may reach, behind shared references.
//!
//! One core belongs to one thread. Handlers run while the core is borrowed, so each part of it is a cell of its own that
//! is touched briefly and never while foreign code runs.
//!
//! Invariants
//! - I1. Scratch of a depth is lent to one activation, or region of it, at a time, for a lifetime fresh with each; it is
//!   freed only after that has returned or unwound. Nothing it could reach outlives it.
//! - I2. A mark of the queue or of an outbox is used only by the activation it was taken in: queues turn over and outboxes
//!   are flushed between activations alone.
//! - I3. A record that a buffer has given up is seen by its route once.

pub(crate) mod blocked;
mod call;
mod call_off;
#[expect(unsafe_code, reason = "finds the head of a cell whose type is not known")]
pub(crate) mod cells;
mod failure;
pub(crate) mod handled;
pub(crate) mod kin;
pub(crate) mod linger;
pub(crate) mod on_pool;
pub(crate) mod out;
pub(crate) mod outside;
mod parting;
mod publish;
mod run;
mod staging;
pub(crate) mod stash;
mod ticket;
mod wait;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Instant;

use self::handled::Handled;
use self::out::Out;
use self::parting::Parting;
use self::ticket::Ticket;
use crate::app::shared::AppShared;
use crate::arena::{Scratch, ScratchStack};
use crate::bus::ask::Home;
use crate::bus::gate::Ingress;
use crate::bus::publish::room::RoomWaiters;
use crate::bus::queue::Queue;
use crate::bus::routes::Routes;
use crate::bus::subscribe::ring::TokenRing;
use crate::bus::subscription::{Outside, WakeLater};
use crate::bus::words::Words;
use crate::locus::any_cell::AnyCell;
use crate::locus::cell::{CellHead, CellId, State};
use crate::locus::family::Tally;
use crate::locus::rare::Rare;
use crate::locus::stock::AnyStock;
use crate::pool::PoolId;
use crate::pool::load::Load;
use crate::pool::slot::Slots;
use crate::pool::timers::Timers;
use crate::pool::woken::Woken;
use crate::supervise::Cause;

/// The index of no cell: what is published then comes from outside.
pub(crate) const NOBODY: u32 = u32::MAX;

/// Loci that wait, and topics that are waited for, at a time: more of them allocate.
const WAITS: usize = 8;

/// Words of messages that wait with one locus: more of them allocate.
const STAGE_WORDS: usize = 1024;

/// A locus that failed, and what the supervisor needs to know of it.
pub(crate) struct Failure {
    pub(crate) cell: CellId,
    pub(crate) phase: &'static str,
    pub(crate) cause: Cause,
}

pub(crate) struct Core {
    me: Weak<Self>,
    pub(crate) id: PoolId,
    app: Arc<AppShared>,
    pub(crate) queue: Queue,
    pub(crate) routes: Routes,
    scratch: ScratchStack,
    /// Nested regions open in the current activation.
    depth: Cell<usize>,
    /// By pool.
    outs: Box<[Rc<Out>]>,
    cells: RefCell<cells::Cells>,
    /// Children that were spawned and whose turn to be born has not come.
    pub(crate) unborn: Cell<usize>,
    /// What children did, by type.
    pub(crate) tallies: RefCell<Vec<Rc<Tally>>>,
    /// The `Stock` of each child type.
    pub(crate) stocks: RefCell<Vec<Rc<dyn AnyStock>>>,
    /// The cell whose activation runs.
    current: Cell<u32>,
    /// The number of the running activation, or of the latest; a flush takes one too. None is 0.
    activation: Cell<u64>,
    /// Whether something was published for another pool since the outboxes were flushed.
    pub(crate) is_outgoing: Cell<bool>,
    /// Whether what is published now goes to the publisher's stage.
    detour: Cell<bool>,
    /// Whether a run of activations has to end with the current one: there is a detour, the stash has changed, or
    /// activations are timed.
    cut: Cell<bool>,
    /// Where the run of activations ends.
    run_end: Cell<usize>,
    /// What the running activation handles, and whether it has asked to stash that.
    handled: Cell<Handled>,
    stash_wish: Cell<bool>,
    /// The activation before the first of the run under way.
    run_began: Cell<u64>,
    /// Whether the start is not over, so that everything waits.
    holding: Cell<bool>,
    /// App and pool as [`Home`] has them, in a turn; else nowhere.
    in_turn: Cell<u64>,
    /// Whether something was published that the other side waits for, so that it is flushed before the next activation.
    pub(crate) flush_soon: Cell<bool>,
    /// Whether the passes over the queue have to end with the current one (`call_off` I1).
    called_off: Cell<bool>,
    /// Why the running activation cannot succeed.
    doom: RefCell<Option<blocked::Doom>>,
    /// Topics of which it published to its own pool what has to wait.
    suspects: RefCell<Vec<u16>>,
    /// The latest activation that failed for that.
    failed_in: Cell<u64>,
    /// The latest activation with messages that have to wait, and how many.
    staged_in: Cell<(u64, u32)>,
    stage_messages_max: u32,
    known_stage: Cell<Option<staging::Known>>,
    /// Memory for the messages of whoever has to wait next.
    stage_memory: Cell<Words>,
    /// Topics that somebody waits for, and so everybody who publishes them.
    contended: RefCell<Vec<u16>>,
    /// Loci whose stage waits for room.
    pub(crate) blocked: RefCell<VecDeque<u32>>,
    /// Loci that became ready and have something set aside.
    pub(crate) ready: RefCell<VecDeque<u32>>,
    /// Whether it may wait a moment on its thread.
    lingers: Cell<bool>,
    /// Whether messages under a small bound were read from the lane that is being read.
    pub(crate) is_narrow_read: Cell<bool>,
    /// Topics with credits to return, by number.
    credits_due: RefCell<Vec<u16>>,
    failures: RefCell<Vec<Failure>>,
    /// The cell and the method whose activation unwinds out of a pass.
    unwound: Cell<Option<(u32, &'static str)>>,
    /// Where handlers wait; last used by the pool that drops them (`wait` I2).
    pub(crate) slots: Slots,
    /// Whether a handler that would wait is cancelled, because the drain's patience is over.
    cancels_handlers: Cell<bool>,
    pub(crate) room_waiters: RefCell<RoomWaiters>,
    tickets: RefCell<Vec<Ticket>>,
    free_tickets: RefCell<Vec<u32>>,
    tokens: RefCell<Vec<Option<Rc<dyn TokenRing>>>>,
    free_tokens: RefCell<Vec<u32>>,
    pub(crate) timers: RefCell<Timers>,
    pub(crate) ingresses: RefCell<Vec<Box<dyn Ingress>>>,
    pub(crate) outside: RefCell<Vec<Outside>>,
    are_outsiders_gone: Cell<bool>,
    pub(crate) wake_later: RefCell<Vec<Arc<dyn WakeLater>>>,
    pub(crate) questions_open: Cell<usize>,
    partings: RefCell<Vec<Parting>>,
    /// Whether a call is polled or dropped.
    is_in_call: Cell<bool>,
    /// What an activation of the call panicked with that is being polled.
    call_panic: Cell<Option<Box<dyn Any + Send>>>,
    pub(crate) load: Load,
    now: Cell<Instant>,
}

impl Core {
    pub(crate) fn new(id: PoolId, app: Arc<AppShared>, now: Instant) -> Rc<Self> {
        let queue = Queue::default();
        queue.set_shut(true);
        Rc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            id,
            queue,
            routes: Routes::default(),
            scratch: ScratchStack::new(&app.pool_path(id)),
            depth: Cell::new(0),
            outs: app.pools.iter().map(|_| Rc::default()).collect(),
            cells: RefCell::default(),
            unborn: Cell::new(0),
            tallies: RefCell::default(),
            stocks: RefCell::default(),
            current: Cell::new(NOBODY),
            activation: Cell::new(1),
            is_outgoing: Cell::new(false),
            detour: Cell::new(true),
            cut: Cell::new(true),
            run_end: Cell::new(0),
            handled: Cell::new(Handled::NOTHING),
            stash_wish: Cell::new(false),
            run_began: Cell::new(0),
            holding: Cell::new(true),
            in_turn: Cell::new(Home::NOWHERE),
            flush_soon: Cell::new(false),
            called_off: Cell::new(false),
            doom: RefCell::default(),
            suspects: RefCell::new(Vec::with_capacity(WAITS)),
            failed_in: Cell::new(0),
            staged_in: Cell::new((0, 0)),
            stage_messages_max: app.limits.stage_messages_max,
            known_stage: Cell::default(),
            stage_memory: Cell::new(Words::with_capacity(STAGE_WORDS)),
            contended: RefCell::new(Vec::with_capacity(WAITS)),
            blocked: RefCell::new(VecDeque::with_capacity(WAITS)),
            ready: RefCell::default(),
            lingers: Cell::new(false),
            is_narrow_read: Cell::new(false),
            credits_due: RefCell::default(),
            failures: RefCell::default(),
            unwound: Cell::new(None),
            slots: Slots::new(Woken::new(Arc::clone(&app.pools[usize::from(id)].bell)), &app.pool_path(id)),
            cancels_handlers: Cell::new(false),
            room_waiters: RefCell::default(),
            tickets: RefCell::default(),
            free_tickets: RefCell::default(),
            tokens: RefCell::default(),
            free_tokens: RefCell::default(),
            timers: RefCell::default(),
            ingresses: RefCell::default(),
            outside: RefCell::default(),
            are_outsiders_gone: Cell::new(false),
            wake_later: RefCell::default(),
            questions_open: Cell::new(0),
            partings: RefCell::default(),
            is_in_call: Cell::new(false),
            call_panic: Cell::new(None),
            load: Load::new(&app.pool_path(id), app.times_activations),
            now: Cell::new(now),
            app,
        })
    }

    /// This core, to be kept; `None` at its end.
    pub(crate) fn shared(&self) -> Option<Rc<Self>> {
        self.me.upgrade()
    }

    pub(crate) fn app(&self) -> &Arc<AppShared> {
        &self.app
    }

    pub(crate) fn app_id(&self) -> u32 {
        self.app.id
    }

    pub(crate) fn is_in_turn(&self) -> bool {
        self.in_turn.get() != Home::NOWHERE
    }

    pub(crate) fn begin_turn(&self) {
        self.in_turn.set(Home::of_pool(self.app.id, self.id));
    }

    pub(crate) fn end_turn(&self) {
        self.in_turn.set(Home::NOWHERE);
    }

    pub(crate) fn now(&self) -> Instant {
        self.now.get()
    }

    pub(crate) fn set_now(&self, now: Instant) {
        self.now.set(now);
    }

    // ---- activations ------------------------------------------------------------------------------------------

    /// Opens the envelope of an activation.
    #[inline]
    pub(crate) fn begin(&self, head: &CellHead) {
        self.load.begin();
        self.current.set(head.id.index);
        self.activation.set(self.activation.get() + 1);
        self.queue.set_mark();
        self.handled.set(Handled::NOTHING);
    }

    /// Closes it after a return, successful or not.
    #[inline]
    pub(crate) fn end(&self, head: &CellHead) {
        self.end_scratch(0);
        self.current.set(NOBODY);
        head.state.set(State::Ready);
        if self.cut.get() {
            self.end_cut(head);
        }
    }

    /// Opens the envelope of a handler that is called inside another's activation, and returns whose that is.
    #[inline]
    pub(crate) fn enter_straight(&self, head: &CellHead) -> u32 {
        head.state.set(State::Running);
        self.current.replace(head.id.index)
    }

    /// Closes it.
    #[inline]
    pub(crate) fn leave_straight(&self, head: &CellHead, publisher: u32) {
        head.state.set(State::Ready);
        self.current.set(publisher);
    }

    #[cold]
    #[inline(never)]
    fn end_cut(&self, head: &CellHead) {
        self.load.end();
        self.set_detour(self.holding.get());
        self.begin_wait(head);
        if head.state.get() == State::Ready && !self.holding.get() && head.aside_len() > 0 {
            // Taken back from the stash: it goes before what comes next.
            self.make_ready(head);
        }
    }

    /// Opens the envelope anew for an activation that waited; what it publishes goes behind what still waits of it.
    pub(crate) fn resume(&self, head: &CellHead) {
        self.begin(head);
        self.set_detour(self.holding.get() || head.has_staged());
    }

    /// Leaves the envelope of an activation that waits, or that unwound.
    pub(crate) fn suspend(&self) {
        self.load.end();
        self.current.set(NOBODY);
        self.stash_wish.set(false);
        self.set_detour(self.holding.get());
    }

    /// The scratch of the activation that was just opened.
    #[inline]
    pub(crate) fn scratch(&self, head: &CellHead) -> &Scratch {
        self.scratch.begin_with_ceiling(0, head.scratch_bytes_max())
    }

    #[inline]
    fn end_scratch(&self, depth: usize) {
        // SAFETY: the activation, or the nested region, that borrowed this depth has returned or unwound (I1).
        unsafe { self.scratch.end(depth) };
    }

    /// Runs `body` with a scratch of its own.
    pub(crate) fn scoped<R>(&self, head: &CellHead, body: impl FnOnce(&Scratch) -> R) -> R {
        let depth = self.depth.get() + 1;
        let scratch = self.scratch.begin_with_ceiling(depth, head.scratch_bytes_max());
        self.depth.set(depth);
        let result = body(scratch);
        // A panic leaves the depth as it is, and `abandon` ends every open region.
        self.end_scratch(depth);
        self.depth.set(depth - 1);
        result
    }

    #[inline]
    pub(crate) fn activation(&self) -> u64 {
        self.activation.get()
    }

    /// Whether a locus publishes now, which can wait for room.
    pub(crate) fn has_publisher(&self) -> bool {
        self.current.get() != NOBODY
    }

    /// The path of the locus whose activation runs.
    pub(crate) fn current_path(&self) -> Option<Arc<str>> {
        self.with_current_cell(|cell| cell.head().path())
    }

    /// The same without the numbers of children: what is counted by path has as many paths as there are types.
    pub(crate) fn current_account(&self) -> Option<Arc<str>> {
        self.with_current_cell(|cell| Arc::clone(&cell.head().family.tally.path))
    }

    /// Lets a locus take messages again: what waits of it or for it goes first.
    #[inline]
    pub(crate) fn make_ready(&self, head: &CellHead) {
        match head.rare_made() {
            None => head.state.set(State::Ready),
            Some(rare) => self.make_ready_with(head, rare),
        }
    }

    fn make_ready_with(&self, head: &CellHead, rare: &Rare) {
        if head.has_staged() {
            head.state.set(State::Blocked);
            if !self.blocked.borrow().contains(&head.id.index) {
                self.block(head);
            }
            return;
        }
        if head.aside_len() > 0 || rare.pending_ticks.get() != 0 {
            head.state.set(State::Replaying);
            self.ready.borrow_mut().push_back(head.id.index);
            return;
        }
        head.state.set(State::Ready);
        for waiter in rare.waiters.take() {
            waiter.wake();
        }
    }

    /// A timer of a locus is due: it fires now, or once when the locus is ready.
    pub(crate) fn tick(&self, cell: &Rc<dyn AnyCell>, timer: usize) {
        let head = cell.head();
        match head.state.get() {
            State::Ready => Rc::clone(cell).fire(self, timer),
            State::Closed => {}
            _ => {
                let pending = &head.rare().pending_ticks;
                // `#[locus]` lets nobody have more than there are bits.
                pending.set(pending.get() | 1 << timer);
            }
        }
    }

    #[inline]
    pub(crate) fn count_question(&self, by: isize) {
        self.questions_open.set(self.questions_open.get().wrapping_add_signed(by));
    }
}
