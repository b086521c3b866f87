//! Receivers that come to their end: the channel is made in the same body, and every sender of it goes into tasks or
//! threads that the body starts, is used on the spot, or is dropped.
//!
//! Such a loop goes on until the last of these tasks is done with its sender: whether they end is for `summary` to say,
//! which knows the functions that they call. A sender that is kept, returned or passed to a function outside of a task,
//! and one that a closure within the task holds, may live for ever.

use super::Walk;
use crate::lower::ir::{ExprId, ExprKind, LocalId, Pat, PatId, Stmt};
use crate::lower::sym::{Sym, syms};
use crate::types::Callee;

/// Functions that make a channel: sender first.
const MAKES: [Sym; 7] = syms([
    "channel",
    "sync_channel",
    "unbounded_channel",
    "unbounded",
    "bounded",
    "mpsc_channel",
    "mpsc_unbounded",
]);
/// What goes through all that comes, and what only wraps a receiver.
const WRAPS: [Sym; 7] = syms(["clone", "iter", "into_iter", "try_iter", "by_ref", "enumerate", "stream"]);
/// Methods of senders that keep nothing of them.
const SENDS: [Sym; 11] = syms([
    "send",
    "try_send",
    "blocking_send",
    "send_async",
    "send_timeout",
    "unbounded_send",
    "is_closed",
    "capacity",
    "len",
    "closed",
    "reserve",
]);
/// What serves until the program ends.
const SERVES: [Sym; 7] =
    syms(["serve", "run", "run_until", "launch", "listen", "start", "serve_with_shutdown"]);

/// The expressions behind the first and up to the second.
type Part = (u32, u32);

impl Walk<'_, '_> {
    /// Notes for each loop over a receiver which parts of the body feed it.
    pub(super) fn fed(&mut self) {
        for index in 0..self.facts.loops.len() {
            if self.facts.loops[index].waits {
                let fed_by = self.fed_by(ExprId(self.facts.loops[index].expr));
                self.facts.loops[index].fed_by = fed_by;
            }
        }
    }

    fn fed_by(&self, of_loop: ExprId) -> Option<Vec<Part>> {
        let read = match self.body.expr(of_loop).kind {
            ExprKind::For(_, iter, ..) => iter,
            ExprKind::While(cond, ..) => match self.body.expr(cond).kind {
                ExprKind::Let(_, init) => init,
                _ => return None,
            },
            _ => return None,
        };
        let mut senders = vec![self.sender_of(self.receiver(read)?)?];
        let tasks = self.tasks();
        let (mut index, mut sent) = (0, Vec::new());
        while index < senders.len() {
            self.stays(senders[index], &tasks, &mut senders, &mut sent)?;
            index += 1;
        }
        let feeds = |part: &Part| {
            let mut inside = (part.0 + 1..=part.1).map(|id| &self.body.expr(ExprId(id)).kind);
            inside.any(|kind| matches!(kind, ExprKind::Local(local) if senders.contains(local)))
        };
        let mut parts: Vec<Part> = tasks.into_iter().filter(feeds).collect();
        for send in sent {
            parts.extend(self.loops_around(send, of_loop)?);
        }
        // A task that reads what it sends itself never sees the end of it.
        let feeds_itself = |part: &Part| part.0 < of_loop.0 && of_loop.0 <= part.1;
        (!parts.iter().any(feeds_itself)).then_some(parts)
    }

    /// The loops around what is sent on the spot, but for those around the receiver's too; none if that is sent in the
    /// loop that receives.
    fn loops_around(&self, send: u32, of_loop: ExprId) -> Option<Option<Part>> {
        let loops = &self.facts.loops;
        let around = |start: Option<u32>| {
            std::iter::successors(start, |at| loops.get(*at as usize).and_then(|one| one.parent))
        };
        let own = loops.iter().position(|one| one.expr == of_loop.0).and_then(|at| u32::try_from(at).ok());
        let outer: Vec<u32> = around(own).collect();
        let within: Vec<u32> = around(self.loop_around(ExprId(send))).collect();
        if own.is_some_and(|own| within.contains(&own)) {
            return None;
        }
        let outermost = within.into_iter().rfind(|at| !outer.contains(at));
        Some(outermost.map(|at| (send.saturating_sub(1), loops[at as usize].expr)))
    }

    /// The local that is read, under the name that it was made by.
    fn receiver(&self, mut id: ExprId) -> Option<LocalId> {
        let mut found = None;
        for _ in 0..16 {
            id = match &self.body.expr(id).kind {
                ExprKind::Local(local) => {
                    found = Some(*local);
                    let mut lets = self.lets();
                    match lets.find(|(pat, _)| self.only_local(*pat) == Some(*local)) {
                        Some((_, init)) => init,
                        None => return found,
                    }
                }
                ExprKind::Await(inner) | ExprKind::Ref(inner, _) | ExprKind::Try(inner) => *inner,
                ExprKind::Block(_, Some(tail)) => *tail,
                ExprKind::Method(call)
                    if WRAPS.contains(&call.name) || self.program.models.gives(call.name).next =>
                {
                    call.recv
                }
                _ => return found,
            };
        }
        None
    }

    /// `let (sender, receiver) = channel();`
    fn sender_of(&self, receiver: LocalId) -> Option<LocalId> {
        self.lets().find_map(|(pat, init)| {
            let ExprKind::Call(callee, _) = &self.body.expr(init).kind else { return None };
            let ExprKind::Path(path) = &self.body.expr(*callee).kind else { return None };
            let Pat::Tuple(parts) = self.body.pat(pat) else { return None };
            let [sender, of] = &parts[..] else { return None };
            let is_it = MAKES.contains(&path.last()) && self.only_local(*of) == Some(receiver);
            self.only_local(*sender).filter(|_| is_it)
        })
    }

    fn lets(&self) -> impl Iterator<Item = (PatId, ExprId)> {
        let blocks = self.body.exprs.iter().filter_map(|expr| match &expr.kind {
            ExprKind::Block(stmts, _) => Some(stmts.iter()),
            _ => None,
        });
        blocks.flatten().filter_map(|stmt| match stmt {
            Stmt::Let(pat, _, Some(init), _) => Some((*pat, *init)),
            _ => None,
        })
    }

    /// The arguments of calls that start something. A function of the workspace may do more than to start what it is
    /// given: of its arguments only code counts.
    fn tasks(&self) -> Vec<Part> {
        let mut tasks = Vec::new();
        for (index, expr) in (0..).zip(&self.body.exprs) {
            let (before, args) = match &expr.kind {
                ExprKind::Method(call) if self.starts(call.name) => (call.recv, &call.args),
                ExprKind::Call(callee, args) => match &self.body.expr(*callee).kind {
                    ExprKind::Path(path) if self.starts(path.last()) => (*callee, args),
                    _ => continue,
                },
                _ => continue,
            };
            let is_own = matches!(self.inferred.callees.get(&ExprId(index)), Some(Callee::Fns(_)));
            let mut before = before.0;
            for arg in args {
                if !is_own || self.is_code(*arg) {
                    tasks.push((before, arg.0));
                }
                before = arg.0;
            }
        }
        tasks
    }

    fn is_code(&self, id: ExprId) -> bool {
        match self.body.expr(id).kind {
            ExprKind::Closure(..) | ExprKind::Async(_) => true,
            ExprKind::Block(_, Some(tail)) => self.is_code(tail),
            _ => false,
        }
    }

    /// None if a sender may be kept; clones of it that have a name are added to `senders`, and what is sent
    /// outside of tasks to `sent`.
    fn stays(
        &self,
        sender: LocalId,
        tasks: &[Part],
        senders: &mut Vec<LocalId>,
        sent: &mut Vec<u32>,
    ) -> Option<()> {
        let is_it = |id: &ExprId| matches!(self.body.expr(*id).kind, ExprKind::Local(of) if of == sender);
        let in_task = |id: u32| tasks.iter().any(|part| part.0 < id && id <= part.1);
        let named = |id: u32| self.lets().find(|(_, init)| init.0 == id).map(|(pat, _)| pat);
        let (mut mentions, mut harmless, mut moved) = (0_usize, 0_usize, false);
        for (index, expr) in self.body.exprs.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            match &expr.kind {
                ExprKind::Local(of) if *of == sender => {
                    mentions += 1;
                    harmless += usize::from(in_task(index));
                    moved |= in_task(index);
                }
                ExprKind::Method(_) | ExprKind::Call(..)
                    if in_task(index) && self.may_last(ExprId(index), sender) =>
                {
                    return None;
                }
                ExprKind::Method(_) | ExprKind::Call(..) if in_task(index) => {}
                ExprKind::Method(call) if is_it(&call.recv) => {
                    if SENDS.contains(&call.name) {
                        harmless += 1;
                        sent.push(index);
                    }
                    if let (true, Some(pat)) = (call.name == Sym::new("clone"), named(index)) {
                        senders.push(self.only_local(pat)?);
                        harmless += 1;
                    }
                }
                ExprKind::Call(callee, args) if args.iter().any(is_it) => {
                    let drops = matches!(&self.body.expr(*callee).kind, ExprKind::Path(path) if path.last() == Sym::new("drop"));
                    harmless += usize::from(drops);
                    moved |= drops;
                }
                _ => {}
            }
        }
        // What is neither moved nor dropped lives as long as the loop.
        (mentions == harmless && moved).then_some(())
    }

    /// A closure with the sender in it that is given to code which is not described, and may keep it:
    /// `server.on_event(move |e| sender.send(e))`. Also a call that serves for ever.
    fn may_last(&self, id: ExprId, sender: LocalId) -> bool {
        let (name, mut before, args) = match &self.body.expr(id).kind {
            ExprKind::Method(call) => (call.name, call.recv.0, &call.args),
            ExprKind::Call(callee, args) => match &self.body.expr(*callee).kind {
                ExprKind::Path(path) => (path.last(), callee.0, args),
                _ => return false,
            },
            _ => return false,
        };
        let is_own = matches!(self.inferred.callees.get(&id), Some(Callee::Fns(_)));
        if SERVES.contains(&name) && !is_own {
            return true;
        }
        if self.callable(id).is_some() || self.starts(name) {
            return false;
        }
        args.iter().any(|arg| {
            let mut inside = (before + 1..=arg.0).map(|id| &self.body.expr(ExprId(id)).kind);
            before = arg.0;
            let is_closure = matches!(self.body.expr(*arg).kind, ExprKind::Closure(..));
            is_closure && inside.any(|kind| matches!(kind, ExprKind::Local(of) if *of == sender))
        })
    }

    fn starts(&self, name: Sym) -> bool {
        self.program.names.text(name).starts_with("spawn")
    }
}
