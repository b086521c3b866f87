//! What the budget counts and no rule looks for: what is started, which queues are made, how many workers. And what a program
//! counts itself, in numbers that its threads share.

use super::{Counts, Look, Sight};
use crate::lower::ir::{BinOp, Body, ExprId, ExprKind, Lit, PathRef, Range};
use crate::lower::sym::{Sym, syms};
use crate::names::{Def, ModId};

/// Methods of a command that start a process and wait for its end.
const RUNS: [Sym; 2] = syms(["output", "status"]);
/// Kind of the descriptors that belong to a process, as the models call it.
const CHILD: &str = "child";
/// Numbers that threads share.
const SHARED: [Sym; 7] =
    syms(["AtomicUsize", "AtomicIsize", "AtomicU64", "AtomicI64", "AtomicU32", "AtomicI32", "AtomicU16"]);
/// What puts one number in place of another, where it has been worked out from that.
const EXCHANGES: [Sym; 4] =
    syms(["fetch_update", "compare_exchange", "compare_exchange_weak", "compare_and_swap"]);
const SETS: [Sym; 2] = syms(["store", "swap"]);
const ADDS: [Sym; 3] = syms(["checked_add", "saturating_add", "wrapping_add"]);
const TAKES: [Sym; 3] = syms(["checked_sub", "saturating_sub", "wrapping_sub"]);
const PERMIT: Sym = Sym::new("SemaphorePermit");
const FORGET: Sym = Sym::new("forget");
const ADDS_PERMITS: Sym = Sym::new("add_permits");
/// Longest way from a name to the number it stands for.
const STEPS_MAX: u32 = 6;

impl Look<'_, '_, '_> {
    pub(super) fn counted(&mut self, id: ExprId) {
        let Some(callable) = self.walk.callable(id) else { return };
        let runs = match self.kind(id) {
            ExprKind::Method(call) => {
                RUNS.contains(&call.name) && self.foreign(self.walk.ty(call.recv)) == Sym::new("Command")
            }
            _ => false,
        };
        if callable.spawns || runs || callable.opens.as_deref() == Some(CHILD) {
            self.note(Sight::Starts(self.counted_name(id)), id);
        }
        if callable.unbounded {
            self.note(Sight::MakesQueue(self.counted_name(id)), id);
        }
        if callable.workers {
            let body = self.walk.body;
            let module = self.walk.program.names.function(self.walk.id).module;
            let most = self.args(id).first().and_then(|arg| self.at_most(body, module, *arg, 0));
            self.note(Sight::Workers(self.counted_name(id), most), id);
        }
    }

    /// `self.active.fetch_add(1, Relaxed)`, and what else is done to a number that threads share.
    pub(super) fn counts(&mut self, id: ExprId) {
        let ExprKind::Method(call) = self.kind(id) else { return };
        let is = |name: &str| call.name == Sym::new(name);
        let counts = match () {
            () if is("fetch_add") => Counts::Up,
            () if is("fetch_sub") => Counts::Down,
            () if EXCHANGES.contains(&call.name) => self.exchanged(&call.args),
            () if SETS.contains(&call.name) => Counts::Set,
            () => return,
        };
        if SHARED.contains(&self.foreign(self.walk.ty(call.recv)))
            && let Some(place) = self.walk.place(call.recv)
        {
            self.note(Sight::Counts(place, counts), id);
        }
    }

    /// `permit.forget()`, and `semaphore.add_permits(1)`.
    pub(super) fn permits(&mut self, id: ExprId) {
        let is_permit = |of: &ExprId| self.foreign(self.walk.ty(*of)) == PERMIT;
        let forgets = self.called(id).1 == FORGET
            && match self.kind(id) {
                ExprKind::Method(call) => is_permit(&call.recv),
                _ => self.args(id).first().is_some_and(is_permit),
            };
        if forgets {
            self.note(Sight::Forgets, id);
        } else if matches!(self.kind(id), ExprKind::Method(call) if call.name == ADDS_PERMITS)
            && !self.is_own(id)
        {
            self.note(Sight::AddsPermits, id);
        }
    }

    /// Whether the number that is put in place of another is larger or smaller.
    fn exchanged(&self, args: &[ExprId]) -> Counts {
        let value = |arg: &ExprId| match self.kind(*arg) {
            ExprKind::Local(local) => self.inits[local.0 as usize].unwrap_or(*arg),
            _ => *arg,
        };
        let values: Vec<Range> = args.iter().map(|arg| self.extent(value(arg))).collect();
        let inside = |at| values.iter().any(|value| super::within(*value, at));
        let made = self.walk.body.exprs.iter().filter(|expr| inside(expr.at));
        let made = made.filter_map(|expr| match &expr.kind {
            ExprKind::Binary(BinOp::Add, ..) => Some(Counts::Up),
            ExprKind::Binary(BinOp::Sub, ..) => Some(Counts::Down),
            ExprKind::Method(call) if ADDS.contains(&call.name) => Some(Counts::Up),
            ExprKind::Method(call) if TAKES.contains(&call.name) => Some(Counts::Down),
            _ => None,
        });
        let made: Vec<Counts> = made.collect();
        match made[..] {
            [counts] => counts,
            _ => Counts::Set,
        }
    }

    /// As `opens` are called: with a dot where it is a method.
    fn counted_name(&self, id: ExprId) -> Box<str> {
        match self.kind(id) {
            ExprKind::Method(_) => format!(".{}", self.name_of(id)).into(),
            _ => self.name_of(id),
        }
    }

    /// The number that an expression of `body` stands for, or that it is cut to.
    fn at_most(&self, body: &Body, module: ModId, id: ExprId, depth: u32) -> Option<u64> {
        if depth > STEPS_MAX {
            return None;
        }
        let inner = |id: ExprId| self.at_most(body, module, id, depth + 1);
        match &body.expr(id).kind {
            ExprKind::Lit(Lit::Int(number, _)) => Some(*number),
            ExprKind::Cast(of, _) => inner(*of),
            ExprKind::Path(path) => self.constant(module, path, depth),
            // `cores.min(8)`, `cores.clamp(1, 8)`
            ExprKind::Method(call) if call.name == Sym::new("min") => {
                call.args.first().and_then(|most| inner(*most)).or_else(|| inner(call.recv))
            }
            ExprKind::Method(call) if call.name == Sym::new("clamp") => {
                call.args.get(1).and_then(|most| inner(*most))
            }
            ExprKind::Local(local) if std::ptr::eq(body, self.walk.body) => {
                self.inits[local.0 as usize].and_then(inner)
            }
            _ => None,
        }
    }

    fn constant(&self, module: ModId, path: &PathRef, depth: u32) -> Option<u64> {
        let names = &self.walk.program.names;
        let Def::Const(of) = names.resolve(module, path, false)?.def else { return None };
        let value = &names.consts[of as usize];
        let init = names.code(value.file, value.ir.init.as_ref()?.code)?;
        self.at_most(init, value.module, init.root?, depth + 1)
    }
}
