//! Everything the workspace declares, by name: modules, types, functions, and what each name means where.
//!
//! `collect` walks the items and gives each declaration a number; `imports` lets every `use` take effect, as a
//! fixpoint over the module graph; `resolve` looks paths up. Numbers follow the order of crates and files, so
//! they are the same in every run. Names that lead out of the workspace become [`Foreign`] paths: what they
//! are is for the models to say.
//!
//! Not done: items that `macro_rules!` or procedural macros generate, and privacy, except where a glob import
//! would otherwise bring in names that it cannot.

mod collect;
mod externs;
mod imports;
pub(crate) mod numbers;
mod resolve;

use crate::finding::FileId;
use crate::load::Workspace;
use crate::lower::attr::LocusItem;
use crate::lower::ir::{
    Body, BodyId, FieldIr, FnIr, Generics, ImplIr, Range, TraitIr, TypeRef, ValueIr, Vis,
};
use crate::lower::sym::{Sym, Texts};
use crate::models::Models;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

macro_rules! index {
    ($($(#[$attr:meta])* $name:ident),* $(,)?) => {$(
        $(#[$attr])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// As an index of its table.
            pub fn ix(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

index! {
    /// A crate.
    CrateId,
    /// A module, or the items inside a function body.
    ModId,
    /// A struct, union or enum.
    #[derive(Serialize, Deserialize)]
    AdtId,
    /// A trait.
    #[derive(Serialize, Deserialize)]
    TraitId,
    /// A type alias.
    AliasId,
    /// A function, method or initialiser.
    FnId,
    /// A static.
    StaticId,
    /// An impl block.
    ImplId,
}

/// A path that leads out of the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Foreign {
    /// All of it, folded.
    pub path: Sym,
    /// Its first segment.
    pub krate: Sym,
    /// Its last segment.
    pub last: Sym,
    /// Its last segment but one, for `Type::function`.
    pub parent: Sym,
    /// The path without its last segment, folded.
    pub parent_path: Sym,
}

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Def {
    /// A module.
    Mod(ModId),
    /// A type.
    Adt(AdtId),
    /// A variant of an enum, by position.
    Variant(AdtId, u32),
    /// A trait.
    Trait(TraitId),
    /// An alias.
    Alias(AliasId),
    /// A function.
    Fn(FnId),
    /// A static.
    Static(StaticId),
    /// A constant; its type's number among `consts`.
    Const(u32),
    /// A primitive type.
    Prim(Sym),
    /// Something outside.
    Foreign(Foreign),
}

/// Names of one module.
#[derive(Debug)]
pub struct Module {
    /// The module around it.
    pub parent: Option<ModId>,
    /// Its crate.
    pub krate: CrateId,
    /// Whether names not found here are looked up in the parent: bodies of functions.
    pub transparent: bool,
    /// Types, modules and traits, each with its visibility.
    pub types: FxHashMap<Sym, (Def, Vis)>,
    /// Functions, statics, constants, variants.
    pub values: FxHashMap<Sym, (Def, Vis)>,
    /// Foreign modules whose names are all imported.
    pub foreign_globs: Vec<Foreign>,
}

/// A struct, union or enum.
#[derive(Debug)]
pub struct Adt<'w> {
    /// Its name.
    pub name: Sym,
    /// Where paths in it are looked up.
    pub module: ModId,
    /// Its file.
    pub file: FileId,
    /// Its name's token.
    pub at: Range,
    /// Type parameters.
    pub generics: &'w Generics,
    /// Its variants; a struct has one, without a name.
    pub variants: Vec<(Sym, &'w [FieldIr])>,
    /// Whether it is an enum.
    pub is_enum: bool,
    /// What `#[locus]` or `#[topic]` say.
    pub locus: Option<&'w LocusItem>,
    /// A derive makes it out of bytes or rows.
    pub is_read: bool,
    /// A derive gives it the methods of its only field.
    pub is_wrapper: bool,
    /// An enum whose values code makes by their names, and nothing else.
    pub is_plain: bool,
}

/// Where a function stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// In a module.
    Module,
    /// In an impl.
    Impl(ImplId),
    /// In a trait.
    Trait(TraitId),
}

/// A function, or the initialiser of a static or constant.
#[derive(Debug)]
pub struct Function<'w> {
    /// Its name.
    pub name: Sym,
    /// Where paths in it are looked up.
    pub module: ModId,
    /// Its file.
    pub file: FileId,
    /// Its name's token.
    pub at: Range,
    /// Visibility as written; methods of traits are public.
    pub vis: Vis,
    /// Where it stands.
    pub owner: Owner,
    /// Its signature; none for initialisers.
    pub sig: Option<&'w FnIr>,
    /// Its code.
    pub body: Option<BodyId>,
}

/// An impl block.
#[derive(Debug)]
pub struct Impl<'w> {
    /// As lowered.
    pub ir: &'w ImplIr,
    /// Where paths in it are looked up.
    pub module: ModId,
    /// Its methods.
    pub fns: Vec<FnId>,
}

/// A trait.
#[derive(Debug)]
pub struct Trait<'w> {
    /// Its name.
    pub name: Sym,
    /// As lowered.
    pub ir: &'w TraitIr,
    /// Where paths in it are looked up.
    pub module: ModId,
    /// Its methods.
    pub fns: Vec<FnId>,
}

/// A static or constant.
#[derive(Debug)]
pub struct Value<'w> {
    /// Its name.
    pub name: Sym,
    /// As lowered.
    pub ir: &'w ValueIr,
    /// Where paths in it are looked up.
    pub module: ModId,
    /// Its file.
    pub file: FileId,
    /// Its name's token.
    pub at: Range,
}

/// An alias.
#[derive(Debug)]
pub struct Alias<'w> {
    /// Type parameters.
    pub generics: &'w Generics,
    /// What it stands for.
    pub ty: &'w TypeRef,
    /// Where paths in it are looked up.
    pub module: ModId,
}

/// All declarations of a workspace.
#[derive(Debug)]
pub struct Names<'w> {
    /// What they were collected from.
    pub workspace: &'w Workspace,
    /// Texts of all names.
    pub texts: Texts,
    /// Modules.
    pub modules: Vec<Module>,
    /// Root module of each crate.
    pub roots: Vec<ModId>,
    /// Types.
    pub adts: Vec<Adt<'w>>,
    /// Traits.
    pub traits: Vec<Trait<'w>>,
    /// Aliases.
    pub aliases: Vec<Alias<'w>>,
    /// Functions.
    pub fns: Vec<Function<'w>>,
    /// Impl blocks.
    pub impls: Vec<Impl<'w>>,
    /// Statics.
    pub statics: Vec<Value<'w>>,
    /// Constants.
    pub consts: Vec<Value<'w>>,
    /// By package, what it calls the crates it can use.
    externs: Vec<FxHashMap<Sym, Def>>,
    /// What is known of foreign code: the prelude, and which paths exist.
    models: &'w Models,
}

impl<'w> Names<'w> {
    /// Collects all declarations of `workspace` and lets its imports take effect.
    pub fn of(workspace: &'w Workspace, models: &'w Models) -> Names<'w> {
        let (mut names, pending) = collect::collect(workspace, models);
        imports::settle(&mut names, pending);
        names
    }

    /// The text of a name.
    pub fn text(&self, name: Sym) -> &str {
        self.texts.get(name)
    }

    /// The type.
    pub fn adt(&self, id: AdtId) -> &Adt<'w> {
        &self.adts[id.ix()]
    }

    /// The function.
    pub fn function(&self, id: FnId) -> &Function<'w> {
        &self.fns[id.ix()]
    }

    /// The code of a function; none if it has none.
    pub fn body(&self, id: FnId) -> Option<&'w Body> {
        let function = self.function(id);
        self.code(function.file, function.body?)
    }

    /// The code at `id` in `file`.
    pub fn code(&self, file: FileId, id: BodyId) -> Option<&'w Body> {
        self.workspace.files[file.0 as usize].ir.as_ref().ok()?.bodies.get(id)
    }

    /// The package that a module belongs to.
    pub fn package_of(&self, module: ModId) -> usize {
        self.workspace.crates[self.modules[module.ix()].krate.ix()].package
    }

    /// The crate that a module belongs to.
    pub fn crate_of(&self, module: ModId) -> &'w crate::load::Crate {
        &self.workspace.crates[self.modules[module.ix()].krate.ix()]
    }

    /// Whether what is named at `name` is declared as text that stands in the program: types forget lifetimes, and
    /// what is written behind the name says it.
    pub(crate) fn is_static_text(&self, file: FileId, name: Range) -> bool {
        let text = &self.workspace.files[file.0 as usize].source.text;
        // A field without a name stands where its type does.
        if text.get(name.start as usize..name.end as usize).is_some_and(|own| own.starts_with("&'static str"))
        {
            return true;
        }
        let behind = text.get(name.end as usize..).unwrap_or_default().trim_start();
        behind.strip_prefix(':').is_some_and(|ty| ty.trim_start().starts_with("&'static str"))
    }
}

/// A `use` on its way.
#[derive(Debug)]
pub(crate) struct Pending<'w> {
    module: ModId,
    leaf: &'w crate::lower::ir::UseLeaf,
    vis: Vis,
}

#[cfg(test)]
mod tests;
