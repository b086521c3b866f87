//! Request and reply: `cx.ask(q).within(d)`, awaited or followed by `.then(..)`, and the promise a responder holds.
//!
//! A question travels as an ordinary message with its [`Reply`] beside it. The answer comes back as a record under the
//! topic's second number, straight to the pool that asked, and wakes the future that asked or runs as an activation of
//! its locus. Neither direction allocates.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;

use super::answers::Answers;
use super::publish::PublishedBy;
use super::topic::{Promise, Topic};
use crate::app::shared;
use crate::locus::cell::CellHead;
use crate::locus::context::Cx;
use crate::locus::describe::{IntoOutcome, Locus};
use crate::pool::PoolId;
use crate::pool::core::Core;

/// How long an ask waits where nothing else is said.
pub(crate) const ASK_WITHIN_DEFAULT: Duration = Duration::from_secs(5);

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AskError {
    /// Nobody handles the question, or nobody with its key.
    NoResponder,
    /// The topic, or the table of open questions, is full.
    Full,
    /// The time was up.
    Timeout,
    /// The responder dropped its `Reply`.
    Unanswered,
    /// The responder failed while it handled the question.
    Failed,
    /// The program drains.
    Closed,
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoResponder => "nobody answers this question",
            Self::Full => "too many questions are open",
            Self::Timeout => "no answer in time",
            Self::Unanswered => "the responder dropped the question",
            Self::Failed => "the responder failed",
            Self::Closed => "the program drains",
        })
    }
}

impl std::error::Error for AskError {}

/// Where an answer goes: a slot of a pool's table of open questions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address {
    pub(crate) app: u32,
    pub(crate) pool: PoolId,
    /// The number of the topic's answers.
    pub(crate) number: u16,
    pub(crate) slot: u32,
    pub(crate) generation: u32,
    /// Makes the topic's routes known on the pool that answers, which may neither publish nor take it.
    pub(crate) ensure: fn(&Core),
}

enum To<R> {
    Pool(Address),
    Task(oneshot::Sender<Result<R, AskError>>),
}

/// The promise to answer one question, completed once, from any thread.
///
/// Dropped unanswered, the asker gets [`AskError::Unanswered`], or [`AskError::Failed`] when the handler failed.
#[must_use = "dropping a `Reply` tells the asker that there is no answer"]
pub struct Reply<R: Send + 'static>(Option<To<R>>);

impl<R: Send + 'static> Reply<R> {
    pub(crate) fn to_pool(address: Address) -> Self {
        Self(Some(To::Pool(address)))
    }

    pub(crate) fn to_task(sender: oneshot::Sender<Result<R, AskError>>) -> Self {
        Self(Some(To::Task(sender)))
    }

    /// A reply to a question that was published, not asked.
    pub(crate) fn unheard() -> Self {
        Self(None)
    }

    /// Answers. An answer that comes too late, or that nobody waits for, is dropped.
    #[inline]
    pub fn send(mut self, answer: R) {
        self.complete(|| Ok(answer));
    }

    pub(crate) fn fail(mut self, why: AskError) {
        self.complete(|| Err(why));
    }

    /// The result is made where it goes, so that it is put together nowhere else first.
    #[inline(always)]
    fn complete(&mut self, result: impl FnOnce() -> Result<R, AskError>) {
        match self.0.take() {
            None => {}
            Some(To::Pool(address)) => deliver(address, result),
            Some(To::Task(sender)) => send_to_task(sender, result()),
        }
    }

    #[cold]
    #[inline(never)]
    fn forsake(&mut self) {
        let why = if std::thread::panicking() { AskError::Failed } else { AskError::Unanswered };
        self.complete(|| Err(why));
    }
}

impl<R: Send + 'static> Drop for Reply<R> {
    #[inline]
    fn drop(&mut self) {
        if self.0.is_some() {
            self.forsake();
        }
    }
}

impl<R: Send + 'static> fmt::Debug for Reply<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

#[inline(never)]
fn send_to_task<R>(sender: oneshot::Sender<Result<R, AskError>>, result: Result<R, AskError>) {
    drop(sender.send(result));
}

/// Brings an answer to the pool that asked: through this pool's queue or outbox, or, from another thread, through the
/// control channel.
#[inline(always)]
fn deliver<R: Send + 'static>(address: Address, result: impl FnOnce() -> Result<R, AskError>) {
    Core::with_current(move |core| {
        if let Some(core) = core
            && core.app_id() == address.app
            && core.id == address.pool
        {
            core.take_answer(address, result);
            core.has_come();
        } else {
            deliver_far(address, result());
        }
    });
}

#[inline(never)]
fn deliver_far<R: Send + 'static>(address: Address, result: Result<R, AskError>) {
    Core::with_current(|core| {
        if let Some(core) = core
            && core.app_id() == address.app
        {
            core.send_answer(address, result);
            core.has_come();
        } else if let Some(app) = shared::find(address.app) {
            app.tell(address.pool, Box::new(move |core| core.take_answer(address, || result)));
        }
    });
}

/// A question about to be asked.
#[must_use = "nothing is asked until it is awaited, or `then` says what to do with the answer"]
pub struct Ask<'c, L, Q> {
    core: &'c Core,
    head: &'c CellHead,
    question: Q,
    within: Duration,
    marker: PhantomData<fn(&mut L)>,
}

impl<L, Q> fmt::Debug for Ask<'_, L, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("within", &self.within).finish_non_exhaustive()
    }
}

impl<'c, L: Locus, Q: Topic + PublishedBy<L>> Ask<'c, L, Q> {
    pub(crate) fn new(core: &'c Core, head: &'c CellHead, question: Q) -> Self {
        Self { core, head, question, within: ASK_WITHIN_DEFAULT, marker: PhantomData }
    }

    /// Sets how long to wait for the answer. Checked every few milliseconds.
    pub fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    /// Asks, and handles the answer as an activation of its own.
    ///
    /// The question leaves when this activation succeeds; when it fails, neither the question nor `then` happens.
    ///
    /// # Cost
    /// No allocation when `then` captures nothing.
    pub fn then<F, O>(self, then: F)
    where
        F: FnOnce(&mut L, Result<Q::Reply, AskError>, &mut Cx<'_, L>) -> O + 'static,
        O: IntoOutcome + 'static,
    {
        let core = self.core;
        let answers = core.answers::<Q>();
        let address = answers.open::<L, F, O>(core, self.head.id, core.now() + self.within, then);
        send(core, answers, self.question, address);
    }
}

/// Publishes a question whose answer has a slot.
#[inline]
fn send<Q: Topic>(core: &Core, answers: &Answers<Q>, question: Q, address: Address) {
    if answers.is_full() {
        return Q::Promise::from_reply(Reply::to_pool(address)).fail(AskError::Full);
    }
    core.route::<Q>().ask(core, question, address);
}

// No `PublishedBy` here: it would say a second time that a topic is not declared.
impl<'c, L, Q: Topic> IntoFuture for Ask<'c, L, Q> {
    type Output = Result<Q::Reply, AskError>;
    type IntoFuture = Asking<'c, Q>;

    fn into_future(self) -> Asking<'c, Q> {
        let Self { core, head, question, within, .. } = self;
        Asking { core, head, question: Some(question), within, address: None }
    }
}

/// The future of a question in an `async` handler.
///
/// The question leaves when the handler suspends.
///
/// # Cancel safety
/// Dropped before it was polled, nothing is asked; dropped later, the answer is.
///
/// # Cost
/// No allocation.
#[must_use = "nothing is asked until it is awaited"]
pub struct Asking<'c, Q: Topic> {
    core: &'c Core,
    head: &'c CellHead,
    question: Option<Q>,
    within: Duration,
    address: Option<Address>,
}

impl<Q: Topic> fmt::Debug for Asking<'_, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asking").field("within", &self.within).finish_non_exhaustive()
    }
}

impl<Q: Topic> Unpin for Asking<'_, Q> {}

impl<Q: Topic> Future for Asking<'_, Q> {
    type Output = Result<Q::Reply, AskError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let core = self.core;
        if let Some(question) = self.question.take() {
            let deadline = core.now() + self.within;
            let answers = core.answers::<Q>();
            let address = answers.open_waiting(core, self.head.id, deadline, context.waker());
            self.address = Some(address);
            send(core, answers, question, address);
            return Poll::Pending;
        }
        let address = self.address.expect("a future is not polled after its end");
        let answer = core.answers::<Q>().poll(core, address, context.waker());
        if answer.is_ready() {
            self.address = None;
        }
        answer
    }
}

impl<Q: Topic> Drop for Asking<'_, Q> {
    fn drop(&mut self) {
        if let Some(address) = self.address {
            self.core.answers::<Q>().leave(self.core, address);
        }
    }
}
