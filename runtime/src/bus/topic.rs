//! What a topic is to the bus: a message type with a number, a key and a policy.
//!
//! `#[topic]` implements [`Topic`]. The number is dense and per process, so that a pool finds the route of a
//! message by one indexed load. Numbers come in fours: `n` carries the messages, `n + 1` their answers, `n + 2` what changes
//! in who takes them; `n + 3` is free.

use std::any::TypeId;
use std::hash::Hash;
use std::hash::Hasher;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::bus::ask::{AskError, Reply};
use crate::bus::subscribe::straight::SinkCell;
use crate::locus::BoxError;
use crate::locus::describe::{IntoOutcome, Outcome};

/// What a publisher meets when a topic's bound is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFull {
    /// The message waits with its publisher, which gets no further activation until it has gone.
    Block,
    /// Every subscription has a ring of its own, loses its oldest message and is told how many it missed.
    DropOld,
    /// The new message is dropped and counted.
    DropNew,
    /// `publish` gives the message back.
    Fail,
}

/// The declared facts of a topic.
#[derive(Clone, Copy, Debug)]
pub struct TopicSpec {
    /// Unique name in this binary.
    pub subject: &'static str,
    /// Whether messages are routed by key.
    pub keyed: bool,
    /// Messages in flight per source pool and destination pool; `None` is the default bound.
    pub bound: Option<u32>,
    /// What happens over the bound.
    pub on_full: OnFull,
    /// Messages that one subscription may hold while its locus is not ready.
    pub per_locus: Option<u32>,
    /// What happens over that: the new message goes, or the oldest.
    pub on_slow: OnFull,
    /// Whether the topic has one subscriber and so needs no `Clone`.
    pub single: bool,
}

/// A message type. Implemented by `#[topic]`; the methods are the runtime's.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a topic",
    label = "not a `#[topic]`",
    note = "mark the type: `#[topic] #[derive(Clone)] struct {Self} {{ .. }}`"
)]
pub trait Topic: Send + Sized + 'static {
    /// What messages are routed by; [`NoKey`] without a key.
    type Key: Clone + Eq + Hash + Send + 'static;
    /// What an [`ask`](crate::Cx::ask) is answered with; [`NoReply`] for plain topics.
    type Reply: Send + 'static;
    /// How a handler answers.
    type Promise: Promise<Reply = Self::Reply>;
    /// What `publish` returns.
    type Sent;
    /// The declared facts.
    const SPEC: TopicSpec;
    /// The dense number of the topic in this process.
    fn number() -> &'static TopicNumber;
    /// The locus type of `#[topic(to = ..)]`.
    #[inline]
    fn sink() -> Option<TypeId> {
        None
    }
    /// Whether there is one.
    const HAS_SINK: bool = false;
    /// Calls the sink of this pool; false, with nothing done, where it is not idle.
    #[inline(always)]
    fn call_sink(&self, sink: SinkCell<'_>) -> bool {
        let _ = sink;
        false
    }
    /// Hashes the key fields.
    fn hash_key<H: Hasher>(&self, state: &mut H);
    /// Whether the key fields equal `key`.
    fn is_key(&self, key: &Self::Key) -> bool;
    /// The key, cloned out.
    fn key(&self) -> Self::Key;
    /// A copy for a further pool or subscription.
    #[must_use]
    fn duplicate(&self) -> Self;
    /// Shapes the result of `publish` by the topic's policy.
    fn sent(result: Result<(), Full<Self>>) -> Self::Sent;
}

/// The key of topics that have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NoKey;

/// The answer type of topics that have none.
#[derive(Debug)]
pub enum NoReply {}

/// `publish` met a full topic that is declared `on_full = fail`; the message comes back.
pub struct Full<T>(pub T);

impl<T> std::fmt::Debug for Full<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Full(..)")
    }
}

impl<T> std::fmt::Display for Full<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the topic is full")
    }
}

impl<T> std::error::Error for Full<T> {}

/// The number of one topic, given at its first use.
pub struct TopicNumber(AtomicU32);

/// How many topics have a number; locked, so that one topic gets one number.
static TOPICS: Mutex<usize> = Mutex::new(0);

/// Numbers that one topic has: a power of two, so that they are told apart by bits.
pub(crate) const NUMBERS_EACH: usize = 4;

/// The highest number a topic may get; what lies above is reserved for records of the bus itself.
const TOPIC_NUMBER_MAX: usize = 0xFF00;

impl TopicNumber {
    /// A number not yet given.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// What a topic has for a number before its first use.
    pub(crate) const NONE: u32 = 0;

    /// The number if it has been given, else [`NONE`](Self::NONE).
    #[inline]
    pub(crate) fn known(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// The number, given now if this is the first use.
    #[inline]
    pub(crate) fn get(&self) -> u16 {
        match self.0.load(Ordering::Relaxed) {
            Self::NONE => self.register(),
            number => number as u16,
        }
    }

    #[cold]
    fn register(&self) -> u16 {
        let mut topics = TOPICS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let given = self.0.load(Ordering::Relaxed);
        if given != Self::NONE {
            return given as u16;
        }
        *topics += 1;
        let number = *topics * NUMBERS_EACH;
        let most = TOPIC_NUMBER_MAX / NUMBERS_EACH;
        assert!(number <= TOPIC_NUMBER_MAX, "more than {most} topics in one process");
        let number = u16::try_from(number).expect("bounded by the assertion above");
        self.0.store(u32::from(number), Ordering::Relaxed);
        number
    }
}

impl Default for TopicNumber {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for TopicNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TopicNumber({})", self.0.load(Ordering::Relaxed))
    }
}

/// How a handler of a topic answers: not at all (`()`), or through a [`Reply`].
pub trait Promise: Default + Send + 'static {
    /// The answer's type.
    type Reply: Send + 'static;
    /// Whether messages of the topic are questions.
    const IS_ASKED: bool;
    /// Tells whoever waits why there will be no answer.
    fn fail(self, why: AskError);
    /// Puts a reply into the promise.
    fn from_reply(reply: Reply<Self::Reply>) -> Self;
    /// The reply for an `async` handler that takes it as its last argument.
    ///
    /// # Errors
    /// When the topic is not answered.
    fn into_reply(self) -> Result<Reply<Self::Reply>, BoxError>;
    /// Calls a handler that takes `reply: Reply<R>` as its last argument.
    ///
    /// # Errors
    /// The handler's own.
    fn with_reply<O: IntoOutcome>(self, handler: impl FnOnce(Reply<Self::Reply>) -> O) -> Outcome;
}

impl Promise for () {
    type Reply = NoReply;
    const IS_ASKED: bool = false;
    fn fail(self, _why: AskError) {}
    fn from_reply(_reply: Reply<NoReply>) -> Self {}
    fn into_reply(self) -> Result<Reply<NoReply>, BoxError> {
        Err(BoxError::from("a topic without `reply = ..` cannot be answered"))
    }
    fn with_reply<O: IntoOutcome>(self, _handler: impl FnOnce(Reply<NoReply>) -> O) -> Outcome {
        self.into_reply().map(drop)
    }
}

impl<R: Send + 'static> Promise for Option<Reply<R>> {
    type Reply = R;
    const IS_ASKED: bool = true;
    fn fail(self, why: AskError) {
        if let Some(reply) = self {
            reply.fail(why);
        }
    }
    fn from_reply(reply: Reply<R>) -> Self {
        Some(reply)
    }
    fn into_reply(self) -> Result<Reply<R>, BoxError> {
        Ok(self.unwrap_or_else(Reply::unheard))
    }
    fn with_reply<O: IntoOutcome>(self, handler: impl FnOnce(Reply<R>) -> O) -> Outcome {
        handler(self.unwrap_or_else(Reply::unheard)).into_outcome()
    }
}

/// The promise of a topic with `reply = R`, whose messages can be asked.
#[diagnostic::on_unimplemented(
    message = "a topic without `reply = ..` cannot be asked",
    label = "nothing answers it",
    note = "say at the topic what it is answered with, `#[topic(reply = u64)]`, or publish it"
)]
pub trait Asked {}

impl<R: Send + 'static> Asked for Option<Reply<R>> {}

/// What a handler may return, given how its topic is answered.
#[diagnostic::on_unimplemented(
    message = "a handler of this topic cannot return `{Self}`",
    label = "returned here",
    note = "a plain topic's handler returns nothing or `Result<(), E>`; a `reply = R` topic's handler returns `R`"
)]
pub trait Answers<P> {
    /// Turns the handler's result into an outcome, answering on the way.
    ///
    /// # Errors
    /// The handler's own.
    fn answer(self, promise: P) -> Outcome;
}

impl Answers<()> for () {
    #[inline]
    fn answer(self, _promise: ()) -> Outcome {
        Ok(())
    }
}

impl<E: Into<BoxError>> Answers<()> for Result<(), E> {
    #[inline]
    fn answer(self, _promise: ()) -> Outcome {
        self.map_err(Into::into)
    }
}

impl<R: Send + 'static> Answers<Option<Reply<R>>> for R {
    #[inline]
    fn answer(self, promise: Option<Reply<R>>) -> Outcome {
        if let Some(reply) = promise {
            reply.send(self);
        }
        Ok(())
    }
}

/// A message with the promise that travels beside it. A plain topic's promise takes no room.
pub(crate) struct Packet<T: Topic> {
    pub(crate) message: T,
    pub(crate) promise: T::Promise,
}

impl<T: Topic> Packet<T> {
    #[inline]
    pub(crate) fn plain(message: T) -> Self {
        Self { message, promise: T::Promise::default() }
    }

    /// A copy that nobody waits for.
    pub(crate) fn duplicate(&self) -> Self {
        Self::plain(self.message.duplicate())
    }
}
