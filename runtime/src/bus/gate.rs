//! The way in for threads and tasks that are not loci: a bounded channel into one pool, which publishes for them.
//!
//! A permit is taken before a message enters and returned when the pool has published it under the topic's policy, so a
//! full topic is felt outside as waiting for a permit. Closing is exact: nothing enters after the permits are closed,
//! and the gate is quiet once all permits are back.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use tokio::sync::{Semaphore, TryAcquireError, oneshot};

use super::ask::{ASK_WITHIN_DEFAULT, AskError, Reply};
use super::route::BOUND_DEFAULT;
use super::subscription::{Overflow, Subscription};
use super::topic::{Asked, Full, OnFull, Packet, Promise, Topic};
use crate::app::shared::AppShared;
use crate::locus::describe::Match;
use crate::pool::PoolId;
use crate::pool::core::Core;

/// Messages that may wait at one topic's gate; the topic's own bound where that is smaller.
const GATE_MESSAGES_MAX: u32 = BOUND_DEFAULT;

/// The program drains: the message comes back.
pub struct Closed<T>(pub T);

/// Why a message could not be published at once; it comes back.
pub enum TryPublishError<T> {
    /// The topic is full.
    Full(T),
    /// The program drains.
    Closed(T),
}

impl<T> fmt::Debug for Closed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closed(..)")
    }
}

impl<T> fmt::Display for Closed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the program drains")
    }
}

impl<T> std::error::Error for Closed<T> {}

impl<T> fmt::Debug for TryPublishError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for TryPublishError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the topic is full",
            Self::Closed(_) => "the program drains",
        })
    }
}

impl<T> std::error::Error for TryPublishError<T> {}

/// The gate of one topic.
pub(crate) struct Gate<T: Topic> {
    permits: Semaphore,
    capacity: usize,
    entrance: Sender<Packet<T>>,
    home: PoolId,
}

/// A gate as the app sees it, whatever its topic.
pub(crate) trait AnyGate: Send + Sync {
    /// Lets nothing more in.
    fn close(&self);
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<T: Topic> AnyGate for Gate<T> {
    fn close(&self) {
        self.permits.close();
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl<T: Topic> Gate<T> {
    /// Makes a gate and its way into the pool that publishes for it.
    pub(crate) fn new(home: PoolId) -> (Arc<Self>, Box<dyn Ingress + Send>) {
        let capacity = T::SPEC.bound.unwrap_or(BOUND_DEFAULT).clamp(1, GATE_MESSAGES_MAX) as usize;
        let (entrance, exit) = crossbeam_channel::bounded(capacity);
        let gate = Arc::new(Self { permits: Semaphore::new(capacity), capacity, entrance, home });
        (Arc::clone(&gate), Box::new(GateExit { gate, exit }))
    }

    /// Passes a message in; the caller holds a permit, which the pool returns.
    fn enter(&self, app: &AppShared, packet: Packet<T>) -> Result<(), Packet<T>> {
        self.entrance.try_send(packet).map_err(|refused| refused.into_inner())?;
        app.ring(self.home);
        Ok(())
    }
}

/// The pool's end of a gate.
pub(crate) trait Ingress {
    /// Publishes what waits, as long as the topic has room; returns how many.
    fn pull(&self, core: &Core, messages_max: usize) -> usize;
    /// Whether the topic has room for one more.
    fn has_room(&self, core: &Core) -> bool;
    /// Whether messages wait, room or not.
    fn is_empty(&self) -> bool;
    /// Whether nothing waits and nobody is about to enter. Only meaningful once the gate is closed.
    fn is_quiet(&self) -> bool;
}

struct GateExit<T: Topic> {
    gate: Arc<Gate<T>>,
    exit: Receiver<Packet<T>>,
}

impl<T: Topic> Ingress for GateExit<T> {
    fn pull(&self, core: &Core, messages_max: usize) -> usize {
        if self.exit.is_empty() {
            return 0;
        }
        let mut pulled = 0;
        while pulled < messages_max && self.has_room(core) {
            let Ok(packet) = self.exit.try_recv() else { break };
            pulled += 1;
            if let Err(Full(packet)) = core.publish(packet) {
                // Room was there a moment ago and only this thread takes it, so this is a question at most.
                packet.promise.fail(AskError::Full);
            }
            self.gate.permits.add_permits(1);
        }
        pulled
    }

    fn has_room(&self, core: &Core) -> bool {
        T::SPEC.on_full == OnFull::DropNew || core.route::<T>().has_room(core)
    }

    fn is_empty(&self) -> bool {
        self.exit.is_empty()
    }

    fn is_quiet(&self) -> bool {
        // Permits first: one that is out may still turn into a message.
        self.gate.permits.available_permits() == self.gate.capacity && self.exit.is_empty()
    }
}

/// Publishes, asks and subscribes from any thread or executor.
///
/// When draining starts, publishes get [`Closed`]; what was accepted before is delivered.
pub struct TopicHandle<T: Topic> {
    gate: Arc<Gate<T>>,
    app: Arc<AppShared>,
}

impl<T: Topic> Clone for TopicHandle<T> {
    fn clone(&self) -> Self {
        Self { gate: Arc::clone(&self.gate), app: Arc::clone(&self.app) }
    }
}

impl<T: Topic> fmt::Debug for TopicHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopicHandle").field("subject", &T::SPEC.subject).finish_non_exhaustive()
    }
}

impl<T: Topic> TopicHandle<T> {
    pub(crate) fn new(gate: Arc<Gate<T>>, app: Arc<AppShared>) -> Self {
        Self { gate, app }
    }

    /// Publishes, waiting for room.
    ///
    /// # Errors
    /// [`Closed`] with the message, once the program drains.
    ///
    /// # Cancel safety
    /// Dropped while it waits, the message is dropped with it and was not published.
    ///
    /// # Cost
    /// A semaphore permit and a bounded channel; no allocation while there is room.
    pub async fn publish(&self, message: T) -> Result<(), Closed<T>> {
        let Ok(permit) = self.gate.permits.acquire().await else { return Err(Closed(message)) };
        permit.forget();
        self.gate.enter(&self.app, Packet::plain(message)).map_err(|packet| Closed(packet.message))
    }

    /// Publishes if there is room now.
    ///
    /// # Errors
    /// [`TryPublishError`] with the message.
    pub fn try_publish(&self, message: T) -> Result<(), TryPublishError<T>> {
        match self.gate.permits.try_acquire() {
            Err(TryAcquireError::NoPermits) => return Err(TryPublishError::Full(message)),
            Err(TryAcquireError::Closed) => return Err(TryPublishError::Closed(message)),
            Ok(permit) => permit.forget(),
        }
        self.gate
            .enter(&self.app, Packet::plain(message))
            .map_err(|packet| TryPublishError::Closed(packet.message))
    }

    /// Publishes from a plain thread, which it blocks until there is room. Never call it on a pool or an executor.
    ///
    /// # Errors
    /// [`Closed`] with the message, once the program drains.
    pub fn publish_blocking(&self, message: T) -> Result<(), Closed<T>> {
        crate::app::block_on(self.publish(message))
    }

    /// Asks the topic's responder; `.within(d).await` waits for the answer.
    pub fn ask(&self, question: T) -> OutsideAsk<T>
    where
        T: Topic<Promise: Asked>,
    {
        OutsideAsk { handle: self.clone(), question, within: ASK_WITHIN_DEFAULT }
    }

    /// Subscribes to all messages or to one key, with a ring of `bound` messages.
    ///
    /// Messages published before [`Subscription::ready`] may be missed; later ones arrive or are counted as missed.
    #[must_use]
    pub fn subscribe(&self, which: Match<T::Key>, bound: usize, overflow: Overflow) -> Subscription<T> {
        Subscription::new(&self.app, which, bound, overflow)
    }
}

/// Subscribes from any thread or executor, without the right to publish.
pub struct Listener<T: Topic>(TopicHandle<T>);

impl<T: Topic> Clone for Listener<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Topic> fmt::Debug for Listener<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("subject", &T::SPEC.subject).finish()
    }
}

impl<T: Topic> Listener<T> {
    pub(crate) fn new(handle: TopicHandle<T>) -> Self {
        Self(handle)
    }

    /// See [`TopicHandle::subscribe`].
    #[must_use]
    pub fn subscribe(&self, which: Match<T::Key>, bound: usize, overflow: Overflow) -> Subscription<T> {
        self.0.subscribe(which, bound, overflow)
    }
}

/// A question about to be asked from outside.
#[must_use = "nothing is asked until it is awaited"]
pub struct OutsideAsk<T: Topic> {
    handle: TopicHandle<T>,
    question: T,
    within: Duration,
}

impl<T: Topic> fmt::Debug for OutsideAsk<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutsideAsk").field("within", &self.within).finish_non_exhaustive()
    }
}

impl<T: Topic> OutsideAsk<T> {
    /// Sets how long to wait, for room and for the answer together.
    pub fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }
}

impl<T: Topic> IntoFuture for OutsideAsk<T> {
    type Output = Result<T::Reply, AskError>;
    type IntoFuture = std::pin::Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { handle, question, within } = self;
        Box::pin(async move {
            let (sender, answer) = oneshot::channel();
            let packet =
                Packet { message: question, promise: T::Promise::from_reply(Reply::to_task(sender)) };
            let app = Arc::clone(&handle.app);
            let asked = async move {
                let permit = handle.gate.permits.acquire().await.map_err(|_| AskError::Closed)?;
                permit.forget();
                handle.gate.enter(&handle.app, packet).map_err(|_| AskError::Closed)?;
                drop(handle);
                answer.await.unwrap_or(Err(AskError::Unanswered))
            };
            crate::app::timeout(app.clock.get(), within, asked).await.unwrap_or(Err(AskError::Timeout))
        })
    }
}
