//! Calls of functions, constructors and closures, and paths as values.

use super::{Callee, Infer};
use crate::lower::ir::{ExprId, ExprKind, PathRef};
use crate::lower::sym::Sym;
use crate::names::{AdtId, Def, FnId, Foreign};
use crate::types::ty::{Ty, TyKind};

/// What a path in an expression leads to.
enum Target {
    Fn(FnId, Ty),
    Ctor(AdtId, usize),
    /// Its index in the models, and the type whose method it is.
    Model(u32, Option<Ty>),
    Foreign(Foreign),
    Value(Ty),
    Unknown,
}

impl Infer<'_, '_> {
    pub(super) fn call(&mut self, id: ExprId, callee: ExprId, args: &[ExprId], expected: Ty) -> Ty {
        let body = self.body;
        let ExprKind::Path(path) = &body.expr(callee).kind else {
            return self.call_value(id, callee, args);
        };
        match self.target(path) {
            Target::Fn(function, own) => {
                self.note(id, Callee::Fns(self.implementors(function, own)));
                self.workspace_ret(function, args, own, false)
            }
            Target::Ctor(adt, variant) => {
                self.note(id, Callee::Ctor(adt));
                let own = self.fresh_adt(adt);
                self.unify(own, expected);
                let TyKind::Adt(_, params) = self.shape(own) else { return own };
                let fields = self.fields_of(adt, variant, &params);
                for (index, arg) in args.iter().enumerate() {
                    self.expect(*arg, fields.get(index).map_or(Ty::UNKNOWN, |(_, ty)| *ty));
                }
                own
            }
            Target::Model(callable, own) => {
                self.note(id, Callee::Model(callable));
                self.model_path_call(callable, own, path, args, expected)
            }
            Target::Foreign(foreign) => {
                self.note(id, Callee::Foreign(foreign));
                for arg in args {
                    self.expr(*arg);
                }
                self.foreign_result(foreign, path, expected)
            }
            Target::Value(ty) => {
                let value = self.called(ty, args);
                self.note(id, Callee::Value);
                value
            }
            Target::Unknown => {
                self.note(id, Callee::Unresolved);
                for arg in args {
                    self.expr(*arg);
                }
                Ty::UNKNOWN
            }
        }
    }

    /// A function of a trait, called by its path, may be any implementation.
    fn implementors(&self, id: FnId, own: Ty) -> Box<[FnId]> {
        let function = self.program.names.function(id);
        if let (crate::names::Owner::Trait(of), true) =
            (function.owner, matches!(self.shape(own), TyKind::Unknown | TyKind::Trait(..)))
        {
            let known = self.program.implementors.get(&(of, function.name));
            return known.into_iter().flatten().copied().chain([id]).collect();
        }
        Box::new([id])
    }

    fn call_value(&mut self, id: ExprId, callee: ExprId, args: &[ExprId]) -> Ty {
        let ty = self.expr(callee);
        let known = matches!(self.shape(ty), TyKind::Fn(..)) || self.is_closure_pointer(ty);
        self.note(id, if known { Callee::Value } else { Callee::Unresolved });
        self.called(ty, args)
    }

    fn is_closure_pointer(&mut self, ty: Ty) -> bool {
        let inner = self.peeled(ty);
        matches!(self.shape(inner), TyKind::Fn(..))
    }

    fn called(&mut self, ty: Ty, args: &[ExprId]) -> Ty {
        let inner = self.peeled(ty);
        let (params, ret) = match self.shape(inner) {
            TyKind::Fn(params, ret) => (params, ret),
            _ => (Box::default(), Ty::UNKNOWN),
        };
        for (index, arg) in args.iter().enumerate() {
            self.expect(*arg, params.get(index).copied().unwrap_or(Ty::UNKNOWN));
        }
        ret
    }

    /// `Type::method(receiver, ..)` or `Type::function(..)` of a foreign type.
    fn model_path_call(
        &mut self,
        callable: u32,
        own: Option<Ty>,
        path: &PathRef,
        args: &[ExprId],
        expected: Ty,
    ) -> Ty {
        let mut binds = Self::empty_binds();
        let Some(own) = own else {
            return self.model_call(callable, args, &path.args, Ty::UNKNOWN, &mut binds, expected);
        };
        let Some((receiver, rest)) = args.split_first() else { return Ty::UNKNOWN };
        let given = self.expr(*receiver);
        self.unify(given, own);
        if let TyKind::Foreign(foreign, of) = self.shape(own)
            && let Some(model) = self.program.models.type_at(foreign)
        {
            binds = self.binds(&self.program.models.ty(model).params.clone(), &of);
        }
        self.model_call(callable, rest, &[], own, &mut binds, expected)
    }

    fn target(&mut self, path: &PathRef) -> Target {
        if let Some(qself) = &path.qself {
            let own = self.written(qself);
            return self.associated(own, &path.segments);
        }
        if path.segments.first() == Some(&Sym::new("Self")) {
            let own = self.scope.own.unwrap_or(Ty::UNKNOWN);
            if path.segments.len() == 1 {
                return match self.shape(own) {
                    TyKind::Adt(adt, _) => Target::Ctor(adt, 0),
                    _ => Target::Unknown,
                };
            }
            return self.associated(own, &path.segments[1..]);
        }
        if let [first, rest @ ..] = &*path.segments
            && self.scope.is_param(*first)
        {
            let own = self.bounds.get(first).copied().unwrap_or(Ty::UNKNOWN);
            return self.associated(own, rest);
        }
        let Some(found) = self.program.names.resolve(self.scope.module, path, false) else {
            return Target::Unknown;
        };
        let rest = &path.segments[found.taken..];
        match (found.def, rest) {
            (Def::Fn(id), []) => Target::Fn(id, Ty::UNKNOWN),
            (Def::Adt(adt), []) => Target::Ctor(adt, 0),
            (Def::Variant(adt, index), []) => Target::Ctor(adt, index as usize),
            (Def::Static(id), []) => Target::Value(self.program.statics[id.ix()]),
            (Def::Const(id), []) => Target::Value(self.program.consts[id as usize]),
            (Def::Foreign(foreign), []) => self.foreign_target(foreign, path),
            (Def::Trait(of), [name]) => match self.program.trait_fns.get(&(of, *name)) {
                Some(id) => Target::Fn(*id, Ty::UNKNOWN),
                None => Target::Unknown,
            },
            (Def::Adt(_) | Def::Alias(_) | Def::Prim(_), rest) => {
                let of = PathRef {
                    args: if (path.args_at as usize) < found.taken {
                        path.args.clone()
                    } else {
                        Box::default()
                    },
                    ..PathRef::default()
                };
                let scope = self.scope;
                let own = scope.def(&mut self.types, found.def, &of);
                match rest {
                    [] => match self.shape(own) {
                        TyKind::Adt(adt, _) => Target::Ctor(adt, 0),
                        _ => Target::Value(own),
                    },
                    rest => self.associated(own, rest),
                }
            }
            _ => Target::Unknown,
        }
    }

    /// `own::name`.
    fn associated(&mut self, own: Ty, rest: &[Sym]) -> Target {
        let [name] = rest else { return Target::Unknown };
        let program = self.program;
        match self.shape(own) {
            TyKind::Adt(adt, _) => {
                if let Some(found) = program.methods.get(&(adt, *name)) {
                    return Target::Fn(found[0], own);
                }
                let variants = &program.names.adt(adt).variants;
                if let Some(index) = variants.iter().position(|(variant, _)| variant == name) {
                    return Target::Ctor(adt, index);
                }
                if let Some(found) = program.blanket.get(name) {
                    return Target::Fn(found[0], own);
                }
                // What a derive or another macro gave it: `default`, `parse`, `builder`, `decode`.
                let is = |names: &[&str]| names.iter().any(|known| Sym::new(known) == *name);
                if is(&["default", "from", "parse"]) {
                    Target::Ctor(adt, usize::MAX)
                } else if is(&["decode", "decode_length_delimited", "try_parse", "try_from"]) {
                    let error = self.named("Error", &[]);
                    let result = self.named("Result", &[own, error]);
                    Target::Value(self.intern(TyKind::Fn(Box::default(), result)))
                } else {
                    Target::Foreign(derived(*name))
                }
            }
            TyKind::Trait(of, _) => match program.trait_fns.get(&(of, *name)) {
                Some(id) => Target::Fn(*id, own),
                None => Target::Unknown,
            },
            TyKind::Foreign(foreign, _) => {
                if let Some(found) = program.foreign_methods.get(&(foreign.path, *name)) {
                    return Target::Fn(found[0], own);
                }
                let full = foreign.join(*name);
                match program.models.function(full) {
                    Some(callable) => Target::Model(callable, None),
                    None => self.foreign_method(foreign, own, *name),
                }
            }
            TyKind::Prim(prim) => match program.foreign_methods.get(&(prim, *name)) {
                Some(found) => Target::Fn(found[0], own),
                None => Target::Foreign(Foreign { parent: prim, ..derived(*name) }),
            },
            _ => Target::Unknown,
        }
    }

    fn foreign_method(&mut self, foreign: Foreign, own: Ty, name: Sym) -> Target {
        let models = self.program.models;
        let model = models.type_at(foreign).map(|model| models.ty(model));
        match model.and_then(|model| model.methods.get(&name)) {
            Some(callable) => Target::Model(*callable, Some(own)),
            None => Target::Foreign(foreign.join(name)),
        }
    }

    fn foreign_target(&mut self, foreign: Foreign, path: &PathRef) -> Target {
        let canonical = self.canonical_fn(foreign);
        if let Some(callable) = self.program.models.function(canonical) {
            return Target::Model(callable, None);
        }
        let Some(own) = self.parent_type(foreign, path) else { return Target::Foreign(canonical) };
        match self.shape(own) {
            TyKind::Foreign(of, _) => {
                if let Some(found) = self.program.foreign_methods.get(&(of.path, foreign.last)) {
                    return Target::Fn(found[0], own);
                }
                match self.foreign_method(of, own, foreign.last) {
                    Target::Foreign(_) => Target::Foreign(canonical),
                    found => found,
                }
            }
            _ => Target::Foreign(canonical),
        }
    }

    /// The type that `Type::function` belongs to, where its name begins in upper case.
    fn parent_type(&mut self, foreign: Foreign, path: &PathRef) -> Option<Ty> {
        let name = self.program.names.text(foreign.parent);
        if !name.starts_with(|c: char| c.is_ascii_uppercase()) {
            return None;
        }
        let parent = Foreign {
            path: foreign.parent_path,
            krate: foreign.krate,
            last: foreign.parent,
            parent: Sym::NONE,
            parent_path: Sym::NONE,
        };
        let segments = path.segments.len();
        let args = if (path.args_at as usize) + 2 == segments { path.args.clone() } else { Box::default() };
        let scope = self.scope;
        Some(scope.def(&mut self.types, Def::Foreign(parent), &PathRef { args, ..PathRef::default() }))
    }

    /// What a foreign function that nobody described gives: its type, where its name says so.
    fn foreign_result(&mut self, foreign: Foreign, path: &PathRef, expected: Ty) -> Ty {
        let name = self.program.names.text(foreign.last).to_owned();
        let own = self.parent_type(foreign, path);
        let Some(own) = own else {
            // `Message(..)`, a constructor.
            if name.starts_with(|c: char| c.is_ascii_uppercase()) {
                let scope = self.scope;
                return scope.def(&mut self.types, Def::Foreign(foreign), &PathRef::default());
            }
            return match &*name {
                "default" | "from" | "into" => expected,
                _ => Ty::UNKNOWN,
            };
        };
        let is_trait =
            ["Default", "From", "Into", "FromIterator"].iter().any(|of| Sym::new(of) == foreign.parent);
        if is_trait {
            return expected;
        }
        let constructs =
            matches!(&*name, "new" | "default" | "builder" | "empty" | "now" | "from" | "from_iter")
                || name.starts_with("with_")
                || name.starts_with("from_")
                    && !matches!(&*name, "from_str" | "from_utf8")
                    && !name.ends_with("_lossy")
                || name.starts_with(|c: char| c.is_ascii_uppercase());
        if constructs {
            self.unify(own, expected);
            return own;
        }
        match &*name {
            "try_new" | "try_from" | "from_str" | "parse" | "try_from_iter" => {
                let error = self.hole();
                crate::types::program::named(self.program.models, &mut self.types, "Result", &[own, error])
            }
            _ => Ty::UNKNOWN,
        }
    }

    /// A path that stands for a value.
    pub(super) fn path_value(&mut self, path: &PathRef, expected: Ty) -> Ty {
        match self.target(path) {
            Target::Fn(id, own) => {
                let (params, ret) = self.instantiate(id, own);
                self.intern(TyKind::Fn(params.into(), ret))
            }
            Target::Ctor(adt, variant) => {
                let own = self.fresh_adt(adt);
                let TyKind::Adt(_, params) = self.shape(own) else { return own };
                let fields: Vec<Ty> =
                    self.fields_of(adt, variant, &params).into_iter().map(|(_, ty)| ty).collect();
                // A unit struct or variant is the value itself, the others are functions.
                match fields.is_empty() {
                    true => own,
                    false => self.intern(TyKind::Fn(fields.into(), own)),
                }
            }
            Target::Model(callable, own) => {
                let mut binds = Self::empty_binds();
                let sig = &self.program.models.callable(callable).sig;
                let Some(args) = &sig.args else {
                    // `None`.
                    let ret = self.model_ty(&sig.ret, own.unwrap_or(Ty::UNKNOWN), &mut binds);
                    self.unify(ret, expected);
                    return ret;
                };
                let params = args.iter().map(|arg| self.model_ty(arg, Ty::UNKNOWN, &mut binds)).collect();
                let ret = self.model_ty(&sig.ret, Ty::UNKNOWN, &mut binds);
                self.intern(TyKind::Fn(params, ret))
            }
            Target::Foreign(foreign) => {
                let name = self.program.names.text(foreign.last);
                // A variant without fields, or a unit struct; constants are all upper case.
                let is_variant = name.starts_with(|c: char| c.is_ascii_uppercase())
                    && name.contains(|c: char| c.is_ascii_lowercase());
                if is_variant { self.foreign_result(foreign, path, expected) } else { Ty::UNKNOWN }
            }
            Target::Value(ty) => ty,
            Target::Unknown => Ty::UNKNOWN,
        }
    }
}

/// A function that no source shows.
fn derived(name: Sym) -> Foreign {
    Foreign { path: name, krate: Sym::NONE, last: name, parent: Sym::NONE, parent_path: Sym::NONE }
}
