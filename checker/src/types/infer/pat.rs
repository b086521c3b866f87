//! Patterns: what they tell about the locals they bind.

use super::Infer;
use crate::lower::ir::{Pat, PatId, PathRef};
use crate::lower::sym::Sym;
use crate::names::{AdtId, Def, Foreign};
use crate::types::ty::{Ty, TyKind, substitute};
use rustc_hash::FxHashMap;

impl Infer<'_, '_> {
    pub(super) fn bind(&mut self, pat: PatId, ty: Ty) {
        match self.body.pat(pat) {
            Pat::Wild | Pat::Rest => {}
            Pat::Bind(local, inner) => {
                let slot = &mut self.locals[local.0 as usize];
                match *slot {
                    // The alternatives of an or-pattern share their locals.
                    known if known != Ty::UNKNOWN => self.unify(known, ty),
                    _ => *slot = ty,
                }
                if let Some(inner) = inner {
                    self.bind(*inner, ty);
                }
            }
            Pat::Ref(inner) => self.bind(*inner, ty),
            Pat::Typed(inner, written) => {
                let written = self.written(written);
                self.unify(written, ty);
                self.bind(*inner, written);
            }
            Pat::Or(cases) => {
                for case in cases {
                    self.bind(*case, ty);
                }
            }
            Pat::Tuple(parts) => {
                let types = match self.shape(ty) {
                    TyKind::Tuple(types) => types,
                    TyKind::Var(_) if !self.has_rest(parts) => {
                        let types: Box<[Ty]> = parts.iter().map(|_| self.hole()).collect();
                        let tuple = self.intern(TyKind::Tuple(types.clone()));
                        self.unify(ty, tuple);
                        types
                    }
                    _ => Box::default(),
                };
                self.bind_all(parts, &types);
            }
            Pat::Slice(parts) => {
                let element = self.element(ty);
                for part in parts {
                    // `rest @ ..` is a slice again.
                    let rest = matches!(self.body.pat(*part), Pat::Bind(_, Some(_)));
                    self.bind(*part, if rest { ty } else { element });
                }
            }
            Pat::TupleStruct(path, parts) => {
                let types = self.tuple_fields(path, ty);
                self.bind_all(parts, &types);
            }
            Pat::Struct(path, fields) => {
                let types = self.named_fields(path, ty);
                for (name, pat) in fields {
                    let ty = types.iter().find(|(field, _)| field == name).map_or(Ty::UNKNOWN, |(_, ty)| *ty);
                    self.bind(*pat, ty);
                }
            }
        }
    }

    fn has_rest(&self, parts: &[PatId]) -> bool {
        parts.iter().any(|part| matches!(self.body.pat(*part), Pat::Rest))
    }

    fn bind_all(&mut self, parts: &[PatId], types: &[Ty]) {
        let rest = parts.iter().position(|part| matches!(self.body.pat(*part), Pat::Rest));
        for (index, part) in parts.iter().enumerate() {
            // Behind a rest, positions count from the end.
            let at = match rest {
                Some(rest) if index > rest => (types.len() + index).checked_sub(parts.len()),
                _ => Some(index),
            };
            let ty = at.and_then(|at| types.get(at)).copied().unwrap_or(Ty::UNKNOWN);
            self.bind(*part, ty);
        }
    }

    fn tuple_fields(&mut self, path: &PathRef, ty: Ty) -> Vec<Ty> {
        match self.pattern_def(path) {
            Some(Def::Foreign(foreign)) => {
                let canonical = self.canonical_fn(foreign);
                let Some(function) = self.program.models.function(canonical) else {
                    return self.wrapped(foreign, ty);
                };
                let sig = &self.program.models.callable(function).sig;
                let mut binds = FxHashMap::default();
                let ret = self.model_ty(&sig.ret, Ty::UNKNOWN, &mut binds);
                let value = self.peeled(ty);
                self.unify(ret, value);
                let args = sig.args.as_deref().unwrap_or_default();
                args.iter().map(|arg| self.model_ty(arg, Ty::UNKNOWN, &mut binds)).collect()
            }
            _ => self.named_fields(path, ty).into_iter().map(|(_, ty)| ty).collect(),
        }
    }

    /// What a foreign wrapper of one value holds: `State(state): State<Arc<App>>`.
    fn wrapped(&mut self, pattern: Foreign, ty: Ty) -> Vec<Ty> {
        match self.shape(ty) {
            TyKind::Foreign(wrapper, args) if args.len() == 1 => {
                let models = self.program.models;
                let is_it = wrapper.last == pattern.last
                    || models.type_at(pattern).is_some_and(|of| models.type_at(wrapper) == Some(of));
                if is_it { vec![args[0]] } else { Vec::new() }
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn pattern_def(&self, path: &PathRef) -> Option<Def> {
        if path.segments.first() == Some(&Sym::new("Self")) {
            let own = self.scope.own?;
            let TyKind::Adt(adt, _) = self.kind(own) else { return None };
            return match path.segments.get(1) {
                None => Some(Def::Adt(*adt)),
                Some(name) => {
                    let index = self
                        .program
                        .names
                        .adt(*adt)
                        .variants
                        .iter()
                        .position(|(variant, _)| variant == name)?;
                    Some(Def::Variant(*adt, u32::try_from(index).ok()?))
                }
            };
        }
        let found = self.program.names.resolve(self.scope.module, path, false);
        let found = found.or_else(|| self.program.names.resolve(self.scope.module, path, true))?;
        match found.def {
            // A struct reached through an alias.
            Def::Alias(alias) if found.taken == path.segments.len() => {
                let alias = &self.program.names.aliases[alias.ix()];
                match alias.ty {
                    crate::lower::ir::TypeRef::Path(path) => {
                        self.program.names.resolve(alias.module, path, true).map(|found| found.def)
                    }
                    _ => None,
                }
            }
            def => Some(def).filter(|_| found.taken == path.segments.len()),
        }
    }

    /// The fields of the struct or variant at `path`, as they are in a value of type `ty`.
    pub(super) fn named_fields(&mut self, path: &PathRef, ty: Ty) -> Vec<(Sym, Ty)> {
        let (adt, variant) = match self.pattern_def(path) {
            Some(Def::Adt(adt)) => (adt, 0),
            Some(Def::Variant(adt, index)) => (adt, index as usize),
            _ => return Vec::new(),
        };
        let value = self.peeled(ty);
        let args = match self.shape(value) {
            TyKind::Adt(known, args) if known == adt => args,
            _ => {
                let fresh = self.fresh_adt(adt);
                self.unify(value, fresh);
                match self.shape(fresh) {
                    TyKind::Adt(_, args) => args,
                    _ => Box::default(),
                }
            }
        };
        self.fields_of(adt, variant, &args)
    }

    pub(super) fn fields_of(&mut self, adt: AdtId, variant: usize, args: &[Ty]) -> Vec<(Sym, Ty)> {
        let program = self.program;
        let params = &program.names.adt(adt).generics.params;
        let Some(fields) = program.fields[adt.ix()].get(variant) else { return Vec::new() };
        let of =
            |name: Sym| params.iter().position(|param| *param == name).and_then(|at| args.get(at).copied());
        fields.iter().map(|(name, ty)| (*name, substitute(&mut self.types, *ty, &of))).collect()
    }

    /// One field of a struct.
    pub(super) fn field_of(&mut self, adt: AdtId, args: &[Ty], name: Sym) -> Option<Ty> {
        let program = self.program;
        let params = &program.names.adt(adt).generics.params;
        let (_, ty) = program.fields[adt.ix()].first()?.iter().find(|(field, _)| *field == name)?;
        let of =
            |name: Sym| params.iter().position(|param| *param == name).and_then(|at| args.get(at).copied());
        Some(substitute(&mut self.types, *ty, &of))
    }

    /// The type with its parameters open.
    pub(super) fn fresh_adt(&mut self, adt: AdtId) -> Ty {
        let count = self.program.names.adt(adt).generics.params.len();
        let args = (0..count).map(|_| self.hole()).collect();
        self.intern(TyKind::Adt(adt, args))
    }

    /// What is behind boxes, guards and other pointers.
    pub(super) fn peeled(&mut self, ty: Ty) -> Ty {
        let mut at = self.head(ty);
        for _ in 0..super::unify::DEREF_MAX {
            let TyKind::Foreign(foreign, _) = self.shape(at) else { break };
            let pointer = ["Box", "Arc", "Pin", "Guard", "Cow", "RefMulti", "PeekMut"];
            if !pointer.iter().any(|name| Sym::new(name) == foreign.last) {
                break;
            }
            match self.deref(at) {
                Some(target) => at = self.head(target),
                None => break,
            }
        }
        at
    }
}
