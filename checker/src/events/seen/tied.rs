//! Tasks whose number or end something else decides: what drives a connection that the caller holds, what shares
//! a queue with the code around it, what a flag lets run once at a time, what was passed in.

use super::tasks::ANSWER;
use super::{Look, within};
use crate::lower::ir::{ExprId, ExprKind, LocalId, Pat, PatId, Range, Stmt};
use crate::lower::sym::{Sym, syms};

/// Calls that give a handle and the future that drives it.
const DRIVEN: [Sym; 4] = syms(["handshake", "connect", "connect_raw", "new_connection"]);
const CHANNELS: [Sym; 6] =
    syms(["channel", "unbounded_channel", "unbounded", "bounded", "sync_channel", "duplex"]);
const TAKES: [Sym; 3] = syms(["compare_exchange", "compare_exchange_weak", "swap"]);
const UPGRADE: Sym = Sym::new("upgrade");
const DOWNGRADE: Sym = Sym::new("downgrade");
const CLONE: Sym = Sym::new("clone");
const FLAG: Sym = Sym::new("AtomicBool");

impl Look<'_, '_, '_> {
    /// Whether something else decides how many tasks `spawn` starts.
    pub(super) fn is_tied(&self, spawn: ExprId) -> bool {
        let Some(task) = self.args(spawn).last().copied() else { return false };
        let extent = self.task_extent(task);
        let in_loop = self.walk.loop_around(spawn).is_some();
        self.is_handed_on(task)
            || self.is_single_flight(extent)
            || self.shares(task, extent, in_loop)
            || self.is_gathered(spawn, extent)
            || self.has_sent_end(extent)
            || self.gives_way(extent)
            || (!in_loop && (self.follows(extent) || self.has_end(extent) || self.only_tells(extent)))
    }

    /// Whether nothing but an end of a channel ties a task to whoever has the other: it may go on all the same.
    pub(super) fn may_outlive(&self, spawn: ExprId) -> bool {
        let Some(task) = self.args(spawn).last().copied() else { return false };
        let extent = self.task_extent(task);
        !(self.is_handed_on(task)
            || self.is_single_flight(extent)
            || self.is_gathered(spawn, extent)
            || self.has_sent_end(extent)
            || self.gives_way(extent)
            || self.watches_its_owner(extent))
    }

    /// A task that goes on only while another holds something: it looks whether the owner of a `Weak` is still
    /// there, or takes what comes out of a queue until its senders are gone.
    fn follows(&self, task: Range) -> bool {
        let inside = self.walk.body.exprs.iter().filter(|expr| within(task, expr.at));
        let mut heads = inside.filter_map(|expr| match &expr.kind {
            ExprKind::While(cond, ..) => Some(*cond),
            _ => None,
        });
        let takes = |cond: ExprId| match self.kind(cond) {
            ExprKind::Let(_, init) => {
                matches!(self.kind(self.inner(*init)), ExprKind::Method(call) if call.name == Sym::new("recv"))
            }
            _ => false,
        };
        heads.any(takes) || self.watches_its_owner(task)
    }

    fn watches_its_owner(&self, task: Range) -> bool {
        self.walk.body.exprs.iter().filter(|expr| within(task, expr.at)).any(|expr| match &expr.kind {
            ExprKind::Method(call) => call.name == UPGRADE && call.args.is_empty(),
            ExprKind::Path(path) => path.last() == DOWNGRADE,
            _ => false,
        })
    }

    /// A task that has the receiving end which was passed in: who made the queue decides how many there are.
    fn has_end(&self, task: Range) -> bool {
        const ENDS: [Sym; 2] = syms(["Receiver", "UnboundedReceiver"]);
        self.walk.body.exprs.iter().enumerate().any(|(index, expr)| {
            let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
            let ty = self.walk.ty(id);
            within(task, expr.at)
                && self.is_handed_on(id)
                && ENDS.contains(&self.foreign(ty))
                && self.foreign_path(ty) != ANSWER
        })
    }

    /// A task that takes what comes out of a queue whose end came in a message: it goes with whoever sent that.
    fn has_sent_end(&self, task: Range) -> bool {
        const ENDS: [Sym; 2] = syms(["Receiver", "UnboundedReceiver"]);
        self.walk.body.exprs.iter().filter(|expr| within(task, expr.at)).any(|expr| {
            let ExprKind::Method(call) = &expr.kind else { return false };
            let ExprKind::Local(local) = self.kind(call.recv) else { return false };
            let ty = self.walk.ty(call.recv);
            call.name == Sym::new("recv")
                && ENDS.contains(&self.foreign(ty))
                && self.foreign_path(ty) != ANSWER
                && !within(task, self.walk.body.locals[local.0 as usize].at)
                && self.is_of_arm(*local)
        })
    }

    /// Whether an arm of a `match` or a condition binds a local to a part of what came.
    fn is_of_arm(&self, local: LocalId) -> bool {
        self.walk.body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::Match(_, arms) => arms.iter().any(|arm| self.is_part_of(arm.pat, local)),
            ExprKind::Let(pat, _) => self.is_part_of(*pat, local),
            _ => false,
        })
    }

    fn is_part_of(&self, pat: PatId, local: LocalId) -> bool {
        let holds = |part: PatId| self.binds(part, local) || self.is_part_of(part, local);
        match self.walk.body.pat(pat) {
            Pat::TupleStruct(_, parts) => parts.iter().any(|part| holds(*part)),
            Pat::Struct(_, fields) => fields.iter().any(|(_, part)| holds(*part)),
            _ => false,
        }
    }

    /// A task that begins with a try for a lock, and is done where another has it: there is one at a time.
    fn gives_way(&self, task: Range) -> bool {
        const TRIES: [Sym; 4] = syms(["try_lock", "try_lock_owned", "try_write", "try_write_owned"]);
        let body = self.walk.body;
        let inside = |at: Range| within(task, at);
        let awaits = body.exprs.iter().filter(|expr| matches!(expr.kind, ExprKind::Await(_)));
        let first = awaits.filter(|expr| inside(expr.at)).map(|expr| expr.at.end).min().unwrap_or(u32::MAX);
        let tries = |id: ExprId| match self.kind(self.inner_sync(id)) {
            ExprKind::Method(call) => TRIES.contains(&call.name) && self.walk.at(call.recv).end < first,
            _ => false,
        };
        let leaves = |init: ExprId| match self.kind(init) {
            ExprKind::Match(on, arms) => tries(*on) && arms.iter().any(|arm| self.walk.diverges(arm.body)),
            _ => false,
        };
        let blocks = body.exprs.iter().filter(|expr| inside(expr.at)).filter_map(|expr| match &expr.kind {
            ExprKind::Block(stmts, _) => Some(stmts.iter()),
            _ => None,
        });
        blocks.flatten().any(|stmt| match stmt {
            Stmt::Let(_, _, Some(init), Some(_)) => tries(*init),
            Stmt::Let(_, _, Some(init), None) => leaves(*init),
            _ => false,
        })
    }

    /// A task that tells one thing to whoever passed in the queue, and waits for nothing but room.
    fn only_tells(&self, task: Range) -> bool {
        let inside = || self.walk.body.exprs.iter().filter(|expr| within(task, expr.at));
        let turns =
            |kind: &ExprKind| matches!(kind, ExprKind::Loop(..) | ExprKind::While(..) | ExprKind::For(..));
        if inside().any(|expr| turns(&expr.kind)) {
            return false;
        }
        let mut waits = inside().filter_map(|expr| match &expr.kind {
            ExprKind::Await(inner) => Some(*inner),
            _ => None,
        });
        let tells = |id: ExprId| {
            matches!(self.kind(id), ExprKind::Method(call) if call.name == Sym::new("send")
                && matches!(self.kind(call.recv), ExprKind::Local(_))
                && self.is_handed_on(call.recv)
                && self.foreign(self.walk.ty(call.recv)) == Sym::new("Sender"))
        };
        let first = waits.next();
        first.is_some_and(tells) && waits.next().is_none()
    }

    /// All of the task, also where a local holds it.
    fn task_extent(&self, task: ExprId) -> Range {
        let all = self.extent(task);
        match self.kind(task) {
            ExprKind::Local(local) => self.inits[local.0 as usize].map_or(all, |init| self.extent(init)),
            ExprKind::Method(call) => self.task_extent(call.recv).to(all),
            _ => all,
        }
    }

    /// A future that was passed in: who made it decides how many there are.
    fn is_handed_on(&self, task: ExprId) -> bool {
        match self.kind(task) {
            ExprKind::Local(local) => self.walk.body.params.iter().any(|pat| self.binds(*pat, *local)),
            ExprKind::Method(call) if super::PASSES.contains(&call.name) => self.is_handed_on(call.recv),
            _ => false,
        }
    }

    fn binds(&self, pat: PatId, local: LocalId) -> bool {
        match self.walk.body.pat(pat) {
            Pat::Bind(of, _) => *of == local,
            Pat::Typed(inner, _) => self.binds(*inner, local),
            _ => false,
        }
    }

    /// A flag that is taken before, or set by the task itself: while it is set there is no second one.
    fn is_single_flight(&self, task: Range) -> bool {
        self.walk.body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::Method(call) => {
                let takes = TAKES.contains(&call.name);
                let sets = call.name == Sym::new("store") && within(task, expr.at);
                (takes || sets) && self.foreign(self.walk.ty(call.recv)) == FLAG
            }
            _ => false,
        })
    }

    /// One end in the task, the other outside: the task ends when that one goes. What a loop starts is not
    /// asked, since the ends that its turns leave behind may be many, too.
    fn shares(&self, spawned: ExprId, task: Range, in_loop: bool) -> bool {
        let whole = |local: LocalId| matches!(self.kind(spawned), ExprKind::Local(of) if *of == local);
        let stmts = self.walk.body.exprs.iter().filter_map(|expr| match &expr.kind {
            ExprKind::Block(stmts, _) => Some(stmts.iter()),
            _ => None,
        });
        stmts.flatten().any(|stmt| {
            let Stmt::Let(pat, _, Some(init), _) = stmt else { return false };
            let Some([first, second]) = self.pair(*pat) else { return false };
            let made = self.called(self.made_by(*init)).1;
            let drives = DRIVEN.contains(&made) && self.is_mentioned(second, task, true) || whole(second);
            // `let (driver, client) = connect_somehow(..).await?`
            let drives = drives || self.is_driver(*init, [first, second], task);
            let queue = !in_loop && CHANNELS.contains(&made);
            let splits = |ours, theirs| {
                (self.is_mentioned(ours, task, true) || self.is_parted(ours, task))
                    && !self.is_mentioned(theirs, task, true)
                    && !self.is_parted(theirs, task)
                    && self.is_mentioned(theirs, task, false)
            };
            drives || queue && (splits(first, second) || splits(second, first))
        })
    }

    /// Whether the task has a half of what a local was split into: `let (read, write) = split(ours)`.
    fn is_parted(&self, whole: LocalId, task: Range) -> bool {
        let is_it = |id: ExprId| matches!(self.kind(id), ExprKind::Local(of) if *of == whole);
        let of_it = |init: ExprId| match self.kind(init) {
            ExprKind::Call(_, args) => {
                self.called(init).1 == Sym::new("split") && args.first().copied().is_some_and(is_it)
            }
            ExprKind::Method(call) => {
                [Sym::new("split"), Sym::new("into_split")].contains(&call.name) && is_it(call.recv)
            }
            _ => false,
        };
        let stmts = self.walk.body.exprs.iter().filter_map(|expr| match &expr.kind {
            ExprKind::Block(stmts, _) => Some(stmts.iter()),
            _ => None,
        });
        stmts.flatten().any(|stmt| {
            let Stmt::Let(pat, _, Some(init), _) = stmt else { return false };
            of_it(*init)
                && self
                    .pair(*pat)
                    .is_some_and(|halves| halves.iter().any(|half| self.is_mentioned(*half, task, true)))
        })
    }

    /// One of several that a loop starts, whose answers the function gathers behind that loop: they all send into one
    /// queue of its own.
    fn is_gathered(&self, spawn: ExprId, task: Range) -> bool {
        const GATHERS: [Sym; 4] = syms(["recv", "next", "recv_timeout", "recv_many"]);
        let around = self.walk.loop_around(spawn);
        let stmts = self.walk.body.exprs.iter().filter_map(|expr| match &expr.kind {
            ExprKind::Block(stmts, _) => Some(stmts.iter()),
            _ => None,
        });
        let sends = |sender: LocalId| {
            let copies = self.inits.iter().enumerate().filter_map(|(at, init)| {
                let ExprKind::Method(call) = self.kind((*init)?) else { return None };
                let is_copy = call.name == CLONE
                    && matches!(self.kind(call.recv), ExprKind::Local(of) if *of == sender);
                is_copy.then_some(LocalId(u32::try_from(at).unwrap_or(u32::MAX)))
            });
            copies.chain([sender]).any(|local| self.is_mentioned(local, task, true))
        };
        let waits = |receiver: LocalId| {
            (0_u32..).map(ExprId).zip(&self.walk.body.exprs).any(|(id, expr)| {
                matches!(&expr.kind, ExprKind::Method(call) if GATHERS.contains(&call.name)
                    && matches!(self.kind(call.recv), ExprKind::Local(of) if *of == receiver))
                    && id > spawn
                    && self.walk.loop_around(id) != around
            })
        };
        let is_for =
            around.and_then(|at| self.walk.facts.loops.get(at as usize)).is_some_and(|one| one.is_for);
        is_for
            && stmts.flatten().any(|stmt| {
                let Stmt::Let(pat, _, Some(init), _) = stmt else { return false };
                let Some([sender, receiver]) = self.pair(*pat) else { return false };
                CHANNELS.contains(&self.called(self.made_by(*init)).1)
                    && self.walk.loop_around(*init) != around
                    && !self.is_mentioned(receiver, task, true)
                    && sends(sender)
                    && waits(receiver)
            })
    }

    /// What some library gives as a pair when it connects: the task waits for one half, and ends when the other goes, which
    /// stays with the caller. Connections that came in are none.
    fn is_driver(&self, init: ExprId, pair: [LocalId; 2], task: Range) -> bool {
        const COMES: [&str; 4] = ["accept", "recv", "next", "split"];
        let call = self.made_by(init);
        let name = self.walk.program.names.text(self.called(call).1);
        let dials =
            self.is_awaited_below(init) && !self.is_own(call) && !COMES.iter().any(|of| name.contains(of));
        let apart = |ours, theirs| {
            self.is_mentioned(theirs, task, false)
                && !self.is_mentioned(theirs, task, true)
                && self.is_waited_for(ours, task)
        };
        dials && (apart(pair[0], pair[1]) || apart(pair[1], pair[0]))
    }

    fn is_awaited_below(&self, mut id: ExprId) -> bool {
        for _ in 0..6 {
            match self.kind(id) {
                ExprKind::Await(_) => return true,
                ExprKind::Try(inner) => id = *inner,
                ExprKind::Method(call) => id = call.recv,
                _ => return false,
            }
        }
        false
    }

    /// Whether a task awaits a local, or a method of it.
    fn is_waited_for(&self, local: LocalId, task: Range) -> bool {
        self.walk.body.exprs.iter().filter(|expr| within(task, expr.at)).any(|expr| {
            let ExprKind::Await(inner) = expr.kind else { return false };
            let at = match self.kind(inner) {
                ExprKind::Method(call) => call.recv,
                _ => inner,
            };
            matches!(self.kind(at), ExprKind::Local(of) if *of == local)
        })
    }

    fn pair(&self, pat: PatId) -> Option<[LocalId; 2]> {
        let Pat::Tuple(parts) = self.walk.body.pat(pat) else { return None };
        let local = |at: usize| match self.walk.body.pat(*parts.get(at)?) {
            Pat::Bind(local, None) => Some(*local),
            _ => None,
        };
        Some([local(0)?, local(1)?])
    }

    /// The call below `?`, `.await` and a `match` that only sorts out errors.
    fn made_by(&self, init: ExprId) -> ExprId {
        let call = self.inner(init);
        match self.kind(call) {
            ExprKind::Match(on, _) => self.inner(*on),
            _ => call,
        }
    }

    /// Whether a local is named inside the task, or outside.
    fn is_mentioned(&self, local: LocalId, task: Range, inside: bool) -> bool {
        let names = |kind: &ExprKind| matches!(kind, ExprKind::Local(of) if *of == local);
        self.walk.body.exprs.iter().any(|expr| names(&expr.kind) && within(task, expr.at) == inside)
    }
}
