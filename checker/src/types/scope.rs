//! From types as written to interned types.

use super::ty::{Args, Interner, Ty, TyKind, substitute};
use crate::lower::ir::{Generics, ImplIr, ItemKind, PathRef, TypeRef};
use crate::lower::sym::Sym;
use crate::models::Models;
use crate::names::{Def, Foreign, ModId, Names};

/// Longest chain of aliases that is followed.
const ALIAS_DEPTH_MAX: u32 = 12;

const SELF: Sym = Sym::new("Self");

/// Where a type is written.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a, 'w> {
    pub(crate) names: &'a Names<'w>,
    pub(crate) models: &'a Models,
    pub(crate) module: ModId,
    /// What `Self` is.
    pub(crate) own: Option<Ty>,
    /// Where `Self::Name` is declared.
    pub(crate) within: Option<&'a ImplIr>,
    pub(crate) generics: [Option<&'a Generics>; 2],
    pub(crate) alias_depth: u32,
}

impl<'a, 'w> Scope<'a, 'w> {
    pub(crate) fn new(names: &'a Names<'w>, models: &'a Models, module: ModId) -> Self {
        Scope { names, models, module, own: None, within: None, generics: [None; 2], alias_depth: 0 }
    }

    pub(crate) fn is_param(&self, name: Sym) -> bool {
        self.generics.iter().flatten().any(|generics| generics.params.contains(&name))
    }

    pub(crate) fn lower(&self, types: &mut dyn Interner, ty: &TypeRef) -> Ty {
        match ty {
            TypeRef::Infer => types.hole(),
            TypeRef::Never => Ty::NEVER,
            TypeRef::Path(path) => self.path(types, path),
            TypeRef::Projection(..) => Ty::UNKNOWN,
            TypeRef::Ref(to, _) => self.lower(types, to),
            TypeRef::Tuple(parts) => {
                let parts = self.list(types, parts);
                types.intern(TyKind::Tuple(parts))
            }
            TypeRef::Slice(elem) | TypeRef::Array(elem) => {
                let elem = self.lower(types, elem);
                types.intern(TyKind::Seq(elem))
            }
            TypeRef::Fn(args, ret) => {
                let (args, ret) = (self.list(types, args), self.lower(types, ret));
                types.intern(TyKind::Fn(args, ret))
            }
            TypeRef::Bounds(bounds) => self.bounds(types, bounds),
        }
    }

    fn list(&self, types: &mut dyn Interner, list: &[TypeRef]) -> Args {
        list.iter().map(|ty| self.lower(types, ty)).collect()
    }

    /// The bound that says most: a closure, a trait of the workspace, else one the models know.
    pub(crate) fn bounds(&self, types: &mut dyn Interner, bounds: &[TypeRef]) -> Ty {
        let mut best = Ty::UNKNOWN;
        for bound in bounds {
            let ty = self.lower(types, bound);
            match types.kind(ty) {
                TyKind::Trait(..) | TyKind::Fn(..) => return ty,
                TyKind::Foreign(foreign, _) if is_marker(*foreign) => {}
                TyKind::Unknown => {}
                _ if best == Ty::UNKNOWN => best = ty,
                _ => {}
            }
        }
        best
    }

    fn path(&self, types: &mut dyn Interner, path: &PathRef) -> Ty {
        let first = path.segments.first().copied().unwrap_or(Sym::NONE);
        if path.qself.is_none() && !path.absolute {
            if path.segments.len() == 1 && self.is_param(first) {
                return types.intern(TyKind::Param(first));
            }
            if first == SELF {
                return self.of_self(types, path);
            }
        }
        let Some(found) = self.names.resolve(self.module, path, true) else { return Ty::UNKNOWN };
        if found.taken != path.segments.len() {
            return Ty::UNKNOWN;
        }
        self.def(types, found.def, path)
    }

    fn of_self(&self, types: &mut dyn Interner, path: &PathRef) -> Ty {
        match &*path.segments {
            [_] => self.own.unwrap_or(Ty::UNKNOWN),
            [_, name] => {
                let items = self.within.map_or(&[][..], |within| &within.items);
                let found = items.iter().find(|item| item.name == *name);
                match found.map(|item| &item.kind) {
                    Some(ItemKind::Alias(_, ty)) if self.alias_depth < ALIAS_DEPTH_MAX => {
                        let deeper = Scope { alias_depth: self.alias_depth + 1, ..*self };
                        deeper.lower(types, ty)
                    }
                    _ => Ty::UNKNOWN,
                }
            }
            _ => Ty::UNKNOWN,
        }
    }

    pub(crate) fn def(&self, types: &mut dyn Interner, def: Def, path: &PathRef) -> Ty {
        match def {
            Def::Adt(adt) => {
                let params = self.names.adt(adt).generics.params.len();
                let args = self.padded(types, &path.args, params);
                types.intern(TyKind::Adt(adt, args))
            }
            Def::Trait(of) => {
                let args = self.list(types, &path.args);
                types.intern(TyKind::Trait(of, args))
            }
            Def::Alias(alias) => {
                let alias = &self.names.aliases[alias.ix()];
                if self.alias_depth >= ALIAS_DEPTH_MAX {
                    return Ty::UNKNOWN;
                }
                let mut inner = Scope::new(self.names, self.models, alias.module);
                inner.generics[0] = Some(alias.generics);
                inner.alias_depth = self.alias_depth + 1;
                let body = inner.lower(types, alias.ty);
                let args = self.padded(types, &path.args, alias.generics.params.len());
                let position = |name| alias.generics.params.iter().position(|param| *param == name);
                substitute(types, body, &|name| position(name).and_then(|at| args.get(at).copied()))
            }
            Def::Foreign(foreign) => self.foreign(types, foreign, path),
            Def::Prim(name) if name == Sym::new("str") => Ty::STR,
            Def::Prim(name) => types.intern(TyKind::Prim(name)),
            _ => Ty::UNKNOWN,
        }
    }

    /// `args`, with holes up to `count`.
    pub(crate) fn padded(&self, types: &mut dyn Interner, args: &[TypeRef], count: usize) -> Args {
        let one = |at: usize| match args.get(at) {
            Some(arg) => self.lower(types, arg),
            None => types.hole(),
        };
        (0..count).map(one).collect()
    }

    fn foreign(&self, types: &mut dyn Interner, foreign: Foreign, path: &PathRef) -> Ty {
        const AS_ARGUMENT: [Sym; 6] = [
            Sym::path("std::convert::Into"),
            Sym::path("std::convert::AsRef"),
            Sym::path("std::convert::AsMut"),
            Sym::path("std::borrow::Borrow"),
            Sym::path("std::ops::Deref"),
            Sym::path("std::ops::DerefMut"),
        ];
        let given: Vec<Ty> = match path.args.is_empty() {
            // `Iterator<Item = T>`, `Future<Output = T>`.
            true => path.assoc.iter().map(|(_, ty)| self.lower(types, ty)).collect(),
            false => self.list(types, &path.args).into(),
        };
        if AS_ARGUMENT.contains(&foreign.path) {
            return given.first().copied().unwrap_or(Ty::UNKNOWN);
        }
        let mut args = given;
        let canonical = match self.models.type_at(foreign) {
            Some(model) => {
                let model = self.models.ty(model);
                // `S` of a map, `E` that an alias leaves out.
                args.truncate(model.params.len());
                while args.len() < model.params.len() {
                    args.push(types.hole());
                }
                model.path
            }
            None => foreign,
        };
        types.intern(TyKind::Foreign(canonical, args.into()))
    }
}

fn is_marker(foreign: Foreign) -> bool {
    const MARKERS: [&str; 16] = [
        "Send",
        "Sync",
        "Sized",
        "Unpin",
        "Copy",
        "Clone",
        "Debug",
        "Display",
        "Eq",
        "PartialEq",
        "Hash",
        "Ord",
        "PartialOrd",
        "Default",
        "UnwindSafe",
        "RefUnwindSafe",
    ];
    MARKERS.iter().any(|marker| Sym::new(marker) == foreign.last)
}

/// Single letters are variables in the signatures of the models.
pub(crate) fn is_variable(name: Sym) -> bool {
    const LETTERS: [Sym; 26] = {
        let mut letters = [Sym::NONE; 26];
        let all = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let mut at = 0;
        while at < 26 {
            letters[at] = Sym::new(all.split_at(at).1.split_at(1).0);
            at += 1;
        }
        letters
    };
    LETTERS.contains(&name)
}

/// The primitive called `name`.
pub(crate) fn primitive(name: Sym) -> Option<TyKind> {
    const NUMBERS: [Sym; 16] = [
        Sym::new("usize"),
        Sym::new("u64"),
        Sym::new("u32"),
        Sym::new("u8"),
        Sym::new("u16"),
        Sym::new("u128"),
        Sym::new("i32"),
        Sym::new("i64"),
        Sym::new("f64"),
        Sym::new("f32"),
        Sym::new("bool"),
        Sym::new("char"),
        Sym::new("str"),
        Sym::new("i8"),
        Sym::new("i16"),
        Sym::new("isize"),
    ];
    NUMBERS.contains(&name).then_some(TyKind::Prim(name))
}
