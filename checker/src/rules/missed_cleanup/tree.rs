//! A body with the way back from each expression: what stands around it, which pattern takes it apart, which names it goes by.
//!
//! Made for the few functions that put into and take out of a place that may be forgotten. It knows the text and the types
//! of one body and nothing of who calls it.

use super::fails::leads_out;
use crate::lower::ir::{Body, ExprId, ExprKind, LocalId, Pat, PatId, Range, Stmt};
use crate::lower::parts;
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::types::{Inferred, Insides, Program};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Methods that hand on what they are called on, or an element or a part of it.
const HANDS_ON: [Sym; 18] = syms([
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
    "rev",
    "cloned",
    "copied",
    "collect",
]);

/// A body, its types and the way back.
pub(in crate::rules) struct Tree<'p> {
    pub(in crate::rules) body: &'p Body,
    pub(in crate::rules) inferred: Arc<Inferred<'p>>,
    parents: Vec<Option<ExprId>>,
    /// What a `let` gives its pattern.
    inits: FxHashMap<ExprId, PatId>,
}

/// The arm of a branch that something stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) struct Arm {
    /// The `match`, `if` or `select!`.
    pub(in crate::rules) of: ExprId,
    /// Which of its arms.
    pub(in crate::rules) index: usize,
}

impl<'p> Tree<'p> {
    pub(in crate::rules) fn of(
        program: &'p Program<'_>,
        insides: &Insides<'p>,
        id: FnId,
    ) -> Option<Tree<'p>> {
        let body = program.names.body(id)?;
        let inferred = insides(id)?;
        let mut inits = FxHashMap::default();
        for expr in &body.exprs {
            let ExprKind::Block(stmts, _) = &expr.kind else { continue };
            for stmt in stmts {
                if let Stmt::Let(pat, _, Some(init), _) = stmt {
                    inits.insert(*init, *pat);
                }
            }
        }
        Some(Tree { body, inferred, parents: parts::around(body), inits })
    }

    pub(in crate::rules) fn kind(&self, id: ExprId) -> &'p ExprKind {
        &self.body.expr(id).kind
    }

    pub(in crate::rules) fn at(&self, id: ExprId) -> Range {
        self.body.expr(id).at
    }

    pub(in crate::rules) fn parent(&self, id: ExprId) -> Option<ExprId> {
        self.parents[id.0 as usize]
    }

    /// All expressions, children first.
    pub(in crate::rules) fn exprs(&self) -> impl Iterator<Item = (ExprId, &'p ExprKind)> + use<'p> {
        (0_u32..).map(ExprId).zip(self.body.exprs.iter().map(|expr| &expr.kind))
    }

    /// What stands around an expression, innermost first; not itself.
    pub(in crate::rules) fn around(&self, id: ExprId) -> impl Iterator<Item = ExprId> + '_ {
        std::iter::successors(self.parent(id), |at| self.parent(*at))
    }

    /// The call that stands at `at`.
    pub(in crate::rules) fn call_at(&self, at: Range) -> Option<ExprId> {
        let calls = self.exprs().filter(|(_, kind)| matches!(kind, ExprKind::Call(..) | ExprKind::Method(_)));
        calls.map(|(id, _)| id).find(|id| self.at(*id) == at)
    }

    /// The `?` that stands at `at`.
    pub(in crate::rules) fn try_at(&self, at: Range) -> Option<ExprId> {
        self.exprs()
            .find(|(id, kind)| matches!(kind, ExprKind::Try(_)) && self.at(*id) == at)
            .map(|(id, _)| id)
    }

    /// Whether `inner` is `outer` or stands in it.
    pub(in crate::rules) fn is_in(&self, inner: ExprId, outer: ExprId) -> bool {
        inner == outer || self.around(inner).any(|at| at == outer)
    }

    /// The branches around an expression, innermost first, within the closure or task it stands in.
    pub(in crate::rules) fn arms(&self, id: ExprId) -> Vec<Arm> {
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

    /// The pattern of the `let` that an expression is the value of.
    pub(in crate::rules) fn bound_by(&self, id: ExprId) -> Option<PatId> {
        self.inits.get(&id).copied()
    }

    /// What a local began as.
    pub(in crate::rules) fn init(&self, local: LocalId) -> Option<ExprId> {
        let is_it = |pat: PatId| matches!(self.body.pat(pat), Pat::Bind(of, None) if *of == local);
        self.inits.iter().find(|(_, pat)| is_it(**pat)).map(|(init, _)| *init)
    }

    /// The closure or async block that something runs in; none for the function itself.
    pub(in crate::rules) fn frame(&self, id: ExprId) -> Option<ExprId> {
        self.around(id).find(|at| matches!(self.kind(*at), ExprKind::Closure(..) | ExprKind::Async(_)))
    }

    /// Whether `inner` runs in the frame of `outer`, or in a task that is started there on every way behind it.
    pub(in crate::rules) fn runs_with(&self, outer: ExprId, inner: ExprId) -> bool {
        const SPAWNS: [Sym; 3] = syms(["spawn", "spawn_local", "spawn_blocking"]);
        let frame = self.frame(inner);
        let is_started = |task: ExprId| {
            let around = self.arms(outer);
            self.frame(task) == self.frame(outer)
                && self.parent(task).is_some_and(|call| SPAWNS.contains(&self.called(call)))
                && self.arms(task).iter().all(|arm| around.contains(arm))
        };
        frame == self.frame(outer) || frame.is_some_and(is_started)
    }

    /// The pattern and the value of an arm: `match value { pat => .. }`, `if let pat = value`.
    pub(in crate::rules) fn arm_pat(&self, arm: Arm) -> Option<(PatId, ExprId)> {
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
    pub(in crate::rules) fn bound(&self, pat: PatId, out: &mut Vec<LocalId>) {
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
    pub(in crate::rules) fn names_of(&self, id: ExprId) -> Vec<LocalId> {
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
    pub(in crate::rules) fn root(&self, mut id: ExprId) -> Option<LocalId> {
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
    pub(in crate::rules) fn mentions(&self, id: ExprId, local: LocalId) -> bool {
        self.exprs()
            .any(|(at, kind)| matches!(kind, ExprKind::Local(of) if *of == local) && self.is_in(at, id))
    }

    /// Whether `first` stands before `second` and on every way to it: no branch or loop around the one is left before the
    /// other.
    pub(in crate::rules) fn is_before(&self, first: ExprId, second: ExprId) -> bool {
        let around: Vec<Arm> = self.arms(second);
        // What comes behind has a higher number.
        first < second
            && self.frame(first) == self.frame(second)
            && self.arms(first).iter().all(|arm| around.contains(arm))
    }

    /// What decides whether `id` is reached: the conditions of the branches around it, and of those before it that leave. A
    /// local that is one stands for what it began as.
    pub(in crate::rules) fn conditions(&self, id: ExprId) -> Vec<ExprId> {
        let around = self.arms(id);
        let own = around.iter().filter_map(|arm| match self.kind(arm.of) {
            ExprKind::If(cond, ..) => Some(*cond),
            ExprKind::Match(_, arms) => arms.get(arm.index)?.guard,
            _ => None,
        });
        let before = self.exprs().filter_map(|(of, kind)| match kind {
            ExprKind::If(cond, then, None) => {
                let is_past = self.is_before(of, id) && !self.is_in(id, of);
                (is_past && leads_out(self, *then)).then_some(*cond)
            }
            _ => None,
        });
        let begins = |cond: ExprId| match self.kind(cond) {
            ExprKind::Local(local) => self.init(*local).unwrap_or(cond),
            _ => cond,
        };
        own.chain(before).map(begins).collect()
    }

    /// Whether `second` may be reached from where `first` has been done: they stand in no two arms of one branch, and it is no
    /// condition without which `first` has put nothing in.
    pub(in crate::rules) fn may_follow(&self, first: ExprId, second: ExprId) -> bool {
        let (before, behind) = (self.arms(first), self.arms(second));
        let apart = |arm: &Arm| before.iter().any(|own| own.of == arm.of && own.index != arm.index);
        let refused = |arm: &Arm| match self.kind(arm.of) {
            ExprKind::If(cond, ..) => match self.kind(*cond) {
                ExprKind::Not(done) => *done == first && arm.index == 0,
                _ => *cond == first && arm.index == 1,
            },
            _ => false,
        };
        first < second
            && !behind.iter().any(|arm| apart(arm) || refused(arm))
            && !self.leaves_with(first, second)
    }

    /// Whether `first` stands in the `else` of a `let`, which leads on to nothing behind it.
    pub(in crate::rules) fn leaves_with(&self, first: ExprId, second: ExprId) -> bool {
        let lets = self.exprs().filter_map(|(_, kind)| match kind {
            ExprKind::Block(stmts, _) => Some(stmts.iter()),
            _ => None,
        });
        lets.flatten().any(|stmt| match stmt {
            Stmt::Let(_, _, _, Some(otherwise)) => {
                self.is_in(first, *otherwise) && !self.is_in(second, *otherwise)
            }
            _ => false,
        })
    }

    /// Whether something is waited for behind `first`, and not behind `second`, where that runs.
    pub(in crate::rules) fn awaits_between(&self, first: ExprId, second: ExprId) -> bool {
        let frame = self.frame(second);
        self.exprs().any(|(id, kind)| {
            let waits = matches!(kind, ExprKind::Await(_) | ExprKind::Select(_));
            let is_behind = first < id && (id < second || self.is_in(second, id));
            waits && is_behind && !self.is_in(first, id) && self.frame(id) == frame
        })
    }

    /// The last name of what a call calls.
    pub(in crate::rules) fn called(&self, id: ExprId) -> Sym {
        match self.kind(id) {
            ExprKind::Method(call) => call.name,
            ExprKind::Call(callee, _) => match self.kind(*callee) {
                ExprKind::Path(path) => path.last(),
                _ => Sym::NONE,
            },
            _ => Sym::NONE,
        }
    }

    /// Which parameter binds a local, `self` first.
    pub(in crate::rules) fn param(&self, local: LocalId) -> Option<usize> {
        self.body.params.iter().position(|pat| {
            let mut bound = Vec::new();
            self.bound(*pat, &mut bound);
            bound.contains(&local)
        })
    }

    /// What a call passes for a parameter, `self` first.
    pub(in crate::rules) fn passed(&self, call: ExprId, param: usize) -> Option<ExprId> {
        match self.kind(call) {
            ExprKind::Method(of) if param == 0 => Some(of.recv),
            ExprKind::Method(of) => of.args.get(param - 1).copied(),
            _ => self.args(call).get(param).copied(),
        }
    }

    /// Arguments of a call, without the receiver.
    pub(in crate::rules) fn args(&self, id: ExprId) -> &'p [ExprId] {
        match self.kind(id) {
            ExprKind::Call(_, args) => args,
            ExprKind::Method(call) => &call.args,
            _ => &[],
        }
    }
}
