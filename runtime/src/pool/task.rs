//! The futures of a pool: `run` methods and async births.
//!
//! Each has a waker of its own, so one ready socket polls one future. A wake-up puts the future's number on a bounded
//! list and rings the pool's bell; a number is on the list at most once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crossbeam_queue::ArrayQueue;

use crate::locus::describe::{LocalBoxFuture, Outcome};
use crate::pool::bell::Bell;

/// Wake-ups waiting for one turn; over it every future is polled once.
const WOKEN_MAX: usize = 1024;

/// What a future is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Birth,
    Run,
}

/// Where wake-ups arrive.
pub(crate) struct Woken {
    list: ArrayQueue<u32>,
    is_overfull: AtomicBool,
    bell: Arc<Bell>,
}

impl Woken {
    pub(crate) fn new(bell: Arc<Bell>) -> Arc<Self> {
        Arc::new(Self { list: ArrayQueue::new(WOKEN_MAX), is_overfull: AtomicBool::new(false), bell })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty() && !self.is_overfull.load(Ordering::Acquire)
    }
}

struct TaskWaker {
    task: u32,
    is_listed: AtomicBool,
    woken: Arc<Woken>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.is_listed.swap(true, Ordering::AcqRel) {
            return;
        }
        if self.woken.list.push(self.task).is_err() {
            self.woken.is_overfull.store(true, Ordering::Release);
        }
        self.woken.bell.ring();
    }
}

struct Task {
    cell: u32,
    purpose: Purpose,
    future: LocalBoxFuture<'static, Outcome>,
    listed: Arc<TaskWaker>,
    waker: Waker,
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
    woken: Arc<Woken>,
}

impl Tasks {
    pub(crate) fn new(woken: Arc<Woken>) -> Self {
        Self { tasks: Vec::new(), woken }
    }

    /// Adds a future, to be polled in the next turn.
    pub(crate) fn add(&mut self, cell: u32, purpose: Purpose, future: LocalBoxFuture<'static, Outcome>) {
        let index = self.tasks.iter().position(Option::is_none).unwrap_or(self.tasks.len());
        if index == self.tasks.len() {
            self.tasks.push(None);
        }
        let task = u32::try_from(index).expect("fewer than 4 billion futures on one pool");
        let listed =
            Arc::new(TaskWaker { task, is_listed: AtomicBool::new(false), woken: Arc::clone(&self.woken) });
        let waker = Waker::from(Arc::clone(&listed));
        waker.wake_by_ref();
        self.tasks[index] = Some(Task { cell, purpose, future, listed, waker });
    }

    /// Drops the futures of a locus.
    pub(crate) fn cancel(&mut self, cell: u32) {
        for slot in &mut self.tasks {
            if slot.as_ref().is_some_and(|task| task.cell == cell) {
                drop_quietly(slot.take());
            }
        }
    }

    /// Drops every future.
    pub(crate) fn cancel_all(&mut self) {
        self.tasks.drain(..).for_each(drop_quietly);
    }

    /// Whether a locus has a future of this kind.
    pub(crate) fn has(&self, cell: u32, purpose: Purpose) -> bool {
        self.tasks.iter().flatten().any(|task| task.cell == cell && task.purpose == purpose)
    }

    pub(crate) fn is_woken(&self) -> bool {
        !self.woken.is_empty()
    }

    /// Polls what was woken. `before` hears of each locus whose future is about to be polled.
    pub(crate) fn poll(&mut self, mut before: impl FnMut(u32, Purpose)) -> (usize, Vec<Ended>) {
        let mut ended = Vec::new();
        let mut polled = 0;
        if self.woken.is_overfull.swap(false, Ordering::AcqRel) {
            for index in 0..self.tasks.len() {
                polled += usize::from(self.poll_one(index, &mut before, &mut ended));
            }
        }
        for _ in 0..self.woken.list.len() {
            let Some(task) = self.woken.list.pop() else { break };
            polled += usize::from(self.poll_one(task as usize, &mut before, &mut ended));
        }
        (polled, ended)
    }

    fn poll_one(
        &mut self,
        index: usize,
        before: &mut impl FnMut(u32, Purpose),
        ended: &mut Vec<Ended>,
    ) -> bool {
        let Some(task) = self.tasks.get_mut(index).and_then(Option::as_mut) else { return false };
        // A swap, not a store: a waker that found the flag set has done its work before this poll looks for it.
        task.listed.is_listed.swap(false, Ordering::AcqRel);
        before(task.cell, task.purpose);
        let mut context = Context::from_waker(&task.waker);
        let polled = catch_unwind(AssertUnwindSafe(|| task.future.as_mut().poll(&mut context)));
        let result = match polled {
            Ok(Poll::Pending) => return true,
            Ok(Poll::Ready(outcome)) => Ok(outcome),
            Err(panic) => Err(panic),
        };
        let (cell, purpose) = (task.cell, task.purpose);
        drop_quietly(self.tasks[index].take());
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
