//! Types, interned: equal types have equal numbers.
//!
//! References are left out: `&T`, `&mut T` and `*const T` are `T`. What owns what is read off the declarations
//! instead. The types of declarations lie in one table; each body adds its own on top of that ([`Overlay`]), so
//! bodies are inferred in parallel without a lock.

use crate::lower::sym::Sym;
use crate::names::{AdtId, Foreign, TraitId};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// A type, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ty(pub u32);

/// Arguments of a type.
pub type Args = Box<[Ty]>;

/// What a type is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TyKind {
    /// Not known.
    Unknown,
    /// `!`.
    Never,
    /// A primitive.
    Prim(Sym),
    /// A type of the workspace.
    Adt(AdtId, Args),
    /// A type from outside, under its canonical path.
    Foreign(Foreign, Args),
    /// A tuple.
    Tuple(Args),
    /// A slice or an array.
    Seq(Ty),
    /// A function or closure.
    Fn(Args, Ty),
    /// A type parameter.
    Param(Sym),
    /// Some type that implements a trait of the workspace.
    Trait(TraitId, Args),
    /// To be found out while a body is inferred.
    Var(u32),
}

impl TyKind {
    /// Shows `tell` the types it is made of.
    pub(super) fn each_part(&mut self, tell: &mut dyn FnMut(&mut Ty)) {
        match self {
            TyKind::Adt(_, args)
            | TyKind::Foreign(_, args)
            | TyKind::Tuple(args)
            | TyKind::Trait(_, args) => {
                args.iter_mut().for_each(tell);
            }
            TyKind::Seq(elem) => tell(elem),
            TyKind::Fn(args, ret) => args.iter_mut().chain([ret]).for_each(tell),
            TyKind::Unknown | TyKind::Never | TyKind::Prim(_) | TyKind::Param(_) | TyKind::Var(_) => {}
        }
    }
}

/// The table of all types.
#[derive(Debug)]
pub struct Types {
    kinds: Vec<TyKind>,
    numbers: FxHashMap<TyKind, Ty>,
}

impl Ty {
    /// [`TyKind::Unknown`], in every table.
    pub const UNKNOWN: Ty = Ty(0);
    /// [`TyKind::Never`].
    pub const NEVER: Ty = Ty(1);
    /// The empty tuple.
    pub const UNIT: Ty = Ty(2);
    /// `bool`.
    pub const BOOL: Ty = Ty(3);
    /// `usize`.
    pub const USIZE: Ty = Ty(4);
    /// `str`.
    pub const STR: Ty = Ty(5);
    /// An integer literal without a suffix, or a float.
    pub const NUMBER: Ty = Ty(6);
    /// `char`.
    pub const CHAR: Ty = Ty(7);
}

/// Looks types up and adds new ones.
pub trait Interner {
    /// The number of `kind`.
    fn intern(&mut self, kind: TyKind) -> Ty;
    /// What `ty` is.
    fn kind(&self, ty: Ty) -> &TyKind;
    /// A type that is left out: unknown in declarations, to be found out in bodies.
    fn hole(&mut self) -> Ty;
}

impl Default for Types {
    fn default() -> Self {
        let mut types = Types { kinds: Vec::new(), numbers: FxHashMap::default() };
        let prim = |name| TyKind::Prim(Sym::new(name));
        let fixed = [
            TyKind::Unknown,
            TyKind::Never,
            TyKind::Tuple(Args::default()),
            prim("bool"),
            prim("usize"),
            prim("str"),
            prim("i32"),
            prim("char"),
        ];
        for kind in fixed {
            types.intern(kind);
        }
        types
    }
}

impl Interner for Types {
    fn intern(&mut self, kind: TyKind) -> Ty {
        if let Some(known) = self.numbers.get(&kind) {
            return *known;
        }
        let ty = number(self.kinds.len());
        self.kinds.push(kind.clone());
        self.numbers.insert(kind, ty);
        ty
    }

    fn kind(&self, ty: Ty) -> &TyKind {
        self.kinds.get(ty.0 as usize).unwrap_or(&TyKind::Unknown)
    }

    fn hole(&mut self) -> Ty {
        Ty::UNKNOWN
    }
}

fn number(index: usize) -> Ty {
    Ty(u32::try_from(index).unwrap_or(0))
}

/// The table with the types of one body on top.
#[derive(Debug)]
pub struct Overlay<'t> {
    base: &'t Types,
    kinds: Vec<TyKind>,
    numbers: FxHashMap<TyKind, Ty>,
    vars: u32,
}

impl<'t> Overlay<'t> {
    /// Nothing on top yet.
    pub fn new(base: &'t Types) -> Self {
        Overlay { base, kinds: Vec::new(), numbers: FxHashMap::default(), vars: 0 }
    }
}

impl Interner for Overlay<'_> {
    fn intern(&mut self, kind: TyKind) -> Ty {
        if let Some(known) = self.base.numbers.get(&kind).or_else(|| self.numbers.get(&kind)) {
            return *known;
        }
        let ty = number(self.base.kinds.len() + self.kinds.len());
        self.kinds.push(kind.clone());
        self.numbers.insert(kind, ty);
        ty
    }

    fn kind(&self, ty: Ty) -> &TyKind {
        let own = (ty.0 as usize).checked_sub(self.base.kinds.len());
        own.map_or_else(|| self.base.kind(ty), |own| self.kinds.get(own).unwrap_or(&TyKind::Unknown))
    }

    fn hole(&mut self) -> Ty {
        self.vars += 1;
        self.intern(TyKind::Var(self.vars - 1))
    }
}

/// Replaces parameters by what `of` gives for them.
pub(crate) fn substitute(types: &mut dyn Interner, ty: Ty, of: &dyn Fn(Sym) -> Option<Ty>) -> Ty {
    rebuild(types, ty, 0, &|_, kind| match kind {
        TyKind::Param(name) => of(*name),
        _ => None,
    })
}

/// Deepest nesting of a type that is rebuilt; anything below is unknown.
const TYPE_DEPTH_MAX: u32 = 24;

/// Rebuilds `ty` from the inside with `replace`, which gives what a type is to be replaced by.
pub(crate) fn rebuild(
    types: &mut dyn Interner,
    ty: Ty,
    depth: u32,
    replace: &dyn Fn(Ty, &TyKind) -> Option<Ty>,
) -> Ty {
    if depth > TYPE_DEPTH_MAX {
        return Ty::UNKNOWN;
    }
    let kind = types.kind(ty);
    if let Some(replaced) = replace(ty, kind) {
        return replaced;
    }
    let mut kind = match kind {
        TyKind::Unknown | TyKind::Never | TyKind::Prim(_) | TyKind::Param(_) | TyKind::Var(_) => return ty,
        other => other.clone(),
    };
    kind.each_part(&mut |part| *part = rebuild(types, *part, depth + 1, replace));
    types.intern(kind)
}

/// The type behind pointers, guards and options.
pub(crate) fn behind(types: &dyn Interner, ty: Ty) -> Ty {
    let mut at = ty;
    for _ in 0..8 {
        match types.kind(at) {
            TyKind::Foreign(_, args) if args.len() == 1 => match types.kind(args[0]) {
                TyKind::Adt(..) | TyKind::Foreign(..) => at = args[0],
                _ => return at,
            },
            _ => return at,
        }
    }
    at
}

/// The type of the workspace behind pointers, guards and options.
pub(crate) fn adt_behind(types: &dyn Interner, ty: Ty) -> Option<AdtId> {
    match types.kind(behind(types, ty)) {
        TyKind::Adt(adt, _) => Some(*adt),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_types_have_equal_numbers() {
        let mut types = Types::default();
        let a = types.intern(TyKind::Seq(Ty::BOOL));
        let mut overlay = Overlay::new(&types);
        assert_eq!(overlay.intern(TyKind::Seq(Ty::BOOL)), a);
        let b = overlay.intern(TyKind::Seq(a));
        assert_eq!(overlay.intern(TyKind::Seq(a)), b);
        assert_eq!(overlay.kind(b), &TyKind::Seq(a));
    }

    #[test]
    fn parameters_are_replaced_at_any_depth() {
        let mut types = Types::default();
        let param = types.intern(TyKind::Param(Sym::new("T")));
        let inner = types.intern(TyKind::Seq(param));
        let pair = types.intern(TyKind::Tuple(Box::new([inner, Ty::STR])));
        let done = substitute(&mut types, pair, &|name| (name == Sym::new("T")).then_some(Ty::BOOL));
        let seq = types.intern(TyKind::Seq(Ty::BOOL));
        assert_eq!(types.kind(done), &TyKind::Tuple(Box::new([seq, Ty::STR])));
    }
}
