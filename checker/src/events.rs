//! What each function does, to which place: the facts that rules are about, body by body.
//!
//! A body is walked once, with its types known. [`Place`]s follow references, guards, patterns and adapters to
//! the field, static, parameter or local they come from. Where a place comes out of a call it is left open
//! ([`Root::Call`]) for `summary` to fill in. Nothing here knows who calls the function, or how often.
//!
//! Closures and async blocks are walked where they stand: what they do is done by the function around them.

mod arms;
mod bare;
mod callees;
mod calls;
mod effect;
mod finite;
mod fixed;
mod flow;
mod guard;
mod last;
mod limits;
mod lost;
mod place;
mod present;
mod renewed;
mod rotate;
pub mod seen;
mod turns;
mod walk;

use crate::lower::ir::{ExprId, LocalId, Range};
use crate::lower::sym::Sym;
use crate::names::{AdtId, FnId, StaticId};
use crate::types::{Inferred, Program, Ty};
pub use callees::Callees;
pub(crate) use limits::{TIME_LIMITS, is_limit};
pub(crate) use lost::only_looks_at;
pub(crate) use present::{COPIES as KEY_COPIES, LOOKS, PASSES as FOUND_PASSES, is_table};
pub use renewed::{Anew, Renewal};
use seen::Seen;
use serde::{Deserialize, Serialize};
pub(crate) use turns::{BAILS, DIVERGES, MAY_LEAVE};

/// What a place is reached through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Root {
    /// A parameter; `self` is the first.
    Param(u32),
    /// A local variable.
    Local(LocalId),
    /// A static.
    Static(StaticId),
    /// A locus that lives on, given to a closure by the runtime.
    Resident,
    /// What a call gave, by its number among the calls of the body.
    Call(u32),
}

/// Something that can grow or shrink: by type and field, not by instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// What it is reached through.
    pub root: Root,
    /// The last field on the way; none for the root itself.
    pub field: Option<(AdtId, Sym)>,
    /// How many collections inside that: 0 the collection itself, 1 its elements.
    pub depth: u8,
}

impl Place {
    /// The root itself.
    pub fn root(root: Root) -> Place {
        Place { root, field: None, depth: 0 }
    }

    /// An element of it.
    #[must_use]
    pub fn inside(self) -> Place {
        Place { depth: self.depth.saturating_add(1), ..self }
    }

    /// A field of it.
    #[must_use]
    pub fn field(self, adt: AdtId, name: Sym) -> Place {
        Place { root: self.root, field: Some((adt, name)), depth: 0 }
    }
}

/// What happens at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum What {
    /// One element more.
    Grow,
    /// As many more as the input has.
    GrowMany,
    /// Its own old value and more: `s = format!("{s}{x}")`.
    Accumulate,
    /// Some fewer.
    Shrink,
    /// All gone.
    Clear,
    /// Another value in its stead.
    Replace,
}

impl What {
    /// Whether it adds.
    pub fn grows(self) -> bool {
        matches!(self, What::Grow | What::GrowMany | What::Accumulate)
    }
}

/// What holds where an event happens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Under {
    /// The innermost loop around it.
    pub in_loop: Option<u32>,
    /// The outermost loop that this path leaves.
    pub leaves: Option<u32>,
    /// An upper bound on the same place, or on a counter that goes with it, was tested.
    pub guarded: bool,
    /// Tests by functions of the workspace, by number of the call, that may be such bounds.
    pub tests: Vec<u32>,
    /// In the arm of an error.
    pub on_error: bool,
    /// In the arm of a success.
    pub on_success: bool,
    /// Only when a time has passed.
    pub timed: bool,
    /// In what fills a static cell, which happens once.
    pub once: bool,
    /// The innermost arm around it.
    pub in_arm: Option<u32>,
}

/// Something that happens at a place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    /// Where.
    pub place: Place,
    /// What.
    pub what: What,
    /// The call or assignment.
    pub at: Range,
    /// The method, or [`Sym::NONE`].
    pub operation: Sym,
    /// What holds there.
    pub under: Under,
    /// The functions between the place's own function and the one that does it, outermost first.
    pub via: Vec<FnId>,
    /// Name of the collection's type in the models.
    pub holder: Sym,
    /// What the collection holds owns a descriptor, a child or a task.
    pub holds: Option<crate::models::Resource>,
    /// Bytes or text rather than elements.
    pub buffer: bool,
    /// In an endless loop of a function on the way.
    pub endless: bool,
    /// What was removed is looked at, and not only dropped.
    pub taken: bool,
    /// That loop has a way out: it ends, and with it what the caller lent to it.
    pub has_way_out: bool,
    /// Types whose values it lets go of, or puts another value in the stead of.
    pub frees: Vec<AdtId>,
    /// Other fields with an upper bound there: what only grows together with one of them has no more than that.
    pub beside: Vec<(AdtId, Sym)>,
}

/// Some of the arguments of a call; of those behind the 64th none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Which(u64);

impl Which {
    /// Those that `is_one` holds for.
    pub(crate) fn of(args: &[ExprId], is_one: impl Fn(ExprId) -> bool) -> Which {
        let bits = args.iter().zip(0_u32..64).filter(|(arg, _)| is_one(**arg)).map(|(_, at)| 1 << at);
        Which(bits.fold(0, |all, bit: u64| all | bit))
    }

    /// Whether the argument at this place is one of them.
    pub(crate) fn has(self, at: usize) -> bool {
        at < 64 && self.0 >> at & 1 == 1
    }
}

/// A call of functions of the workspace.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallSite {
    /// Whom; several where a trait decides.
    pub callees: Callees,
    /// Places of the arguments, the receiver first.
    pub args: Box<[Option<Place>]>,
    /// Arguments that are shared with the caller: `Arc`s.
    pub shared: Which,
    /// Arguments that are fixed when the program is built: a constant, or text that lives for ever.
    pub fixed: Which,
    /// The call.
    pub at: Range,
    /// What holds there.
    pub under: Under,
    /// Passed on as a value, to be called by someone else.
    pub is_callback: bool,
    /// Places with an upper bound where it stands.
    pub guards: Vec<Place>,
    /// Number of the call's expression: what comes behind it has a higher one.
    pub expr: u32,
}

/// A loop.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LoopFacts {
    /// The loop around it.
    pub parent: Option<u32>,
    /// Its keyword.
    pub at: Range,
    /// `for`: as long as what it goes over.
    pub is_for: bool,
    /// It has no way out but the end of the thread.
    pub no_exit: bool,
    /// It waits for messages, connections, time: it goes round as often as the world wants.
    pub waits: bool,
    /// It takes connections: it goes round as long as the program serves.
    pub accepts: bool,
    /// It is no loop but what a framework calls with each request.
    pub serves: bool,
    /// It waits for something other than its own locus.
    pub waits_else: bool,
    /// It waits for its own locus to be free: `run.with(..)`.
    pub waits_with: bool,
    /// It goes on until the program drains.
    pub until_drained: bool,
    /// It reads a stream that has an end.
    pub reads: bool,
    /// Calls in it that may wait, by number.
    pub calls: Vec<u32>,
    /// `while let`: how many of those calls belong to its condition, which alone decides.
    pub in_condition: Option<usize>,
    /// Number of the loop's expression: what comes behind it has a higher one.
    pub expr: u32,
    /// It reads a channel of this body: the parts that hold its senders, each the numbers of the expressions before it
    /// and of its last. It ends when these do.
    pub fed_by: Option<Vec<(u32, u32)>>,
}

impl LoopFacts {
    /// What is said of it where it stands around something.
    pub(crate) fn says(&self) -> &'static str {
        if self.serves { "runs for every request" } else { "in this loop" }
    }
}

/// Code that only runs for certain variants of enums of the workspace.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ArmFacts {
    /// The arm around it.
    pub parent: Option<u32>,
    /// The ways to get there, each with the variants that it takes.
    pub ways: Vec<Vec<(AdtId, Sym)>>,
    /// Its expressions: behind the first number, and up to the second.
    pub exprs: (u32, u32),
    /// All of it.
    pub at: Range,
}

/// A call that opens a file descriptor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Open {
    /// What kind.
    pub kind: Box<str>,
    /// As users know it: `TcpListener::bind`.
    pub name: String,
    /// The call.
    pub at: Range,
}

/// A resource that goes out of sight while it is open.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lost {
    /// How.
    pub how: LostHow,
    /// Where.
    pub at: Range,
    /// What holds there.
    pub under: Under,
    /// The field that holds its number; it is lost if no field of that name is ever handed on.
    pub field: Option<(AdtId, Sym)>,
    /// Functions that are given its number, and in which place: it is lost if each only looks at it.
    pub lent: Vec<(FnId, u32)>,
}

/// How a resource is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LostHow {
    /// A raw descriptor that nobody closes.
    RawFd,
    /// An owner of a descriptor that never drops.
    Forgotten,
    /// A child process that nobody waits for.
    Child,
}

/// Two names of one value: an `Arc` and its clones.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Alias {
    /// A field.
    pub field: (AdtId, Sym),
    /// What it was filled from.
    pub from: Place,
    /// It borrows that, and what happens through it happens there.
    pub lent: bool,
}

/// All that one body does.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct FnFacts {
    /// At places.
    pub events: Vec<Event>,
    /// Calls of functions of the workspace.
    pub calls: Vec<CallSite>,
    /// Loops.
    pub loops: Vec<LoopFacts>,
    /// Names of methods and functions that something not understood mentions.
    pub mentions: Vec<Sym>,
    /// What the function gives back, where that is part of something else: one for each way out.
    pub returns: Vec<Place>,
    /// Places whose size the function's result is about.
    pub measures: Vec<Place>,
    /// Descriptors opened.
    pub opens: Vec<Open>,
    /// Resources lost.
    pub lost: Vec<Lost>,
    /// Fields whose value is given to a call or a caller.
    pub handed: Vec<(AdtId, Sym)>,
    /// Names of fields out of which something is taken through a value whose type is not known.
    pub taken_from: Vec<Sym>,
    /// Shared values under two names.
    pub aliases: Vec<Alias>,
    /// Values of types of the workspace that are made, and the loop around each.
    pub makes: Vec<(AdtId, Option<u32>)>,
    /// Fields that get another value each time.
    pub renews: Vec<Renewal>,
    /// What single rules look for.
    pub seen: Vec<Seen>,
    /// Code that is handed to a thread of its own.
    pub threads: Vec<Range>,
    /// Arms that ask for variants of the workspace.
    pub arms: Vec<ArmFacts>,
    /// Variants that are named outside of patterns, with the number of the expression; of what enum, where that is known.
    pub variants: Vec<(Option<AdtId>, Sym, u32)>,
    /// Ways out by `?`, in the order of the text.
    pub tries: Vec<Range>,
    /// It waits for messages, connections, time.
    pub waits: bool,
    /// It takes connections.
    pub accepts: bool,
    /// It reads a stream that has an end.
    pub reads: bool,
    /// Locals that hold what a call gave, by number of the call.
    pub call_locals: Vec<(u32, LocalId)>,
    /// For each local, the loop it is declared in.
    pub local_loops: Vec<Option<u32>>,
    /// For each local, the last expression that mentions it; all of a loop's if it is a value of the loop.
    pub local_last: Vec<u32>,
    /// Calls of any kind.
    pub calls_seen: u32,
    /// Calls nobody knows the target of. A call counts as known if it leads to functions or constructors of the
    /// workspace, to a closure held in a local or field, or out of the workspace: by its path, or, for a method,
    /// by the type of its receiver, whether or not a model describes the method. All else counts here.
    pub calls_unresolved: u32,
}

/// Collects what the body of `id` does; nothing for a function without one.
pub fn collect(program: &Program<'_>, id: FnId) -> FnFacts {
    let Some(inferred) = crate::types::infer(program, id) else { return FnFacts::default() };
    walk::walk(program, id, inferred)
}

/// The parts of the walk that its modules share.
struct Walk<'p, 'w> {
    program: &'p Program<'w>,
    id: FnId,
    body: &'p crate::lower::ir::Body,
    inferred: Inferred<'p>,
    facts: FnFacts,
    /// What each local is another name of.
    locals: Vec<Option<Place>>,
    /// Locals that hold the length of a place.
    lengths: Vec<Option<Place>>,
    /// Places that a branch chose from: the one that stands for all, and another.
    alternatives: Vec<(Place, Place)>,
    /// The place each local was taken out of, and the call that took it.
    popped_from: Vec<Option<(Place, Range)>>,
    /// Calls that put what a local was taken out of a place back there.
    put_back: Vec<(ExprId, LocalId)>,
    /// The place of each expression walked so far.
    places: Vec<Option<Place>>,
    under: Under,
    /// Places with an upper bound here, and counters.
    guards: Vec<Place>,
    /// Keys that were looked up and found.
    present: Vec<present::Present>,
    /// Places that hold a variant without fields.
    bare: Vec<Option<bare::Bare>>,
    /// Counters that the body raises.
    raised: Vec<Place>,
    /// Closures that a framework calls with each request.
    served: Vec<ExprId>,
    /// Within the function's own block.
    in_block: bool,
}

impl Walk<'_, '_> {
    fn ty(&self, id: ExprId) -> Ty {
        self.inferred.expr(id)
    }
}

#[cfg(test)]
mod tests;
