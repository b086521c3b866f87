//! Descriptors that stay with something that does not end: a poller, a file system, a child, a task, a wait for an answer.

use super::{Look, Seen, Sight, within};
use crate::lower::ir::{ExprId, ExprKind, LocalId, MethodCall, Pat, Stmt};
use crate::lower::sym::{Sym, syms};
use crate::models::{Registers, Resource};
use crate::names::FnId;
use crate::types::Callee;

const KEEPS: [Sym; 3] = syms(["keep", "persist", "into_path"]);
const TEMPORARY: [Sym; 3] = syms(["NamedTempFile", "TempDir", "TempPath"]);
/// What datagrams are sent from.
const DATAGRAMS: Sym = Sym::new("UdpSocket");
/// What sources are registered with, as the models would call it.
const POLLER: &str = "poller";
/// What takes a file or folder off the disk.
const REMOVES: [Sym; 2] = syms(["remove_file", "remove_dir_all"]);
const PIPES: [Sym; 3] = syms(["stdout", "stdin", "stderr"]);

impl Look<'_, '_, '_> {
    pub(super) fn resource(&mut self, id: ExprId) {
        if REMOVES.contains(&self.called(id).1) && !self.is_own(id) {
            self.note(Sight::RemovesFile, id);
        }
        let ExprKind::Method(call) = self.kind(id) else { return };
        let is = |text: &str| call.name == Sym::new(text);
        let ty = || self.walk.ty(call.recv);
        let ends = is("terminate") || is("terminate_child");
        if ends && self.foreign(ty()) == Sym::new("Cx") {
            self.note(Sight::Terminates, id);
        }
        if KEEPS.contains(&call.name) && TEMPORARY.contains(&self.foreign(ty())) {
            self.note(Sight::KeepsFile, id);
        }
        if self.is_own(id) {
            return;
        }
        if is("kill") && self.foreign_path(ty()) == Sym::path("std::process::Child") {
            self.note(Sight::KillsChild, id);
        }
        self.awaits_child(id, call);
        self.awaits_datagram(id, call);
        if is("deregister") {
            self.note(Sight::Deregisters(POLLER.into()), id);
        }
        let source = call.args.first().is_some_and(|arg| self.owns(*arg));
        if is("register") && call.args.len() == 3 && source {
            self.note(Sight::Registers(POLLER.into()), id);
        }
        match self.walk.callable(id).and_then(|callable| callable.registers.clone()) {
            Some((Registers::Out, kind)) => self.note(Sight::Deregisters(kind), id),
            Some((Registers::In, kind)) if self.is_another(call) => self.note(Sight::Registers(kind), id),
            _ => {}
        }
    }

    /// `child.wait()`, `command.output()`: a wait for a child that nothing in the function kills, and that runs on when the
    /// wait is given up, unless its command says otherwise.
    fn awaits_child(&mut self, id: ExprId, call: &MethodCall) {
        const WAITS: [Sym; 4] = syms(["wait", "wait_with_output", "output", "status"]);
        const CHILDREN: [Sym; 2] = [Sym::path("tokio::process::Command"), Sym::path("tokio::process::Child")];
        if !WAITS.contains(&call.name) || !CHILDREN.contains(&self.foreign_path(self.walk.ty(call.recv))) {
            return;
        }
        let is_kill = |name: Sym| self.walk.program.names.text(name).contains("kill");
        let kills = self.walk.body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::Method(call) => is_kill(call.name),
            ExprKind::Path(path) => path.segments.iter().any(|segment| is_kill(*segment)),
            _ => false,
        });
        if let Some(made_by) = self.command_of(call.recv).filter(|_| !kills && self.is_its_only(id, call)) {
            self.note(Sight::AwaitsChild(made_by.into()), id);
        }
    }

    /// `socket.send(&question).await?; socket.recv(&mut answer).await?` with a socket that the function has bound itself: what
    /// it sends, or the answer to that, may get lost. Beside something else in a `select!` the wait has an end.
    fn awaits_datagram(&mut self, id: ExprId, call: &MethodCall) {
        const RECEIVES: [Sym; 4] = syms(["recv", "recv_from", "recv_buf", "recv_buf_from"]);
        const SENDS: [Sym; 2] = syms(["send", "send_to"]);
        const LIMITS: [Sym; 2] = syms(["set_read_timeout", "set_nonblocking"]);
        let ExprKind::Local(socket) = self.kind(call.recv) else { return };
        if !RECEIVES.contains(&call.name) || self.foreign(self.walk.ty(call.recv)) != DATAGRAMS {
            return;
        }
        let Some(bound) = self.inits[socket.0 as usize].filter(|init| self.is_bound(*init)) else { return };
        let begins = self.extent(bound);
        let waits = self
            .walk
            .body
            .exprs
            .iter()
            .any(|expr| matches!(expr.kind, ExprKind::Await(_)) && within(begins, expr.at));
        let does = |names: &[Sym], other: &MethodCall| {
            names.contains(&other.name)
                && matches!(self.kind(other.recv), ExprKind::Local(of) if of == socket)
        };
        let exprs = || (0_u32..).map(ExprId).zip(&self.walk.body.exprs);
        let sends =
            exprs().filter(|(_, expr)| matches!(&expr.kind, ExprKind::Method(other) if does(&SENDS, other)));
        let sends: Vec<ExprId> = sends.map(|(id, _)| id).collect();
        let limited = exprs().any(|(at, expr)| match &expr.kind {
            ExprKind::Method(other) => does(&LIMITS, other),
            ExprKind::Select(_) => within(self.extent(at), self.walk.at(id)),
            _ => false,
        });
        let is_awaited = self.awaited[id.0 as usize];
        if !limited && waits == is_awaited && self.asks_first(bound, &sends, id) {
            // As often as there is another socket.
            let (at, in_loop) = (self.walk.at(id), self.walk.loop_around(bound));
            self.seen.push(Seen { sight: Sight::AwaitsDatagram, at, in_loop });
        }
    }

    /// `UdpSocket::bind(..)`, also where a `match` takes the error out.
    fn is_bound(&self, init: ExprId) -> bool {
        let mut at = self.inner(init);
        if let ExprKind::Match(on, _) = self.kind(at) {
            at = self.inner(*on);
        }
        self.called(at) == (DATAGRAMS, Sym::new("bind"))
    }

    /// Whether something is sent before it is received, and not with each turn of a loop that only ends with an error: such
    /// a loop answers, or passes on.
    fn asks_first(&self, bound: ExprId, sends: &[ExprId], received: ExprId) -> bool {
        let loops = &self.walk.facts.loops;
        let around = |id: ExprId| {
            let first = self.walk.loop_around(id);
            std::iter::successors(first, |at| loops.get(*at as usize)?.parent).collect::<Vec<u32>>()
        };
        let outer = around(bound);
        let own = around(received).into_iter().filter(|at| !outer.contains(at));
        let mut open = own.filter(|at| loops.get(*at as usize).is_some_and(|one| !one.is_for));
        let asks = sends.iter().any(|send| *send < received);
        asks && open.all(|at| {
            let leaves = loops.get(at as usize).is_some_and(|one| !one.no_exit);
            leaves && !sends.iter().any(|send| around(*send).contains(&at))
        })
    }

    /// The functions of the workspace that make the command of a child, which is made in this function or one of those.
    fn command_of(&self, mut id: ExprId) -> Option<Vec<FnId>> {
        for _ in 0..24 {
            if let Some(Callee::Fns(fns)) = self.walk.inferred.callees.get(&id) {
                return Some(fns.to_vec());
            }
            id = match self.kind(id) {
                ExprKind::Local(local) => {
                    self.inits[local.0 as usize].or_else(|| self.taken_apart(*local))?
                }
                ExprKind::Try(inner)
                | ExprKind::Await(inner)
                | ExprKind::Ref(inner, _)
                | ExprKind::Match(inner, _) => *inner,
                ExprKind::Method(call) => call.recv,
                ExprKind::Call(..) => return Some(Vec::new()),
                _ => return None,
            };
        }
        None
    }

    /// `let Ok(child) = command.spawn() else { .. }`
    fn taken_apart(&self, local: LocalId) -> Option<ExprId> {
        let blocks = self.walk.body.exprs.iter().filter_map(|expr| match &expr.kind {
            ExprKind::Block(stmts, _) => Some(stmts.iter()),
            _ => None,
        });
        blocks.flatten().find_map(|stmt| {
            let Stmt::Let(pat, _, Some(init), Some(_)) = stmt else { return None };
            let Pat::TupleStruct(_, parts) = self.walk.body.pat(*pat) else { return None };
            let is_it = |part| matches!(self.walk.body.pat(part), Pat::Bind(of, None) if *of == local);
            parts.iter().any(|part| is_it(*part)).then_some(*init)
        })
    }

    /// Whether a wait is all that is done for a child: it is not waited for again, given to others or kept, and made within
    /// the same turn of a loop.
    fn is_its_only(&self, wait: ExprId, call: &MethodCall) -> bool {
        const REAPS: [Sym; 3] = syms(["wait", "wait_with_output", "try_wait"]);
        let ExprKind::Local(child) = self.kind(call.recv) else { return true };
        let is_it = |id: &ExprId| match self.kind(*id) {
            ExprKind::Local(of) => of == child,
            ExprKind::Ref(inner, _) => matches!(self.kind(*inner), ExprKind::Local(of) if of == child),
            _ => false,
        };
        let begins = self.inits[child.0 as usize].or_else(|| self.taken_apart(*child));
        let exprs = (0_u32..).map(ExprId).zip(&self.walk.body.exprs);
        let others = exprs.filter(|(id, _)| *id != wait).any(|(_, expr)| match &expr.kind {
            ExprKind::Method(other) => {
                REAPS.contains(&other.name) && is_it(&other.recv) || other.args.iter().any(is_it)
            }
            ExprKind::Call(_, args) | ExprKind::Tuple(args) => args.iter().any(is_it),
            ExprKind::Struct(_, fields, _) => fields.iter().any(|(_, value)| is_it(value)),
            ExprKind::Assign(_, value) => is_it(value),
            ExprKind::Return(Some(value)) | ExprKind::Block(_, Some(value)) => is_it(value),
            _ => false,
        });
        !others && begins.is_some_and(|init| self.walk.loop_around(init) == self.walk.loop_around(wait))
    }

    /// Whether a register that lives on is given another entry each time: one that lies in a field is always the same.
    fn is_another(&self, call: &MethodCall) -> bool {
        let lives_on = self.walk.place(call.recv).is_some_and(|place| place.field.is_some());
        let mut entry = call.args.first().copied();
        while let Some(id) = entry {
            entry = match self.kind(id) {
                ExprKind::Ref(inner, _) | ExprKind::Deref(inner) => Some(*inner),
                ExprKind::Method(way) if way.args.is_empty() => Some(way.recv),
                ExprKind::Field(..) | ExprKind::Path(_) | ExprKind::Lit(_) => return false,
                _ => return lives_on,
            };
        }
        false
    }

    fn owns(&self, id: ExprId) -> bool {
        let resource = self.walk.program.resource(&self.walk.inferred.types, self.walk.ty(id));
        matches!(resource, Some(Resource::Fd))
    }

    /// `self.child = Some(Command::new(..).stdout(Stdio::piped()).spawn()?)`.
    pub(super) fn kept_pipe(&mut self, id: ExprId, left: ExprId, right: ExprId) {
        if self.walk.place(left).is_none_or(|place| place.field.is_none()) {
            return;
        }
        let value = match self.kind(right) {
            ExprKind::Call(_, args) if self.called(right).1 == Sym::new("Some") && args.len() == 1 => args[0],
            _ => right,
        };
        let mut at = self.inner(value);
        if let ExprKind::Local(local) = self.kind(at)
            && let Some(init) = self.inits[local.0 as usize]
        {
            at = self.inner(init);
        }
        let mut spawned = false;
        let mut piped = false;
        while let ExprKind::Method(call) = self.kind(at) {
            spawned |= call.name == Sym::new("spawn");
            let pipe = call.args.first().is_some_and(|arg| self.called(*arg).1 == Sym::new("piped"));
            piped |= PIPES.contains(&call.name) && pipe;
            at = call.recv;
        }
        let taken = self.walk.body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::Field(_, name) => PIPES.contains(name),
            _ => false,
        });
        if spawned && piped && !taken {
            self.note(Sight::KeepsPipe, id);
        }
    }

    /// A spawned loop without a way out that uses a descriptor of its own.
    pub(super) fn owns_for_ever(&mut self, id: ExprId) {
        let walk = self.walk;
        let Some(arg) = self.args(id).last().copied() else { return };
        let range = self.extent(arg);
        let endless = walk.facts.loops.iter().any(|one| one.no_exit && within(range, one.at));
        if !endless {
            return;
        }
        let owns = walk.body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::Local(local) if within(range, expr.at) => {
                let resource = walk.program.resource(&walk.inferred.types, walk.inferred.local(*local));
                matches!(resource, Some(Resource::Fd))
            }
            _ => false,
        });
        if owns {
            self.note(Sight::OwnsForEver, id);
        }
    }
}

/// `libc::close(fd)`, or the operation of a ring that does the same.
pub(super) fn closes_by_number(path: &[Sym]) -> bool {
    const CLOSE: [[Sym; 2]; 3] = [syms(["libc", "close"]), syms(["unistd", "close"]), syms(["io", "close"])];
    const OF_RING: [[Sym; 3]; 2] = [syms(["opcode", "Close", "new"]), syms(["opcodes", "Close", "new"])];
    CLOSE.iter().any(|end| path.ends_with(end)) || OF_RING.iter().any(|end| path.ends_with(end))
}
