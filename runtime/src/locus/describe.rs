//! What the macros say about a locus type: its topics, handlers, timers and hooks.
//!
//! `#[locus]` on a struct implements [`Declared`], on an impl [`Locus`], [`Handler`] and [`Timer`]. Everything is a
//! plain function pointer or an associated function, so that a handler call is monomorphic.

use std::any::TypeId;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use crate::arena::Scratch;
use crate::bus::subscribe::batch::{Batch, Unasked};
use crate::bus::subscribe::concurrent::GoesOn;
use crate::bus::subscribe::join;
use crate::bus::subscribe::straight::Inline;
use crate::bus::topic::{OnFull, Packet, Topic};
use crate::locus::cell::LocusCell;
use crate::locus::children::{Accept, ChildOf, ChildUse, Release, Topics};
use crate::locus::context::Cx;
use crate::locus::run::Run;
use crate::pool::core::Core;
use crate::pool::core::handled::Handled;
use crate::pool::slot::{Running, start_call, start_handler};
use crate::supervise::{Decision, Failure};

/// The cause of a failure, as handlers return it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How an activation ended.
pub type Outcome = Result<(), BoxError>;

/// A future that stays on its pool.
pub type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// What a lifecycle method, timer or `run` may return: nothing, or `Result<(), E>`.
#[diagnostic::on_unimplemented(
    message = "a locus method that the runtime calls cannot return `{Self}`",
    label = "returned here",
    note = "return nothing, or `Result<(), E>` with `E: Into<Box<dyn Error + Send + Sync>>`"
)]
pub trait IntoOutcome {
    /// The outcome the runtime sees.
    ///
    /// # Errors
    /// The method's own.
    fn into_outcome(self) -> Outcome;
}

impl IntoOutcome for () {
    #[inline]
    fn into_outcome(self) -> Outcome {
        Ok(())
    }
}

impl<E: Into<BoxError>> IntoOutcome for Result<(), E> {
    #[inline]
    fn into_outcome(self) -> Outcome {
        self.map_err(Into::into)
    }
}

/// What is written on one subscription.
#[derive(Clone, Copy, Debug)]
pub struct OnOptions {
    /// The method's name, for reports.
    pub method: &'static str,
    /// A ring of this subscription's own, of so many messages.
    pub bounded: Option<u32>,
    /// What happens when that ring is full.
    pub on_full: Option<OnFull>,
    /// Whether the locus is told how many messages its ring lost.
    pub missed: bool,
    /// Which messages it takes.
    pub which: Which,
}

/// Which messages of a topic a subscription takes, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Every message, keyed or not.
    All,
    /// `key = EXPR`: those with this key.
    Key,
    /// `keys, max = N`: those with the keys it follows.
    Keys {
        /// How many it may follow.
        max: u32,
    },
    /// `key = _`: those that no keyed subscription takes.
    Unmatched,
    /// `shard`: those whose key is the replica's.
    Shard,
    /// `any`: what falls to the replica.
    Any,
}

/// A subscription as the plan sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) number: u16,
    pub(crate) subject: &'static str,
    pub(crate) is_keyed: bool,
    pub(crate) which: Which,
    /// The type of the locus, and its handler.
    pub(crate) locus: TypeId,
    pub(crate) handler: usize,
}

/// Which messages of a topic a subscription takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match<K> {
    /// Every message, keyed or not.
    All,
    /// Those with this key.
    Key(K),
}

/// What is written on the locus itself.
#[derive(Clone, Copy, Debug)]
pub struct LocusOptions {
    /// Restarts allowed within [`Self::within`] before the failure goes up.
    pub restarts: u32,
    /// The window in which restarts are counted.
    pub within: Duration,
    /// Scratch bytes one activation may use.
    pub scratch_bytes_max: usize,
}

impl LocusOptions {
    /// Three restarts in five seconds (the default intensity of OTP is of that order), 16 MiB of scratch.
    pub const DEFAULT: Self =
        Self { restarts: 3, within: Duration::from_secs(5), scratch_bytes_max: 16 << 20 };
}

/// A struct marked `#[locus]`: its name, options and topics.
pub trait Declared: Sized + 'static {
    /// The type's name, for paths and reports.
    const NAME: &'static str;
    /// What is written on the locus.
    const OPTIONS: LocusOptions;
    /// Lists the topics it publishes and receives.
    fn declare(describe: &mut Describe<Self>);
}

/// A struct with a `#[locus] impl`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a locus",
    label = "has no `#[locus] impl`",
    note = "mark the struct and one impl block of it with `#[locus]` (the impl may be empty)"
)]
pub trait Locus: Declared {
    /// Its lifecycle methods.
    const HOOKS: Hooks<Self>;
    /// Lists its handlers and timers.
    fn describe(describe: &mut Describe<Self>);
}

/// The `N`-th `#[on]` method of a locus, in source order.
pub trait Handler<const N: usize>: Sized + 'static {
    /// What it handles.
    type Topic: Topic;
    /// What is written on it.
    const OPTIONS: OnOptions;
    /// Which messages it takes; asked once, right after birth.
    fn key_of(me: &Self) -> Match<<Self::Topic as Topic>::Key>;
    /// How an `async fn` is started; a plain method has none.
    const START: Option<Start<Self, Self::Topic>> = None;
    /// How it is called at the publish itself, where it is `#[on(inline)]`.
    const INLINE: Option<Inline<Self, Self::Topic>> = None;
    /// How one is started that runs beside others, and how many at once; `None` for all others.
    const CALLS: Option<Calls<Self, Self::Topic>> = None;
    /// Handles one message.
    ///
    /// # Errors
    /// The method's own.
    fn handle(
        me: &mut Self,
        message: &Self::Topic,
        promise: <Self::Topic as Topic>::Promise,
        cx: &mut Cx<'_, Self>,
    ) -> Outcome {
        let _ = (me, message, promise, cx);
        Err("an `async` handler is started, not called".into())
    }
    /// Hears that `n` messages were lost before the next one.
    ///
    /// # Errors
    /// The method's own.
    fn missed(me: &mut Self, n: u64, cx: &mut Cx<'_, Self>) -> Outcome {
        let _ = (me, n, cx);
        Ok(())
    }
}

/// The `N`-th `#[on]` method of a locus, in source order, where it is `#[on(batch)]`.
pub trait BatchHandler<const N: usize>: Sized + 'static {
    /// What it handles.
    type Topic: Topic<Promise: Unasked>;
    /// What is written on it.
    const OPTIONS: OnOptions;
    /// Which messages it takes; asked once, right after birth.
    fn key_of(me: &Self) -> Match<<Self::Topic as Topic>::Key>;
    /// Handles what waits.
    ///
    /// # Errors
    /// The method's own.
    fn handle(me: &mut Self, items: Batch<'_, Self::Topic>, cx: &mut Cx<'_, Self>) -> Outcome;
    /// Hears that `n` messages were lost before the next one.
    ///
    /// # Errors
    /// The method's own.
    fn missed(me: &mut Self, n: u64, cx: &mut Cx<'_, Self>) -> Outcome {
        let _ = (me, n, cx);
        Ok(())
    }
}

/// The `N`-th `#[on]` method, where it is an `async fn`.
pub trait AsyncHandler<const N: usize>: Handler<N> {
    /// When it is cancelled.
    const TIMEOUT: Option<Duration>;
    /// Handles one message. The future has all it borrows to itself until it ends.
    fn handle_async<'a>(
        me: &'a mut Self,
        message: &'a Self::Topic,
        promise: <Self::Topic as Topic>::Promise,
        cx: &'a mut Cx<'a, Self>,
    ) -> impl Future<Output = Outcome> + 'a;
}

/// The `N`-th `#[on]` method, where it is `#[on(concurrent = ..)]`.
pub trait CallHandler<const N: usize>: Handler<N> {
    /// When a call is cancelled.
    const TIMEOUT: Option<Duration>;
    /// Handles one message beside others.
    fn call<'s>(
        run: Run<Self>,
        message: Self::Topic,
        promise: <Self::Topic as Topic>::Promise,
        scratch: &'s Scratch,
    ) -> impl Future<Output = Outcome> + 's;
}

/// Starts a call: its handler goes on when it is over.
type StartCall<L, T> = fn(&Core, &Rc<LocusCell<L>>, Packet<T>, Running, Rc<dyn GoesOn>);

/// Starts calls beside each other, so many at once.
pub struct Calls<L: 'static, T: Topic> {
    pub(crate) max: u32,
    pub(crate) start: StartCall<L, T>,
}

impl<L: Locus, T: Topic> Calls<L, T> {
    /// The `N`-th handler of the locus, at most `max` at once.
    #[must_use]
    pub const fn of<const N: usize>(max: u32) -> Self
    where
        L: CallHandler<N> + Handler<N, Topic = T>,
    {
        Self { max, start: start_call::<L, N> }
    }
}

impl<L: 'static, T: Topic> std::fmt::Debug for Calls<L, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Calls").field("max", &self.max).finish_non_exhaustive()
    }
}

/// Starts an `async` handler: without a plain method's return type, because the future outlives the call.
pub struct Start<L: 'static, T: Topic>(pub(crate) fn(&Core, &Rc<LocusCell<L>>, Packet<T>, Handled));

impl<L: Locus, T: Topic> Start<L, T> {
    /// The `N`-th handler of the locus.
    #[must_use]
    pub const fn of<const N: usize>() -> Self
    where
        L: AsyncHandler<N> + Handler<N, Topic = T>,
    {
        Self(start_handler::<L, N>)
    }
}

impl<L: 'static, T: Topic> std::fmt::Debug for Start<L, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Start")
    }
}

/// The `N`-th `#[every]` method of a locus, in source order.
pub trait Timer<const N: usize>: Sized + 'static {
    /// The method's name, for reports.
    const METHOD: &'static str;
    /// The time between two ticks.
    const PERIOD: Duration;
    /// Handles one tick.
    ///
    /// # Errors
    /// The method's own.
    fn fire(me: &mut Self, cx: &mut Cx<'_, Self>) -> Outcome;
}

/// `T` is named in the `receives(..)` of the locus `L`. Implemented by `#[locus]`.
#[diagnostic::on_unimplemented(
    message = "`{L}` does not declare that it receives `{Self}`",
    label = "not in `receives(..)` of `{L}`",
    note = "add it where the struct is declared: `#[locus(receives({Self}))]`"
)]
pub trait ReceivedBy<L: ?Sized>: Topic {
    /// What is written on it.
    const OPTIONS: OnOptions;
    /// Which messages `run` takes; asked once, right after birth.
    fn key_of(me: &L) -> Match<Self::Key>;
}

/// A sync lifecycle method.
pub type Hook<L> = for<'a, 'c, 's> fn(&'a mut L, &'c mut Cx<'s, L>) -> Outcome;

/// An `async` lifecycle method.
pub(crate) type AsyncHook<L> = for<'a> fn(&'a mut L, &'a mut Cx<'a, L>) -> LocalBoxFuture<'a, Outcome>;

/// How a locus is born.
pub enum Birth<L: 'static> {
    /// At once.
    None,
    /// By a plain method.
    Sync(Hook<L>),
    /// By an `async fn`, which holds the locus until it ends.
    Async(AsyncHook<L>),
}

/// Decides about a child that failed.
pub(crate) type OnFailure<L> = for<'a, 'b, 'c, 's> fn(&'a mut L, &'b Failure, &'c mut Cx<'s, L>) -> Decision;

/// The lifecycle methods of a locus.
pub struct Hooks<L: 'static> {
    /// Opens what the locus owns.
    pub birth: Birth<L>,
    /// Owns its I/O.
    pub run: Option<fn(Run<L>) -> LocalBoxFuture<'static, Outcome>>,
    /// Says the last words, while the bus still delivers.
    pub drain: Option<Hook<L>>,
    /// Closes what the locus owns.
    pub dissolve: Option<Hook<L>>,
    /// Decides about children that failed.
    pub on_failure: Option<OnFailure<L>>,
}

impl<L: 'static> std::fmt::Debug for Hooks<L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hooks")
    }
}

/// Subscribes a newborn locus to one topic.
pub(crate) type Subscribe<L> = fn(&Rc<LocusCell<L>>, &L, &Core) -> Outcome;

/// Makes what a subscription needs before the birth.
pub(crate) type Prepare<L> = fn(&Rc<LocusCell<L>>, &Core);

/// A topic that a locus publishes, receives or handles.
pub(crate) struct TopicUse<L: 'static> {
    pub(crate) wish: Wish,
    /// Makes the topic's route on a pool.
    pub(crate) route: fn(&Core),
    /// Makes what has to be there when the locus is born.
    pub(crate) prepare: Option<Prepare<L>>,
    /// Subscribes a newborn locus; `None` for what it only publishes.
    pub(crate) subscribe: Option<Subscribe<L>>,
}

/// One timer of a locus type.
pub(crate) struct TimerUse<L: 'static> {
    pub(crate) method: &'static str,
    pub(crate) period: Duration,
    pub(crate) fire: Hook<L>,
}

/// What a locus type has, as far as births and ends of its loci have to see to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Traits {
    /// It subscribes to topics.
    pub(crate) subscribes: bool,
    /// Some of these want something made before the birth.
    pub(crate) prepares: bool,
    /// It has timers.
    pub(crate) ticks: bool,
    /// It has a `run`.
    pub(crate) runs: bool,
}

/// Collects what [`Declared::declare`] and [`Locus::describe`] list.
pub struct Describe<L: 'static> {
    pub(crate) topics: Vec<TopicUse<L>>,
    pub(crate) timers: Vec<TimerUse<L>>,
    pub(crate) children: Vec<ChildUse>,
}

impl<L: 'static> std::fmt::Debug for Describe<L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Describe").field("topics", &self.topics.len()).finish_non_exhaustive()
    }
}

impl<L: Locus> Describe<L> {
    /// Everything the macros know of `L`.
    pub(crate) fn of() -> Self {
        let mut describe = Self { topics: Vec::new(), timers: Vec::new(), children: Vec::new() };
        L::declare(&mut describe);
        L::describe(&mut describe);
        describe
    }

    /// What births and ends of its loci have to see to.
    pub(crate) fn traits(&self) -> Traits {
        Traits {
            subscribes: self.topics.iter().any(|topic| topic.subscribe.is_some()),
            prepares: self.topics.iter().any(|topic| topic.prepare.is_some()),
            ticks: !self.timers.is_empty(),
            runs: L::HOOKS.run.is_some(),
        }
    }
}

impl<L: Declared> Describe<L> {
    /// `publishes(T)`.
    pub fn publishes<T: Topic>(&mut self) {
        self.add::<T>(Which::All, 0, None);
    }

    /// `receives(T)`.
    pub fn receives<T: ReceivedBy<L>>(&mut self) {
        self.add::<T>(<T as ReceivedBy<L>>::OPTIONS.which, usize::MAX, Some(join::receive::<L, T>));
    }

    /// The `N`-th `#[on]` method.
    pub fn on<const N: usize>(&mut self)
    where
        L: Locus + Handler<N>,
    {
        let which = <L as Handler<N>>::OPTIONS.which;
        self.add::<<L as Handler<N>>::Topic>(which, N, Some(join::handle::<L, N>));
        self.prepare_by(which, join::prepare::<L, N>);
    }

    /// The `N`-th `#[on]` method, where it takes batches.
    pub fn on_batch<const N: usize>(&mut self)
    where
        L: Locus + BatchHandler<N>,
    {
        let which = <L as BatchHandler<N>>::OPTIONS.which;
        self.add::<<L as BatchHandler<N>>::Topic>(which, N, Some(join::handle_batch::<L, N>));
        self.prepare_by(which, join::prepare_batch::<L, N>);
    }

    /// The `N`-th `#[every]` method.
    pub fn every<const N: usize>(&mut self)
    where
        L: Timer<N>,
    {
        self.timers.push(TimerUse { method: L::METHOD, period: L::PERIOD, fire: <L as Timer<N>>::fire });
    }

    /// `children(C = ..)`.
    pub fn child<C: ChildOf<L>>(&mut self) {
        self.child_use::<C>();
    }

    /// The `accept` hook for children of type `C`.
    pub fn accept<C: Locus>(&mut self, hook: Accept<L, C>) {
        self.child_use::<C>().accept = Some(Box::new(hook));
    }

    /// The `release` hook for children of type `C`.
    pub fn release<C: Locus>(&mut self, hook: Release<L, C>) {
        self.child_use::<C>().release = Some(Box::new(hook));
    }

    fn child_use<C: Locus>(&mut self) -> &mut ChildUse {
        let type_id = TypeId::of::<C>();
        let known = self.children.iter().position(|child| child.type_id == type_id);
        let index = known.unwrap_or(self.children.len());
        if known.is_none() {
            self.children.push(ChildUse { type_id, topics: Topics::add::<C>, accept: None, release: None });
        }
        &mut self.children[index]
    }

    /// A handler that follows keys has its set of keys before the locus is born.
    fn prepare_by(&mut self, which: Which, prepare: Prepare<L>) {
        if matches!(which, Which::Keys { .. })
            && let Some(last) = self.topics.last_mut()
        {
            last.prepare = Some(prepare);
        }
    }

    fn add<T: Topic>(&mut self, which: Which, handler: usize, subscribe: Option<Subscribe<L>>) {
        let wish = Wish {
            number: T::number().get(),
            subject: T::SPEC.subject,
            is_keyed: T::SPEC.keyed,
            which,
            locus: TypeId::of::<L>(),
            handler,
        };
        self.topics.push(TopicUse { wish, route: Core::ensure_route::<T>, prepare: None, subscribe });
    }
}
