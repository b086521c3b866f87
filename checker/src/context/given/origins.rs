//! One body as the question "where does this value come from" needs it: for each local what it was made of.
//!
//! Worked out anew for the few bodies that are asked about. What is done to a local later on counts as one more
//! origin; a local that is lent for change has any.

use crate::lower::ir::{Body, ExprId, ExprKind, LocalId, Pat, PatId, Range, Stmt};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::types::{Callee, Inferred, Program, infer};

/// Methods that put their arguments into what they are called on.
const ADDS: [Sym; 8] =
    syms(["push", "push_str", "push_back", "push_front", "insert", "extend", "append", "extend_from_slice"]);

/// What a local is made of.
#[derive(Clone, Debug, Default)]
pub(super) struct Made {
    /// Expressions of the same body.
    pub(super) of: Vec<ExprId>,
    /// A parameter of the function.
    pub(super) param: Option<u32>,
    /// It was lent for change: who knows.
    pub(super) lent: bool,
}

/// A body, its types, and what its locals are made of.
pub(super) struct Origins<'p> {
    pub(super) body: &'p Body,
    pub(super) inferred: Inferred<'p>,
    pub(super) made: Vec<Made>,
}

impl<'p> Origins<'p> {
    pub(super) fn of(program: &'p Program<'_>, id: FnId) -> Option<Self> {
        let body = program.names.body(id)?;
        let inferred = infer(program, id)?;
        let mut origins = Origins { body, inferred, made: vec![Made::default(); body.locals.len()] };
        for (index, pat) in body.params.iter().enumerate() {
            let index = u32::try_from(index).ok();
            origins.bind(*pat, &mut |made| made.param = index);
        }
        for (index, expr) in body.exprs.iter().enumerate() {
            let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
            origins.note(id, &expr.kind);
        }
        Some(origins)
    }

    fn note(&mut self, id: ExprId, kind: &'p ExprKind) {
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
                    self.made[local.0 as usize].of.push(*right);
                }
            }
            // What is counted up takes ever new values.
            ExprKind::Ref(inner, true) | ExprKind::AssignOp(_, inner, _) => {
                if let ExprKind::Local(local) = self.body.expr(*inner).kind {
                    self.made[local.0 as usize].lent = true;
                }
            }
            ExprKind::Method(call) => {
                if let (ExprKind::Local(local), true) =
                    (&self.body.expr(call.recv).kind, ADDS.contains(&call.name))
                {
                    self.made[local.0 as usize].of.extend(call.args.iter());
                }
                self.closures(id, call.recv, &call.args);
            }
            _ => {}
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

    fn from(&mut self, pat: PatId, init: ExprId) {
        self.bind(pat, &mut |made| made.of.push(init));
    }

    fn bind(&mut self, pat: PatId, tell: &mut dyn FnMut(&mut Made)) {
        match self.body.pat(pat) {
            Pat::Wild | Pat::Rest => {}
            Pat::Bind(local, inner) => {
                tell(&mut self.made[local.0 as usize]);
                inner.iter().for_each(|inner| self.bind(*inner, tell));
            }
            Pat::Ref(inner) | Pat::Typed(inner, _) => self.bind(*inner, tell),
            Pat::TupleStruct(_, parts) | Pat::Tuple(parts) | Pat::Slice(parts) | Pat::Or(parts) => {
                parts.iter().for_each(|part| self.bind(*part, tell));
            }
            Pat::Struct(_, fields) => fields.iter().for_each(|(_, part)| self.bind(*part, tell)),
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
        const PUTS: [Sym; 7] =
            syms(["insert", "insert_entry", "entry", "replace", "extend", "insert_async", "put"]);
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
        self.local(local).of.iter().find(|id| is_entry(id)).and_then(|id| self.key(*id, depth + 1))
    }
}
