//! What single rules look for in a body: spawned tasks, calls that block, publishes, leaked memory.
//!
//! A second pass over a body whose places and types are known. It notes what is there and where; whether that is
//! a fault depends on how often the function runs and for whom, and is for the rules to say. A sight carries
//! what cannot be found again once the types of the body are gone.

mod allocations;
pub(crate) mod alone;
mod bus;
mod channels;
mod counted;
mod fresh;
mod input;
mod labels;
mod locked;
mod memory;
mod piled;
mod queued_up;
mod reserves;
mod resources;
mod scratch;
mod spare;
mod tasks;
mod tied;
mod waits;

pub use allocations::{Allocation, allocations};
pub use channels::Item;
pub use input::Sender;
pub use memory::Kept;
pub use queued_up::AwaitedLock;

use super::{Place, Under, Walk};
use crate::lower::ir::{ExprId, ExprKind, Pat, Range, Stmt};
use crate::lower::sym::Sym;
use crate::names::{AdtId, FnId};
use crate::types::{Interner, Ty, TyKind};
use serde::{Deserialize, Serialize};

/// Something that a rule may be about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Seen {
    /// What it is.
    pub sight: Sight,
    /// Where.
    pub at: Range,
    /// The innermost loop around it.
    pub in_loop: Option<u32>,
}

impl Seen {
    /// The part of what holds there that tells how often it happens.
    pub fn under(&self) -> Under {
        Under { in_loop: self.in_loop, ..Under::default() }
    }
}

/// What can be seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Sight {
    /// A task or thread whose handle is dropped on the spot.
    Detached {
        /// A thread rather than a task.
        thread: bool,
        /// It first sleeps: a timer.
        timer: bool,
        /// It has one end of a channel whose other end is elsewhere, and may go when that goes, or a test against a limit
        /// stands in the same function: unless it never ends.
        tied: bool,
        /// It is started where a test lets one through at a time, or as many as a field counts.
        alone: bool,
        /// Functions of the workspace that are asked before.
        asks: Box<[FnId]>,
    },
    /// A handle put in the place of another that may still run.
    HandleReplaced(Option<(AdtId, Sym)>),
    /// Something that ends the task whose handle a field holds.
    Aborted((AdtId, Sym)),
    /// A `select!` over handles of tasks: who loses runs on.
    Race {
        /// Each of two has one half of the same connection, and hears when that ends.
        halves: bool,
    },
    /// A call that holds up its thread.
    Blocks {
        /// The call.
        name: Box<str>,
        /// It is short and rare by what it reads, or seems to run on a thread of its own.
        slight: bool,
    },
    /// An await while a guard of a lock is alive, which was taken there.
    LockHeld(Range),
    /// An await while the guard of an awaited lock is alive, which was taken there and has no part in it.
    LockKept(Range, AwaitedLock),
    /// An awaited lock is waited for.
    LockWanted(AwaitedLock),
    /// A queue without a limit.
    Unbounded {
        /// Its sending end.
        sender: Place,
        /// Its receiving end.
        receiver: Option<Place>,
        /// What it carries.
        item: Option<Item>,
    },
    /// A send into a queue.
    Sends {
        /// Its sending end.
        sender: Place,
        /// What it carries.
        item: Option<Item>,
    },
    /// Something taken out of a queue.
    Receives {
        /// Its receiving end.
        receiver: Option<Place>,
        /// What it carries.
        item: Option<Item>,
    },
    /// Memory whose destructor never runs, by name of the call; whether something may take it back.
    Leaks(Box<str>, bool),
    /// A descriptor is closed by its number.
    ClosesByNumber,
    /// Something that takes back what a raw pointer owns.
    TakesBack,
    /// Something that runs the destructor of what was wrapped against it.
    DropsByHand,
    /// An owner that holds itself: the field that closes the circle.
    Circle((AdtId, Sym)),
    /// A callback is kept in what it owns.
    OwnsItsOwner(Kept),
    /// An endless task that holds the value whose destructor would end it.
    KeepsItself,
    /// A line, frame or body read without a limit, by name of the call, and who sends it.
    Frame(Box<str>, Sender),
    /// What a framework's own limit to the bodies of requests is set to: none at all, or another.
    BodyLimit {
        /// None at all.
        lifted: bool,
    },
    /// Memory reserved by a number that came in, or by a field that may hold one; whether it came over a connection.
    SizedByInput(Option<(AdtId, Sym)>, bool),
    /// A number that came in put into a field where its struct is made; whether it came over a connection.
    Parses((AdtId, Sym), bool),
    /// A label of a metric that takes any value.
    Label {
        /// What the value is called.
        named: Sym,
        /// The parameter that it is.
        param: Option<u32>,
        /// The static or field that holds the metric.
        metric: Sym,
        /// The field that it lies in, which is open if it holds the path of a request.
        of: Option<(AdtId, Sym)>,
        /// It is the path that a request asks for.
        asked: bool,
    },
    /// The path of a request put into a field where its struct is made.
    TakesPath((AdtId, Sym)),
    /// A field is given what one of these functions makes of a request.
    TakesFrom((AdtId, Sym), Box<[FnId]>),
    /// A function that gives a text asks a request for its path.
    AsksPath,
    /// A series taken out of the metric that a static or field of that name holds.
    Unlabels(Sym),
    /// Scratch text rebuilt from itself.
    Rebuilt,
    /// Scratch taken with each turn of a loop.
    ScratchPerTurn,
    /// A key made only to look something up.
    OwnedKey,
    /// Text of a message copied and then only read.
    SpareCopy,
    /// Text or a list made, used and dropped in a handler that has scratch, by name of the call.
    Temporary(Box<str>),
    /// An entry with text for its key: added or looked up, and whether the code itself says the text.
    TextKey {
        /// The map.
        map: Place,
        /// Added rather than looked up.
        added: bool,
        /// A literal or constant.
        constant: bool,
    },
    /// Something costly made anew, by name of the call.
    Fresh(Box<str>),
    /// A message published.
    Publishes {
        /// Its topic.
        topic: AdtId,
        /// It waits for room.
        waits: bool,
        /// It stands in a branch.
        conditional: bool,
        /// Through a handle rather than by a locus.
        by_handle: bool,
    },
    /// Messages of a topic taken other than by a handler, or its handle given away.
    Uses {
        /// The topic.
        topic: AdtId,
        /// A subscription is made.
        subscribes: bool,
    },
    /// A child spawned, by its type.
    Spawns(AdtId),
    /// A task, thread or process started, by name of the call.
    Starts(Box<str>),
    /// A queue without a limit made, by name of the call.
    MakesQueue(Box<str>),
    /// Room reserved for a place, or its capacity asked for.
    Reserves(Place),
    /// A cache made for a place, with no limit to its entries or their age.
    Limitless(Place),
    /// Threads of a pool of workers asked for, by name of the call; how many, where the code says it.
    Workers(Box<str>, Option<u64>),
    /// A thread started.
    StartsThread,
    /// A locus that ends itself or a child.
    Terminates,
    /// Something entered in a register of a kind: a source with a poller, a path with a watcher.
    Registers(Box<str>),
    /// Something taken out of a register of that kind.
    Deregisters(Box<str>),
    /// A temporary file made permanent.
    KeepsFile,
    /// A child with a pipe that is kept, and whose pipe nobody takes.
    KeepsPipe,
    /// A task without an end that owns a descriptor.
    OwnsForEver,
    /// A wait for a child that runs on if the wait is given up; the functions of the workspace that made its command.
    AwaitsChild(Box<[FnId]>),
    /// A file or folder is removed, by its path.
    RemovesFile,
    /// A child of the standard library is killed, which nobody waits for but who says so.
    KillsChild,
    /// A wait, without a limit of its own, for the answer to a datagram that the function has sent from a socket of its own.
    AwaitsDatagram,
    /// A `select!` over handles in these fields, in a method that ends their owner with each of its arms.
    FieldRace(Box<[(AdtId, Sym)]>),
    /// A number that several threads may count with is raised, lowered or set.
    Counts(Place, Counts),
    /// A permit of a semaphore whose destructor never runs.
    Forgets,
    /// Permits given to a semaphore by their number.
    AddsPermits,
    /// A loop that hands on what outlives whoever reads it, and ends with that alone.
    Forwards,
}

/// What is done to a number that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Counts {
    /// Raised.
    Up,
    /// Lowered.
    Down,
    /// Given a value that does not depend on the one it had.
    Set,
}

/// Methods that only pass a value on.
const PASSES: [Sym; 10] = crate::lower::sym::syms([
    "unwrap",
    "expect",
    "ok",
    "ok_or",
    "ok_or_else",
    "map_err",
    "context",
    "with_context",
    "unwrap_or_else",
    "instrument",
]);

const SPAWN_BLOCKING: Sym = Sym::new("spawn_blocking");

/// A body with what all looks need: who is awaited, which code runs apart, how locals begin.
pub(super) struct Look<'a, 'p, 'w> {
    walk: &'a Walk<'p, 'w>,
    awaited: Vec<bool>,
    /// Whether anything is.
    awaits: bool,
    /// Closures and async blocks.
    frames: Vec<Range>,
    inits: Vec<Option<ExprId>>,
    threads: Vec<Range>,
    tries: Vec<Range>,
    seen: Vec<Seen>,
}

impl Walk<'_, '_> {
    pub(super) fn look(&mut self) {
        let mut look = Look::new(self);
        look.all();
        let Look { seen, threads, tries, .. } = look;
        self.facts.seen = seen;
        self.facts.threads = threads;
        self.facts.tries = tries;
    }
}

impl<'a, 'p, 'w> Look<'a, 'p, 'w> {
    fn new(walk: &'a Walk<'p, 'w>) -> Self {
        let body = walk.body;
        let mut look = Look {
            walk,
            awaited: vec![false; body.exprs.len()],
            awaits: false,
            frames: Vec::new(),
            inits: vec![None; body.locals.len()],
            threads: Vec::new(),
            tries: Vec::new(),
            seen: Vec::new(),
        };
        for (index, expr) in body.exprs.iter().enumerate() {
            let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
            match &expr.kind {
                ExprKind::Await(inner) => {
                    look.awaited[inner.0 as usize] = true;
                    look.awaits = true;
                }
                ExprKind::Try(_) => look.tries.push(expr.at),
                ExprKind::Closure(..) | ExprKind::Async(_) => look.frames.push(look.extent(id)),
                ExprKind::Call(..) | ExprKind::Method(_) => look.thread(id),
                ExprKind::Macro(name, args) if *name == SPAWN_BLOCKING => {
                    let args: Vec<Range> = args.iter().map(|arg| look.extent(*arg)).collect();
                    look.threads.extend(args);
                }
                ExprKind::Block(stmts, _) => stmts.iter().for_each(|stmt| look.init(stmt)),
                _ => {}
            }
        }
        look
    }

    fn init(&mut self, stmt: &Stmt) {
        if let Stmt::Let(pat, _, Some(init), _) = stmt
            && let Pat::Bind(local, None) = self.walk.body.pat(*pat)
        {
            self.inits[local.0 as usize] = Some(*init);
        }
    }

    fn thread(&mut self, id: ExprId) {
        // Services have functions of that name of their own, around the one they know.
        let named = self.called(id).1 == SPAWN_BLOCKING;
        if named || self.walk.callable(id).is_some_and(|callable| callable.on_thread) {
            let args: Vec<Range> = self.args(id).iter().map(|arg| self.extent(*arg)).collect();
            self.threads.extend(args);
        }
    }

    fn all(&mut self) {
        self.reserved_locals();
        self.spare_locals();
        let body = self.walk.body;
        for (index, expr) in body.exprs.iter().enumerate() {
            let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
            match &expr.kind {
                ExprKind::Block(stmts, tail) => {
                    self.dropped_handles(stmts);
                    self.locks_in_block(expr.at, stmts, *tail);
                    self.channels_made(stmts);
                }
                ExprKind::Call(..) | ExprKind::Method(_) => self.call(id),
                ExprKind::Assign(left, right) => {
                    self.replaced_handle(id, *left, *right);
                    self.kept_pipe(id, *left, *right);
                    self.rebuilt(id, *left, *right);
                    self.circle(id, *left, *right);
                    self.callback_put_into_itself(id, *left, *right);
                }
                ExprKind::Struct(_, fields, _) => {
                    self.reserved_fields(id, fields);
                    self.parsed_fields(id, fields);
                    self.labelled_fields(id, fields);
                }
                ExprKind::Macro(name, args) => self.macro_call(id, *name, args),
                ExprKind::Select(arms) => {
                    self.race(id, arms);
                    self.field_race(id, arms);
                }
                ExprKind::Match(on, arms) => self.lock_in_scrutinee(id, *on, arms),
                ExprKind::If(cond, then, _) => self.lock_in_condition(*cond, *then),
                ExprKind::While(cond, body, _) => {
                    self.lock_in_condition(*cond, *body);
                    self.piled_up(id, Some(*cond), *body);
                    self.forwards(id, Some(*cond), *body);
                }
                ExprKind::Loop(body, _) => {
                    self.piled_up(id, None, *body);
                    self.forwards(id, None, *body);
                }
                ExprKind::Await(inner) => {
                    self.awaited_handle(*inner);
                    self.lock_in_awaited(id, *inner);
                    self.lock_wanted(id, *inner);
                }
                ExprKind::Path(path) if resources::closes_by_number(&path.segments) => {
                    self.note(Sight::ClosesByNumber, id);
                }
                ExprKind::For(_, over, body, _) => {
                    self.received_by_loop(*over);
                    self.lock_in_loop(*over, *body);
                }
                _ => {}
            }
        }
    }

    fn call(&mut self, id: ExprId) {
        self.task(id);
        self.blocking(id);
        self.send(id);
        self.receive(id);
        self.leak(id);
        if self.walk.callable(id).is_some_and(|callable| callable.spawns) {
            self.keeps_itself(id);
            self.owns_for_ever(id);
        }
        self.resource(id);
        self.frame(id);
        self.sized(id);
        self.label(id);
        self.scratch_call(id);
        self.owned_key(id);
        self.text_key(id);
        self.fresh(id);
        self.on_bus(id);
        self.given_to_generic(id);
        self.counted(id);
        self.counts(id);
        self.permits(id);
        self.callback_of_itself(id);
        self.reserved(id);
    }

    fn macro_call(&mut self, id: ExprId, name: Sym, args: &[ExprId]) {
        self.sized_macro(id, name, args);
        self.label_macro(id, name, args);
        self.scratch_macro(id, name);
    }

    fn note(&mut self, sight: Sight, id: ExprId) {
        self.note_at(sight, id, self.walk.at(id));
    }

    fn note_at(&mut self, sight: Sight, id: ExprId, at: Range) {
        self.seen.push(Seen { sight, at, in_loop: self.walk.loop_around(id) });
    }

    fn kind(&self, id: ExprId) -> &'p ExprKind {
        &self.walk.body.expr(id).kind
    }

    /// Arguments of a call, without the receiver.
    fn args(&self, id: ExprId) -> &'p [ExprId] {
        match self.kind(id) {
            ExprKind::Call(_, args) => args,
            ExprKind::Method(call) => &call.args,
            _ => &[],
        }
    }

    /// The last two segments of the path of a call, or of the method alone.
    fn called(&self, id: ExprId) -> (Sym, Sym) {
        match self.kind(id) {
            ExprKind::Call(callee, _) => match self.kind(*callee) {
                ExprKind::Path(path) => {
                    let before = path.segments.iter().rev().nth(1).copied().unwrap_or(Sym::NONE);
                    (before, path.last())
                }
                _ => (Sym::NONE, Sym::NONE),
            },
            ExprKind::Method(call) => (Sym::NONE, call.name),
            _ => (Sym::NONE, Sym::NONE),
        }
    }

    /// A call as users know it: `thread::sleep`, `.recv`.
    fn name_of(&self, id: ExprId) -> Box<str> {
        match self.kind(id) {
            ExprKind::Call(callee, _) => self.walk.path_name(*callee).into(),
            ExprKind::Method(call) => self.walk.program.names.text(call.name).into(),
            _ => Box::default(),
        }
    }

    /// Whether the call leads to code of the workspace, or nobody knows where.
    fn is_own(&self, id: ExprId) -> bool {
        use crate::types::Callee;
        matches!(self.walk.inferred.callees.get(&id), Some(Callee::Fns(_) | Callee::Ctor(_) | Callee::Value))
    }

    /// The value below `?`, `unwrap`, `await`, references and what else only passes it on.
    fn inner(&self, mut id: ExprId) -> ExprId {
        for _ in 0..8 {
            match self.kind(id) {
                ExprKind::Try(inner)
                | ExprKind::Await(inner)
                | ExprKind::Ref(inner, _)
                | ExprKind::Deref(inner) => id = *inner,
                ExprKind::Method(call) if PASSES.contains(&call.name) => id = call.recv,
                _ => return id,
            }
        }
        id
    }

    /// Name of the foreign type behind pointers and guards.
    fn foreign(&self, ty: Ty) -> Sym {
        match self.walk.inferred.types.kind(self.walk.collection(ty)) {
            TyKind::Foreign(foreign, _) => foreign.last,
            _ => Sym::NONE,
        }
    }

    fn extent(&self, id: ExprId) -> Range {
        self.walk.body.extent(id)
    }

    /// The innermost closure or async block around a position.
    fn frame_of(&self, at: Range) -> Option<Range> {
        let around = |frame: &&Range| frame.start < at.start && at.end <= frame.end;
        self.frames.iter().filter(around).min_by_key(|frame| frame.end - frame.start).copied()
    }
}

/// Whether `inner` begins within `outer`.
pub(crate) fn within(outer: Range, inner: Range) -> bool {
    outer.start <= inner.start && inner.start < outer.end
}
