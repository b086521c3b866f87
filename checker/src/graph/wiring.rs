//! How the bus of one binary is wired: what runs, what it publishes and what it takes, as plain data.
//!
//! As the source declares it, before `locus.toml` moves parts: on which pool things run and what an edge costs there is
//! for [`Graph`](super::Graph) to say.

use crate::facts::Place;
use crate::finding::Span;
use crate::lower::attr::{Policy, RingIr};

/// A binary with a main locus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wiring {
    /// Package that has the target.
    pub package: String,
    /// Name of the target.
    pub binary: String,
    /// Name of the main locus.
    pub main: String,
    /// Parts in the order of their declaration, each with its children behind it.
    pub loci: Vec<Locus>,
    /// In the order of their declaration.
    pub topics: Vec<Topic>,
    /// By locus and topic; what is published outside the loci comes last.
    pub publishers: Vec<Publisher>,
    /// By locus and topic; what is taken outside the loci comes last.
    pub takers: Vec<Taker>,
    /// What handlers publish over queues that block.
    pub feeds: Vec<Fed>,
    /// Circles of topics, each by the topics on the way.
    pub circles: Vec<Vec<usize>>,
    /// Handlers and declarations whose topic could not be told.
    pub unresolved: usize,
}

/// A part of main, or a kind of child below one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locus {
    /// As the runtime names it: `chat/lobby`; a kind of child by its type, `chat/web/Conn`.
    pub path: String,
    /// Its type.
    pub name: String,
    /// The field of main that it is, or is below.
    pub part: String,
    /// Where that runs, as `#[place]` says.
    pub place: Place,
    /// Whether there may be any number of it: a kind of child.
    pub is_many: bool,
    /// The field, or the type of the child.
    pub span: Span,
}

/// A topic that something in the binary declares, publishes or takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its type.
    pub name: String,
    /// `bounded = N`; the default where none is written, nothing where it is no literal.
    pub bounded: u64,
    /// `on_full = ..`.
    pub on_full: Policy,
    /// Routed by key.
    pub is_keyed: bool,
    /// A question.
    pub is_question: bool,
    /// The type of its sink, `to = Sink`.
    pub sink: Option<String>,
    /// Transports that carry it beyond the process.
    pub bound: Vec<String>,
    /// Generic code, or code outside the loci, may publish or take it too.
    pub is_held: bool,
    /// Its declaration.
    pub span: Span,
}

/// Someone who publishes a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publisher {
    /// Index of the topic.
    pub topic: usize,
    /// Index of the locus; none for code outside.
    pub locus: Option<usize>,
    /// Through a handle.
    pub by_handle: bool,
    /// Where; nowhere if it is declared and no call is seen.
    pub sites: Vec<Span>,
}

/// Someone who takes a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taker {
    /// Index of the topic.
    pub topic: usize,
    /// Index of the locus; none for code outside.
    pub locus: Option<usize>,
    /// By what.
    pub by: By,
    /// A ring of its own.
    pub ring: Option<RingIr>,
    /// The handler, the declaration or the call.
    pub span: Span,
}

/// What takes messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// An `#[on]` method.
    Handler(Handler),
    /// `run`, which declares `receives(..)`.
    Run,
    /// A subscription made in code.
    Subscription,
}

/// An `#[on]` method.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handler {
    /// Its name.
    pub name: String,
    /// `inline`.
    pub is_inline: bool,
    /// `batch`.
    pub is_batch: bool,
    /// By key, or by replica.
    pub is_partly: bool,
    /// `async fn`.
    pub is_async: bool,
    /// It takes `cx`.
    pub takes_cx: bool,
}

/// One topic published by a handler of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fed {
    /// Topic that the handler takes.
    pub from: usize,
    /// Topic that it publishes.
    pub to: usize,
    /// The handler's locus.
    pub locus: usize,
    /// It is part of a circle.
    pub in_circle: bool,
}
