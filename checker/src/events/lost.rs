//! Resources that go out of sight while they are open: raw descriptors, forgotten owners, children.
//!
//! Speaks only where nothing can still take care of them: the value is thrown away on the spot, or bound to a
//! name that is never mentioned again, or mentioned only to print it.

use super::{Lost, LostHow, Under, Walk};
use crate::lower::ir::{BinOp, Body, Expr, ExprId, ExprKind, LocalId, Pat, PatId, Stmt};
use crate::lower::sym::{Sym, syms};
use crate::models::{Effect, Resource};
use crate::names::FnId;
use crate::types::{Callee, Interner, TyKind};

/// The ends that a child is read and written by.
const PIPES: [Sym; 3] = syms(["stdin", "stdout", "stderr"]);

impl Walk<'_, '_> {
    /// Looks through all statements; nothing of this depends on the order of the walk.
    pub(super) fn lost(&mut self) {
        let body = self.body;
        for expr in &body.exprs {
            if let ExprKind::Block(stmts, _) = &expr.kind {
                for stmt in stmts {
                    self.lost_in(stmt);
                }
            }
        }
        for index in 0..body.exprs.len() {
            let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
            self.forgotten(id);
            self.in_field(id);
            self.asked_only(id);
            self.child_used(id);
        }
    }

    /// A child that is only asked whether it could be started: `if let Err(error) = command.spawn()`,
    /// `command.spawn().is_err()`, `Ok(_) => ..`.
    fn asked_only(&mut self, id: ExprId) {
        let body = self.body;
        let is_child = |value: ExprId| matches!(self.resource_of(value), Some(LostHow::Child));
        let asked = match &body.expr(id).kind {
            ExprKind::Let(pat, value) if is_child(*value) && self.is_lost_in(*pat) == Some(true) => {
                Some(*value)
            }
            ExprKind::Method(call) if ["is_ok", "is_err"].iter().any(|name| Sym::new(name) == call.name) => {
                Some(call.recv)
            }
            ExprKind::Match(on, arms) if is_child(*on) => {
                let lost: Vec<bool> = arms.iter().filter_map(|arm| self.is_lost_in(arm.pat)).collect();
                (lost.len() == arms.len() && !lost.contains(&false)).then_some(*on)
            }
            _ => None,
        };
        if let Some(value) = asked.filter(|value| is_child(*value)) {
            self.note_lost(LostHow::Child, value);
        }
    }

    /// Whether a pattern for the outcome of a call lets go of what the call gave.
    fn is_lost_in(&self, pat: PatId) -> Option<bool> {
        let Pat::TupleStruct(path, parts) = self.body.pat(pat) else { return None };
        match parts.first() {
            Some(part) if path.last() == Sym::new("Ok") => Some(self.is_never_used(*part)),
            _ => (path.last() == Sym::new("Err")).then_some(true),
        }
    }

    fn lost_in(&mut self, stmt: &Stmt) {
        let (value, pat) = match stmt {
            Stmt::Let(pat, _, Some(init), _) => (*init, Some(*pat)),
            Stmt::Expr(id) => (*id, None),
            Stmt::Let(..) => return,
        };
        let Some(how) = self.resource_of(value) else { return };
        let mut field = None;
        let lent = match pat.filter(|pat| !self.is_never_used(*pat)) {
            None => Vec::new(),
            Some(pat) if how == LostHow::Child => {
                field = self.only_local(pat).and_then(|local| self.only_in_field(local));
                if field.is_none() {
                    return;
                }
                Vec::new()
            }
            Some(pat) => {
                let number = self.only_local(pat).filter(|_| how == LostHow::RawFd);
                let Some(lent) = number.and_then(|local| self.lent(local)) else { return };
                lent
            }
        };
        self.note_lost(how, value);
        if let Some(lost) = self.facts.lost.last_mut() {
            (lost.lent, lost.field) = (lent, field);
        }
    }

    /// The field that a local is moved into where its struct is made, if that is all that becomes of it.
    fn only_in_field(&self, local: LocalId) -> Option<(crate::names::AdtId, Sym)> {
        let names = |id: ExprId| matches!(self.body.expr(id).kind, ExprKind::Local(of) if of == local);
        let made = (0..).map(ExprId).zip(&self.body.exprs).find_map(|(id, expr)| match &expr.kind {
            ExprKind::Struct(_, fields, _) => {
                let (name, _) = fields.iter().find(|(_, value)| names(*value))?;
                Some((self.adt_behind(self.ty(id))?, *name))
            }
            _ => None,
        });
        let (mentioned, harmless) = mentions(self.body, local);
        made.filter(|_| mentioned == harmless + 1)
    }

    /// `self.child.wait()`, and whatever else is done with the child in a field but to ask for its number or to read it.
    fn child_used(&mut self, id: ExprId) {
        const LOOKS: [Sym; 2] = syms(["id", "kill"]);
        let ExprKind::Field(_, name) = &self.body.expr(id).kind else { return };
        let is_child = matches!(self.inferred.types.kind(self.ty(id)), TyKind::Foreign(of, _) if of.path == Sym::path("std::process::Child"));
        let only_looks = |expr: &Expr| match &expr.kind {
            ExprKind::Method(call) => call.recv == id && LOOKS.contains(&call.name),
            ExprKind::Field(of, pipe) => *of == id && PIPES.contains(pipe),
            _ => false,
        };
        if is_child && !self.body.exprs.iter().any(only_looks) {
            let field = self.place(id).and_then(|place| place.field);
            self.facts.handed.extend(field.filter(|(_, of)| of == name));
        }
    }

    /// `self.fd = file.into_raw_fd()`, and fields of plain numbers that are given to a call or a caller.
    fn in_field(&mut self, id: ExprId) {
        let body = self.body;
        match &body.expr(id).kind {
            ExprKind::Assign(left, right) => {
                let field = self.place(*left).and_then(|place| place.field);
                let local = match body.expr(*left).kind {
                    ExprKind::Local(local) => !self.is_used(local),
                    _ => false,
                };
                if matches!(self.resource_of(*right), Some(LostHow::RawFd)) && (local || field.is_some()) {
                    self.note_lost(LostHow::RawFd, id);
                    if let Some(lost) = self.facts.lost.last_mut() {
                        lost.field = field;
                    }
                }
            }
            ExprKind::Call(_, args) if !borrows(body, body.expr(id)) => {
                args.iter().for_each(|arg| self.hand(*arg))
            }
            // `libc::fsync(file.into_raw_fd())`: the call looks at the number and leaves it to nobody.
            ExprKind::Call(_, args) => {
                let taken = |arg: &&ExprId| self.effect(**arg) == Effect::IntoRaw && !self.makes_owners();
                if let Some(arg) = args.iter().find(taken) {
                    self.note_lost(LostHow::RawFd, *arg);
                }
            }
            ExprKind::Method(call) => call.args.iter().for_each(|arg| self.hand(*arg)),
            ExprKind::Return(Some(value)) | ExprKind::Block(_, Some(value)) => self.hand(*value),
            ExprKind::Struct(_, fields, _) => fields.iter().for_each(|(_, value)| self.hand(*value)),
            _ => {}
        }
    }

    fn hand(&mut self, id: ExprId) {
        if let (ExprKind::Field(..), Some(field)) =
            (&self.body.expr(id).kind, self.place(id).and_then(|place| place.field))
        {
            self.facts.handed.push(field);
        }
    }

    fn note_lost(&mut self, how: LostHow, value: ExprId) {
        let under = Under { in_loop: self.loop_around(value), ..Under::default() };
        let at = self.at(value);
        self.facts.lost.push(Lost { how, at, under, field: None, lent: Vec::new() });
    }

    /// The innermost loop whose text holds the expression.
    pub(super) fn loop_around(&self, id: ExprId) -> Option<u32> {
        // A loop comes behind all that is in it, and an inner one before an outer one.
        let inside = |(_, around): &(usize, &super::LoopFacts)| {
            around.expr > id.0 && around.at.start < self.at(id).start
        };
        let found = self.facts.loops.iter().enumerate().filter(inside).min_by_key(|(_, around)| around.expr);
        found.and_then(|(index, _)| u32::try_from(index).ok())
    }

    /// What the value of a statement is, if it is one to be taken care of.
    fn resource_of(&self, id: ExprId) -> Option<LostHow> {
        let value = self.unwrapped(id);
        // An owner that was made of a borrowed number gives it back so.
        if self.effect(value) == Effect::IntoRaw && !self.makes_owners() {
            return Some(LostHow::RawFd);
        }
        match self.inferred.types.kind(self.ty(id)) {
            TyKind::Foreign(foreign, _) if foreign.path == Sym::path("std::os::fd::RawFd") => {
                self.callable(value).filter(|callable| callable.opens.is_some()).map(|_| LostHow::RawFd)
            }
            TyKind::Foreign(foreign, args) => {
                let child = Sym::path("std::process::Child");
                let is_child = foreign.path == child
                    || args.iter().any(|arg| matches!(self.inferred.types.kind(*arg), TyKind::Foreign(of, _) if of.path == child));
                let spawned =
                    self.callable(value).is_some_and(|callable| callable.opens.as_deref() == Some("child"));
                (is_child && spawned).then_some(LostHow::Child)
            }
            _ => None,
        }
    }

    fn makes_owners(&self) -> bool {
        self.body
            .exprs
            .iter()
            .any(|expr| matches!(&expr.kind, ExprKind::Path(path) if path.last() == Sym::new("from_raw_fd")))
    }

    /// The call below `?`, `unwrap` and `expect`.
    pub(super) fn unwrapped(&self, mut id: ExprId) -> ExprId {
        for _ in 0..6 {
            match &self.body.expr(id).kind {
                ExprKind::Try(inner) => id = *inner,
                ExprKind::Method(call)
                    if ["unwrap", "expect", "ok", "map_err", "context", "with_context"]
                        .iter()
                        .any(|name| Sym::new(name) == call.name) =>
                {
                    id = call.recv;
                }
                _ => return id,
            }
        }
        id
    }

    pub(super) fn is_never_used(&self, pat: PatId) -> bool {
        match self.body.pat(pat) {
            Pat::Wild => true,
            Pat::Bind(local, None) => !self.is_used(*local),
            Pat::TupleStruct(_, parts) if parts.len() == 1 => self.is_never_used(parts[0]),
            _ => false,
        }
    }

    /// Whether anything is done with a local but to print it, to compare it, to ask for its number, or to put
    /// another value in its stead.
    fn is_used(&self, local: LocalId) -> bool {
        let (mentioned, harmless) = mentions(self.body, local);
        mentioned > harmless
    }

    /// Where nothing but functions of the workspace gets a number: which, and in which of their places.
    fn lent(&self, local: LocalId) -> Option<Vec<(FnId, u32)>> {
        let (mentioned, harmless) = mentions(self.body, local);
        let mut lent = Vec::new();
        for (id, expr) in (0..).map(ExprId).zip(&self.body.exprs) {
            let (ExprKind::Call(_, args), Some(Callee::Fns(fns))) =
                (&expr.kind, self.inferred.callees.get(&id))
            else {
                continue;
            };
            let names =
                |arg: &ExprId| matches!(self.body.expr(*arg).kind, ExprKind::Local(of) if of == local);
            if let ([of], Some(at)) = (&**fns, args.iter().position(names)) {
                lent.push((*of, u32::try_from(at).unwrap_or(u32::MAX)));
            }
        }
        (!lent.is_empty() && mentioned == harmless + lent.len()).then_some(lent)
    }

    /// `mem::forget(file)`, `Box::leak(Box::new(file))`, `ManuallyDrop::new(file)`.
    fn forgotten(&mut self, id: ExprId) {
        const FORGETS: [(&str, &str); 3] = [("mem", "forget"), ("Box", "leak"), ("ManuallyDrop", "new")];
        let ExprKind::Call(callee, args) = &self.body.expr(id).kind else { return };
        let ExprKind::Path(path) = &self.body.expr(*callee).kind else { return };
        if matches!(self.inferred.callees.get(&id), Some(Callee::Fns(_)) | None) {
            return;
        }
        let (last, before) = (path.last(), path.segments.iter().rev().nth(1).copied());
        let is_one = FORGETS.iter().any(|(of, name)| {
            Sym::new(name) == last && (before == Some(Sym::new(of)) || before.is_none() && *name == "forget")
        });
        let Some(arg) = args.first().filter(|_| is_one) else { return };
        // An owner that was made of a borrowed number gives it back so.
        let is_owner = self.program.resource(&self.inferred.types, self.ty(*arg)) == Some(Resource::Fd);
        let wraps = last == Sym::new("new");
        if is_owner && !self.makes_owners() && !(wraps && self.is_taken_out(id)) {
            self.note_lost(LostHow::Forgotten, id);
            let field = self.kept_in(id).filter(|_| wraps);
            if let Some(lost) = self.facts.lost.last_mut() {
                lost.field = field;
            }
        }
    }

    /// The field that a value goes into where it is made.
    fn kept_in(&self, value: ExprId) -> Option<(crate::names::AdtId, Sym)> {
        let holds = |id: &ExprId| *id == value;
        self.body.exprs.iter().enumerate().find_map(|(index, expr)| match &expr.kind {
            ExprKind::Struct(_, fields, _) => {
                let (name, _) = fields.iter().find(|(_, field)| holds(field))?;
                let adt = self.adt_behind(self.ty(ExprId(u32::try_from(index).ok()?)))?;
                Some((adt, *name))
            }
            ExprKind::Assign(left, right) if holds(right) => self.place(*left)?.field,
            ExprKind::Call(_, args) => {
                let at = args.iter().position(holds)?;
                let id = ExprId(u32::try_from(index).ok()?);
                match self.inferred.callees.get(&id) {
                    Some(Callee::Ctor(adt)) => Some((*adt, Sym::new(&at.to_string()))),
                    _ => None,
                }
            }
            _ => None,
        })
    }

    /// `let mut this = ManuallyDrop::new(self); this.file.take()`: what is taken out of it has an owner again.
    fn is_taken_out(&self, value: ExprId) -> bool {
        const TAKES: [Sym; 7] =
            syms(["take", "drop", "into_inner", "read", "replace", "swap", "drop_in_place"]);
        let lets = self.body.exprs.iter().filter_map(|expr| match &expr.kind {
            ExprKind::Block(stmts, _) => Some(stmts.iter()),
            _ => None,
        });
        let local = lets.flatten().find_map(|stmt| match stmt {
            Stmt::Let(pat, _, Some(init), _) if *init == value => self.only_local(*pat),
            _ => None,
        });
        let Some(local) = local else { return false };
        self.body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::Method(call) => TAKES.contains(&call.name) && self.is_part_of(call.recv, local),
            ExprKind::Call(callee, args) => {
                let takes = matches!(&self.body.expr(*callee).kind, ExprKind::Path(path) if TAKES.contains(&path.last()));
                takes && args.iter().any(|arg| self.is_part_of(*arg, local))
            }
            _ => false,
        })
    }

    fn is_part_of(&self, mut id: ExprId, local: LocalId) -> bool {
        for _ in 0..8 {
            id = match &self.body.expr(id).kind {
                ExprKind::Local(of) => return *of == local,
                ExprKind::Field(inner, _)
                | ExprKind::Ref(inner, _)
                | ExprKind::Deref(inner)
                | ExprKind::Cast(inner, _) => *inner,
                ExprKind::Method(call) => call.recv,
                ExprKind::Macro(_, args) if args.len() == 1 => args[0],
                _ => return false,
            };
        }
        false
    }
}

/// Whether a function does nothing with the parameter at `at` but look at it.
pub(crate) fn only_looks_at(body: &Body, at: u32) -> bool {
    let Some(Pat::Bind(local, None)) = body.params.get(at as usize).map(|pat| body.pat(*pat)) else {
        return false;
    };
    let (mentioned, harmless) = mentions(body, *local);
    mentioned == harmless
}

/// How often a local is mentioned, and how often of these to no effect on what it stands for.
fn mentions(body: &Body, local: LocalId) -> (usize, usize) {
    let names = |id: ExprId| matches!(body.expr(id).kind, ExprKind::Local(of) if of == local);
    let (mut mentioned, mut harmless) = (0, 0);
    for expr in &body.exprs {
        match &expr.kind {
            ExprKind::Local(of) if *of == local => mentioned += 1,
            ExprKind::Macro(name, args) if is_log(*name) => {
                harmless += args.iter().filter(|arg| names(**arg)).count()
            }
            ExprKind::Method(call) if names(call.recv) => {
                let asks = ["id", "as_raw_fd", "kill"].iter().any(|name| Sym::new(name) == call.name);
                harmless += usize::from(asks);
            }
            ExprKind::Assign(left, _) => harmless += usize::from(names(*left)),
            // `child.stdout.take()`: what is read of a child does not wait for it.
            ExprKind::Field(of, name) if PIPES.contains(name) => harmless += usize::from(names(*of)),
            ExprKind::Binary(op, left, right) if is_comparison(*op) => {
                harmless += [left, right].into_iter().filter(|side| names(**side)).count();
            }
            ExprKind::Call(_, args) if borrows(body, expr) => {
                harmless += args.iter().filter(|arg| names(**arg)).count();
            }
            _ => {}
        }
    }
    (mentioned, harmless)
}

/// Calls that look at a descriptor and do not take it.
fn borrows(body: &Body, expr: &Expr) -> bool {
    const LOOKS: [Sym; 15] = syms([
        "fsync",
        "fdatasync",
        "fstat",
        "lseek",
        "read",
        "write",
        "fcntl",
        "ioctl",
        "setsockopt",
        "getsockopt",
        "getsockname",
        "getpeername",
        "ftruncate",
        "flock",
        "pwrite",
    ]);
    let ExprKind::Call(callee, _) = &expr.kind else { return false };
    let ExprKind::Path(path) = &body.expr(*callee).kind else { return false };
    path.segments.first() == Some(&Sym::new("libc")) && LOOKS.contains(&path.last())
}

fn is_comparison(op: BinOp) -> bool {
    matches!(op, BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge | BinOp::Eq | BinOp::Ne)
}

/// Macros that only tell people.
fn is_log(name: Sym) -> bool {
    const LOGS: [&str; 12] = [
        "println",
        "eprintln",
        "print",
        "eprint",
        "dbg",
        "trace",
        "debug",
        "info",
        "warn",
        "error",
        "log",
        "debug_assert",
    ];
    LOGS.iter().any(|log| Sym::new(log) == name)
}
