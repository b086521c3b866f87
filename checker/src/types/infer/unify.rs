//! Variables, and what two types that meet tell about each other.

use super::Infer;
use crate::lower::ir::TypeRef;
use crate::lower::sym::Sym;
use crate::names::Foreign;
use crate::types::scope::{is_variable, primitive};
use crate::types::ty::{Args, Interner, Ty, TyKind, substitute};
use rustc_hash::FxHashMap;

/// Longest chain of pointers and guards that is looked through.
pub(super) const DEREF_MAX: u32 = 8;

/// Deepest nesting in which two types are compared.
const UNIFY_DEPTH_MAX: u32 = 16;

impl Infer<'_, '_> {
    pub(super) fn hole(&mut self) -> Ty {
        self.types.hole()
    }

    pub(super) fn kind(&self, ty: Ty) -> &TyKind {
        self.types.kind(ty)
    }

    pub(super) fn intern(&mut self, kind: TyKind) -> Ty {
        self.types.intern(kind)
    }

    /// Follows variables at the head of a type.
    pub(super) fn head(&self, mut ty: Ty) -> Ty {
        // A variable only ever points at an older type or at an older variable's binding.
        for _ in 0..64 {
            match self.kind(ty) {
                TyKind::Var(var) => match self.vars.get(*var as usize).copied().flatten() {
                    Some(found) => ty = found,
                    None => return ty,
                },
                _ => return ty,
            }
        }
        Ty::UNKNOWN
    }

    /// The kind behind variables.
    pub(super) fn shape(&self, ty: Ty) -> TyKind {
        self.kind(self.head(ty)).clone()
    }

    /// Replaces all variables; what is still open is unknown.
    pub(super) fn resolved(&mut self, ty: Ty) -> Ty {
        self.resolved_at(ty, 0)
    }

    fn resolved_at(&mut self, ty: Ty, depth: u32) -> Ty {
        let ty = self.head(ty);
        if depth > UNIFY_DEPTH_MAX {
            return Ty::UNKNOWN;
        }
        let mut kind = match self.kind(ty) {
            TyKind::Var(_) => return Ty::UNKNOWN,
            TyKind::Unknown | TyKind::Never | TyKind::Prim(_) | TyKind::Param(_) => return ty,
            other => other.clone(),
        };
        match &mut kind {
            TyKind::Adt(_, args)
            | TyKind::Foreign(_, args)
            | TyKind::Tuple(args)
            | TyKind::Trait(_, args) => {
                args.iter_mut().for_each(|arg| *arg = self.resolved_at(*arg, depth + 1));
            }
            TyKind::Seq(elem) => *elem = self.resolved_at(*elem, depth + 1),
            TyKind::Fn(args, ret) => {
                args.iter_mut().for_each(|arg| *arg = self.resolved_at(*arg, depth + 1));
                *ret = self.resolved_at(*ret, depth + 1);
            }
            _ => {}
        }
        self.intern(kind)
    }

    /// Replaces the function's own parameters by what is known of them.
    pub(super) fn bounded(&mut self, ty: Ty) -> Ty {
        if self.bounds.is_empty() {
            return ty;
        }
        let bounds = std::mem::take(&mut self.bounds);
        let done = substitute(&mut self.types, ty, &|name| bounds.get(&name).copied());
        self.bounds = bounds;
        done
    }

    pub(super) fn unify(&mut self, a: Ty, b: Ty) {
        self.meet(a, b, 0);
    }

    fn meet(&mut self, a: Ty, b: Ty, depth: u32) {
        let (a, b) = (self.head(a), self.head(b));
        if a == b || depth > UNIFY_DEPTH_MAX {
            return;
        }
        let (left, right) = (self.kind(a).clone(), self.kind(b).clone());
        match (left, right) {
            (TyKind::Unknown | TyKind::Never, _) | (_, TyKind::Unknown | TyKind::Never) => {}
            (TyKind::Var(var), _) => self.set(var, b),
            (_, TyKind::Var(var)) => self.set(var, a),
            (TyKind::Adt(x, left), TyKind::Adt(y, right)) if x == y => self.meet_all(&left, &right, depth),
            (TyKind::Trait(x, left), TyKind::Trait(y, right)) if x == y => {
                self.meet_all(&left, &right, depth)
            }
            (TyKind::Foreign(x, left), TyKind::Foreign(y, right)) if x == y => {
                self.meet_all(&left, &right, depth)
            }
            (TyKind::Tuple(left), TyKind::Tuple(right)) if left.len() == right.len() => {
                self.meet_all(&left, &right, depth);
            }
            (TyKind::Fn(left, x), TyKind::Fn(right, y)) => {
                self.meet_all(&left, &right, depth);
                self.meet(x, y, depth + 1);
            }
            (TyKind::Seq(x), TyKind::Seq(y)) => self.meet(x, y, depth + 1),
            (TyKind::Foreign(x, _), other) if is_pointer(x) && !same_pointer(&other) => {
                self.through(a, b, depth);
            }
            (other, TyKind::Foreign(y, _)) if is_pointer(y) && !same_pointer(&other) => {
                self.through(b, a, depth);
            }
            (TyKind::Seq(x), TyKind::Foreign(_, args)) | (TyKind::Foreign(_, args), TyKind::Seq(x))
                if args.len() == 1 =>
            {
                self.meet(x, args[0], depth + 1);
            }
            (TyKind::Foreign(x, args), _) if is_iterator(x) => self.item(args[0], b, depth),
            (_, TyKind::Foreign(y, args)) if is_iterator(y) => self.item(args[0], a, depth),
            _ => {}
        }
    }

    /// A pointer meets what it may point at.
    fn through(&mut self, pointer: Ty, other: Ty, depth: u32) {
        if let Some(target) = self.deref(pointer) {
            self.meet(target, other, depth + 1);
        }
    }

    /// Something that can be iterated meets an iterator.
    fn item(&mut self, item: Ty, from: Ty, depth: u32) {
        let element = self.element(from);
        if element != Ty::UNKNOWN {
            self.meet(item, element, depth + 1);
        }
    }

    fn meet_all(&mut self, left: &Args, right: &Args, depth: u32) {
        for (x, y) in left.iter().zip(right.iter()) {
            self.meet(*x, *y, depth + 1);
        }
    }

    fn set(&mut self, var: u32, to: Ty) {
        let var = var as usize;
        if self.vars.len() <= var {
            self.vars.resize(var + 1, None);
        }
        if !self.mentions(to, var, 0) {
            self.vars[var] = Some(to);
        }
    }

    /// Whether `ty` holds the variable: such a type would have no end.
    fn mentions(&self, ty: Ty, var: usize, depth: u32) -> bool {
        if depth > UNIFY_DEPTH_MAX {
            return true;
        }
        let ty = self.head(ty);
        let any = |parts: &Args| parts.iter().any(|part| self.mentions(*part, var, depth + 1));
        match self.kind(ty) {
            TyKind::Var(other) => *other as usize == var,
            TyKind::Adt(_, args)
            | TyKind::Foreign(_, args)
            | TyKind::Tuple(args)
            | TyKind::Trait(_, args) => any(args),
            TyKind::Seq(elem) => self.mentions(*elem, var, depth + 1),
            TyKind::Fn(args, ret) => any(args) || self.mentions(*ret, var, depth + 1),
            _ => false,
        }
    }

    /// What a pointer, guard or wrapper gives its methods to.
    pub(super) fn deref(&mut self, ty: Ty) -> Option<Ty> {
        match self.shape(ty) {
            TyKind::Adt(adt, args) => {
                let target = *self.program.derefs.get(&adt)?;
                let params = &self.program.names.adt(adt).generics.params;
                Some(substitute(&mut self.types, target, &|name| {
                    params.iter().position(|param| *param == name).and_then(|at| args.get(at).copied())
                }))
            }
            TyKind::Foreign(foreign, args) => {
                let model = self.program.models.ty(self.program.models.type_at(foreign)?);
                let target = model.deref.as_ref()?;
                let mut binds = self.binds(&model.params, &args);
                Some(self.model_ty(target, ty, &mut binds))
            }
            _ => None,
        }
    }

    pub(super) fn binds(&self, params: &[Sym], args: &Args) -> FxHashMap<Sym, Ty> {
        params.iter().copied().zip(args.iter().copied()).collect()
    }

    /// A type in a signature of the models; letters that are not bound yet become variables.
    pub(super) fn model_ty(&mut self, ty: &TypeRef, own: Ty, binds: &mut FxHashMap<Sym, Ty>) -> Ty {
        match ty {
            TypeRef::Path(path) => match &*path.segments {
                [name] if *name == Sym::new("Self") => own,
                [name] => {
                    if let Some(bound) = binds.get(name) {
                        return *bound;
                    }
                    if is_variable(*name) {
                        let var = self.derived_variable(*name, own, binds);
                        binds.insert(*name, var);
                        return var;
                    }
                    if let Some(prim) = primitive(*name) {
                        return self.intern(prim);
                    }
                    let found = self.program.models.type_named(*name);
                    self.model_adt(found, &path.args, own, binds)
                }
                segments => {
                    let found = self.program.models.type_at(Foreign::of(segments));
                    self.model_adt(found, &path.args, own, binds)
                }
            },
            TypeRef::Tuple(parts) => {
                let parts = parts.iter().map(|part| self.model_ty(part, own, binds)).collect();
                self.intern(TyKind::Tuple(parts))
            }
            TypeRef::Fn(args, ret) => {
                let args = args.iter().map(|arg| self.model_ty(arg, own, binds)).collect();
                let ret = self.model_ty(ret, own, binds);
                self.intern(TyKind::Fn(args, ret))
            }
            TypeRef::Never => Ty::NEVER,
            _ => Ty::UNKNOWN,
        }
    }

    /// `Y` is an element of what a closure gave, or of the receiver's parameter, or of the receiver; `Z` is what the
    /// parameter points at. Any other letter is open.
    fn derived_variable(&mut self, name: Sym, own: Ty, binds: &FxHashMap<Sym, Ty>) -> Ty {
        let outer = [Sym::new("U"), Sym::new("T")].into_iter().find_map(|name| binds.get(&name).copied());
        let known = if name == Sym::new("Y") {
            self.element(outer.unwrap_or(own))
        } else if name == Sym::new("Z") {
            let to = outer.unwrap_or(Ty::UNKNOWN);
            self.deref(to).unwrap_or(Ty::UNKNOWN)
        } else {
            Ty::UNKNOWN
        };
        if known == Ty::UNKNOWN { self.hole() } else { known }
    }

    fn model_adt(
        &mut self,
        found: Option<u32>,
        args: &[TypeRef],
        own: Ty,
        binds: &mut FxHashMap<Sym, Ty>,
    ) -> Ty {
        let Some(found) = found else { return Ty::UNKNOWN };
        let mut given: Vec<Ty> = args.iter().map(|arg| self.model_ty(arg, own, binds)).collect();
        let model = self.program.models.ty(found);
        if model.path.path == Sym::path("std::slice") {
            return self.intern(TyKind::Seq(given.first().copied().unwrap_or(Ty::UNKNOWN)));
        }
        while given.len() < model.params.len() {
            given.push(self.types.hole());
        }
        self.intern(TyKind::Foreign(model.path, given.into()))
    }

    /// What iterating over a value gives.
    pub(super) fn element(&mut self, ty: Ty) -> Ty {
        // A type may say that it is its own iterator, directly or in a ring.
        if self.element_depth >= DEREF_MAX {
            return Ty::UNKNOWN;
        }
        self.element_depth += 1;
        let element = self.element_of(ty);
        self.element_depth -= 1;
        element
    }

    fn element_of(&mut self, ty: Ty) -> Ty {
        let mut at = ty;
        for _ in 0..DEREF_MAX {
            match self.shape(at) {
                TyKind::Seq(elem) => return elem,
                TyKind::Adt(adt, _) => {
                    for name in ["next", "into_iter", "iter"] {
                        if let Some(found) = self.adt_element(adt, at, name) {
                            return found;
                        }
                    }
                }
                TyKind::Foreign(foreign, args) => {
                    let models = self.program.models;
                    let wraps = ["RefCell", "Cell", "Option", "Result"]
                        .iter()
                        .any(|one| Sym::new(one) == foreign.last);
                    if (wraps || is_iterator(foreign)) && !args.is_empty() {
                        return args[0];
                    }
                    if let Some(model) = models.type_at(foreign) {
                        let method = models.ty(model).methods.get(&Sym::new("into_iter"));
                        let method = method.or_else(|| models.ty(model).methods.get(&Sym::new("iter")));
                        if let Some(method) = method {
                            let mut binds = self.binds(&models.ty(model).params, &args);
                            let ret = self.model_ty(&models.callable(*method).sig.ret, at, &mut binds);
                            return match self.shape(ret) {
                                TyKind::Foreign(_, args) if !args.is_empty() => args[0],
                                _ => Ty::UNKNOWN,
                            };
                        }
                    }
                }
                _ => return Ty::UNKNOWN,
            }
            match self.deref(at) {
                Some(target) => at = target,
                None => return Ty::UNKNOWN,
            }
        }
        Ty::UNKNOWN
    }

    fn adt_element(&mut self, adt: crate::names::AdtId, own: Ty, method: &str) -> Option<Ty> {
        let found = *self.program.methods.get(&(adt, Sym::new(method)))?.first()?;
        let ret = self.instantiate_ret(found, own);
        match self.shape(ret) {
            TyKind::Foreign(_, args) if !args.is_empty() => Some(args[0]),
            _ => Some(self.element(ret)).filter(|ty| *ty != Ty::UNKNOWN),
        }
    }
}

fn is_pointer(foreign: Foreign) -> bool {
    const POINTERS: [Sym; 5] = [
        Sym::path("std::boxed::Box"),
        Sym::path("std::sync::Arc"),
        Sym::path("std::pin::Pin"),
        Sym::path("std::borrow::Cow"),
        Sym::path("std::sync::Guard"),
    ];
    POINTERS.contains(&foreign.path)
}

fn same_pointer(other: &TyKind) -> bool {
    matches!(other, TyKind::Foreign(foreign, _) if is_pointer(*foreign))
}

pub(super) fn is_iterator(foreign: Foreign) -> bool {
    foreign.path == Sym::path("std::iter::Iterator")
}
