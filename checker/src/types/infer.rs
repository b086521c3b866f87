//! Finds the types inside one body, in one pass from the outside in and back.
//!
//! Locals get a variable each, which assignments, patterns and calls fill in: `let mut v = Vec::new()` learns its
//! element at the first `push`. A mismatch is no error here: code that does not compile is not our business, and
//! a conversion we do not know must not spoil what is known.

mod call;
mod control;
mod expr;
mod macros;
mod method;
mod pat;
mod unify;

use super::program::Program;
use super::scope::Scope;
use super::ty::{Overlay, Ty};
use crate::lower::ir::{Body, ExprId, ExprKind, LocalId, Pat, TypeRef};
use crate::lower::sym::Sym;
use crate::names::{AdtId, FnId, Foreign};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a call leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Callee {
    /// Not known.
    Unresolved,
    /// Functions of the workspace: several where a trait decides at run time.
    Fns(Box<[FnId]>),
    /// A method or function that the models describe, by number.
    Model(u32),
    /// Something foreign that no model describes, known by its path or by the type of its receiver.
    Foreign(Foreign),
    /// The constructor of a type.
    Ctor(AdtId),
    /// A closure or function pointer held in a local or a field.
    Value,
}

/// What is known of a body.
#[derive(Debug)]
pub struct Inferred<'p> {
    /// The table the types below refer to.
    pub types: Overlay<'p>,
    /// By expression.
    pub exprs: Vec<Ty>,
    /// By local.
    pub locals: Vec<Ty>,
    /// By call and method call.
    pub callees: FxHashMap<ExprId, Callee>,
    /// By method call, the type that the method was found on; only where that was asked for.
    pub receivers: Vec<(ExprId, Ty)>,
}

impl Inferred<'_> {
    /// The type of an expression.
    pub fn expr(&self, id: ExprId) -> Ty {
        self.exprs.get(id.0 as usize).copied().unwrap_or(Ty::UNKNOWN)
    }

    /// The type of a local.
    pub fn local(&self, id: LocalId) -> Ty {
        self.locals.get(id.0 as usize).copied().unwrap_or(Ty::UNKNOWN)
    }
}

/// Tells the types inside bodies, and need not find them anew each time.
pub(crate) type Insides<'a> = dyn Fn(FnId) -> Option<Arc<Inferred<'a>>> + Sync + 'a;

/// Finds the types inside the body of `id`; none if it has no body.
pub fn infer<'p>(program: &'p Program<'_>, id: FnId) -> Option<Inferred<'p>> {
    infer_body(program, id, false)
}

/// As [`infer`], and notes which type each method was found on.
pub(crate) fn infer_receivers<'p>(program: &'p Program<'_>, id: FnId) -> Option<Inferred<'p>> {
    infer_body(program, id, true)
}

fn infer_body<'p>(program: &'p Program<'_>, id: FnId, note_receivers: bool) -> Option<Inferred<'p>> {
    let body = program.names.body(id)?;
    let mut infer = Infer {
        program,
        body,
        scope: program.scope(id),
        types: Overlay::new(&program.types),
        vars: Vec::new(),
        exprs: vec![Ty::UNKNOWN; body.exprs.len()],
        locals: vec![Ty::UNKNOWN; body.locals.len()],
        callees: FxHashMap::default(),
        bounds: program.sigs[id.ix()].bounds.iter().copied().collect(),
        value: Ty::UNKNOWN,
        element_depth: 0,
        convertible: Vec::new(),
        receivers: note_receivers.then(Vec::new),
    };
    infer.run(id);
    let exprs = std::mem::take(&mut infer.exprs);
    let exprs = exprs.into_iter().map(|ty| infer.resolved(ty)).collect();
    let locals = std::mem::take(&mut infer.locals);
    let locals = locals.into_iter().map(|ty| infer.resolved(ty)).collect();
    let receivers = infer.receivers.take().unwrap_or_default();
    let receivers = receivers.into_iter().map(|(id, ty)| (id, infer.resolved(ty))).collect();
    Some(Inferred { types: infer.types, exprs, locals, callees: infer.callees, receivers })
}

struct Infer<'p, 'w> {
    program: &'p Program<'w>,
    body: &'p Body,
    scope: Scope<'p, 'w>,
    types: Overlay<'p>,
    /// What each variable was found to be.
    vars: Vec<Option<Ty>>,
    exprs: Vec<Ty>,
    locals: Vec<Ty>,
    callees: FxHashMap<ExprId, Callee>,
    /// What the parameters of the function are known to implement.
    bounds: FxHashMap<Sym, Ty>,
    /// What the function gives.
    value: Ty,
    /// How deep the search for what an iterator gives has gone.
    element_depth: u32,
    /// Parameters of type `impl Into<T>`, which are taken for a `T`.
    convertible: Vec<LocalId>,
    /// The type that each method was found on, where that is asked for.
    receivers: Option<Vec<(ExprId, Ty)>>,
}

impl Infer<'_, '_> {
    fn run(&mut self, id: FnId) {
        let sig = &self.program.sigs[id.ix()];
        for (pat, ty) in self.body.params.iter().zip(&sig.params) {
            let ty = self.bounded(*ty);
            self.bind(*pat, ty);
        }
        self.note_convertible(id);
        self.value = sig.value.map_or(Ty::UNKNOWN, |value| self.bounded(value));
        let Some(root) = self.body.root else { return };
        let value = self.value;
        self.expect(root, value);
    }
    /// Notes which parameters are of a type that only says what it can be turned into.
    fn note_convertible(&mut self, id: FnId) {
        let function = self.program.names.function(id);
        let Some(sig) = function.sig else { return };
        let bounds_of =
            |ty: &TypeRef| match ty {
                TypeRef::Bounds(bounds) => says_into(bounds),
                named => self.scope.generics.iter().flatten().any(|generics| {
                    generics.bounds.iter().any(|(of, bounds)| of == named && says_into(bounds))
                }),
            };
        for (pat, ty) in self.body.params.iter().zip(&sig.params) {
            if let (Pat::Bind(local, _), true) = (self.body.pat(*pat), bounds_of(ty)) {
                self.convertible.push(*local);
            }
        }
    }

    fn is_convertible(&self, id: ExprId) -> bool {
        matches!(self.body.expr(id).kind, ExprKind::Local(local) if self.convertible.contains(&local))
    }
}

fn says_into(bounds: &[TypeRef]) -> bool {
    let is_into = |bound: &TypeRef| matches!(bound, TypeRef::Path(path) if path.last() == Sym::new("Into"));
    bounds.iter().any(is_into)
}
