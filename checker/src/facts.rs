//! What a program declares and opens, per binary target, as the budget counts it.
//!
//! `collect` reads them off the declarations and the call graph and draws no conclusions; `budget` counts.

use crate::finding::Span;

mod calls;
mod collect;

pub use calls::Bodies;
pub use collect::{Calls, MainLocus, binaries, mains};
pub(crate) use collect::{TOPIC_BOUND_DEFAULT, locus_methods};

/// One binary target (a `bin` or an `example`) with what its main locus reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Binary {
    /// Package that has the target.
    pub package: String,
    /// Name of the target.
    pub name: String,
    /// Name and span of its `#[locus(main)]`; `None` when it has none, and then nothing counts and all else is empty.
    pub main: Option<Site>,
    /// Every part of the main locus, in declaration order.
    pub parts: Vec<Part>,
    /// Every topic that is published or handled by what runs, once each, at its declaration; with its bound.
    pub topics: Vec<Sized>,
    /// Every `#[every]` of what runs.
    pub timers: Vec<Site>,
    /// Every kind of child that what runs may have, with the ceiling its parent declares.
    pub children: Vec<Sized>,
    /// Every locus that runs, with the bytes of scratch that one activation of it may take.
    pub scratch: Vec<Sized>,
    /// Every call that takes something from the machine and can be reached, once each.
    pub takes: Vec<Taken>,
    /// Every static that what runs adds to, at its declaration.
    pub growing_statics: Vec<Site>,
    /// Every allow that gives a reason, in the crates that the target is built of.
    pub allows: Vec<Site>,
}

/// A call that takes something from the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The call.
    pub site: Site,
    /// What it takes.
    pub what: Takes,
    /// How many calls of the function around it can be reached; 1 where the runtime calls it.
    pub uses: u64,
}

/// What a call takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A descriptor of a kind, as the models call it.
    Descriptor(Box<str>),
    /// A task, a thread or a process.
    Start,
    /// A queue without a limit.
    Queue,
    /// Threads of a pool of workers; none where the code does not say how many.
    Workers(Option<u64>),
}

/// Something that may hold as many as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sized {
    /// What it is.
    pub site: Site,
    /// How many it may hold.
    pub max: u64,
}

/// Something with a name and a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// As users know it: `Posted`, `TcpListener::bind`.
    pub name: String,
    /// Where.
    pub span: Span,
}

/// One field of the main locus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Name of the field.
    pub name: String,
    /// Name of the locus type.
    pub locus: String,
    /// Where it runs.
    pub place: Place,
    /// The field.
    pub span: Span,
}

/// Where a part runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// No `#[place]`: pool `main`.
    Unplaced,
    /// `#[place(pool = "..")]`.
    Pool(String),
    /// `#[place(pinned)]`, one thread for each replica.
    Pinned {
        /// 1 unless written.
        replicas: u64,
    },
}
