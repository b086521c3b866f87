//! The table of open questions of one topic on one pool, and the way of answers into it.

use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
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
    /// Nothing once it has been taken out.
    pub(crate) result: Option<Result<R, AskError>>,
}

impl<R> Answer<R> {
    /// Makes an answer where it goes, part by part.
    ///
    /// # Safety
    /// `place` is valid for the write of an answer.
    #[inline(always)]
    pub(crate) unsafe fn write(
        place: *mut Self,
        slot: u32,
        generation: u32,
        result: impl FnOnce() -> Result<R, AskError>,
    ) {
        // SAFETY: a field of a place that is valid for writes, by the caller.
        unsafe { (*place).slot = slot };
        // SAFETY: as above.
        unsafe { (*place).generation = generation };
        // SAFETY: as above.
        let place = unsafe { &raw mut (*place).result };
        // SAFETY: as above.
        unsafe { place.write(Some(result())) };
    }

    /// Moves it elsewhere.
    fn take(&mut self) -> Self {
        Self { slot: self.slot, generation: self.generation, result: self.result.take() }
    }
}

/// What to do with an answer, without the types of the locus that asked.
trait Then<R> {
    /// Calls it with the result of `answer`, which is taken from where it lies: a copy on the way would cost more than the
    /// call.
    fn call(self: Box<Self>, core: &Core, cell: &dyn AnyCell, answer: &mut Answer<R>);
}

/// As large as the closure alone, so that one without captures needs no memory.
struct ThenOf<L, F, O>(F, PhantomData<fn(L) -> O>);

impl<R, L, F, O> Then<R> for ThenOf<L, F, O>
where
    L: Locus,
    F: FnOnce(&mut L, Result<R, AskError>, &mut Cx<'_, L>) -> O,
    O: IntoOutcome,
{
    fn call(self: Box<Self>, core: &Core, cell: &dyn AnyCell, answer: &mut Answer<R>) {
        let cell: &dyn Any = cell;
        let Some(cell) = cell.downcast_ref::<LocusCell<L>>() else { return };
        let Some(result) = answer.result.take() else { return };
        let run = || cell.activate(core, |me, cx| (self.0)(me, result, cx).into_outcome());
        after::<L>(core, cell, "then", catch_unwind(AssertUnwindSafe(run)));
    }
}

/// An answer that a future waits for.
enum Wanted<R> {
    /// It has not come.
    Wake(Waker),
    /// There it is, until the future takes it.
    Answered(Result<R, AskError>),
}

/// A question, or room for one: where neither `then` nor `wanted` is there, none is open.
struct Slot<R> {
    generation: u32,
    /// Who asked.
    cell: CellId,
    /// The activation that asked, for its rollback.
    activation: u64,
    deadline: Option<Instant>,
    /// What takes the answer in an activation of its own.
    then: Option<Box<dyn Then<R>>>,
    /// The answer in the future that asked.
    wanted: Option<Wanted<R>>,
}

impl<R> Slot<R> {
    fn is_open(&self) -> bool {
        self.then.is_some() || self.wanted.is_some()
    }
}

/// How an answer was wanted: in an activation, or in a future.
type HowWanted<R> = (Option<Box<dyn Then<R>>>, Option<Wanted<R>>);

/// The slots, and which of them are free.
struct Table<R> {
    slots: Vec<Slot<R>>,
    free: Vec<u32>,
}

impl<R> Table<R> {
    /// The slot of the question with this name, as long as that is open.
    #[inline]
    fn get(&mut self, slot: u32, generation: u32) -> Option<&mut Slot<R>> {
        self.slots.get_mut(slot as usize).filter(|slot| slot.generation == generation)
    }

    /// A slot for a question, and its number.
    #[inline]
    fn open(&mut self) -> (&mut Slot<R>, u32) {
        let number = self.free.pop().unwrap_or_else(|| self.add());
        (&mut self.slots[number as usize], number)
    }

    #[cold]
    #[inline(never)]
    fn add(&mut self) -> u32 {
        let cell = CellId { index: 0, generation: 0 };
        let slot = Slot { generation: 0, cell, activation: 0, deadline: None, then: None, wanted: None };
        self.slots.push(slot);
        u32::try_from(self.slots.len() - 1).expect("bounded by QUESTIONS_OPEN_MAX")
    }

    fn count(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}

/// The open questions of topic `T`; listed among the routes under the topic's second number.
pub(crate) struct Answers<T: Topic> {
    number: u16,
    table: RefCell<Table<T::Reply>>,
}

impl<T: Topic> Answers<T> {
    pub(crate) fn new(number: u16) -> Self {
        Self { number, table: RefCell::new(Table { slots: Vec::new(), free: Vec::new() }) }
    }

    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.table.borrow().count() > QUESTIONS_OPEN_MAX
    }

    /// Opens a slot for an answer that is handled by `then`.
    #[inline]
    pub(crate) fn open<L, F, O>(&self, core: &Core, cell: CellId, deadline: Instant, then: F) -> Address
    where
        L: Locus,
        F: FnOnce(&mut L, Result<T::Reply, AskError>, &mut Cx<'_, L>) -> O + 'static,
        O: IntoOutcome + 'static,
    {
        let then: Box<dyn Then<T::Reply>> = Box::new(ThenOf::<L, F, O>(then, PhantomData));
        self.open_for(core, cell, deadline, |slot| {
            let before = slot.then.replace(then);
            debug_assert!(before.is_none(), "the slot is free");
            // It is nothing, so there is nothing to drop.
            std::mem::forget(before);
        })
    }

    /// Opens a slot for an answer that wakes a future.
    pub(crate) fn open_waiting(
        &self,
        core: &Core,
        cell: CellId,
        deadline: Instant,
        waker: &Waker,
    ) -> Address {
        let waker = waker.clone();
        self.open_for(core, cell, deadline, |slot| slot.wanted = Some(Wanted::Wake(waker)))
    }

    #[inline(always)]
    fn open_for(
        &self,
        core: &Core,
        cell: CellId,
        deadline: Instant,
        want: impl FnOnce(&mut Slot<T::Reply>),
    ) -> Address {
        let mut table = self.table.borrow_mut();
        let (entry, slot) = table.open();
        let generation = entry.generation;
        // Field by field: what is read again soon, in other widths than it was written in, has to wait for the cache.
        entry.cell = cell;
        entry.activation = core.activation();
        entry.deadline = Some(deadline);
        want(entry);
        drop(table);
        core.count_question(1);
        Address {
            app: core.app_id(),
            pool: core.id,
            number: self.number,
            slot,
            generation,
            ensure: |core| core.ensure_route::<T>(),
        }
    }

    /// Takes the answer that a future waits for, or has `waker` woken when it comes.
    ///
    /// A slot that is no longer the question's was closed with the activation that asked: nobody will answer.
    pub(crate) fn poll(&self, core: &Core, at: Address, waker: &Waker) -> Poll<Result<T::Reply, AskError>> {
        let mut table = self.table.borrow_mut();
        match table.get(at.slot, at.generation).and_then(|slot| slot.wanted.as_mut()) {
            Some(Wanted::Wake(known)) => {
                known.clone_from(waker);
                return Poll::Pending;
            }
            Some(Wanted::Answered(_)) => {}
            None => return Poll::Ready(Err(AskError::Failed)),
        }
        drop(table);
        match self.close(core, at.slot, at.generation) {
            Some((_, Some(Wanted::Answered(result)))) => Poll::Ready(result),
            _ => unreachable!("it was answered a moment ago"),
        }
    }

    /// Forgets a question whose future is dropped.
    pub(crate) fn leave(&self, core: &Core, at: Address) {
        drop(self.close(core, at.slot, at.generation));
    }

    /// Forgets a question; returns how its answer was wanted.
    #[inline(never)]
    fn close(&self, core: &Core, slot: u32, generation: u32) -> Option<HowWanted<T::Reply>> {
        let mut table = self.table.borrow_mut();
        let entry = table.get(slot, generation).filter(|entry| entry.is_open())?;
        let how = (entry.then.take(), entry.wanted.take());
        entry.generation = entry.generation.wrapping_add(1);
        table.free.push(slot);
        core.count_question(-1);
        Some(how)
    }

    /// Wakes the future that asked, or runs the answer's activation, or sets the answer aside while the locus is not
    /// ready. Nobody takes one that comes too late.
    #[inline]
    fn arrive(&self, core: &Core, answer: &mut Answer<T::Reply>) {
        let mut table = self.table.borrow_mut();
        let Some(slot) = table.get(answer.slot, answer.generation) else { return };
        if slot.then.is_none() {
            drop(table);
            return self.wake(answer);
        }
        let asker = slot.cell;
        let Some(cell) = core.find_cell(asker) else {
            drop(table);
            return drop(self.close(core, answer.slot, answer.generation));
        };
        if cell.head().state.get() != State::Ready {
            drop(table);
            return self.arrive_too_early(core, &*cell, answer);
        }
        let then = slot.then.take();
        slot.generation = slot.generation.wrapping_add(1);
        table.free.push(answer.slot);
        drop(table);
        core.count_question(-1);
        if let Some(then) = then {
            then.call(core, &*cell, answer);
        }
    }

    /// Sets an answer aside for a locus that is not ready, or drops it where that has ended.
    #[cold]
    #[inline(never)]
    fn arrive_too_early(&self, core: &Core, cell: &dyn AnyCell, answer: &mut Answer<T::Reply>) {
        if cell.head().state.get() == State::Closed {
            return drop(self.close(core, answer.slot, answer.generation));
        }
        core.set_aside(cell.head().id, self.number, answer.take());
    }

    /// Gives an answer to the future that waits for it.
    #[inline(never)]
    fn wake(&self, answer: &mut Answer<T::Reply>) {
        let waker = {
            let mut table = self.table.borrow_mut();
            let waiting = table.get(answer.slot, answer.generation);
            // If it was answered already, the time was up before.
            let Some(slot) = waiting.filter(|slot| matches!(slot.wanted, Some(Wanted::Wake(_)))) else {
                return;
            };
            let Some(result) = answer.result.take() else { return };
            slot.deadline = None;
            slot.wanted.replace(Wanted::Answered(result))
        };
        if let Some(Wanted::Wake(waker)) = waker {
            waker.wake();
        }
    }
}

impl<T: Topic> AnyRoute for Answers<T> {
    fn dispatch(&self, pass: &mut Pass<'_>) {
        // SAFETY: a record of this number is there, and it holds an `Answer` (`cursor` I2).
        let mut answer = unsafe { pass.cursor.take::<Answer<T::Reply>>() };
        self.arrive(pass.core, &mut answer);
    }

    fn replay(&self, core: &Core, side: &RefCell<Side>) {
        // SAFETY: the caller saw a record of this number, which holds an `Answer` (`cursor` I2).
        let mut answer = unsafe { side.borrow_mut().pop::<Answer<T::Reply>>() };
        self.arrive(core, &mut answer);
    }

    fn release(&self, _core: &Core, _head: &CellHead) -> bool {
        unreachable!("answers are never staged: they hold no credit")
    }

    /// The activation that answered has failed: the asker hears of that instead.
    unsafe fn take_back(&self, core: &Core, payload: *mut Word, pool: PoolId, _local: bool) {
        // SAFETY: by the caller, the payload of a record of this number, which is an `Answer`, given up.
        let answer = unsafe { payload.cast::<Answer<T::Reply>>().read() };
        let failed = Answer::<T::Reply> { result: Some(Err(AskError::Failed)), ..answer };
        core.send_answer_to(pool, self.number, failed);
    }

    unsafe fn take_back_staged(&self, _payload: *mut Word) {
        unreachable!("answers are never staged: they hold no credit")
    }

    fn forget(&self, core: &Core, activation: u64) {
        let asked_by = |slot: &Slot<T::Reply>| slot.is_open() && slot.activation == activation;
        let lost: Vec<(u32, u32)> = {
            let table = self.table.borrow();
            let lost = table.slots.iter().zip(0..).filter(|(slot, _)| asked_by(slot));
            lost.map(|(slot, index)| (index, slot.generation)).collect()
        };
        for (slot, generation) in lost {
            drop(self.close(core, slot, generation));
        }
    }

    fn expire(&self, core: &Core, now: Instant) {
        let mut due = Vec::new();
        for (slot, index) in self.table.borrow_mut().slots.iter_mut().zip(0..) {
            if slot.is_open() && slot.deadline.is_some_and(|deadline| deadline <= now) {
                slot.deadline = None;
                due.push((index, slot.generation));
            }
        }
        for (slot, generation) in due {
            self.arrive(core, &mut Answer { slot, generation, result: Some(Err(AskError::Timeout)) });
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
