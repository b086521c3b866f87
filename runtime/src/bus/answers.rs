//! The table of open questions of one topic on one pool, and the way of answers into it.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Instant;

use super::ask::{Address, AskError};
use super::figures::DropReason;
use super::pass::Pass;
use super::record::Word;
use super::route::AnyRoute;
use super::side::Side;
use super::subscribe::after;
use super::topic::Topic;
use crate::locus::any_cell::AnyCell;
use crate::locus::cell::{CellHead, CellId, LocusCell, State};
use crate::locus::context::Cx;
use crate::locus::describe::{IntoOutcome, Locus};
use crate::pool::PoolId;
use crate::pool::core::Core;

/// Questions of one topic that one pool may have open: far above what a service means to have, and bounded.
const QUESTIONS_OPEN_MAX: usize = 65_536;

/// An answer under way.
pub(crate) struct Answer<R> {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
    pub(crate) result: Result<R, AskError>,
}

/// What to do with an answer, without the types of the locus that asked.
trait Then<R> {
    fn call(self: Box<Self>, core: &Core, cell: Rc<dyn AnyCell>, result: Result<R, AskError>);
}

/// As large as the closure alone, so that one without captures needs no memory.
struct ThenOf<L, F, O>(F, PhantomData<fn(L) -> O>);

impl<R, L, F, O> Then<R> for ThenOf<L, F, O>
where
    L: Locus,
    F: FnOnce(&mut L, Result<R, AskError>, &mut Cx<'_, L>) -> O,
    O: IntoOutcome,
{
    fn call(self: Box<Self>, core: &Core, cell: Rc<dyn AnyCell>, result: Result<R, AskError>) {
        let Ok(cell) = cell.as_any().downcast::<LocusCell<L>>() else { return };
        let run = || cell.activate(core, |me, cx| (self.0)(me, result, cx).into_outcome());
        after::<L>(core, &cell, "then", catch_unwind(AssertUnwindSafe(run)));
    }
}

struct Open<R> {
    cell: CellId,
    /// The activation that asked, for its rollback.
    activation: u64,
    deadline: Option<Instant>,
    goal: Goal<R>,
}

/// Where an answer is wanted.
enum Goal<R> {
    /// In an activation of its own.
    Then(Box<dyn Then<R>>),
    /// In the future that asked.
    Wake(Waker),
    /// There it is, until the future takes it.
    Answered(Result<R, AskError>),
}

struct Slot<R> {
    generation: u32,
    open: Option<Open<R>>,
}

/// The open questions of topic `T`; listed among the routes under the topic's second number.
pub(crate) struct Answers<T: Topic> {
    number: u16,
    slots: RefCell<Vec<Slot<T::Reply>>>,
    free: RefCell<Vec<u32>>,
    count: Cell<usize>,
}

impl<T: Topic> Answers<T> {
    pub(crate) fn new(number: u16) -> Self {
        Self { number, slots: RefCell::default(), free: RefCell::default(), count: Cell::new(0) }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.count.get() > QUESTIONS_OPEN_MAX
    }

    /// Opens a slot for an answer that is handled by `then`.
    pub(crate) fn open<L, F, O>(&self, core: &Core, cell: CellId, deadline: Instant, then: F) -> Address
    where
        L: Locus,
        F: FnOnce(&mut L, Result<T::Reply, AskError>, &mut Cx<'_, L>) -> O + 'static,
        O: IntoOutcome + 'static,
    {
        let goal = Goal::Then(Box::new(ThenOf::<L, F, O>(then, PhantomData)));
        self.open_for(core, cell, deadline, goal)
    }

    /// Opens a slot for an answer that wakes a future.
    pub(crate) fn open_waiting(
        &self,
        core: &Core,
        cell: CellId,
        deadline: Instant,
        waker: &Waker,
    ) -> Address {
        self.open_for(core, cell, deadline, Goal::Wake(waker.clone()))
    }

    fn open_for(&self, core: &Core, cell: CellId, deadline: Instant, goal: Goal<T::Reply>) -> Address {
        let open = Open { cell, activation: core.activation(), deadline: Some(deadline), goal };
        let mut slots = self.slots.borrow_mut();
        let slot = self.free.borrow_mut().pop().unwrap_or_else(|| {
            slots.push(Slot { generation: 0, open: None });
            u32::try_from(slots.len() - 1).expect("bounded by QUESTIONS_OPEN_MAX")
        });
        let entry = &mut slots[slot as usize];
        entry.open = Some(open);
        self.count.set(self.count.get() + 1);
        core.count_question(1);
        Address {
            app: core.app_id(),
            pool: core.id,
            number: self.number,
            slot,
            generation: entry.generation,
            ensure: |core| core.ensure_route::<T>(),
        }
    }

    /// Takes the answer that a future waits for, or has `waker` woken when it comes.
    ///
    /// A slot that is no longer the question's was closed with the activation that asked: nobody will answer.
    pub(crate) fn poll(&self, core: &Core, at: Address, waker: &Waker) -> Poll<Result<T::Reply, AskError>> {
        {
            let mut slots = self.slots.borrow_mut();
            let open = slots.get_mut(at.slot as usize).filter(|slot| slot.generation == at.generation);
            match open.and_then(|slot| slot.open.as_mut()).map(|open| &mut open.goal) {
                Some(Goal::Wake(known)) => {
                    known.clone_from(waker);
                    return Poll::Pending;
                }
                Some(Goal::Answered(_)) => {}
                Some(Goal::Then(_)) | None => return Poll::Ready(Err(AskError::Failed)),
            }
        }
        match self.close(core, at.slot, at.generation).map(|open| open.goal) {
            Some(Goal::Answered(result)) => Poll::Ready(result),
            _ => unreachable!("it was answered a moment ago"),
        }
    }

    /// Forgets a question whose future is dropped.
    pub(crate) fn leave(&self, core: &Core, at: Address) {
        drop(self.close(core, at.slot, at.generation));
    }

    fn close(&self, core: &Core, slot: u32, generation: u32) -> Option<Open<T::Reply>> {
        let mut slots = self.slots.borrow_mut();
        let entry = slots.get_mut(slot as usize).filter(|entry| entry.generation == generation)?;
        let open = entry.open.take()?;
        entry.generation = entry.generation.wrapping_add(1);
        self.free.borrow_mut().push(slot);
        self.count.set(self.count.get() - 1);
        core.count_question(-1);
        Some(open)
    }

    /// Wakes the future that asked, or runs the answer's activation, or sets the answer aside while the locus is not
    /// ready.
    fn arrive(&self, core: &Core, answer: Answer<T::Reply>) {
        let Some((asker, answer)) = self.asker(answer) else { return };
        let Some(cell) = core.find_cell(asker) else {
            return drop(self.close(core, answer.slot, answer.generation));
        };
        match cell.head().state.get() {
            State::Ready => {
                if let Some(open) = self.close(core, answer.slot, answer.generation)
                    && let Goal::Then(then) = open.goal
                {
                    then.call(core, cell, answer.result);
                }
            }
            State::Closed => drop(self.close(core, answer.slot, answer.generation)),
            _ => core.set_aside(asker, self.number, answer),
        }
    }

    /// Who takes an answer in an activation. One that a future waits for is given to that; nobody takes one that comes too
    /// late.
    fn asker(&self, answer: Answer<T::Reply>) -> Option<(CellId, Answer<T::Reply>)> {
        let waker = {
            let mut slots = self.slots.borrow_mut();
            let slot =
                slots.get_mut(answer.slot as usize).filter(|slot| slot.generation == answer.generation);
            let open = slot?.open.as_mut()?;
            match &open.goal {
                Goal::Then(_) => return Some((open.cell, answer)),
                // The time was up before.
                Goal::Answered(_) => return None,
                Goal::Wake(_) => {}
            }
            open.deadline = None;
            std::mem::replace(&mut open.goal, Goal::Answered(answer.result))
        };
        if let Goal::Wake(waker) = waker {
            waker.wake();
        }
        None
    }
}

impl<T: Topic> AnyRoute for Answers<T> {
    fn dispatch(&self, pass: &mut Pass<'_>) {
        // SAFETY: a record of this number is there, and it holds an `Answer` (`cursor` I2).
        let answer = unsafe { pass.cursor.take::<Answer<T::Reply>>() }.move_out();
        self.arrive(pass.core, answer);
    }

    fn replay(&self, core: &Core, side: &RefCell<Side>) {
        // SAFETY: the caller saw a record of this number, which holds an `Answer` (`cursor` I2).
        let answer = unsafe { side.borrow_mut().pop::<Answer<T::Reply>>() };
        self.arrive(core, answer);
    }

    fn release(&self, _core: &Core, _head: &CellHead) -> bool {
        unreachable!("answers are never staged: they hold no credit")
    }

    /// The activation that answered has failed: the asker hears of that instead.
    unsafe fn take_back(&self, core: &Core, payload: *mut Word, pool: PoolId, _local: bool) {
        // SAFETY: by the caller, the payload of a record of this number, which is an `Answer`, given up.
        let answer = unsafe { payload.cast::<Answer<T::Reply>>().read() };
        let failed = Answer::<T::Reply> { result: Err(AskError::Failed), ..answer };
        core.send_answer_to(pool, self.number, failed);
    }

    unsafe fn take_back_staged(&self, _payload: *mut Word) {
        unreachable!("answers are never staged: they hold no credit")
    }

    fn forget(&self, core: &Core, activation: u64) {
        let asked_by =
            |slot: &Slot<T::Reply>| slot.open.as_ref().is_some_and(|open| open.activation == activation);
        let lost: Vec<(u32, u32)> = {
            let slots = self.slots.borrow();
            let lost = slots.iter().zip(0..).filter(|(slot, _)| asked_by(slot));
            lost.map(|(slot, index)| (index, slot.generation)).collect()
        };
        for (slot, generation) in lost {
            drop(self.close(core, slot, generation));
        }
    }

    fn expire(&self, core: &Core, now: Instant) {
        let mut due = Vec::new();
        for (slot, index) in self.slots.borrow_mut().iter_mut().zip(0..) {
            if let Some(open) = &mut slot.open
                && open.deadline.is_some_and(|deadline| deadline <= now)
            {
                open.deadline = None;
                due.push((index, slot.generation));
            }
        }
        for (slot, generation) in due {
            self.arrive(core, Answer { slot, generation, result: Err(AskError::Timeout) });
        }
    }

    unsafe fn discard_staged(&self, _payload: *mut Word, _reason: DropReason) {
        unreachable!("answers are never staged: they hold no credit")
    }

    unsafe fn discard(&self, payload: *mut Word, _reason: DropReason) {
        // SAFETY: by the caller, the payload of a record of this number, given up.
        unsafe { payload.cast::<Answer<T::Reply>>().drop_in_place() };
    }
}
