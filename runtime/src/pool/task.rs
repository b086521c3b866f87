//! The boxed futures of a pool: `run` methods and async births. Handlers that wait lie in [`slot`](super::slot)s.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::locus::describe::{LocalBoxFuture, Outcome};
use crate::pool::slot::SLOT_BIT;
use crate::pool::woken::{WakeCell, Woken};

/// What a future is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Birth,
    Run,
}

/// The index of no future.
const NO_TASK: u32 = u32::MAX;

struct Task {
    cell: u32,
    /// The next future of the same locus.
    next: u32,
    purpose: Purpose,
    future: LocalBoxFuture<'static, Outcome>,
    listed: Arc<WakeCell>,
    waker: Waker,
}

/// Which slots were woken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WokenSlots {
    One(u32),
    /// More than there is a list for.
    All,
}

/// A future that ended.
pub(crate) struct Ended {
    pub(crate) cell: u32,
    pub(crate) purpose: Purpose,
    /// `Err` holds the panic.
    pub(crate) result: std::thread::Result<Outcome>,
}

/// All futures of one pool.
pub(crate) struct Tasks {
    tasks: Vec<Option<Task>>,
    free: Vec<u32>,
    /// By cell: the first of its futures.
    of_cell: Vec<u32>,
    woken: Arc<Woken>,
}

impl Tasks {
    pub(crate) fn new(woken: Arc<Woken>) -> Self {
        Self { tasks: Vec::new(), free: Vec::new(), of_cell: Vec::new(), woken }
    }

    /// Adds a future, to be polled in the next turn.
    pub(crate) fn add(&mut self, cell: u32, purpose: Purpose, future: LocalBoxFuture<'static, Outcome>) {
        let task = self.free.pop().unwrap_or_else(|| {
            self.tasks.push(None);
            u32::try_from(self.tasks.len() - 1).expect("fewer than 4 billion futures on one pool")
        });
        let of_cell = cell as usize;
        if self.of_cell.len() <= of_cell {
            self.of_cell.resize(of_cell + 1, NO_TASK);
        }
        let next = std::mem::replace(&mut self.of_cell[of_cell], task);
        let listed = WakeCell::new(task, &self.woken);
        let waker = Waker::from(Arc::clone(&listed));
        waker.wake_by_ref();
        self.tasks[task as usize] = Some(Task { cell, next, purpose, future, listed, waker });
    }

    /// Drops the futures of a locus.
    pub(crate) fn cancel(&mut self, cell: u32) {
        while let Some(task) = self.first_of(cell) {
            drop_quietly(self.take(task));
        }
    }

    /// Drops every future.
    pub(crate) fn cancel_all(&mut self) {
        self.of_cell.clear();
        self.free.clear();
        self.tasks.drain(..).for_each(drop_quietly);
    }

    /// Whether a locus has a future of this kind.
    pub(crate) fn has(&self, cell: u32, purpose: Purpose) -> bool {
        let mut next = self.first_of(cell);
        while let Some(task) = next.and_then(|task| self.tasks[task as usize].as_ref()) {
            if task.purpose == purpose {
                return true;
            }
            next = Some(task.next).filter(|next| *next != NO_TASK);
        }
        false
    }

    fn first_of(&self, cell: u32) -> Option<u32> {
        self.of_cell.get(cell as usize).copied().filter(|task| *task != NO_TASK)
    }

    /// Takes a future out, and off the list of its locus.
    fn take(&mut self, task: u32) -> Option<Task> {
        let taken = self.tasks[task as usize].take()?;
        self.free.push(task);
        let first = &mut self.of_cell[taken.cell as usize];
        if *first == task {
            *first = taken.next;
            return Some(taken);
        }
        // A locus has few futures.
        let mut before = *first;
        while let Some(one) = self.tasks.get_mut(before as usize).and_then(Option::as_mut) {
            if one.next == task {
                one.next = taken.next;
                break;
            }
            before = one.next;
        }
        Some(taken)
    }

    pub(crate) fn is_woken(&self) -> bool {
        !self.woken.is_empty()
    }

    /// Polls what was woken. `before` hears of each locus whose future is about to be polled, `slots` of each slot.
    pub(crate) fn poll(
        &mut self,
        mut before: impl FnMut(u32, Purpose),
        mut slots: impl FnMut(WokenSlots) -> usize,
    ) -> (usize, Vec<Ended>) {
        let mut ended = Vec::new();
        let mut polled = 0;
        if self.woken.take_overfull() {
            for index in 0..self.tasks.len() {
                polled += usize::from(self.poll_one(
                    u32::try_from(index).unwrap_or(NO_TASK),
                    &mut before,
                    &mut ended,
                ));
            }
            polled += slots(WokenSlots::All);
        }
        let listed = self.woken.len();
        for _ in 0..listed {
            let Some(number) = self.woken.pop() else { break };
            polled += match number & SLOT_BIT {
                0 => usize::from(self.poll_one(number, &mut before, &mut ended)),
                _ => slots(WokenSlots::One(number)),
            };
        }
        (polled, ended)
    }

    fn poll_one(
        &mut self,
        index: u32,
        before: &mut impl FnMut(u32, Purpose),
        ended: &mut Vec<Ended>,
    ) -> bool {
        let Some(task) = self.tasks.get_mut(index as usize).and_then(Option::as_mut) else { return false };
        task.listed.unlist();
        before(task.cell, task.purpose);
        let mut context = Context::from_waker(&task.waker);
        let polled = catch_unwind(AssertUnwindSafe(|| task.future.as_mut().poll(&mut context)));
        let result = match polled {
            Ok(Poll::Pending) => return true,
            Ok(Poll::Ready(outcome)) => Ok(outcome),
            Err(panic) => Err(panic),
        };
        let (cell, purpose) = (task.cell, task.purpose);
        drop_quietly(self.take(index));
        ended.push(Ended { cell, purpose, result });
        true
    }
}

/// Drops a future whose destructors may panic: the pool goes on.
fn drop_quietly(task: Option<Task>) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(task))) {
        let text = crate::supervise::panic_text(panic.as_ref());
        tracing::error!(target: "locus::supervise", "a future panicked while it was dropped: {text}");
    }
}
