//! A body with the way back from each expression: what stands around it, which pattern takes it apart, which names it goes by.
//!
//! Made for the few functions that put into and take out of a place that may be forgotten. It knows the text and the types
//! of one body and nothing of who calls it.

use crate::lower::ir::{Body, ExprId, ExprKind, LocalId, Pat, PatId, Range, Stmt};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::types::{Inferred, Insides, Program};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Methods that hand on what they are called on, or an element or a part of it.
const HANDS_ON: [Sym; 14] = syms([
    "unwrap",
    "expect",
    "ok",
    "map",
    "and_then",
    "inspect",
    "into_iter",
    "iter",
    "flatten",
    "ok_or",
    "ok_or_else",
    "filter",
    "take",
    "for_each",
]);

/// A body, its types and the way back.
pub(super) struct Tree<'p> {
    pub(super) body: &'p Body,
    pub(super) inferred: Arc<Inferred<'p>>,
    parents: Vec<Option<ExprId>>,
    /// What a `let` gives its pattern.
    inits: FxHashMap<ExprId, PatId>,
}

/// The arm of a branch that something stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arm {
    /// The `match`, `if` or `select!`.
    pub(super) of: ExprId,
    /// Which of its arms.
    pub(super) index: usize,
}

impl<'p> Tree<'p> {
    pub(super) fn of(program: &'p Program<'_>, insides: &Insides<'p>, id: FnId) -> Option<Tree<'p>> {
        let body = program.names.body(id)?;
        let inferred = insides(id)?;
        let mut tree =
            Tree { body, inferred, parents: vec![None; body.exprs.len()], inits: FxHashMap::default() };
        for (parent, expr) in (0_u32..).map(ExprId).zip(&body.exprs) {
            tree.note(parent, &expr.kind);
        }
        Some(tree)
    }

    fn note(&mut self, parent: ExprId, kind: &'p ExprKind) {
        if let ExprKind::Block(stmts, _) = kind {
            for stmt in stmts {
                if let Stmt::Let(pat, _, Some(init), _) = stmt {
                    self.inits.insert(*init, *pat);
                }
            }
        }
        for child in children(kind) {
            self.parents[child.0 as usize] = Some(parent);
        }
    }

    pub(super) fn kind(&self, id: ExprId) -> &'p ExprKind {
        &self.body.expr(id).kind
    }

    pub(super) fn at(&self, id: ExprId) -> Range {
        self.body.expr(id).at
    }

    pub(super) fn parent(&self, id: ExprId) -> Option<ExprId> {
        self.parents[id.0 as usize]
    }

    /// All expressions, children first.
    pub(super) fn exprs(&self) -> impl Iterator<Item = (ExprId, &'p ExprKind)> + use<'p> {
        (0_u32..).map(ExprId).zip(self.body.exprs.iter().map(|expr| &expr.kind))
    }

    /// What stands around an expression, innermost first; not itself.
    pub(super) fn around(&self, id: ExprId) -> impl Iterator<Item = ExprId> + '_ {
        std::iter::successors(self.parent(id), |at| self.parent(*at))
    }

    /// The call that stands at `at`.
    pub(super) fn call_at(&self, at: Range) -> Option<ExprId> {
        let calls = self.exprs().filter(|(_, kind)| matches!(kind, ExprKind::Call(..) | ExprKind::Method(_)));
        calls.map(|(id, _)| id).find(|id| self.at(*id) == at)
    }

    /// The `?` that stands at `at`.
    pub(super) fn try_at(&self, at: Range) -> Option<ExprId> {
        self.exprs()
            .find(|(id, kind)| matches!(kind, ExprKind::Try(_)) && self.at(*id) == at)
            .map(|(id, _)| id)
    }

    /// Whether `inner` is `outer` or stands in it.
    pub(super) fn is_in(&self, inner: ExprId, outer: ExprId) -> bool {
        inner == outer || self.around(inner).any(|at| at == outer)
    }

    /// The branches around an expression, innermost first, within the closure or task it stands in.
    pub(super) fn arms(&self, id: ExprId) -> Vec<Arm> {
        let (mut arms, mut at) = (Vec::new(), id);
        while let Some(of) = self.parent(at) {
            let index = match self.kind(of) {
                ExprKind::Match(_, arms) => arms.iter().position(|arm| arm.body == at),
                ExprKind::Select(arms) => arms.iter().position(|arm| arm.body == at),
                ExprKind::If(_, then, otherwise) => {
                    [Some(*then), *otherwise].iter().position(|branch| *branch == Some(at))
                }
                ExprKind::Closure(..) | ExprKind::Async(_) => break,
                _ => None,
            };
            arms.extend(index.map(|index| Arm { of, index }));
            at = of;
        }
        arms
    }

    /// The closure or async block that something runs in; none for the function itself.
    pub(super) fn frame(&self, id: ExprId) -> Option<ExprId> {
        self.around(id).find(|at| matches!(self.kind(*at), ExprKind::Closure(..) | ExprKind::Async(_)))
    }

    /// The pattern and the value of an arm: `match value { pat => .. }`, `if let pat = value`.
    pub(super) fn arm_pat(&self, arm: Arm) -> Option<(PatId, ExprId)> {
        match self.kind(arm.of) {
            ExprKind::Match(on, arms) => Some((arms.get(arm.index)?.pat, *on)),
            ExprKind::Select(arms) => {
                let arm = arms.get(arm.index)?;
                Some((arm.pat?, arm.future?))
            }
            ExprKind::If(cond, ..) if arm.index == 0 => match self.kind(*cond) {
                ExprKind::Let(pat, value) => Some((*pat, *value)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The locals that a pattern binds.
    pub(super) fn bound(&self, pat: PatId, out: &mut Vec<LocalId>) {
        match self.body.pat(pat) {
            Pat::Wild | Pat::Rest => {}
            Pat::Bind(local, inner) => {
                out.push(*local);
                inner.iter().for_each(|inner| self.bound(*inner, out));
            }
            Pat::Ref(inner) | Pat::Typed(inner, _) => self.bound(*inner, out),
            Pat::Or(parts) | Pat::Tuple(parts) | Pat::Slice(parts) | Pat::TupleStruct(_, parts) => {
                parts.iter().for_each(|part| self.bound(*part, out));
            }
            Pat::Struct(_, fields) => fields.iter().for_each(|(_, part)| self.bound(*part, out)),
        }
    }

    /// The names under which the value of an expression is known: patterns that take it apart, closures it is handed to.
    pub(super) fn names_of(&self, id: ExprId) -> Vec<LocalId> {
        let (mut names, mut at) = (Vec::new(), id);
        loop {
            if let Some(pat) = self.inits.get(&at) {
                self.bound(*pat, &mut names);
            }
            let Some(of) = self.parent(at) else { break };
            match self.kind(of) {
                ExprKind::Try(_) | ExprKind::Await(_) | ExprKind::Ref(..) | ExprKind::Deref(_) => {}
                ExprKind::Let(pat, _) => {
                    self.bound(*pat, &mut names);
                    break;
                }
                ExprKind::Match(on, arms) if *on == at => {
                    arms.iter().for_each(|arm| self.bound(arm.pat, &mut names));
                    break;
                }
                ExprKind::Method(call) if call.recv == at && HANDS_ON.contains(&call.name) => {
                    self.closure_names(&call.args, &mut names);
                }
                ExprKind::For(pat, over, ..) if *over == at => {
                    self.bound(*pat, &mut names);
                    break;
                }
                _ => break,
            }
            at = of;
        }
        names
    }

    fn closure_names(&self, args: &[ExprId], names: &mut Vec<LocalId>) {
        for arg in args {
            if let ExprKind::Closure(params, ..) = self.kind(*arg) {
                params.iter().for_each(|(pat, _)| self.bound(*pat, names));
            }
        }
    }

    /// The local that an expression is, or is a part of.
    pub(super) fn root(&self, mut id: ExprId) -> Option<LocalId> {
        for _ in 0..12 {
            id = match self.kind(id) {
                ExprKind::Local(local) => return Some(*local),
                ExprKind::Field(inner, _)
                | ExprKind::Ref(inner, _)
                | ExprKind::Deref(inner)
                | ExprKind::Try(inner)
                | ExprKind::Await(inner)
                | ExprKind::Cast(inner, _) => *inner,
                ExprKind::Method(call) => call.recv,
                _ => return None,
            };
        }
        None
    }

    /// Whether an expression mentions a local.
    pub(super) fn mentions(&self, id: ExprId, local: LocalId) -> bool {
        self.exprs()
            .any(|(at, kind)| matches!(kind, ExprKind::Local(of) if *of == local) && self.is_in(at, id))
    }

    /// Whether `first` stands before `second` and on every way to it: no branch or loop around the one is left before the
    /// other.
    pub(super) fn is_before(&self, first: ExprId, second: ExprId) -> bool {
        let around: Vec<Arm> = self.arms(second);
        // What comes behind has a higher number.
        first < second
            && self.frame(first) == self.frame(second)
            && self.arms(first).iter().all(|arm| around.contains(arm))
    }

    /// The last name of what a call calls.
    pub(super) fn called(&self, id: ExprId) -> Sym {
        match self.kind(id) {
            ExprKind::Method(call) => call.name,
            ExprKind::Call(callee, _) => match self.kind(*callee) {
                ExprKind::Path(path) => path.last(),
                _ => Sym::NONE,
            },
            _ => Sym::NONE,
        }
    }

    /// Arguments of a call, without the receiver.
    pub(super) fn args(&self, id: ExprId) -> &'p [ExprId] {
        match self.kind(id) {
            ExprKind::Call(_, args) => args,
            ExprKind::Method(call) => &call.args,
            _ => &[],
        }
    }
}

/// The expressions right below one.
fn children(kind: &ExprKind) -> Vec<ExprId> {
    match kind {
        ExprKind::Unknown
        | ExprKind::Lit(_)
        | ExprKind::Local(_)
        | ExprKind::Path(_)
        | ExprKind::Continue(_)
        | ExprKind::Opaque(..) => Vec::new(),
        ExprKind::Call(callee, args) => std::iter::once(*callee).chain(args.iter().copied()).collect(),
        ExprKind::Method(call) => std::iter::once(call.recv).chain(call.args.iter().copied()).collect(),
        ExprKind::Field(inner, _)
        | ExprKind::Deref(inner)
        | ExprKind::Not(inner)
        | ExprKind::Neg(inner)
        | ExprKind::Ref(inner, _)
        | ExprKind::Cast(inner, _)
        | ExprKind::Let(_, inner)
        | ExprKind::Loop(inner, _)
        | ExprKind::Closure(_, inner, _)
        | ExprKind::Async(inner)
        | ExprKind::Await(inner)
        | ExprKind::Try(inner) => vec![*inner],
        ExprKind::Index(one, other)
        | ExprKind::Binary(_, one, other)
        | ExprKind::Assign(one, other)
        | ExprKind::AssignOp(_, one, other)
        | ExprKind::While(one, other, _)
        | ExprKind::For(_, one, other, _)
        | ExprKind::Repeat(one, other) => vec![*one, *other],
        ExprKind::If(cond, then, otherwise) => [*cond, *then].into_iter().chain(*otherwise).collect(),
        ExprKind::Return(value) | ExprKind::Break(_, value) => value.iter().copied().collect(),
        ExprKind::Tuple(parts) | ExprKind::Array(parts) | ExprKind::Macro(_, parts) => parts.to_vec(),
        ExprKind::Range(low, high) => low.iter().chain(high).copied().collect(),
        ExprKind::Struct(_, fields, base) => fields.iter().map(|(_, value)| *value).chain(*base).collect(),
        ExprKind::Match(on, arms) => {
            let inside = arms.iter().flat_map(|arm| arm.guard.into_iter().chain([arm.body]));
            std::iter::once(*on).chain(inside).collect()
        }
        ExprKind::Select(arms) => {
            let inside =
                arms.iter().flat_map(|arm| arm.future.into_iter().chain(arm.guard).chain([arm.body]));
            inside.collect()
        }
        ExprKind::Block(stmts, tail) => {
            let inside = stmts.iter().flat_map(|stmt| match stmt {
                Stmt::Let(_, _, init, otherwise) => init.iter().chain(otherwise).copied().collect(),
                Stmt::Expr(id) => vec![*id],
            });
            inside.chain(*tail).collect()
        }
    }
}
