//! Loops that take from what outlives their reader, a subscription that others feed as long as the program runs, hand it on to
//! one client, and end with that source alone: not when the client has gone.
//!
//! A way out counts unless it is the end of the source that leads to it: the `Err` or `None` of what was taken, told by the
//! arm, the `else` or the `?` it stands in; or unless only a message for that client leads there, which nobody sends to one who
//! has gone. What cannot fail because of a client, such as text made of a value, is none.

mod addressed;

use super::{Look, Sight};
use crate::events::MAY_LEAVE;
use crate::lower::ir::{ExprId, ExprKind, LocalId, Pat, PatId, Range, Stmt};
use crate::lower::parts;
use crate::lower::sym::{Sym, syms};

/// What many take from, each through an end of its own.
const SUBSCRIPTIONS: [Sym; 4] = [
    Sym::path("tokio::sync::broadcast::Receiver"),
    Sym::path("tokio::sync::watch::Receiver"),
    Sym::path("async_broadcast::Receiver"),
    Sym::path("postage::broadcast::Receiver"),
];
const STREAMS: [Sym; 2] = syms(["BroadcastStream", "WatchStream"]);
const NEXT: [Sym; 5] = syms(["recv", "changed", "next", "try_next", "recv_direct"]);
/// Sending ends that many read from.
const SHARED: [Sym; 2] =
    [Sym::path("tokio::sync::broadcast::Sender"), Sym::path("tokio::sync::watch::Sender")];
const SENDS: [Sym; 14] = syms([
    "send",
    "try_send",
    "unbounded_send",
    "blocking_send",
    "send_async",
    "send_timeout",
    "send_text",
    "feed",
    "send_all",
    "write_all",
    "write",
    "text",
    "binary",
    "send_message",
]);
/// What reads one client, or is one.
const CLIENTS: [Sym; 17] = syms([
    "Sender",
    "UnboundedSender",
    "SyncSender",
    "TcpStream",
    "UnixStream",
    "TlsStream",
    "OwnedWriteHalf",
    "WriteHalf",
    "AsyncWrite",
    "BufReader",
    "SplitSink",
    "WebSocket",
    "WebSocketStream",
    "DuplexStream",
    "Framed",
    "FramedWrite",
    "SendStream",
]);
/// What asks whether somebody is still there, or ends a task.
const ASKS: [Sym; 9] = syms([
    "closed",
    "is_closed",
    "is_disconnected",
    "upgrade",
    "strong_count",
    "receiver_count",
    "abort",
    "exit",
    "poll_closed",
]);
const UNWRAPS: [Sym; 2] = syms(["unwrap", "expect"]);
const ENDED: [Sym; 2] = syms(["is_err", "is_none"]);
const GOES_ON: [Sym; 2] = syms(["Ok", "Some"]);
const MATCHES: Sym = Sym::new("matches");
const CHANNELS: [Sym; 2] = syms(["channel", "broadcast"]);

/// A loop under question.
struct Turned {
    id: ExprId,
    all: Range,
    parents: Vec<Option<ExprId>>,
    /// What it takes from the source.
    taken: Vec<ExprId>,
    /// Locals that hold what was taken, or that there is no more.
    results: Vec<LocalId>,
}

impl Turned {
    fn is_in(&self, id: ExprId, outer: ExprId) -> bool {
        std::iter::successors(Some(id), |at| self.parents[at.0 as usize]).any(|at| at == outer)
    }

    fn around(&self, id: ExprId) -> impl Iterator<Item = (ExprId, ExprId)> + '_ {
        let pairs = std::iter::successors(Some(id), |at| self.parents[at.0 as usize]);
        pairs.take_while(|at| *at != self.id).filter_map(|at| Some((at, self.parents[at.0 as usize]?)))
    }
}

impl<'p> Look<'_, 'p, '_> {
    /// `while let Ok(event) = events.recv().await { let _ = client.send(event).await; }`.
    pub(in crate::events::seen) fn forwards(&mut self, id: ExprId, head: Option<ExprId>, body: ExprId) {
        if !self.awaits {
            return;
        }
        let from = head.map_or(self.walk.at(id), |head| self.walk.at(head));
        let all = from.to(self.walk.at(id)).to(self.extent(body));
        let inside = |at: Range| all.start <= at.start && at.end <= all.end;
        let exprs = || (0_u32..).map(ExprId).zip(&self.walk.body.exprs).filter(|(_, expr)| inside(expr.at));
        let frame = self.frame_of(self.walk.at(id));
        let is_here = |of: ExprId| self.frame_of(self.walk.at(of)) == frame;
        let taken: Vec<ExprId> =
            exprs().map(|(of, _)| of).filter(|of| self.takes_next(*of) && is_here(*of)).collect();
        if taken.is_empty() {
            return;
        }
        let parents = parts::around(self.walk.body);
        let mut turned = Turned { id, all, parents, taken, results: Vec::new() };
        if head.is_some_and(|head| !turned.taken.iter().any(|of| turned.is_in(*of, head))) {
            return;
        }
        turned.results = self.results(&turned);
        let here: Vec<ExprId> =
            exprs().map(|(of, _)| of).filter(|of| turned.is_in(*of, id) && is_here(*of)).collect();
        let sends = here.iter().any(|of| self.sends_to_one(*of, all));
        let ends = |of: &ExprId| {
            self.may_end(*of, &turned)
                && !self.is_end_of_source(*of, &turned)
                && !self.is_for_one(*of, &turned)
        };
        if sends && !here.iter().any(ends) {
            self.note(Sight::Forwards, id);
        }
    }

    /// `events.recv()` on a subscription that was not made here.
    fn takes_next(&self, id: ExprId) -> bool {
        let ExprKind::Method(call) = self.kind(id) else { return false };
        if !NEXT.contains(&call.name) || !call.args.is_empty() {
            return false;
        }
        let ty = self.walk.ty(call.recv);
        (SUBSCRIPTIONS.contains(&self.foreign_path(ty)) || STREAMS.contains(&self.foreign(ty)))
            && !self.is_made_here(call.recv)
    }

    /// Whether the channel of a subscription is made in the same body: it goes with whoever has its other end.
    fn is_made_here(&self, id: ExprId) -> bool {
        let Some(local) = self.root_of(id, u32::MAX) else { return false };
        let blocks = self.walk.body.exprs.iter().filter_map(|expr| match &expr.kind {
            ExprKind::Block(stmts, _) => Some(stmts.iter()),
            _ => None,
        });
        blocks.flatten().any(|stmt| match stmt {
            Stmt::Let(pat, _, Some(init), _) => {
                let Pat::Tuple(parts) = self.walk.body.pat(*pat) else { return false };
                let is_it =
                    |part: &PatId| matches!(self.walk.body.pat(*part), Pat::Bind(of, _) if *of == local);
                parts.iter().any(is_it) && CHANNELS.contains(&self.called(self.inner(*init)).1)
            }
            _ => false,
        })
    }

    /// The local that a value is, or is a part of or made from, where that is bound before `before`.
    fn root_of(&self, mut id: ExprId, before: u32) -> Option<LocalId> {
        for _ in 0..16 {
            id = match self.kind(id) {
                ExprKind::Local(local) => match self.inits[local.0 as usize] {
                    Some(init) if self.walk.body.locals[local.0 as usize].at.start >= before => init,
                    Some(init) if before == u32::MAX && self.root_of(init, before).is_some() => init,
                    _ => return Some(*local),
                },
                ExprKind::Field(inner, _)
                | ExprKind::Ref(inner, _)
                | ExprKind::Deref(inner)
                | ExprKind::Try(inner)
                | ExprKind::Await(inner) => *inner,
                ExprKind::Method(call) => call.recv,
                ExprKind::Call(_, args) if args.len() == 1 => args[0],
                _ => return None,
            };
        }
        None
    }

    /// A send to what stood before the loop, and not to each of several.
    fn sends_to_one(&self, id: ExprId, all: Range) -> bool {
        let is_older = |of: ExprId| {
            self.root_of(of, all.start)
                .is_some_and(|local| self.walk.body.locals[local.0 as usize].at.start < all.start)
        };
        let is_client = |of: ExprId| {
            let ty = self.walk.ty(of);
            CLIENTS.contains(&self.foreign(ty)) && !SHARED.contains(&self.foreign_path(ty))
        };
        let args = self.args(id);
        match self.kind(id) {
            ExprKind::Method(call) if SENDS.contains(&call.name) => {
                let is_known = self.foreign(self.walk.ty(call.recv)) != Sym::NONE;
                let is_one = if is_known { is_client(call.recv) } else { self.awaited[id.0 as usize] };
                is_one && is_older(call.recv)
            }
            // `push(&mut socket, event).await`
            ExprKind::Call(..) | ExprKind::Method(_) if self.is_own(id) => {
                args.iter().any(|arg| is_client(*arg) && is_older(*arg))
            }
            _ => false,
        }
    }

    /// Locals that hold what the source has given as it is.
    fn results(&self, turned: &Turned) -> Vec<LocalId> {
        let is_taken = |id: ExprId| {
            let id = if let ExprKind::Await(inner) = self.kind(id) { *inner } else { id };
            turned.taken.contains(&id)
        };
        let bound = |pat: PatId| match self.walk.body.pat(pat) {
            Pat::Bind(local, None) => Some(*local),
            _ => None,
        };
        let mut results = Vec::new();
        for expr in &self.walk.body.exprs {
            match &expr.kind {
                ExprKind::Block(stmts, _) => results.extend(stmts.iter().filter_map(|stmt| match stmt {
                    Stmt::Let(pat, _, Some(init), None) if is_taken(*init) => bound(*pat),
                    _ => None,
                })),
                ExprKind::Select(arms) => results.extend(
                    arms.iter()
                        .filter_map(|arm| bound(arm.pat.filter(|_| arm.future.is_some_and(is_taken))?)),
                ),
                _ => {}
            }
        }
        results
    }

    /// Whether an expression may end the loop, and be it by a panic.
    fn may_end(&self, id: ExprId, turned: &Turned) -> bool {
        match self.kind(id) {
            ExprKind::Return(_) => true,
            ExprKind::Break(label, _) => self.leaves_it(id, *label, turned),
            ExprKind::Try(of) => self.may_fail(*of, turned),
            ExprKind::Macro(name, _) => MAY_LEAVE.contains(name),
            ExprKind::Method(call) if UNWRAPS.contains(&call.name) => self.may_fail(call.recv, turned),
            ExprKind::Method(_) | ExprKind::Call(..) => ASKS.contains(&self.called(id).1),
            _ => false,
        }
    }

    /// A `break` of the loop, and not of one within it.
    fn leaves_it(&self, id: ExprId, label: Sym, turned: &Turned) -> bool {
        !turned.around(id).any(|(at, _)| match self.kind(at) {
            ExprKind::Loop(_, of) | ExprKind::While(_, _, of) | ExprKind::For(_, _, _, of) => {
                label == Sym::NONE || *of == label
            }
            _ => false,
        })
    }

    /// Whether it may depend on others whether something fails: what is waited for, or sent, or asked in the workspace.
    fn may_fail(&self, id: ExprId, turned: &Turned) -> bool {
        self.below(id, turned).any(|of| match self.kind(of) {
            ExprKind::Await(inner) => !self.locks(*inner),
            ExprKind::Method(call) if SENDS.contains(&call.name) => true,
            ExprKind::Method(_) | ExprKind::Call(..) => self.is_own(of),
            _ => false,
        })
    }

    fn locks(&self, id: ExprId) -> bool {
        const LOCKS: [Sym; 3] = syms(["lock", "read", "write"]);
        matches!(self.kind(id), ExprKind::Method(call) if LOCKS.contains(&call.name) && call.args.is_empty())
    }

    fn below<'t>(&'t self, id: ExprId, turned: &'t Turned) -> impl Iterator<Item = ExprId> + 't {
        let exprs = (0_u32..).map(ExprId).take(self.walk.body.exprs.len());
        exprs.filter(move |of| *of <= id && turned.is_in(*of, id))
    }

    /// Whether a value is what was taken, or tells of it, and of nothing that was sent.
    fn tells_of_source(&self, id: ExprId, turned: &Turned) -> bool {
        let (mut tells, mut sends) = (false, false);
        for of in self.below(id, turned) {
            tells |= turned.taken.contains(&of)
                || matches!(self.kind(of), ExprKind::Local(local) if turned.results.contains(local));
            sends |= self.sends_to_one(of, turned.all);
        }
        tells && !sends
    }

    /// Whether a way out is taken only where the source has ended.
    fn is_end_of_source(&self, id: ExprId, turned: &Turned) -> bool {
        let of_source = |of: ExprId| self.tells_of_source(of, turned);
        let itself = match self.kind(id) {
            ExprKind::Try(of) => Some(*of),
            ExprKind::Method(call) if UNWRAPS.contains(&call.name) => Some(call.recv),
            _ => None,
        };
        itself.is_some_and(of_source)
            || turned.around(id).any(|(at, of)| match self.kind(of) {
                ExprKind::Match(on, arms) => {
                    let arm = arms.iter().find(|arm| arm.body == at);
                    arm.is_some_and(|arm| !self.goes_on(arm.pat)) && of_source(*on)
                }
                ExprKind::If(cond, then, otherwise) => {
                    let is_else = *otherwise == Some(at);
                    (is_else || *then == at) && of_source(*cond) && self.tells_the_end(*cond, turned) != is_else
                }
                ExprKind::Block(stmts, _) => stmts.iter().any(|stmt| {
                    matches!(stmt, Stmt::Let(_, _, Some(init), Some(other)) if *other == at && of_source(*init))
                }),
                ExprKind::Select(arms) => arms.iter().any(|arm| {
                    arm.body == at
                        && match (arm.future, arm.pat) {
                            (Some(future), Some(pat)) => of_source(future) && self.is_of_end(pat),
                            (future, _) => future.is_none(),
                        }
                }),
                _ => false,
            })
    }

    /// Whether a condition holds where there is no more: `is_err()`, `let None = next`, `matches!(next, Err(..))`.
    fn tells_the_end(&self, cond: ExprId, turned: &Turned) -> bool {
        match self.kind(cond) {
            ExprKind::Let(pat, _) => !self.goes_on(*pat),
            _ => self.below(cond, turned).any(|of| match self.kind(of) {
                ExprKind::Method(call) => ENDED.contains(&call.name),
                ExprKind::Macro(name, _) => *name == MATCHES,
                ExprKind::Not(_) => true,
                _ => false,
            }),
        }
    }

    fn goes_on(&self, pat: PatId) -> bool {
        matches!(self.walk.body.pat(pat), Pat::TupleStruct(path, _) if GOES_ON.contains(&path.last()))
    }

    fn is_of_end(&self, pat: PatId) -> bool {
        matches!(self.walk.body.pat(pat), Pat::TupleStruct(..) | Pat::Struct(..)) && !self.goes_on(pat)
    }
}
