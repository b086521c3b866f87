//! Types of all declarations, and methods by the type they belong to.

use super::scope::Scope;
use super::ty::{Interner, Ty, TyKind, Types};
use crate::lower::ir::{Generics, TypeRef};
use crate::lower::sym::Sym;
use crate::models::{Models, Resource};
use crate::names::{AdtId, Def, FnId, ImplId, Names, Owner, TraitId};
use rustc_hash::FxHashMap;

/// A signature, in the parameters of its function and of the impl around it.
#[derive(Debug, Default)]
pub struct Sig {
    /// Parameters, `self` first.
    pub params: Vec<Ty>,
    /// What a call gives; a future for an `async fn`.
    pub ret: Option<Ty>,
    /// What the body gives.
    pub value: Option<Ty>,
    /// Type parameters.
    pub generics: Vec<Sym>,
    /// What is known of them.
    pub bounds: Vec<(Sym, Ty)>,
    /// `Self`.
    pub own: Option<Ty>,
}

/// The head of an impl.
#[derive(Clone, Copy, Debug)]
pub struct ImplSig {
    /// The type.
    pub own: Ty,
    /// The trait, if it is one of the workspace.
    pub of: Option<TraitId>,
    /// The last segment of the trait's path; [`Sym::NONE`] without one.
    pub trait_name: Sym,
}

/// All declarations with their types.
#[derive(Debug)]
pub struct Program<'w> {
    /// The declarations.
    pub names: Names<'w>,
    /// What is known of foreign code.
    pub models: &'w Models,
    /// Types of declarations.
    pub types: Types,
    /// For each type and variant, the types of its fields.
    pub fields: Vec<Vec<Vec<(Sym, Ty)>>>,
    /// By function.
    pub sigs: Vec<Sig>,
    /// By impl.
    pub impls: Vec<ImplSig>,
    /// By static.
    pub statics: Vec<Ty>,
    /// By constant.
    pub consts: Vec<Ty>,
    /// Methods and associated functions of a type.
    pub methods: FxHashMap<(AdtId, Sym), Vec<FnId>>,
    /// Methods that traits of the workspace give to foreign types, by canonical path.
    pub foreign_methods: FxHashMap<(Sym, Sym), Vec<FnId>>,
    /// Methods that every type has.
    pub blanket: FxHashMap<Sym, Vec<FnId>>,
    /// Methods of a trait, as declared.
    pub trait_fns: FxHashMap<(TraitId, Sym), FnId>,
    /// What implements a method of a trait.
    pub implementors: FxHashMap<(TraitId, Sym), Vec<FnId>>,
    /// `Deref::Target`.
    pub derefs: FxHashMap<AdtId, Ty>,
    /// What a value of each type owns, through its fields.
    pub resources: Vec<Option<Resource>>,
}

impl<'w> Program<'w> {
    /// Finds the types of all declarations.
    pub fn of(names: Names<'w>, models: &'w Models) -> Program<'w> {
        let mut types = Types::default();
        let fields = fields(&names, models, &mut types);
        let impls = impls(&names, models, &mut types);
        let sigs = (0..names.fns.len()).map(|index| sig(&names, models, &mut types, &impls, index)).collect();
        let value = |values: &[crate::names::Value<'w>], types: &mut Types| {
            let lower = |value: &crate::names::Value<'w>| {
                let ty = Scope::new(&names, models, value.module).lower(types, &value.ir.ty);
                if value.ir.thread_local { named(models, types, "LocalKey", &[ty]) } else { ty }
            };
            values.iter().map(lower).collect::<Vec<Ty>>()
        };
        let (statics, consts) = (value(&names.statics, &mut types), value(&names.consts, &mut types));
        let mut program = Program {
            names,
            models,
            types,
            fields,
            sigs,
            impls,
            statics,
            consts,
            methods: FxHashMap::default(),
            foreign_methods: FxHashMap::default(),
            blanket: FxHashMap::default(),
            trait_fns: FxHashMap::default(),
            implementors: FxHashMap::default(),
            derefs: FxHashMap::default(),
            resources: Vec::new(),
        };
        program.index();
        program.own();
        program
    }

    /// The scope of the types in a function.
    pub(crate) fn scope(&self, id: FnId) -> Scope<'_, 'w> {
        let function = self.names.function(id);
        let mut scope = Scope::new(&self.names, self.models, function.module);
        fill(&self.names, &mut scope, function.owner, function.sig.map(|sig| &sig.generics));
        scope.own = self.sigs[id.ix()].own;
        scope
    }

    /// The type that an impl's methods, or a struct's fields, belong to.
    pub fn adt_of(&self, id: FnId) -> Option<AdtId> {
        let own = self.sigs[id.ix()].own?;
        match self.types.kind(own) {
            TyKind::Adt(adt, _) => Some(*adt),
            _ => None,
        }
    }

    /// Whether a clone of a type shares what the type holds: an `Arc`, and nothing that grows beside it.
    pub fn is_handle(&self, adt: AdtId) -> bool {
        let model = |ty: &Ty| match self.types.kind(*ty) {
            TyKind::Foreign(foreign, _) => self.models.type_at(*foreign).map(|model| self.models.ty(model)),
            _ => None,
        };
        let fields = || self.fields[adt.ix()].iter().flatten().filter_map(|(_, ty)| model(ty));
        fields().any(|field| field.shared) && !fields().any(|field| field.grows)
    }

    /// The types of the workspace that implement a trait of it.
    pub fn implementors_of(&self, of: TraitId) -> impl Iterator<Item = AdtId> {
        self.impls.iter().filter(move |block| block.of == Some(of)).filter_map(|block| {
            match self.types.kind(block.own) {
                TyKind::Adt(adt, _) => Some(*adt),
                _ => None,
            }
        })
    }

    /// What a value of `ty` owns, through its fields and parameters.
    pub fn resource(&self, types: &dyn Interner, ty: Ty) -> Option<Resource> {
        self.resource_at(types, ty, 0)
    }

    fn resource_at(&self, types: &dyn Interner, ty: Ty, depth: u32) -> Option<Resource> {
        if depth > 8 {
            return None;
        }
        let all =
            |parts: &[Ty]| parts.iter().filter_map(|part| self.resource_at(types, *part, depth + 1)).min();
        match types.kind(ty) {
            TyKind::Foreign(foreign, args) => {
                let model = self.models.type_at(*foreign).map(|model| self.models.ty(model));
                let own = model.and_then(|model| model.resource);
                let owns_params = model.is_some_and(|model| model.owns_params);
                own.or_else(|| if owns_params { all(args) } else { None })
            }
            TyKind::Tuple(parts) => all(parts),
            TyKind::Seq(elem) => all(&[*elem]),
            TyKind::Adt(adt, args) => self.resources.get(adt.ix()).copied().flatten().or_else(|| all(args)),
            _ => None,
        }
    }

    /// Fills in what types own, as a fixpoint over their fields.
    fn own(&mut self) {
        self.resources = vec![None; self.names.adts.len()];
        loop {
            let mut changed = false;
            for index in 0..self.resources.len() {
                let known = self.resources[index];
                let declared = self.names.adts[index].variants.iter().flat_map(|(_, fields)| fields.iter());
                // What is borrowed is someone else's.
                let owned = declared
                    .zip(self.fields[index].iter().flatten())
                    .filter(|(field, _)| !matches!(field.ty, TypeRef::Ref(..)))
                    .filter_map(|(_, (_, ty))| self.resource(&self.types, *ty))
                    .min();
                // The gravest counts, and may be found last.
                let graver = owned.filter(|owned| known.is_none_or(|known| *owned < known));
                changed |= graver.is_some();
                self.resources[index] = graver.or(known);
            }
            if !changed {
                return;
            }
        }
    }

    fn index(&mut self) {
        for (index, adt) in self.names.adts.iter().enumerate().filter(|(_, adt)| adt.is_wrapper) {
            let id = AdtId(u32::try_from(index).unwrap_or(u32::MAX));
            let field = self.fields[index].first().and_then(|fields| fields.first());
            self.derefs.extend(field.filter(|_| !adt.is_enum).map(|(_, ty)| (id, *ty)));
        }
        for (index, of) in self.names.traits.iter().enumerate() {
            let id = TraitId(u32::try_from(index).unwrap_or(u32::MAX));
            for method in &of.fns {
                self.trait_fns.insert((id, self.names.function(*method).name), *method);
            }
        }
        // Inherent methods win over those of traits.
        for inherent in [true, false] {
            for index in 0..self.names.impls.len() {
                let is_inherent = self.names.impls[index].ir.of.is_none();
                if is_inherent == inherent {
                    self.index_impl(ImplId(u32::try_from(index).unwrap_or(u32::MAX)));
                }
            }
        }
    }

    fn index_impl(&mut self, id: ImplId) {
        let sig = self.impls[id.ix()];
        let own = self.types.kind(sig.own).clone();
        let block = &self.names.impls[id.ix()];
        let mut methods: Vec<(Sym, FnId)> =
            block.fns.iter().map(|method| (self.names.function(*method).name, *method)).collect();
        if let Some(of) = sig.of {
            for (name, method) in &methods {
                self.implementors.entry((of, *name)).or_default().push(*method);
            }
            // What the impl leaves to the trait's default.
            let missing = self.names.traits[of.ix()]
                .fns
                .iter()
                .map(|method| (self.names.function(*method).name, *method));
            let missing: Vec<_> =
                missing.filter(|(name, _)| !methods.iter().any(|(known, _)| known == name)).collect();
            methods.extend(missing);
        }
        if sig.trait_name == Sym::new("Deref") {
            let mut scope = Scope::new(&self.names, self.models, block.module);
            scope.own = Some(sig.own);
            scope.within = Some(block.ir);
            scope.generics[0] = Some(&block.ir.generics);
            let target = TypeRef::Path(Box::new(crate::lower::ir::PathRef {
                segments: Box::new([Sym::new("Self"), Sym::new("Target")]),
                ..Default::default()
            }));
            let target = scope.lower(&mut self.types, &target);
            if let TyKind::Adt(adt, _) = own {
                self.derefs.insert(adt, target);
            }
        }
        for (name, method) in methods {
            match &own {
                TyKind::Adt(adt, _) => self.methods.entry((*adt, name)).or_default().push(method),
                TyKind::Foreign(foreign, _) => {
                    self.foreign_methods.entry((foreign.path, name)).or_default().push(method);
                }
                TyKind::Seq(_) => {
                    self.foreign_methods.entry((Sym::path("std::slice"), name)).or_default().push(method);
                }
                TyKind::Prim(prim) => self.foreign_methods.entry((*prim, name)).or_default().push(method),
                _ => self.blanket.entry(name).or_default().push(method),
            }
        }
    }
}

fn fields(names: &Names<'_>, models: &Models, types: &mut Types) -> Vec<Vec<Vec<(Sym, Ty)>>> {
    let mut all = Vec::with_capacity(names.adts.len());
    for (index, adt) in names.adts.iter().enumerate() {
        let mut scope = Scope::new(names, models, adt.module);
        scope.generics[0] = Some(adt.generics);
        let args = adt.generics.params.iter().map(|param| types.intern(TyKind::Param(*param))).collect();
        let id = AdtId(u32::try_from(index).unwrap_or(u32::MAX));
        scope.own = Some(types.intern(TyKind::Adt(id, args)));
        let bounds = bounds(&scope, types, &[Some(adt.generics), None]);
        let variants = adt.variants.iter().map(|(_, fields)| {
            let lower = |field: &crate::lower::ir::FieldIr| {
                let ty = scope.lower(types, &field.ty);
                // A field of a parameter's own type is what its bound says.
                let ty = match types.kind(ty) {
                    TyKind::Param(name) => {
                        bounds.iter().find(|(of, _)| of == name).map_or(ty, |(_, known)| {
                            if matches!(types.kind(*known), TyKind::Fn(..)) { *known } else { ty }
                        })
                    }
                    _ => ty,
                };
                (field.name, ty)
            };
            fields.iter().map(lower).collect::<Vec<_>>()
        });
        all.push(variants.collect::<Vec<_>>());
    }
    all
}

fn impls(names: &Names<'_>, models: &Models, types: &mut Types) -> Vec<ImplSig> {
    let one = |block: &crate::names::Impl<'_>| {
        let mut scope = Scope::new(names, models, block.module);
        scope.generics[0] = Some(&block.ir.generics);
        let own = scope.lower(types, &block.ir.ty);
        let found = block.ir.of.as_ref().and_then(|of| names.resolve(block.module, of, true));
        let of = match found.map(|found| found.def) {
            Some(Def::Trait(of)) => Some(of),
            _ => None,
        };
        ImplSig { own, of, trait_name: block.ir.of.as_ref().map_or(Sym::NONE, |of| of.last()) }
    };
    names.impls.iter().map(one).collect()
}

fn fill<'a>(names: &'a Names<'_>, scope: &mut Scope<'a, '_>, owner: Owner, generics: Option<&'a Generics>) {
    scope.generics[0] = generics;
    match owner {
        Owner::Impl(block) => {
            let block = &names.impls[block.ix()];
            scope.generics[1] = Some(&block.ir.generics);
            scope.within = Some(block.ir);
        }
        Owner::Trait(of) => scope.generics[1] = Some(&names.traits[of.ix()].ir.generics),
        Owner::Module => {}
    }
}

fn sig(names: &Names<'_>, models: &Models, types: &mut Types, impls: &[ImplSig], index: usize) -> Sig {
    let function = &names.fns[index];
    let mut scope = Scope::new(names, models, function.module);
    fill(names, &mut scope, function.owner, function.sig.map(|sig| &sig.generics));
    scope.own = match function.owner {
        Owner::Impl(block) => Some(impls[block.ix()].own),
        Owner::Trait(of) => Some(types.intern(TyKind::Trait(of, Box::default()))),
        Owner::Module => None,
    };
    let Some(ir) = function.sig else { return Sig::default() };
    let params: Vec<Ty> = ir.params.iter().map(|param| scope.lower(types, param)).collect();
    let value = scope.lower(types, &ir.ret);
    let ret = if ir.is_async { future(models, types, value) } else { value };
    let generics = scope.generics.iter().flatten().flat_map(|generics| generics.params.iter().copied());
    Sig {
        params,
        ret: Some(ret),
        value: Some(value),
        generics: generics.collect(),
        bounds: bounds(&scope, types, &scope.generics),
        own: scope.own,
    }
}

fn bounds(scope: &Scope<'_, '_>, types: &mut Types, generics: &[Option<&Generics>; 2]) -> Vec<(Sym, Ty)> {
    let mut all = Vec::new();
    for (of, bounds) in generics.iter().flatten().flat_map(|generics| &generics.bounds) {
        if let TypeRef::Path(path) = of
            && let [name] = &*path.segments
        {
            let ty = scope.bounds(types, bounds);
            if ty != Ty::UNKNOWN {
                all.push((*name, ty));
            }
        }
    }
    all
}

/// A future of `value`.
pub(crate) fn future(models: &Models, types: &mut dyn Interner, value: Ty) -> Ty {
    named(models, types, "Future", &[value])
}

/// The type that the models call `name`.
pub(crate) fn named(models: &Models, types: &mut dyn Interner, name: &str, args: &[Ty]) -> Ty {
    match models.type_named(Sym::new(name)) {
        Some(model) => types.intern(TyKind::Foreign(models.ty(model).path, args.into())),
        None => Ty::UNKNOWN,
    }
}
