//! The ways in which the rig's nodes take messages: a table of handlers, each with its kind and what is written on it.

use std::time::Duration;

use crate::bus::topic::OnFull;
use crate::locus::describe::{OnOptions, Which};
use crate::pool::rig::message::{self, KINDS};

/// How a handler takes its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By a plain method.
    Plain,
    /// By a plain method, from a ring of its own.
    Ring(u32, OnFull),
    /// By an `async fn`, which may be cancelled.
    Waiting(Option<Duration>),
    /// All that wait at once.
    Batch(Option<(u32, OnFull)>),
    /// At the publish itself, where that may be.
    Straight,
    /// By so many calls beside each other.
    Beside(u32),
    /// Those of the replica's keys.
    Shard,
    /// Those that fall to the replica.
    Any,
    /// In `run`, from a ring.
    Received(Option<(u32, OnFull)>),
    /// By a child, which has no other handler.
    Child,
}

/// Kinds and ways of all handlers; the first [`KINDS`] take their kind by plain methods, or inline.
const HANDLERS_ALL: [(usize, Way); HANDLERS] = [
    (0, Way::Plain),
    (1, Way::Plain),
    (2, Way::Plain),
    (3, Way::Plain),
    (4, Way::Plain),
    (5, Way::Plain),
    (6, Way::Plain),
    (7, Way::Plain),
    (8, Way::Plain),
    (9, Way::Plain),
    (10, Way::Plain),
    (11, Way::Plain),
    (12, Way::Straight),
    (13, Way::Straight),
    (14, Way::Plain),
    (15, Way::Plain),
    (0, Way::Ring(3, OnFull::Block)),
    (4, Way::Ring(2, OnFull::Block)),
    (2, Way::Ring(2, OnFull::DropOld)),
    (5, Way::Ring(1, OnFull::DropOld)),
    (1, Way::Ring(1, OnFull::DropNew)),
    (3, Way::Ring(2, OnFull::DropNew)),
    (0, Way::Waiting(None)),
    (3, Way::Waiting(None)),
    (6, Way::Waiting(None)),
    (9, Way::Waiting(Some(Duration::from_millis(2)))),
    (10, Way::Waiting(None)),
    (14, Way::Waiting(None)),
    (1, Way::Batch(None)),
    (4, Way::Batch(Some((3, OnFull::DropOld)))),
    (7, Way::Batch(Some((2, OnFull::Block)))),
    (2, Way::Beside(2)),
    (5, Way::Beside(3)),
    (3, Way::Shard),
    (5, Way::Shard),
    (1, Way::Any),
    (4, Way::Any),
    (8, Way::Received(None)),
    (5, Way::Received(Some((2, OnFull::DropOld)))),
    (CHILD_KIND, Way::Child),
];

/// How many handlers there are to choose from.
pub(super) const HANDLERS: usize = 40;

/// The kind that children take, and the handler by which they do.
pub(super) const CHILD_KIND: usize = 4;
pub(super) const CHILD_HANDLER: usize = HANDLERS - 1;

/// The kind that a handler takes.
pub(super) fn kind_of(handler: usize) -> usize {
    HANDLERS_ALL[handler].0
}

/// How a handler takes it.
pub(super) const fn way_of(handler: usize) -> Way {
    HANDLERS_ALL[handler].1
}

/// What the ways are called in figures.
pub(super) const WAYS: [&str; 10] =
    ["plain", "ring", "async", "batch", "inline", "concurrent", "shard", "any", "recv", "by children"];

impl Way {
    /// Its place in [`WAYS`].
    pub(super) fn index(self) -> usize {
        match self {
            Self::Plain => 0,
            Self::Ring(..) => 1,
            Self::Waiting(_) => 2,
            Self::Batch(_) => 3,
            Self::Straight => 4,
            Self::Beside(_) => 5,
            Self::Shard => 6,
            Self::Any => 7,
            Self::Received(_) => 8,
            Self::Child => 9,
        }
    }
}

/// What becomes of the messages of a handler that is slower than they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Losses {
    None,
    /// Its ring loses some, and tells it of them.
    Told(OnFull),
    /// New ones are dropped while it holds as many as it may.
    Counted,
}

/// What a handler may lose.
pub(super) fn losses_of(handler: usize) -> Losses {
    let (kind, way) = HANDLERS_ALL[handler];
    let ring = match way {
        Way::Ring(_, on_full) => Some(on_full),
        Way::Batch(Some((_, on_full))) | Way::Received(Some((_, on_full))) => Some(on_full),
        _ if message::policy(kind) == OnFull::DropOld => Some(OnFull::DropOld),
        _ => match message::per_locus(kind) {
            Some((_, OnFull::DropNew)) => return Losses::Counted,
            Some((_, on_slow)) => Some(on_slow),
            None => None,
        },
    };
    match ring {
        Some(on_full) if on_full != OnFull::Block => Losses::Told(on_full),
        _ => Losses::None,
    }
}

/// Whether a handler has an order of its own, beside that of the handlers that share the queue.
pub(super) fn is_ordered_by_itself(handler: usize) -> bool {
    !matches!(way_of(handler), Way::Plain | Way::Waiting(_) | Way::Shard | Way::Any | Way::Child)
        || matches!(losses_of(handler), Losses::Told(_))
}

/// What is written on a handler.
pub(super) const fn options(handler: usize) -> OnOptions {
    let (kind, way) = HANDLERS_ALL[handler];
    let ring = match way {
        Way::Ring(bound, on_full) => Some((bound, on_full)),
        Way::Batch(ring) | Way::Received(ring) => ring,
        _ => None,
    };
    let (bounded, on_full) = match ring {
        Some((bound, on_full)) => (Some(bound), Some(on_full)),
        None => (None, None),
    };
    let which = match way {
        Way::Shard => Which::Shard,
        Way::Any => Which::Any,
        Way::Child => Which::Key,
        _ => Which::All,
    };
    // Whoever is told of losses has a ring, so one that is not to have one is not told.
    let missed = !matches!(message::per_locus(kind), Some((_, OnFull::DropNew)));
    OnOptions { method: "on_message", bounded, on_full, missed, which }
}

const _: () = assert!(KINDS <= HANDLERS, "each kind has a handler");
