//! Activation slots: where the frame of an `async fn` handler lies from its start until its future ends.
//!
//! Slots come in size classes and are kept with their waker, so that a handler that is ready at once, or waits and is
//! woken, allocates nothing once there are enough of them. What a frame leaves of its slot is the first memory of the
//! activation's scratch. A late wake-up finds another frame in the slot, or none, and is a spurious poll.
//!
//! Invariants
//! - I1. `table` is `Some` exactly while a frame lies in the slot; it was made by `fill`, for the types of that frame.
//! - I2. A frame never moves, and its memory is freed only after it was dropped: a slot that is dropped with a frame in
//!   it leaks both.
//! - I3. No reference to a frame as a whole exists while its future lives: the future borrows the other fields.
//! - I4. A slot belongs to one pool and never leaves its thread (it is `!Send` by its `Rc`). While its frame is polled
//!   or dropped, `is_in_use` keeps everybody else away from it.
//!
//! It knows nothing of states, stages and failures: `core::wait` does.

mod call;
mod frame;
mod handler;
#[cfg(test)]
mod tests;

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

pub(crate) use self::call::{Running, start_call};
use self::frame::Table;
pub(crate) use self::handler::start_handler;
use crate::arena::Scratch;
use crate::bus::subscribe::concurrent::GoesOn;
use crate::locus::describe::Outcome;
use crate::pool::woken::{WakeCell, Woken};
use crate::supervise::panic_text;
use crate::watch::log::{self, Site};
use crate::watch::{Account, Kind};

/// Set in the numbers of slots, so that wake-ups tell them from the pool's other futures.
pub(crate) const SLOT_BIT: u32 = 1 << 31;

/// The slot of no handler.
pub(crate) const NO_SLOT: u32 = u32::MAX;

/// Bytes of a slot, by class; a larger frame gets a block of its own, which is not kept.
const CLASSES: [usize; 6] = [128, 256, 512, 1024, 2048, 4096];

/// How frames in classes are aligned; one that wants more gets a block of its own.
const ALIGN: usize = 16;

/// Scratch that a slot gives at most: a larger frame's rest is better left to other frames' caches.
const SCRATCH_BYTES_MAX: usize = 512;

/// Scratch that a slot gives at least: a short text, without a chunk for it.
const SCRATCH_BYTES_MIN: usize = 64;

/// Empty slots kept of each class: enough for bursts, and at most 2 MiB a pool.
const KEPT_MAX: usize = 256;

/// One slot, empty or with a frame in it.
pub(crate) struct Slot {
    number: u32,
    /// The index in [`CLASSES`]; `None` for a block of its own.
    class: Option<usize>,
    layout: Layout,
    block: NonNull<u8>,
    wake: Arc<WakeCell>,
    waker: Waker,
    scratch: Scratch,
    table: Cell<Option<&'static Table>>,
    is_in_use: Cell<bool>,
    /// The index of the cell whose handler this is, the handler's name, and when it is cancelled.
    pub(crate) cell: Cell<u32>,
    pub(crate) method: Cell<&'static str>,
    pub(crate) deadline: Cell<Option<Instant>>,
    /// Whose call this is, where it runs beside others.
    pub(crate) handler: RefCell<Option<Rc<dyn GoesOn>>>,
    /// The timer that is set up for this slot.
    pub(crate) timer_at: Cell<Option<Instant>>,
}

impl Slot {
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Whether a frame lies in it.
    pub(crate) fn is_live(&self) -> bool {
        self.table.get().is_some()
    }

    /// Whose call it holds, where that runs beside others.
    pub(crate) fn handler(&self) -> Option<Rc<dyn GoesOn>> {
        self.handler.borrow().clone()
    }

    /// Whether it holds a call of this handler.
    pub(crate) fn is_of(&self, handler: &Rc<dyn GoesOn>) -> bool {
        self.handler.borrow().as_ref().is_some_and(|own| Rc::ptr_eq(own, handler))
    }

    /// Whether this wakes it.
    pub(crate) fn is_woken_by(&self, waker: &Waker) -> bool {
        self.waker.will_wake(waker)
    }

    /// Has it polled in the next turn.
    pub(crate) fn wake(&self) {
        self.wake.wake_by_ref();
    }

    /// Takes a wake-up back: the frame is not polled now.
    pub(crate) fn unlist(&self) {
        self.wake.unlist();
    }

    /// Polls the future of the frame; `None` where there is none, or where it is just being polled.
    pub(crate) fn poll(&self) -> Option<Poll<Outcome>> {
        let table = self.table.get()?;
        let _in_use = InUse::enter(&self.is_in_use)?;
        self.wake.unlist();
        let mut context = Context::from_waker(&self.waker);
        // SAFETY: a frame of the table's types lies here (I1), and nobody else polls or drops it (I4).
        Some(unsafe { (table.poll)(self.block, &mut context) })
    }

    /// Drops the frame: the future, then the message, then what they held in scratch.
    ///
    /// # Panics
    /// When one of their destructors does; the others have run then.
    pub(crate) fn empty(&self) {
        let Some(_in_use) = InUse::enter(&self.is_in_use) else { return };
        let Some(table) = self.table.take() else { return };
        let _scratch = GiveBack(&self.scratch);
        // SAFETY: a frame of the table's types lay here (I1), and `table` says from here on that none does.
        unsafe { (table.drop)(self.block) };
    }
}

/// Marks a frame as polled or dropped, while it lives.
struct InUse<'a>(&'a Cell<bool>);

impl<'a> InUse<'a> {
    fn enter(flag: &'a Cell<bool>) -> Option<Self> {
        (!flag.replace(true)).then_some(Self(flag))
    }
}

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// Frees the scratch of a frame, when a destructor panics too.
struct GiveBack<'a>(&'a Scratch);

impl Drop for GiveBack<'_> {
    fn drop(&mut self) {
        // SAFETY: the frame that could borrow from the scratch is dropped.
        unsafe { self.0.give_back() };
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.is_live() {
            // SAFETY: allocated in `Slots::make` with this layout, and no frame lies in it (I2).
            unsafe { dealloc(self.block.as_ptr(), self.layout) };
        }
    }
}

/// All slots of one pool.
pub(crate) struct Slots {
    /// By number, without [`SLOT_BIT`].
    all: RefCell<Vec<Option<Rc<Slot>>>>,
    free_numbers: RefCell<Vec<u32>>,
    /// Empty slots by class.
    kept: [RefCell<Vec<Rc<Slot>>>; CLASSES.len()],
    woken: Arc<Woken>,
    path: Arc<str>,
    account: RefCell<Option<Account>>,
    bytes: Cell<usize>,
    count: Cell<usize>,
}

impl Slots {
    pub(crate) fn new(woken: Arc<Woken>, pool_path: &str) -> Self {
        Self {
            all: RefCell::default(),
            free_numbers: RefCell::default(),
            kept: Default::default(),
            woken,
            path: Arc::from(format!("{pool_path} waiting handlers")),
            account: RefCell::default(),
            bytes: Cell::new(0),
            count: Cell::new(0),
        }
    }

    pub(crate) fn woken(&self) -> &Arc<Woken> {
        &self.woken
    }

    /// The slot with this number.
    pub(crate) fn get(&self, number: u32) -> Option<Rc<Slot>> {
        self.all.borrow().get((number & !SLOT_BIT) as usize)?.clone()
    }

    /// Every slot with a frame in it.
    pub(crate) fn live(&self) -> Vec<Rc<Slot>> {
        self.all.borrow().iter().flatten().filter(|slot| slot.is_live()).map(Rc::clone).collect()
    }

    /// Drops every frame, at the end of the pool.
    pub(crate) fn empty_all(&self) {
        for slot in self.live() {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| slot.empty())) {
                let text = panic_text(panic.as_ref());
                log::warn(Site::Supervise, || {
                    format!("{}: a destructor panicked at the end: {text}", self.path)
                });
            }
        }
    }

    /// An empty slot for a frame.
    ///
    /// # Cost
    /// No allocation while an empty one of the class is kept.
    fn take(&self, frame: Layout) -> Rc<Slot> {
        let bytes = frame.size() + SCRATCH_BYTES_MIN;
        let class = CLASSES.iter().position(|class| *class >= bytes).filter(|_| frame.align() <= ALIGN);
        let kept = class.and_then(|class| self.kept[class].borrow_mut().pop());
        kept.unwrap_or_else(|| self.make(class, frame))
    }

    #[cold]
    fn make(&self, class: Option<usize>, frame: Layout) -> Rc<Slot> {
        let layout = class.and_then(|class| Layout::from_size_align(CLASSES[class], ALIGN).ok());
        let layout = layout.unwrap_or(frame);
        let number = self.free_numbers.borrow_mut().pop().unwrap_or_else(|| {
            let mut all = self.all.borrow_mut();
            all.push(None);
            u32::try_from(all.len() - 1)
                .ok()
                .filter(|number| number & SLOT_BIT == 0)
                .expect("fewer than 2 billion handlers wait on one pool")
        });
        // SAFETY: frames are not of size 0: they hold a reference-counted cell.
        let Some(block) = NonNull::new(unsafe { alloc(layout) }) else { handle_alloc_error(layout) };
        let wake = WakeCell::new(number | SLOT_BIT, &self.woken);
        let slot = Rc::new(Slot {
            number: number | SLOT_BIT,
            class,
            layout,
            block,
            waker: Waker::from(Arc::clone(&wake)),
            wake,
            scratch: Scratch::owned_by(Arc::clone(&self.path)),
            table: Cell::new(None),
            is_in_use: Cell::new(false),
            cell: Cell::new(0),
            method: Cell::new(""),
            deadline: Cell::new(None),
            handler: RefCell::default(),
            timer_at: Cell::new(None),
        });
        self.all.borrow_mut()[number as usize] = Some(Rc::clone(&slot));
        self.account_for(layout.size() + size_of::<Slot>(), true);
        slot
    }

    /// Takes an emptied slot back, to keep it or to free it.
    pub(crate) fn give_back(&self, slot: Rc<Slot>) {
        debug_assert!(!slot.is_live(), "the slot was emptied");
        slot.deadline.set(None);
        if let Some(class) = slot.class {
            let mut kept = self.kept[class].borrow_mut();
            if kept.len() < KEPT_MAX {
                return kept.push(slot);
            }
        }
        let index = slot.number & !SLOT_BIT;
        self.all.borrow_mut()[index as usize] = None;
        self.free_numbers.borrow_mut().push(index);
        self.account_for(slot.layout.size() + size_of::<Slot>(), false);
    }

    /// Brings the residency account up to date.
    fn account_for(&self, bytes: usize, is_more: bool) {
        let changed = |now: usize, by: usize| if is_more { now + by } else { now - by };
        self.bytes.set(changed(self.bytes.get(), bytes));
        self.count.set(changed(self.count.get(), 1));
        let mut account = self.account.borrow_mut();
        let account = account.get_or_insert_with(|| Account::new(Arc::clone(&self.path), Kind::Slots));
        account.set(self.bytes.get(), self.count.get());
    }
}
