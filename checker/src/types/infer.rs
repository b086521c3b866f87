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
use crate::lower::ir::{Body, ExprId, LocalId};
use crate::lower::sym::Sym;
use crate::names::{AdtId, FnId, Foreign};
use rustc_hash::FxHashMap;

/// What a call leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// Finds the types inside the body of `id`; none if it has no body.
pub fn infer<'p>(program: &'p Program<'_>, id: FnId) -> Option<Inferred<'p>> {
    let body = program.names.function(id).body?;
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
    };
    infer.run(id);
    let exprs = std::mem::take(&mut infer.exprs);
    let exprs = exprs.into_iter().map(|ty| infer.resolved(ty)).collect();
    let locals = std::mem::take(&mut infer.locals);
    let locals = locals.into_iter().map(|ty| infer.resolved(ty)).collect();
    Some(Inferred { types: infer.types, exprs, locals, callees: infer.callees })
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
}

impl Infer<'_, '_> {
    fn run(&mut self, id: FnId) {
        let sig = &self.program.sigs[id.ix()];
        for (pat, ty) in self.body.params.iter().zip(&sig.params) {
            let ty = self.bounded(*ty);
            self.bind(*pat, ty);
        }
        self.value = sig.value.map_or(Ty::UNKNOWN, |value| self.bounded(value));
        let Some(root) = self.body.root else { return };
        let value = self.value;
        self.expect(root, value);
    }
}
