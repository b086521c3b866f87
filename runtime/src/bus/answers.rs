//! The table of open questions of one topic on one pool, and the way of answers into it.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Poll, Waker};
use std::time::Instant;

use super::ask::{Address, AskError, Home, QuestionId};
use super::figures::DropReason;
use super::pass::Pass;
use super::record::{Header, Word};
use super::route::AnyRoute;
use super::side::Side;
use super::topic::Topic;
use crate::locus::any_cell::AnyCell;
use crate::locus::cell::{CellHead, CellId, State};
use crate::locus::context::Cx;
use crate::locus::describe::{IntoOutcome, Locus};
use crate::pool::PoolId;
use crate::pool::core::Core;
use crate::pool::core::cells::{cell_of, head_of};

/// Questions of one topic that one pool may have open: far above what a service means to have, and bounded.
const QUESTIONS_OPEN_MAX: usize = 65_536;

/// An answer under way.
pub(crate) struct Answer<R> {
    pub(crate) question: QuestionId,
    pub(crate) result: Result<R, AskError>,
}

impl<R> Answer<R> {
    /// Makes an answer where it goes, part by part.
    ///
    /// # Safety
    /// `place` is valid for the write of an answer.
    #[inline(always)]
    pub(crate) unsafe fn write(
        place: *mut Self,
        question: QuestionId,
        result: impl FnOnce() -> Result<R, AskError>,
    ) {
        // SAFETY: a field of a place that is valid for writes, by the caller.
        unsafe { (*place).question = question };
        // SAFETY: as above.
        let place = unsafe { &raw mut (*place).result };
        // SAFETY: as above.
        unsafe { place.write(result()) };
    }
}

/// What to do with an answer, without the types of the locus that asked.
trait Then<R> {
    /// Calls it with the result, which is taken from where it lies: a copy on the way would cost more than the call. An
    /// activation that unwinds is noted, and left to the caller.
    ///
    /// # Safety
    /// There is a result, and it is the callee's.
    unsafe fn call(self: Box<Self>, core: &Core, cell: &dyn AnyCell, result: *const Result<R, AskError>);
}

/// As large as the closure alone, so that one without captures needs no memory.
struct ThenOf<L, F, O>(F, PhantomData<fn(L) -> O>);

impl<R, L, F, O> Then<R> for ThenOf<L, F, O>
where
    L: Locus,
    F: FnOnce(&mut L, Result<R, AskError>, &mut Cx<'_, L>) -> O,
    O: IntoOutcome,
{
    unsafe fn call(self: Box<Self>, core: &Core, cell: &dyn AnyCell, result: *const Result<R, AskError>) {
        // SAFETY: by the caller; it is read before anything is done that may take its place.
        let result = unsafe { result.read() };
        let Some(cell) = cell_of::<L>(cell) else { return };
        let unwinds = Unwinds { core, head: &cell.head };
        let outcome = cell.activate(core, |me, cx| (self.0)(me, result, cx).into_outcome());
        std::mem::forget(unwinds);
        core.name_activation(&cell.head, THEN);
        if let Err(error) = outcome {
            core.failed(&cell.head, THEN, error);
        }
    }
}

/// What the activation that takes an answer is called in reports.
const THEN: &str = "then";

/// Dropped only where such an activation unwinds, which it notes for whoever catches that.
struct Unwinds<'a> {
    core: &'a Core,
    head: &'a CellHead,
}

impl Drop for Unwinds<'_> {
    #[cold]
    #[inline(never)]
    fn drop(&mut self) {
        self.core.note_unwound(self.head.id.index, THEN);
    }
}

/// An answer that a future waits for.
enum Wanted<R> {
    /// It has not come.
    Wake(Waker),
    /// There it is, until the future takes it.
    Answered(Result<R, AskError>),
}

/// In place of a slot: there are never so many.
const NO_SLOT: u32 = u32::MAX;

/// A question, or room for one: where neither `then` nor `wanted` is there, none is open.
struct Slot<R> {
    generation: u32,
    /// The free slot behind this one, as long as it is free itself.
    next_free: u32,
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

    /// Puts the slot, whose number this is, before the free ones of a table; its name is nobody's from now on.
    #[inline]
    fn give_back(&mut self, number: u32, free: &mut u32, open: &mut usize) {
        self.generation = self.generation.wrapping_add(1);
        self.next_free = std::mem::replace(free, number);
        *open -= 1;
    }
}

/// How an answer was wanted: in an activation, or in a future.
type HowWanted<R> = (Option<Box<dyn Then<R>>>, Option<Wanted<R>>);

/// The slots, and which of them are free.
struct Table<R> {
    slots: Vec<Slot<R>>,
    /// The first of the free ones, each of which names the next; or [`NO_SLOT`].
    free: u32,
    open: usize,
}

impl<R> Table<R> {
    /// The slot of the question with this name, as long as that is open.
    #[inline]
    fn get(&mut self, question: QuestionId) -> Option<&mut Slot<R>> {
        slot_of(&mut self.slots, question)
    }

    /// Takes a free slot, or one more, and has `fill` open it; returns the question's name.
    #[inline(always)]
    fn take(&mut self, is_large: &Cell<bool>, fill: impl FnOnce(&mut Slot<R>)) -> QuestionId {
        let Self { slots, free, open } = self;
        let (number, slot) = match slots.get_mut(*free as usize) {
            Some(slot) => (*free, slot),
            None => add_to(slots, is_large),
        };
        *free = slot.next_free;
        *open += 1;
        fill(slot);
        QuestionId::new(number, slot.generation)
    }

    /// Gives back the slot of a question that is open no more.
    #[inline]
    fn free(&mut self, question: QuestionId) {
        let Self { slots, free, open } = self;
        if let Some(slot) = slot_of(slots, question) {
            slot.give_back(question.slot(), free, open);
        }
    }
}

/// The slot of the question with this name, as long as that is open.
#[inline]
fn slot_of<R>(slots: &mut [Slot<R>], question: QuestionId) -> Option<&mut Slot<R>> {
    let slot = slots.get_mut(question.slot() as usize);
    slot.filter(|slot| slot.generation == question.generation())
}

/// One more slot, and its number.
#[cold]
#[inline(never)]
fn add_to<'s, R>(slots: &'s mut Vec<Slot<R>>, is_large: &Cell<bool>) -> (u32, &'s mut Slot<R>) {
    is_large.set(slots.len() >= QUESTIONS_OPEN_MAX);
    let number = u32::try_from(slots.len()).expect("bounded by QUESTIONS_OPEN_MAX");
    let cell = CellId { index: 0, generation: 0 };
    let next_free = NO_SLOT;
    let slot =
        Slot { generation: 0, next_free, cell, activation: 0, deadline: None, then: None, wanted: None };
    slots.push(slot);
    let last = slots.len() - 1;
    (number, &mut slots[last])
}

/// The open questions of topic `T`; listed among the routes under the topic's second number.
pub(crate) struct Answers<T: Topic> {
    home: Home,
    /// Whether there are more slots than questions may be open: only then those need to be counted.
    is_large: Cell<bool>,
    table: RefCell<Table<T::Reply>>,
}

impl<T: Topic> Answers<T> {
    pub(crate) fn new(home: Home) -> Self {
        let table = RefCell::new(Table { slots: Vec::new(), free: NO_SLOT, open: 0 });
        Self { home, is_large: Cell::new(false), table }
    }

    /// Whether more questions are open than may be.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.is_large.get() && self.table.borrow().open > QUESTIONS_OPEN_MAX
    }

    fn has_open(&self) -> bool {
        self.table.borrow().open > 0
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
        let question = table.take(&self.is_large, |slot| {
            // Field by field: what is read again soon, in other widths than it was written in, has to wait for the cache.
            slot.cell = cell;
            slot.activation = core.activation();
            slot.deadline = Some(deadline);
            want(slot);
        });
        drop(table);
        core.count_question(1);
        Address { home: self.home, question }
    }

    /// Takes the answer that a future waits for, or has `waker` woken when it comes.
    ///
    /// A slot that is no longer the question's was closed with the activation that asked: nobody will answer.
    pub(crate) fn poll(&self, core: &Core, at: Address, waker: &Waker) -> Poll<Result<T::Reply, AskError>> {
        let mut table = self.table.borrow_mut();
        match table.get(at.question).and_then(|slot| slot.wanted.as_mut()) {
            Some(Wanted::Wake(known)) => {
                let is_known = known.will_wake(waker);
                drop(table);
                if !is_known {
                    self.wake_instead(at.question, waker.clone());
                }
                return Poll::Pending;
            }
            Some(Wanted::Answered(_)) => {}
            None => return Poll::Ready(Err(AskError::Failed)),
        }
        drop(table);
        match self.close(core, at.question) {
            Some((_, Some(Wanted::Answered(result)))) => Poll::Ready(result),
            _ => unreachable!("it was answered a moment ago"),
        }
    }

    /// Has another waker woken. What it takes the place of is dropped with the table free: that is the user's code.
    fn wake_instead(&self, question: QuestionId, mut waker: Waker) {
        let mut table = self.table.borrow_mut();
        if let Some(Wanted::Wake(known)) = table.get(question).and_then(|slot| slot.wanted.as_mut()) {
            std::mem::swap(known, &mut waker);
        }
    }

    /// Forgets a question whose future is dropped.
    pub(crate) fn leave(&self, core: &Core, at: Address) {
        drop(self.close(core, at.question));
    }

    /// Forgets a question; returns how its answer was wanted.
    #[inline(never)]
    fn close(&self, core: &Core, question: QuestionId) -> Option<HowWanted<T::Reply>> {
        let mut table = self.table.borrow_mut();
        let entry = table.get(question).filter(|entry| entry.is_open())?;
        let how = (entry.then.take(), entry.wanted.take());
        table.free(question);
        core.count_question(-1);
        Some(how)
    }

    /// Hands the asker its answer, where all that a pass over the pool's own queue has left to do is that: it would be next
    /// in any case, after another pass.
    #[inline]
    pub(super) fn take_at_once(&self, pass: &Pass<'_>) {
        let core = pass.core;
        if !pass.cursor.is_at_end() || core.is_called_off() {
            return;
        }
        let kind = Header::of::<Answer<T::Reply>>(self.home.number(), 0).kind();
        if let Some(answer) = core.queue.take_only::<Answer<T::Reply>>(kind) {
            // SAFETY: a record of this number holds an `Answer` (`cursor` I2), which the queue has given up.
            unsafe { self.arrive(core, answer) };
        }
    }

    /// Wakes the future that asked, or runs the answer's activation, or sets the answer aside while the locus is not
    /// ready. Nobody takes one that comes too late.
    ///
    /// # Safety
    /// There is an answer, and it is the callee's. It may lie where the next record goes: it is read before anything else
    /// is done, also to be dropped.
    #[inline]
    unsafe fn arrive(&self, core: &Core, answer: *const Answer<T::Reply>) {
        // SAFETY: by the caller.
        let question = unsafe { (*answer).question };
        let mut table = self.table.borrow_mut();
        let Table { slots, free, open } = &mut *table;
        let found = slot_of(slots, question).filter(|slot| slot.then.is_some());
        let cell = found.as_ref().and_then(|slot| core.find_cell(slot.cell));
        let (Some(slot), Some(cell)) = (found, cell) else {
            drop(table);
            // SAFETY: by the caller; nothing was done before.
            return self.arrive_otherwise(core, unsafe { answer.read() });
        };
        if head_of(&*cell).state.get() != State::Ready {
            drop(table);
            // SAFETY: as above.
            return self.arrive_otherwise(core, unsafe { answer.read() });
        }
        let then = slot.then.take();
        slot.give_back(question.slot(), free, open);
        drop(table);
        core.count_question(-1);
        if let Some(then) = then {
            // SAFETY: as above.
            let result = unsafe { &raw const (*answer).result };
            // SAFETY: the part of the answer that is left.
            unsafe { then.call(core, &*cell, result) };
        }
    }

    /// The same outside of a pass, which would see to an activation that unwinds.
    fn arrive_alone(&self, core: &Core, answer: Answer<T::Reply>) {
        let answer = ManuallyDrop::new(answer);
        // SAFETY: it is not used again, nor dropped.
        let run = || unsafe { self.arrive(core, &raw const *answer) };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
            core.see_to_unwound(panic);
        }
    }

    /// Takes an answer that no activation takes now: a future does, or its locus is not ready, or it came too late.
    #[inline(never)]
    fn arrive_otherwise(&self, core: &Core, answer: Answer<T::Reply>) {
        let mut table = self.table.borrow_mut();
        let Some(slot) = table.get(answer.question) else { return };
        let (asker, is_future) = (slot.cell, slot.then.is_none());
        drop(table);
        if is_future {
            return self.wake(answer);
        }
        match core.state_of(asker) {
            None | Some(State::Closed) => drop(self.close(core, answer.question)),
            Some(_) => core.set_aside(asker, self.home.number(), answer),
        }
    }

    /// Gives an answer to the future that waits for it.
    fn wake(&self, answer: Answer<T::Reply>) {
        let waker = {
            let mut table = self.table.borrow_mut();
            let waiting = table.get(answer.question);
            // If it was answered already, the time was up before.
            let Some(slot) = waiting.filter(|slot| matches!(slot.wanted, Some(Wanted::Wake(_)))) else {
                return;
            };
            slot.deadline = None;
            slot.wanted.replace(Wanted::Answered(answer.result))
        };
        if let Some(Wanted::Wake(waker)) = waker {
            waker.wake();
        }
    }
}

impl<T: Topic> AnyRoute for Answers<T> {
    fn dispatch(&self, pass: &mut Pass<'_>) {
        // SAFETY: a record of this number is there, and it holds an `Answer` (`cursor` I2).
        let answer = unsafe { pass.cursor.take::<Answer<T::Reply>>() };
        // SAFETY: it is given up here.
        unsafe { self.arrive(pass.core, answer.give_up()) };
    }

    fn replay(&self, core: &Core, side: &RefCell<Side>) {
        // SAFETY: the caller saw a record of this number, which holds an `Answer` (`cursor` I2).
        let answer = unsafe { side.borrow_mut().pop::<Answer<T::Reply>>() };
        self.arrive_alone(core, answer);
    }

    fn release(&self, _core: &Core, _head: &CellHead) -> bool {
        unreachable!("answers are never staged: they hold no credit")
    }

    /// The activation that answered has failed: the asker hears of that instead.
    unsafe fn take_back(&self, core: &Core, payload: *mut Word, pool: PoolId, _local: bool) {
        // SAFETY: by the caller, the payload of a record of this number, which is an `Answer`, given up.
        let answer = unsafe { payload.cast::<Answer<T::Reply>>().read() };
        let failed = Answer::<T::Reply> { result: Err(AskError::Failed), ..answer };
        core.send_answer_to(pool, self.home.number(), failed);
    }

    unsafe fn take_back_staged(&self, _payload: *mut Word) {
        unreachable!("answers are never staged: they hold no credit")
    }

    fn forget(&self, core: &Core, activation: u64) {
        if !self.has_open() {
            return;
        }
        let asked_by = |slot: &Slot<T::Reply>| slot.is_open() && slot.activation == activation;
        let lost: Vec<QuestionId> = {
            let table = self.table.borrow();
            let lost = table.slots.iter().zip(0..).filter(|(slot, _)| asked_by(slot));
            lost.map(|(slot, index)| QuestionId::new(index, slot.generation)).collect()
        };
        for question in lost {
            drop(self.close(core, question));
        }
    }

    fn expire(&self, core: &Core, now: Instant) {
        if !self.has_open() {
            return;
        }
        let mut due = Vec::new();
        for (slot, index) in self.table.borrow_mut().slots.iter_mut().zip(0..) {
            if slot.is_open() && slot.deadline.is_some_and(|deadline| deadline <= now) {
                slot.deadline = None;
                due.push(QuestionId::new(index, slot.generation));
            }
        }
        for question in due {
            self.arrive_alone(core, Answer { question, result: Err(AskError::Timeout) });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_used_again_under_another_name() {
        let (mut table, is_large) =
            (Table::<u64> { slots: Vec::new(), free: NO_SLOT, open: 0 }, Cell::new(false));
        let take = |table: &mut Table<u64>| table.take(&is_large, |_| ());
        let first: Vec<QuestionId> = (0..3).map(|_| take(&mut table)).collect();
        assert_eq!(first.iter().map(|one| one.slot()).collect::<Vec<u32>>(), [0, 1, 2]);
        table.free(first[1]);
        table.free(first[0]);
        assert!(
            table.get(first[0]).is_none() && table.get(first[1]).is_none() && table.get(first[2]).is_some()
        );
        // Nobody's name gives nothing back.
        table.free(first[0]);
        assert_eq!(table.open, 1);
        let again: Vec<QuestionId> = (0..3).map(|_| take(&mut table)).collect();
        assert_eq!(again.iter().map(|one| one.slot()).collect::<Vec<u32>>(), [0, 1, 3]);
        assert!(first[..2].iter().all(|one| table.get(*one).is_none()));
        assert_eq!((table.open, is_large.get()), (4, false));
    }
}
