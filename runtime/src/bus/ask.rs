//! Request and reply: `cx.ask(q).within(d)`, awaited or followed by `.then(..)`, and the promise a responder holds.
//!
//! A question travels as an ordinary message with its [`Reply`] beside it. The answer comes back as a record under the
//! topic's second number, straight to the pool that asked, and wakes the future that asked or runs as an activation of
//! its locus. Neither direction allocates.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;

use super::answers::Answer;
use super::route::Route;
use super::topic::{Promise, Topic};
use crate::app::shared;
use crate::locus::cell::CellHead;
use crate::locus::context::Cx;
use crate::locus::describe::{IntoOutcome, Locus};
use crate::pool::PoolId;
use crate::pool::core::Core;
use crate::pool::core::on_pool::OnPool;

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

/// A pool's table of open questions of one topic, as it is known elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Home {
    /// Makes the topic's routes known on the pool that answers, which may neither publish nor take it.
    pub(crate) ensure: fn(&Core),
    /// App, pool and the number of the topic's answers, from the top: in one word, so that one comparison tells whose it is.
    at: u64,
}

impl Home {
    /// In place of a pool's: none is there.
    pub(crate) const NOWHERE: u64 = u64::MAX;

    pub(crate) fn new(ensure: fn(&Core), app: u32, pool: PoolId, number: u16) -> Self {
        Self { ensure, at: Self::of_pool(app, pool) << 16 | u64::from(number) }
    }

    /// App and pool.
    pub(crate) fn of_pool(app: u32, pool: PoolId) -> u64 {
        u64::from(app) << 16 | u64::from(pool)
    }

    #[inline]
    pub(crate) fn is_on(&self, pool: u64) -> bool {
        self.at >> 16 == pool
    }

    pub(crate) fn app(&self) -> u32 {
        (self.at >> 32) as u32
    }

    pub(crate) fn pool(&self) -> PoolId {
        (self.at >> 16) as PoolId
    }

    /// The number of the topic's answers.
    #[inline]
    pub(crate) fn number(&self) -> u16 {
        self.at as u16
    }
}

/// One question in such a table: its slot, and which of those that were ever in there. One word, so that it is read as it
/// was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QuestionId(u64);

impl QuestionId {
    #[inline]
    pub(crate) fn new(slot: u32, generation: u32) -> Self {
        Self(u64::from(generation) << 32 | u64::from(slot))
    }

    #[inline]
    pub(crate) fn slot(self) -> u32 {
        self.0 as u32
    }

    #[inline]
    pub(crate) fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// Where an answer goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address {
    pub(crate) home: Home,
    pub(crate) question: QuestionId,
}

enum To<R> {
    Pool(Address),
    Task(oneshot::Sender<Result<R, AskError>>),
}

/// The promise to answer one question, completed once, from any thread.
///
/// Dropped unanswered, the asker gets [`AskError::Unanswered`], or [`AskError::Failed`] when the handler failed.
#[must_use = "dropping a `Reply` tells the asker that there is no answer"]
pub struct Reply<R: Send + 'static>(
    /// Nothing is left in here when it is dropped: so all there is to dropping one is a look.
    ManuallyDrop<Option<To<R>>>,
);

impl<R: Send + 'static> Reply<R> {
    pub(crate) fn to_pool(address: Address) -> Self {
        Self(ManuallyDrop::new(Some(To::Pool(address))))
    }

    pub(crate) fn to_task(sender: oneshot::Sender<Result<R, AskError>>) -> Self {
        Self(ManuallyDrop::new(Some(To::Task(sender))))
    }

    /// A reply to a question that was published, not asked.
    pub(crate) fn unheard() -> Self {
        Self(ManuallyDrop::new(None))
    }

    /// Answers. An answer that comes too late, or that nobody waits for, is dropped.
    #[inline]
    pub fn send(self, answer: R) {
        complete(ManuallyDrop::new(self).0.take(), || Ok(answer));
    }

    pub(crate) fn fail(self, why: AskError) {
        complete(ManuallyDrop::new(self).0.take(), || Err(why));
    }

    #[cold]
    #[inline(never)]
    fn forsake(&mut self) {
        let to = self.0.take();
        let is_panicking = std::thread::panicking();
        let tell = move |has_failed| {
            let has_failed = has_failed || is_panicking;
            complete(to, || Err(if has_failed { AskError::Failed } else { AskError::Unanswered }));
        };
        Core::with_current(|core| match core.filter(|core| core.is_in_call()) {
            Some(core) => core.tell_after_call(Box::new(tell)),
            None => tell(false),
        });
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

/// Answers, or says why there is no answer: most often to a question of the pool that runs, whose queue has room. The result
/// is made where it goes, so that it is put together nowhere else first; the promise is not looked at again.
#[inline(always)]
fn complete<R: Send + 'static>(to: Option<To<R>>, result: impl FnOnce() -> Result<R, AskError>) {
    Core::with_current(|core| {
        // Lent only on the rare way: so it need not be put together in memory for the other.
        let to = ManuallyDrop::new(to);
        let result = match (&*to, core) {
            (Some(To::Pool(address)), Some(core)) => match core.take_answer(address, result) {
                Ok(()) => return,
                Err(result) => result,
            },
            _ => result,
        };
        complete_anyway(core, ManuallyDrop::into_inner(to), result());
    });
}

/// Brings an answer wherever it goes: through this pool's queue or outbox, or, from another thread, through the control
/// channel.
#[inline(never)]
fn complete_anyway<R: Send + 'static>(core: Option<&Core>, to: Option<To<R>>, result: Result<R, AskError>) {
    let address = match to {
        None => return,
        Some(To::Task(sender)) => {
            return match core.filter(|core| core.has_publisher()) {
                // A failure takes the answer back, as it does what was published.
                Some(core) => core.tell_after_activation(Box::new(move |has_failed| {
                    drop(sender.send(if has_failed { Err(AskError::Failed) } else { result }));
                })),
                None => drop(sender.send(result)),
            };
        }
        Some(To::Pool(address)) => address,
    };
    if let Some(core) = core
        && core.app_id() == address.home.app()
    {
        core.send_answer(address, result);
        core.has_come();
    } else if let Some(app) = shared::find(address.home.app()) {
        let Address { home, question } = address;
        let answer = Answer { question, result };
        app.tell(home.pool(), Box::new(move |core| core.send_answer_to(home.pool(), home.number(), answer)));
    }
}

/// A question about to be asked.
#[must_use = "nothing is asked until it is awaited, or `then` says what to do with the answer"]
pub struct Ask<'c, L, Q> {
    core: OnPool<'c, Core>,
    head: OnPool<'c, CellHead>,
    question: Q,
    within: Duration,
    marker: PhantomData<fn(&mut L)>,
}

impl<L, Q> fmt::Debug for Ask<'_, L, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("within", &self.within).finish_non_exhaustive()
    }
}

// No `PublishedBy` here: it would say a second time that a topic is not declared.
impl<'c, L: Locus, Q: Topic> Ask<'c, L, Q> {
    pub(crate) fn new(core: OnPool<'c, Core>, head: OnPool<'c, CellHead>, question: Q) -> Self {
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
    #[inline]
    pub fn then<F, O>(self, then: F)
    where
        F: FnOnce(&mut L, Result<Q::Reply, AskError>, &mut Cx<'_, L>) -> O + 'static,
        O: IntoOutcome + 'static,
    {
        let core = self.core.get();
        let route = core.route::<Q>();
        let address = route.answers().open::<L, F, O>(core, self.head.id, core.now() + self.within, then);
        send(core, route, self.question, address);
    }
}

/// Publishes a question whose answer has a slot.
#[inline]
fn send<Q: Topic>(core: &Core, route: &Route<Q>, question: Q, address: Address) {
    if route.answers().is_full() {
        return Q::Promise::from_reply(Reply::to_pool(address)).fail(AskError::Full);
    }
    route.ask(core, question, address);
}

// As above.
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
    core: OnPool<'c, Core>,
    head: OnPool<'c, CellHead>,
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
        let core = self.core.get();
        if let Some(question) = self.question.take() {
            let deadline = core.now() + self.within;
            let route = core.route::<Q>();
            let address = route.answers().open_waiting(core, self.head.id, deadline, context.waker());
            self.address = Some(address);
            send(core, route, question, address);
            return Poll::Pending;
        }
        let address = self.address.expect("a future is not polled after its end");
        let answer = core.route::<Q>().answers().poll(core, address, context.waker());
        if answer.is_ready() {
            self.address = None;
        }
        answer
    }
}

impl<Q: Topic> Drop for Asking<'_, Q> {
    fn drop(&mut self) {
        if let Some(address) = self.address {
            self.core.route::<Q>().answers().leave(&self.core, address);
        }
    }
}
