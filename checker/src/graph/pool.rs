//! Where a locus runs.

use super::{Locus, Moves};
use crate::facts::Place;

/// The pool of parts that name none.
const MAIN: &str = "main";

/// A thread, or one for each replica.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pool {
    /// The pool's name; of a pinned part its own.
    pub name: String,
    /// A thread that the part has for itself.
    pub is_pinned: bool,
    /// Threads: 1 but for replicas.
    pub threads: u64,
    /// What says so.
    pub said_by: SaidBy,
}

/// What decides where a part runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SaidBy {
    /// Nothing: pool `main`.
    Default,
    /// `#[place(..)]`.
    Attribute,
    /// `[place]` in `locus.toml`.
    File,
}

impl SaidBy {
    /// As users write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Attribute => "#[place]",
            Self::File => "locus.toml",
        }
    }
}

impl Pool {
    pub(super) fn of(locus: &Locus, moves: &Moves) -> Self {
        let (place, said_by) = match (moves.of(&locus.part), &locus.place) {
            (Some(place), _) => (place, SaidBy::File),
            (None, Place::Unplaced) => (&Place::Unplaced, SaidBy::Default),
            (None, place) => (place, SaidBy::Attribute),
        };
        match place {
            Place::Unplaced => Self { name: MAIN.to_owned(), is_pinned: false, threads: 1, said_by },
            Place::Pool(name) => Self { name: name.clone(), is_pinned: false, threads: 1, said_by },
            Place::Pinned { replicas } => {
                Self { name: locus.part.clone(), is_pinned: true, threads: *replicas, said_by }
            }
        }
    }

    /// Whether both are one thread, or replicas of one part.
    pub fn is(&self, other: &Self) -> bool {
        (self.is_pinned, &self.name) == (other.is_pinned, &other.name)
    }
}
