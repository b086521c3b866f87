//! The main locus: which parts there are and where they run.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use crate::locus::any_cell::AnyCell;
use crate::locus::cell::{LocusCell, Seat};
use crate::locus::children::Topics;
use crate::locus::describe::{BoxError, Describe, Locus, Wish};
use crate::supervise::{Decision, Failure};

/// Where a part runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// With others, on the thread of a named pool.
    Pool(Cow<'static, str>),
    /// On threads of its own.
    Pinned {
        /// The core of a single replica.
        core: Option<usize>,
        /// The cores of several, in turn.
        cores: Option<Range<usize>>,
        /// How many instances, each on its own thread.
        replicas: usize,
    },
}

/// The composition of a program. Implemented by `#[locus(main)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a main locus",
    label = "expected a struct marked `#[locus(main)]`"
)]
pub trait Main: Sized + 'static {
    /// The root of every path.
    const NAME: &'static str;
    /// Lists the parts, in declaration order.
    fn parts(parts: &mut Parts<Self>);
}

/// What a constructor may return.
#[diagnostic::on_unimplemented(
    message = "a constructor returns the main locus or `Result` of it, not `{Self}`",
    label = "returns `{Self}`",
    note = "mark the struct `#[locus(main)]`"
)]
pub trait IntoMain {
    /// The main locus.
    type Main: Main;
    /// Shapes the result.
    ///
    /// # Errors
    /// The constructor's.
    fn into_main(self) -> Result<Self::Main, BoxError>;
}

impl<M: Main, E: Into<BoxError>> IntoMain for Result<M, E> {
    type Main = M;
    fn into_main(self) -> Result<M, BoxError> {
        self.map_err(Into::into)
    }
}

/// A function that builds the main locus: `Chat::new`, or `move || Chat::new(&settings)`.
///
/// Every part's thread calls it for its part: once at the start, once per replica and once per restart. So it only
/// builds; opening files and sockets belongs in `birth`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a constructor of a main locus",
    label = "expected a function such as `Chat::new`",
    note = "pass the function itself, `Fn() -> Main` or `Fn() -> Result<Main, E>`, `Send + Sync + 'static`"
)]
pub trait Constructor: Send + Sync + 'static {
    /// The main locus.
    type Main: Main;
    /// Builds it.
    ///
    /// # Errors
    /// The function's own.
    fn build(&self) -> Result<Self::Main, BoxError>;
}

impl<F, R> Constructor for F
where
    F: Fn() -> R + Send + Sync + 'static,
    R: IntoMain,
{
    type Main = R::Main;
    fn build(&self) -> Result<R::Main, BoxError> {
        self().into_main()
    }
}

/// Makes the cell of a part on its pool's thread.
pub(crate) type MakeCell = Arc<dyn Fn(Seat) -> Rc<dyn AnyCell> + Send + Sync>;

/// One field of the main locus.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    pub(crate) make: MakeCell,
    /// What it subscribes to, and the numbers of the topics it publishes.
    pub(crate) subscribes: Vec<Wish>,
    pub(crate) publishes: Vec<u16>,
}

/// Main's `on_failure`.
pub(crate) type MainOnFailure = fn(&Failure) -> Decision;

/// What a main without an `on_failure` has: an associated constant of its own goes before this one.
pub trait NoOnFailure {
    /// Nothing decides.
    const __ON_FAILURE: Option<fn(&Failure) -> Decision> = None;
}

impl<M: Main> NoOnFailure for M {}

/// Collects the parts of a main locus.
pub struct Parts<M: Main> {
    build: Arc<dyn Fn() -> Result<M, BoxError> + Send + Sync>,
    on_failure: Option<MainOnFailure>,
    pub(crate) list: Vec<Part>,
}

impl<M: Main> std::fmt::Debug for Parts<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("parts", &self.list.len()).finish_non_exhaustive()
    }
}

impl<M: Main> Parts<M> {
    pub(crate) fn of<C: Constructor<Main = M>>(make: C) -> Vec<Part> {
        let mut parts = Self { build: Arc::new(move || make.build()), on_failure: None, list: Vec::new() };
        M::parts(&mut parts);
        parts.list
    }

    /// Says what decides about failures of the parts that follow.
    pub fn on_failure(&mut self, on_failure: Option<fn(&Failure) -> Decision>) {
        self.on_failure = on_failure;
    }

    /// Adds a part: `take` keeps its field and drops the others.
    pub fn part<L: Locus>(&mut self, name: &'static str, place: Place, take: fn(M) -> L) {
        let build = Arc::clone(&self.build);
        let on_failure = self.on_failure;
        let make: MakeCell = Arc::new(move |seat| {
            let build = Arc::clone(&build);
            let cell = LocusCell::<L>::part(seat, Rc::new(move || build().map(take)), Describe::of());
            cell.head.rare().on_failure.set(on_failure);
            cell
        });
        let mut topics = Topics::default();
        topics.add::<L>();
        let Topics { subscribes, publishes, .. } = topics;
        self.list.push(Part { name, place, make, subscribes, publishes });
    }
}
