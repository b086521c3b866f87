//! Expressions.

use super::{Callee, Infer};
use crate::lower::ir::{BinOp, ExprId, ExprKind, Lit, TypeRef};
use crate::lower::sym::{Sym, syms};
use crate::models::{ModelType, Models};
use crate::names::Foreign;
use crate::types::program::named;
use crate::types::ty::{Ty, TyKind};
use rustc_hash::FxHashMap;

/// What has no fields of its own, and leads to those of another.
const POINTERS: [Sym; 5] = syms(["Arc", "Rc", "Box", "Guard", "Pin"]);

impl<'p> Infer<'p, '_> {
    /// The type of `id`.
    pub(super) fn expr(&mut self, id: ExprId) -> Ty {
        self.expect(id, Ty::UNKNOWN)
    }

    /// The type of `id`, where `expected` is what it is wanted for.
    pub(super) fn expect(&mut self, id: ExprId, expected: Ty) -> Ty {
        let ty = self.kind_of(id, expected);
        self.unify(ty, expected);
        self.exprs[id.0 as usize] = ty;
        ty
    }

    /// A type written in the body.
    pub(super) fn written(&mut self, ty: &TypeRef) -> Ty {
        let scope = self.scope;
        let ty = scope.lower(&mut self.types, ty);
        self.bounded(ty)
    }

    pub(super) fn named(&mut self, name: &str, args: &[Ty]) -> Ty {
        named(self.program.models, &mut self.types, name, args)
    }

    pub(super) fn kind_of(&mut self, id: ExprId, expected: Ty) -> Ty {
        let body = self.body;
        match &body.expr(id).kind {
            ExprKind::Unknown => Ty::UNKNOWN,
            ExprKind::Lit(lit) => self.lit(*lit),
            ExprKind::Local(local) => self.locals[local.0 as usize],
            ExprKind::Path(path) => self.path_value(path, expected),
            ExprKind::Call(callee, args) => self.call(id, *callee, args, expected),
            ExprKind::Method(call) => self.method(id, call, expected),
            ExprKind::Field(base, name) => self.field(*base, *name),
            ExprKind::Index(base, index) => self.index(*base, *index),
            ExprKind::Deref(inner) => {
                let ty = self.expr(*inner);
                self.deref_written(ty)
            }
            ExprKind::Ref(inner, _) | ExprKind::Neg(inner) | ExprKind::Not(inner) => {
                self.expect(*inner, expected)
            }
            ExprKind::Binary(op, left, right) => self.binary(*op, *left, *right),
            ExprKind::Assign(left, right) => {
                let ty = self.expr(*left);
                self.expect(*right, ty);
                Ty::UNIT
            }
            ExprKind::AssignOp(_, left, right) => {
                self.expr(*left);
                self.expr(*right);
                Ty::UNIT
            }
            ExprKind::Cast(inner, ty) => {
                self.expr(*inner);
                self.written(ty)
            }
            ExprKind::Struct(path, fields, base) => self.struct_lit(path, fields, *base, expected),
            ExprKind::Tuple(parts) => {
                let wanted = match self.shape(expected) {
                    TyKind::Tuple(wanted) if wanted.len() == parts.len() => wanted,
                    _ => Box::default(),
                };
                let of = |at: usize| wanted.get(at).copied().unwrap_or(Ty::UNKNOWN);
                let parts: Vec<Ty> =
                    parts.iter().enumerate().map(|(at, part)| self.expect(*part, of(at))).collect();
                self.intern(TyKind::Tuple(parts.into()))
            }
            ExprKind::Array(elems) => {
                let mut elem = self.hole();
                for (index, part) in elems.iter().enumerate() {
                    let ty = self.expect(*part, elem);
                    elem = if index == 0 { ty } else { elem };
                }
                self.intern(TyKind::Seq(elem))
            }
            ExprKind::Repeat(elem, len) => {
                self.expr(*len);
                let elem = self.expr(*elem);
                self.intern(TyKind::Seq(elem))
            }
            ExprKind::Range(low, high) => {
                let low = low.map(|low| self.expr(low));
                let high = high.map(|high| self.expr(high));
                self.named("Iterator", &[low.or(high).unwrap_or(Ty::USIZE)])
            }
            ExprKind::Macro(name, args) => self.macro_value(id, *name, args, expected),
            ExprKind::Opaque(name, _) => self.of_models(*name),
            other => self.control(other, expected),
        }
    }

    pub(super) fn lit(&mut self, lit: Lit) -> Ty {
        match lit {
            Lit::Int(_, Sym::NONE) => Ty::NUMBER,
            Lit::Int(_, suffix) => self.intern(TyKind::Prim(suffix)),
            Lit::Float => self.intern(TyKind::Prim(Sym::new("f64"))),
            Lit::Str => Ty::STR,
            Lit::Bytes => {
                let byte = self.intern(TyKind::Prim(Sym::new("u8")));
                self.intern(TyKind::Seq(byte))
            }
            Lit::Bool(_) => Ty::BOOL,
            Lit::Char => Ty::CHAR,
        }
    }

    /// `*e`: pointers that are types of their own give what they point at; references are left out anyway.
    pub(super) fn deref_written(&mut self, ty: Ty) -> Ty {
        match self.shape(ty) {
            TyKind::Foreign(foreign, _) => {
                const POINTERS: [&str; 8] =
                    ["Box", "Arc", "Pin", "Guard", "Cow", "RefMulti", "LazyLock", "ManuallyDrop"];
                match POINTERS.iter().any(|name| Sym::new(name) == foreign.last) {
                    true => self.deref(ty).unwrap_or(ty),
                    false => ty,
                }
            }
            _ => ty,
        }
    }

    pub(super) fn field(&mut self, base: ExprId, name: Sym) -> Ty {
        let base = self.expr(base);
        let mut at = self.head(base);
        for _ in 0..super::unify::DEREF_MAX {
            match self.shape(at) {
                TyKind::Adt(adt, args) => {
                    if let Some(ty) = self.field_of(adt, &args, name) {
                        return ty;
                    }
                }
                TyKind::Tuple(parts) => {
                    let position = (0..parts.len()).find(|at| Sym::new(&at.to_string()) == name);
                    return position.map_or(Ty::UNKNOWN, |at| parts[at]);
                }
                TyKind::Foreign(foreign, args) if self.model_field(foreign, name).is_some() => {
                    let Some((model, ty)) = self.model_field(foreign, name) else { return Ty::UNKNOWN };
                    let mut binds = self.binds(&model.params, &args);
                    return self.model_ty(ty, at, &mut binds);
                }
                // `Reverse(x).0` and wrappers of handlers: `State(x).0`.
                TyKind::Foreign(foreign, args)
                    if args.len() == 1 && name == Sym::new("0") && !POINTERS.contains(&foreign.last) =>
                {
                    return args[0];
                }
                TyKind::Trait(..) | TyKind::Var(_) | TyKind::Unknown => return Ty::UNKNOWN,
                _ => {}
            }
            match self.deref(at) {
                Some(target) => at = self.head(target),
                None => break,
            }
        }
        Ty::UNKNOWN
    }

    /// A field of a foreign type that the models list.
    fn model_field(&self, foreign: Foreign, name: Sym) -> Option<(&'p ModelType, &'p TypeRef)> {
        let models: &'p Models = self.program.models;
        let model = models.ty(models.type_at(foreign)?);
        model.fields.get(&name).map(|ty| (model, ty))
    }

    pub(super) fn index(&mut self, base: ExprId, index: ExprId) -> Ty {
        let ty = self.expr(base);
        let key = self.expr(index);
        if let TyKind::Foreign(foreign, _) = self.shape(key)
            && super::unify::is_iterator(foreign)
        {
            return self.part(ty);
        }
        let mut at = self.head(ty);
        for _ in 0..super::unify::DEREF_MAX {
            match self.shape(at) {
                TyKind::Seq(elem) => return elem,
                TyKind::Adt(adt, _) => {
                    if let Some(found) = self.program.methods.get(&(adt, Sym::new("index"))) {
                        return self.instantiate_ret(found[0], at);
                    }
                }
                TyKind::Foreign(foreign, args) => {
                    let models = self.program.models;
                    let model = models.type_at(foreign).map(|model| models.ty(model));
                    let get = model.and_then(|model| Some((model, *model.methods.get(&Sym::new("get"))?)));
                    if let Some((model, get)) = get {
                        let mut binds = self.binds(&model.params, &args);
                        let ret = self.model_ty(&models.callable(get).sig.ret, at, &mut binds);
                        if let TyKind::Foreign(_, args) = self.shape(ret) {
                            return args.first().copied().unwrap_or(Ty::UNKNOWN);
                        }
                    }
                }
                _ => {}
            }
            match self.deref(at) {
                Some(target) => at = self.head(target),
                None => break,
            }
        }
        Ty::UNKNOWN
    }

    /// What a range of a sequence is: a slice of its elements, or of text.
    pub(super) fn part(&mut self, of: Ty) -> Ty {
        let mut at = self.head(of);
        for _ in 0..super::unify::DEREF_MAX {
            match self.shape(at) {
                TyKind::Seq(_) => return at,
                TyKind::Prim(_) if at == Ty::STR => return at,
                // An `Index` of its own, or text with an encoding of its own.
                TyKind::Adt(adt, _) if self.program.methods.contains_key(&(adt, Sym::new("index"))) => {
                    return Ty::UNKNOWN;
                }
                _ => {}
            }
            match self.deref(at) {
                Some(target) => at = self.head(target),
                None => return of,
            }
        }
        of
    }

    pub(super) fn binary(&mut self, op: BinOp, left: ExprId, right: ExprId) -> Ty {
        let (a, b) = (self.expr(left), self.expr(right));
        match op {
            BinOp::Lt
            | BinOp::Le
            | BinOp::Gt
            | BinOp::Ge
            | BinOp::Eq
            | BinOp::Ne
            | BinOp::And
            | BinOp::Or => Ty::BOOL,
            BinOp::Sub if self.is_instant(a) && self.is_instant(b) => self.named("Duration", &[]),
            _ => match self.shape(a) {
                TyKind::Unknown | TyKind::Var(_) => b,
                // `2 * x` has the type of `x`.
                _ if a == Ty::NUMBER => b,
                _ => a,
            },
        }
    }

    pub(super) fn is_instant(&self, ty: Ty) -> bool {
        matches!(self.shape(ty), TyKind::Foreign(foreign, _) if foreign.path == Sym::path("std::time::Instant"))
    }

    pub(super) fn struct_lit(
        &mut self,
        path: &crate::lower::ir::PathRef,
        fields: &[(Sym, ExprId)],
        base: Option<ExprId>,
        expected: Ty,
    ) -> Ty {
        let own = match self.pattern_def(path) {
            Some(crate::names::Def::Adt(adt) | crate::names::Def::Variant(adt, _)) => {
                let fresh = self.fresh_adt(adt);
                self.unify(fresh, expected);
                fresh
            }
            Some(crate::names::Def::Foreign(foreign)) => {
                self.intern(TyKind::Foreign(foreign, Box::default()))
            }
            _ => Ty::UNKNOWN,
        };
        let types = self.named_fields(path, own);
        for (name, value) in fields {
            let ty = types.iter().find(|(field, _)| field == name).map_or(Ty::UNKNOWN, |(_, ty)| *ty);
            self.expect(*value, ty);
        }
        if let Some(base) = base {
            self.expect(base, own);
        }
        own
    }

    pub(super) fn canonical_fn(&self, foreign: Foreign) -> Foreign {
        let models = self.program.models;
        if models.function(foreign).is_some() {
            return foreign;
        }
        // `tokio::sync::mpsc::bounded::Sender::send` is known under the canonical path of its type.
        let parent = Foreign {
            path: foreign.parent_path,
            krate: foreign.krate,
            last: foreign.parent,
            parent: Sym::NONE,
            parent_path: Sym::NONE,
        };
        models.type_at(parent).map_or(foreign, |found| models.ty(found).path.join(foreign.last))
    }

    pub(super) fn note(&mut self, id: ExprId, callee: Callee) {
        self.callees.insert(id, callee);
    }

    pub(super) fn empty_binds() -> FxHashMap<Sym, Ty> {
        FxHashMap::default()
    }
}
