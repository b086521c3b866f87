//! Descriptors that stay with something that does not end: a poller, a file system, a child, a task.

use super::{Look, Sight, within};
use crate::lower::ir::{ExprId, ExprKind, MethodCall};
use crate::lower::sym::{Sym, syms};
use crate::models::{Registers, Resource};

const KEEPS: [Sym; 3] = syms(["keep", "persist", "into_path"]);
const TEMPORARY: [Sym; 3] = syms(["NamedTempFile", "TempDir", "TempPath"]);
/// What sources are registered with, as the models would call it.
const POLLER: &str = "poller";
const PIPES: [Sym; 3] = syms(["stdout", "stdin", "stderr"]);

impl Look<'_, '_, '_> {
    pub(super) fn resource(&mut self, id: ExprId) {
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
