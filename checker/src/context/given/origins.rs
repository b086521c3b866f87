//! One body as the question "where does this value come from" needs it: for each local what it was made of.
//!
//! Worked out anew for the few bodies that are asked about. What is done to a local later on counts as one more
//! origin; a local that is lent for change has any.

use super::types::is_connection;
use crate::events::TIME_LIMITS;
use crate::lower::ir::{Body, ExprId, ExprKind, LocalId, MethodCall, Pat, PatId, Range, Stmt, TypeRef};
use crate::lower::parts;
use crate::lower::sym::{Sym, syms};
use crate::models::Models;
use crate::names::FnId;
use crate::types::{Callee, Inferred, Insides, Interner, Program, TyKind};
use std::sync::Arc;

/// Methods that put their arguments into what they are called on.
const ADDS: [Sym; 8] =
    syms(["push", "push_str", "push_back", "push_front", "insert", "extend", "append", "extend_from_slice"]);

/// What says of a type no more than that it can be read from.
const READERS: [Sym; 4] = syms(["AsyncRead", "AsyncReadExt", "AsyncBufRead", "AsyncBufReadExt"]);

/// A part of a value: a field by its name or number, or all of it.
pub(super) type Part = Option<Sym>;

/// Patterns of what holds one value and nothing else.
const WRAPS: [Sym; 4] = syms(["Some", "Ok", "Err", "Ready"]);

/// What a local is made of.
#[derive(Clone, Debug, Default)]
pub(super) struct Made {
    /// Expressions of the same body, and which part of each.
    pub(super) of: Vec<(ExprId, Part)>,
    /// A parameter of the function, or a part of it.
    pub(super) param: Option<(u32, Part)>,
    /// It was lent for change: who knows.
    pub(super) lent: bool,
    /// It was lent to what reads into it.
    pub(super) read: Option<ExprId>,
    /// What a framework calls the closure with that takes it.
    pub(super) is_message: bool,
}

/// A body, its types, and what its locals are made of.
pub(super) struct Origins<'p> {
    pub(super) body: &'p Body,
    pub(super) inferred: Arc<Inferred<'p>>,
    pub(super) made: Vec<Made>,
    /// What each expression is a part of.
    around: Vec<Option<ExprId>>,
}

impl<'p> Origins<'p> {
    pub(super) fn of(program: &'p Program<'_>, insides: &Insides<'p>, id: FnId) -> Option<Self> {
        let body = program.names.body(id)?;
        let inferred = insides(id)?;
        let mut origins = Origins {
            body,
            inferred,
            made: vec![Made::default(); body.locals.len()],
            around: parts::around(body),
        };
        for (index, pat) in body.params.iter().enumerate() {
            let index = u32::try_from(index).ok();
            origins.bind(*pat, None, &mut |made, part| made.param = index.map(|index| (index, part)));
        }
        for (index, expr) in body.exprs.iter().enumerate() {
            let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
            origins.note(program.models, id, &expr.kind);
        }
        let calls = origins.inferred.callees.iter();
        let calls =
            calls.filter(|(_, of)| matches!(of, Callee::Model(of) if program.models.callable(*of).serves));
        let calls: Vec<ExprId> = calls.map(|(id, _)| *id).collect();
        calls.into_iter().for_each(|id| origins.serve(id));
        Some(origins)
    }

    fn note(&mut self, models: &Models, id: ExprId, kind: &'p ExprKind) {
        match kind {
            ExprKind::Block(stmts, _) => {
                for stmt in stmts {
                    if let Stmt::Let(pat, _, Some(init), _) = stmt {
                        self.from(*pat, *init);
                    }
                }
            }
            ExprKind::Let(pat, init) => self.from(*pat, *init),
            ExprKind::For(pat, iter, ..) => self.from(*pat, *iter),
            ExprKind::Match(on, arms) => arms.iter().for_each(|arm| self.from(arm.pat, *on)),
            ExprKind::Select(arms) => {
                for arm in arms {
                    if let (Some(pat), Some(future)) = (arm.pat, arm.future) {
                        self.from(pat, future);
                    }
                }
            }
            ExprKind::Assign(left, right) => {
                if let ExprKind::Local(local) = self.body.expr(*left).kind {
                    self.made[local.0 as usize].of.push((*right, None));
                }
            }
            // What is counted up takes ever new values.
            ExprKind::Ref(inner, true) | ExprKind::AssignOp(_, inner, _) => {
                if let ExprKind::Local(local) = self.body.expr(*inner).kind {
                    self.made[local.0 as usize].lent = true;
                }
            }
            ExprKind::Method(call) => {
                if models.gives(call.name).fills && self.is_from_peer(id, call) {
                    self.reads_into(id, &call.args);
                }
                if let (ExprKind::Local(local), true) =
                    (&self.body.expr(call.recv).kind, ADDS.contains(&call.name))
                {
                    self.made[local.0 as usize].of.extend(call.args.iter().map(|arg| (*arg, None)));
                }
                self.closures(id, call.recv, &call.args);
            }
            _ => {}
        }
    }

    /// Closures that a framework calls with each request, and what it keeps for them.
    fn serve(&mut self, id: ExprId) {
        const KEPT: [Sym; 4] = syms(["State", "Extension", "Data", "Arc"]);
        for arg in self.args(id).unwrap_or_default() {
            let held = match self.body.expr(arg).kind {
                ExprKind::Local(local) => self.made[local.0 as usize].of.first().map(|(of, _)| *of),
                _ => None,
            };
            let ExprKind::Closure(params, ..) = &self.body.expr(held.unwrap_or(arg)).kind else { continue };
            for (pat, ty) in params {
                let is_kept = matches!(ty, TypeRef::Path(path) if KEPT.contains(&path.last()));
                if !is_kept {
                    self.bind(*pat, None, &mut |made, _| made.is_message = true);
                }
            }
        }
    }

    /// Closures given to what iterators and options offer work on parts of the receiver.
    fn closures(&mut self, id: ExprId, recv: ExprId, args: &'p [ExprId]) {
        if matches!(self.inferred.callees.get(&id), Some(Callee::Fns(_))) {
            return;
        }
        for arg in args {
            if let ExprKind::Closure(params, ..) = &self.body.expr(*arg).kind {
                params.iter().for_each(|(pat, _)| self.from(*pat, recv));
            }
        }
    }

    /// What the elements of are handed to a function that is named at `at`: `names.iter().map(intern)`.
    pub(super) fn adapted(&self, models: &Models, at: Range) -> Option<ExprId> {
        let path = self.at(at).find(|id| matches!(self.body.expr(*id).kind, ExprKind::Path(_)))?;
        let adapter = self.around[path.0 as usize]?;
        match (&self.body.expr(adapter).kind, self.inferred.callees.get(&adapter)) {
            (ExprKind::Method(call), Some(Callee::Model(of))) if call.args[..] == [path] => {
                let of = models.callable(*of);
                (!of.serves && !of.spawns && !of.resident).then_some(call.recv)
            }
            _ => None,
        }
    }

    /// Whether what is read comes from a peer: from a connection, or piece by piece from whatever is waited for.
    fn is_from_peer(&self, id: ExprId, call: &MethodCall) -> bool {
        let of = self.inferred.expr(call.recv);
        let is_open = match self.inferred.types.kind(of) {
            TyKind::Foreign(foreign, _) => READERS.contains(&foreign.last),
            _ => true,
        };
        is_connection(&self.inferred.types, of)
            || is_open && call.name == Sym::new("read_exact") && self.is_awaited(id)
    }

    fn reads_into(&mut self, id: ExprId, args: &'p [ExprId]) {
        for arg in args {
            let ExprKind::Ref(mut at, true) = self.body.expr(*arg).kind else { continue };
            while let ExprKind::Index(inner, _) = self.body.expr(at).kind {
                at = inner;
            }
            if let ExprKind::Local(local) = self.body.expr(at).kind {
                self.made[local.0 as usize].read = Some(id);
            }
        }
    }

    /// What an expression is a part of, innermost first.
    pub(super) fn around(&self, id: ExprId) -> impl Iterator<Item = ExprId> + use<'_, 'p> {
        std::iter::successors(self.around[id.0 as usize], |at| self.around[at.0 as usize])
    }

    /// Whether it stands in a closure that someone else calls with something.
    pub(super) fn is_in_closure(&self, id: ExprId) -> bool {
        self.around(id)
            .any(|at| matches!(&self.body.expr(at).kind, ExprKind::Closure(params, ..) if !params.is_empty()))
    }

    /// Whether a loop goes through what an expression gives.
    pub(super) fn is_gone_through(&self, id: ExprId) -> bool {
        let mut within = id;
        for at in self.around(id) {
            match &self.body.expr(at).kind {
                ExprKind::For(_, iter, ..) => return *iter == within,
                ExprKind::Method(call) if call.recv == within => within = at,
                ExprKind::Ref(..) | ExprKind::Deref(_) => within = at,
                _ => return false,
            }
        }
        false
    }

    /// Whether nothing goes on behind an expression.
    pub(super) fn leads_out(&self, id: ExprId) -> bool {
        match &self.body.expr(id).kind {
            ExprKind::Return(_) | ExprKind::Continue(_) | ExprKind::Break(..) => true,
            ExprKind::Block(_, Some(tail)) => self.leads_out(*tail),
            ExprKind::Block(stmts, None) => {
                matches!(stmts.last(), Some(Stmt::Expr(last)) if self.leads_out(*last))
            }
            _ => false,
        }
    }

    /// Whether the value of a call is waited for, also with a limit of time.
    pub(super) fn is_awaited(&self, id: ExprId) -> bool {
        self.around[id.0 as usize].is_some_and(|at| match &self.body.expr(at).kind {
            ExprKind::Await(_) => true,
            ExprKind::Call(callee, args) => {
                let is_limit = matches!(&self.body.expr(*callee).kind, ExprKind::Path(path)
                    if TIME_LIMITS.contains(&path.last()));
                is_limit && args.last() == Some(&id) && self.is_awaited(at)
            }
            _ => false,
        })
    }

    fn from(&mut self, pat: PatId, init: ExprId) {
        self.bind(pat, None, &mut |made, part| made.of.push((init, part)));
    }

    fn bind(&mut self, pat: PatId, part: Part, tell: &mut dyn FnMut(&mut Made, Part)) {
        match self.body.pat(pat) {
            Pat::Wild | Pat::Rest => {}
            Pat::Bind(local, inner) => {
                tell(&mut self.made[local.0 as usize], part);
                inner.iter().for_each(|inner| self.bind(*inner, part, tell));
            }
            Pat::Ref(inner) | Pat::Typed(inner, _) => self.bind(*inner, part, tell),
            Pat::TupleStruct(path, parts) if WRAPS.contains(&path.last()) => {
                parts.iter().for_each(|inner| self.bind(*inner, part, tell));
            }
            Pat::TupleStruct(_, parts) | Pat::Tuple(parts) => {
                let has_rest = parts.iter().any(|part| matches!(self.body.pat(*part), Pat::Rest));
                for (index, inner) in parts.iter().enumerate() {
                    let part = if has_rest { None } else { Some(Sym::new(&index.to_string())) };
                    self.bind(*inner, part, tell);
                }
            }
            Pat::Slice(parts) | Pat::Or(parts) => {
                parts.iter().for_each(|inner| self.bind(*inner, part, tell))
            }
            Pat::Struct(_, fields) => {
                fields.iter().for_each(|(name, inner)| self.bind(*inner, Some(*name), tell))
            }
        }
    }

    pub(super) fn local(&self, local: LocalId) -> &Made {
        &self.made[local.0 as usize]
    }

    /// The calls, assignments and literals at a range.
    pub(super) fn at(&self, at: Range) -> impl Iterator<Item = ExprId> + use<'_, 'p> {
        let all = self.body.exprs.iter().enumerate().filter(move |(_, expr)| expr.at == at);
        all.map(|(index, _)| ExprId(u32::try_from(index).unwrap_or(u32::MAX)))
    }

    /// Receiver and arguments of a call.
    pub(super) fn args(&self, id: ExprId) -> Option<Vec<ExprId>> {
        match &self.body.expr(id).kind {
            ExprKind::Call(_, args) => Some(args.to_vec()),
            ExprKind::Method(call) => {
                Some(std::iter::once(call.recv).chain(call.args.iter().copied()).collect())
            }
            _ => None,
        }
    }

    /// The key that an insertion at `id` adds: `m.insert(k, v)`, `m.entry(k).or_default()`, and the vacant half
    /// of `match m.entry(k)`.
    pub(super) fn key(&self, id: ExprId, depth: u32) -> Option<ExprId> {
        const PUTS: [Sym; 8] = syms([
            "insert",
            "insert_entry",
            "entry",
            "replace",
            "extend",
            "insert_async",
            "put",
            "insert_full",
        ]);
        if depth > 12 {
            return None;
        }
        match &self.body.expr(id).kind {
            ExprKind::Method(call) => {
                let in_entry = self
                    .key_of_local(call.recv, depth)
                    .filter(|_| call.name == Sym::new("insert") && call.args.len() == 1);
                match call.args.first() {
                    Some(_) if in_entry.is_some() => in_entry,
                    Some(key) if PUTS.contains(&call.name) => Some(*key),
                    _ => self.key(call.recv, depth + 1),
                }
            }
            ExprKind::Await(inner)
            | ExprKind::Try(inner)
            | ExprKind::Ref(inner, _)
            | ExprKind::Deref(inner) => self.key(*inner, depth + 1),
            ExprKind::Local(_) => self.key_of_local(id, depth),
            _ => None,
        }
    }

    fn key_of_local(&self, id: ExprId, depth: u32) -> Option<ExprId> {
        let ExprKind::Local(local) = self.body.expr(id).kind else { return None };
        let is_entry = |id: &ExprId| {
            let mut at = *id;
            while let ExprKind::Await(inner) | ExprKind::Try(inner) = self.body.expr(at).kind {
                at = inner;
            }
            matches!(&self.body.expr(at).kind, ExprKind::Method(call) if call.name == Sym::new("entry"))
        };
        self.local(local).of.iter().find(|(id, _)| is_entry(id)).and_then(|(id, _)| self.key(*id, depth + 1))
    }
}
