//! Finds the files of a workspace and has each lowered, in parallel.
//!
//! The only part of the analysis that does I/O. The whole workspace is loaded even when one package is asked
//! for, because the removal that makes a growth harmless may live in a sibling. Modules are followed from the
//! roots of the targets, so that files no target reaches are not read; every file is read and lowered once.
//! What cannot be read or parsed is noted as a [`Problem`] and the rest goes on.

pub mod cache;
mod cargo;
mod known;
mod macros;
mod manifests;
mod memory;
mod paths;
pub(crate) mod support;
mod walk;

use crate::finding::{FileId, SourceFile};
use crate::load::cache::{Cache, Kept};
use crate::lower::cfg::CfgEnv;
use crate::lower::ir::{FileIr, Problem};
use crate::lower::sym::Sym;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

/// What to load, and what of it to report on.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the code is.
    pub input: Input,
    /// Packages whose findings are wanted; all of the workspace if empty.
    pub packages: Vec<String>,
    /// Where an earlier run may have left what it found, and this one may.
    pub cache: Option<PathBuf>,
    /// Features beside or instead of the default ones.
    pub features: Features,
}

/// Which features of the packages are on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// `name`, of every package that has it, or `package/name`.
    pub named: Vec<String>,
    /// All there are.
    pub all: bool,
    /// The default ones are off, unless a member asks for them.
    pub no_default: bool,
    /// One that no package has is passed over.
    pub lenient: bool,
}

/// Where the code is.
#[derive(Clone, Debug)]
pub enum Input {
    /// The manifest of a package or a workspace.
    Manifest(PathBuf),
    /// Files and directories.
    Paths(Vec<PathBuf>),
}

/// Why nothing could be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// Lower case, without a full stop.
    pub message: String,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LoadError {}

/// Everything the analysis reads.
#[derive(Debug, Default)]
pub struct Workspace {
    /// Directory that paths are shown relative to.
    pub root: PathBuf,
    /// Packages, by name.
    pub packages: Vec<Package>,
    /// Targets, by package and kind.
    pub crates: Vec<Crate>,
    /// Files, by path; a [`FileId`] is an index.
    pub files: Vec<File>,
    /// What was missing: a module without a file, a directory that cannot be read.
    pub problems: Vec<String>,
    /// What an earlier run found, and the place for what this one does.
    pub cache: Option<Cache>,
}

/// A package.
#[derive(Clone, Debug, Default)]
pub struct Package {
    /// As cargo knows it.
    pub name: String,
    /// Cargo's id for it; empty for bare files.
    pub id: String,
    /// Its edition; empty for bare files.
    pub edition: String,
    /// Its manifest; none for bare files.
    pub manifest: Option<PathBuf>,
    /// Names of its dependencies as code spells them, and the crate each one is.
    pub dependencies: Vec<(Sym, String)>,
    /// Whether `dependencies` is complete.
    pub has_manifest: bool,
    /// Findings in it are wanted.
    pub selected: bool,
    /// Features and the rest.
    pub cfg: CfgEnv,
}

/// A target of a package.
#[derive(Clone, Debug)]
pub struct Crate {
    /// Index of its package.
    pub package: usize,
    /// As cargo knows it: `my-service`.
    pub target: String,
    /// As code spells it.
    pub name: Sym,
    /// What is built.
    pub kind: TargetKind,
    /// Its root file.
    pub root: FileId,
}

/// Kinds of targets that are read. Tests, benches and build scripts are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetKind {
    /// A library.
    Lib,
    /// A program.
    Bin,
    /// An example.
    Example,
}

/// A file.
#[derive(Debug)]
pub struct File {
    /// Its path and text.
    pub source: SourceFile,
    /// The package it was first reached from.
    pub package: usize,
    /// Its lowered form, or why it has none.
    pub ir: Result<FileIr, Problem>,
    /// Files of the modules it declares: the module's path within the file, and where its items are.
    pub children: Vec<(Vec<Sym>, FileId)>,
    /// What the store has of it, or is to have; none without a store.
    pub kept: Option<Kept>,
}

impl Workspace {
    /// For each package, those that it depends on, as far as they are read.
    pub(crate) fn dependencies(&self) -> Vec<Vec<usize>> {
        let names = self.packages.iter().enumerate().map(|(at, of)| (of.name.replace('-', "_"), at));
        let by_name: FxHashMap<String, usize> = names.collect();
        let of = |package: &Package| {
            let named = package.dependencies.iter().filter_map(|(_, name)| by_name.get(name));
            named.copied().collect()
        };
        self.packages.iter().map(of).collect()
    }
}

/// What edges lead to from one of their ends, itself included.
pub(crate) fn reached(edges: &[Vec<usize>], from: usize) -> BTreeSet<usize> {
    let (mut found, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(at) = open.pop() {
        if found.insert(at) {
            open.extend(&edges[at]);
        }
    }
    found
}

/// Loads what `options` ask for, on the current pool of threads, which needs stacks that suit recursion.
///
/// # Errors
/// When there is no manifest where one was expected, or a package that is asked for does not exist.
pub fn load(options: &Options) -> Result<Workspace, LoadError> {
    let plan = || match &options.input {
        Input::Manifest(manifest) => cargo::plan(options, manifest),
        Input::Paths(paths) => paths::plan(options, paths),
    };
    let (plan, cache) = rayon::join(plan, || options.cache.as_deref().and_then(Cache::open));
    Ok(walk::load(plan?, cache))
}

/// What is to be loaded, before any source is read.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    root: PathBuf,
    packages: Vec<Package>,
    /// Package, target, name, kind, root file.
    targets: Vec<(usize, String, TargetKind, PathBuf)>,
    problems: Vec<String>,
}
