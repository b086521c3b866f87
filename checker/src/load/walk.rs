//! Follows modules from the roots of the targets, reading and lowering each file once.
//!
//! Every file is a task of its own that spawns one for each module it declares, so parsing begins before the
//! tree of files is known. Results are sorted by path afterwards: nothing depends on who finished first.

use super::macros::{Macros, ahead};
use super::{Crate, File, Package, Plan, Workspace};
use crate::finding::{FileId, SourceFile, Text};
use crate::load::cache::{self, Cache, Kept, Read, Stamp};
use crate::lower::{ir::FileIr, ir::Item, ir::ItemKind, ir::Problem, ir::Range, sym::Sym};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::fs::File as OnDisk;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Larger files are generated; nobody fixes a leak there.
pub(super) const FILE_BYTES_MAX: u64 = 8 << 20;

struct Loaded {
    path: PathBuf,
    package: usize,
    text: Text,
    read: Read,
    ir: Result<FileIr, Problem>,
    kept: Option<Kept>,
    children: Vec<(Vec<Sym>, PathBuf)>,
}

/// The lowered form of a file, and what the store is to have of it.
type Lowered = (Result<FileIr, Problem>, Option<Kept>);

struct Walk<'p> {
    /// As paths are shown.
    root: PathBuf,
    cache: Option<&'p Cache>,
    /// What the files seem to define.
    ahead: Macros<'static>,
    packages: &'p [Package],
    /// What stands for each package's `cfg`.
    cfgs: Vec<u64>,
    seen: Mutex<FxHashSet<(PathBuf, usize)>>,
    done: Mutex<(Vec<Loaded>, Vec<String>)>,
}

pub(crate) fn load(plan: Plan, cache: Option<Cache>) -> Workspace {
    let root = plan.root.canonicalize().unwrap_or_else(|_| plan.root.clone());
    let (packages, cached) = (&plan.packages, cache.as_ref());
    let cfgs = packages.iter().map(|package| cache::print_of(&package.cfg)).collect();
    // Of a workspace that is known few files are lowered.
    let is_known = cached.is_some_and(|cache| !cache.is_empty());
    let ahead = if is_known { Macros::default() } else { ahead::read(&plan) };
    let (seen, done) = (Mutex::default(), Mutex::default());
    let walk = Walk { root, cache: cached, ahead, packages, cfgs, seen, done };
    rayon::scope(|scope| {
        for (package, _, _, root) in &plan.targets {
            let root = root.canonicalize().unwrap_or_else(|_| root.clone());
            walk.visit(scope, root, *package, true);
        }
    });
    let (mut loaded, mut problems) =
        std::mem::take(&mut *walk.done.lock().unwrap_or_else(PoisonError::into_inner));
    // A file that several packages share is read for each, and kept for the first.
    loaded.sort_by(|a, b| (&a.path, a.package).cmp(&(&b.path, b.package)));
    loaded.dedup_by(|later, first| later.path == first.path);
    walk.with_macros(&mut loaded);
    problems.extend(plan.problems.iter().cloned());
    problems.sort();
    let root = walk.root;
    Workspace { cache, ..assemble(plan, root, loaded, problems) }
}

impl<'p> Walk<'p> {
    /// Has the file at `path`, which is canonical, read once.
    fn visit<'s>(&'s self, scope: &rayon::Scope<'s>, path: PathBuf, package: usize, owns_directory: bool)
    where
        'p: 's,
    {
        if self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert((path.clone(), package)) {
            scope.spawn(move |scope| self.read(scope, path, package, owns_directory));
        }
    }

    fn read<'s>(&'s self, scope: &rayon::Scope<'s>, path: PathBuf, package: usize, owns_directory: bool)
    where
        'p: 's,
    {
        let _at = crate::crash::working_on(&path);
        let (text, read, (ir, kept)) =
            self.unchanged(&path, package).unwrap_or_else(|| self.anew(&path, package));
        let mut children = Vec::new();
        if let Ok(ir) = &ir {
            let mut missing = Vec::new();
            let mut found = Modules { file: &path, ir, children: &mut children, missing: &mut missing };
            found.collect(&ir.items, &directory(&path, owns_directory), &mut Vec::new());
            for (_, child, owns_directory) in &children {
                self.visit(scope, child.clone(), package, *owns_directory);
            }
            self.done.lock().unwrap_or_else(PoisonError::into_inner).1.extend(missing);
        }
        let children = children.into_iter().map(|(name, child, _)| (name, child)).collect();
        let loaded = Loaded { path, package, text, read, ir, kept, children };
        self.done.lock().unwrap_or_else(PoisonError::into_inner).0.push(loaded);
    }

    /// The file as the store has it, if the file system says that nobody has written it since.
    fn unchanged(&self, path: &Path, package: usize) -> Option<(Text, Read, Lowered)> {
        let cache = self.cache?;
        let stamp = Stamp::of(&path.metadata().ok()?, SystemTime::now());
        let read = Read { cfg: self.cfgs[package], stamp };
        let ((ir, kept), key) = cache.unchanged(shown(path, &self.root), read)?;
        let path = path.to_owned();
        // One that is written while this runs is another one, and quotes of it would be wrong.
        let is_it = move |text: &String| cache::key(text, read.cfg) == key;
        let text = move || read_text(&path).map(|(text, _)| text).ok().filter(is_it).unwrap_or_default();
        Some((Text::later(text), read, (ir, Some(kept))))
    }

    fn anew(&self, path: &Path, package: usize) -> (Text, Read, Lowered) {
        let cfg = self.cfgs[package];
        match read_text(path) {
            Ok((text, stamp)) => {
                let read = Read { cfg, stamp };
                let lowered = self.lowered(path, &text, read, package);
                (text.into(), read, lowered)
            }
            Err(message) => {
                let read = Read { cfg, stamp: None };
                let ir = Err(Problem { at: Range::default(), message, help: None });
                let kept = self.cache.and_then(|_| Kept::of(0, read, &ir));
                (Text::default(), read, (ir, kept))
            }
        }
    }

    /// The file as the store has it, else lowered here.
    fn lowered(&self, path: &Path, text: &str, read: Read, package: usize) -> Lowered {
        let cfg = &self.packages[package].cfg;
        let Some(cache) = self.cache else { return (self.ahead.lower(text, cfg, package), None) };
        let key = cache::key(text, read.cfg);
        if let Some((ir, kept)) = cache.lowered(shown(path, &self.root), key, read) {
            return (ir, Some(kept));
        }
        let ir = self.ahead.lower(text, cfg, package);
        let kept = Kept::of(key, read, &ir);
        (ir, kept)
    }

    /// Lowers those files once more that were lowered with other macros than there are.
    fn with_macros(&self, loaded: &mut [Loaded]) {
        let mut macros = Macros::default();
        let with_ir = loaded.iter().filter_map(|file| Some((file.ir.as_ref().ok()?, file)));
        for (ir, file) in with_ir.filter(|(ir, _)| !ir.macros_defined.is_empty()) {
            macros.add(ir, &file.text, (file.package, &self.packages[file.package].name));
        }
        let again: Vec<_> = loaded.par_iter().map(|file| self.again(file, &macros)).collect();
        for (file, again) in loaded.iter_mut().zip(again) {
            if let Some(again) = again {
                (file.ir, file.kept) = again;
            }
        }
    }

    fn again(&self, file: &Loaded, macros: &Macros<'_>) -> Option<Lowered> {
        let _at = crate::crash::working_on(&file.path);
        let before = file.ir.as_ref().ok()?;
        if macros.print(before, file.package) == before.macros_given {
            return None;
        }
        let ir = macros.lower(&file.text, &self.packages[file.package].cfg, file.package);
        let key = || cache::key(&file.text, file.read.cfg);
        let kept = self.cache.and_then(|_| Kept::of(key(), file.read, &ir));
        Some((ir, kept))
    }
}

/// A path as it is shown.
fn shown<'p>(path: &'p Path, root: &Path) -> &'p Path {
    path.strip_prefix(root).unwrap_or(path)
}

/// The text of a file, and what the file system said of it before.
fn read_text(path: &Path) -> Result<(String, Option<Stamp>), String> {
    let mut file = OnDisk::open(path).map_err(|error| error.to_string())?;
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    let (size, stamp) = (metadata.len(), Stamp::of(&metadata, SystemTime::now()));
    if size > FILE_BYTES_MAX {
        return Err(format!("larger than {} MiB", FILE_BYTES_MAX >> 20));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
    file.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
    Ok((text, stamp))
}

/// Where the modules of a file lie: beside it for roots and `mod.rs`, else in the directory of its name.
fn directory(path: &Path, owns_directory: bool) -> PathBuf {
    match owns_directory {
        true => path.parent().map(Path::to_path_buf).unwrap_or_default(),
        false => path.with_extension(""),
    }
}

/// `path` without links on the way. Of one that lies below the folder of `file`, which has none, only the rest is
/// looked at: asking about every folder from the root takes longer than reading the file.
fn canonical(path: &Path, file: &Path) -> std::io::Result<PathBuf> {
    let rest = file.parent().and_then(|folder| path.strip_prefix(folder).ok());
    let is_plain =
        rest.is_some_and(|rest| rest.components().all(|part| matches!(part, Component::Normal(_))));
    let is_link = |path: &Path| path.symlink_metadata().map_or(true, |of| of.is_symlink());
    let parts = rest.map_or(0, |rest| rest.components().count());
    match is_plain && !path.ancestors().take(parts).any(is_link) {
        true => Ok(path.components().collect()),
        false => path.canonicalize(),
    }
}

struct Modules<'m> {
    file: &'m Path,
    ir: &'m FileIr,
    children: &'m mut Vec<(Vec<Sym>, PathBuf, bool)>,
    missing: &'m mut Vec<String>,
}

impl Modules<'_> {
    fn collect(&mut self, items: &[Item], directory: &Path, within: &mut Vec<Sym>) {
        for item in items {
            let name = self.ir.texts.get(item.name);
            if let ItemKind::Include = &item.kind {
                let path = self.file.with_file_name(name);
                if let (true, Ok(path)) = (path.is_file(), canonical(&path, self.file)) {
                    within.push(item.name);
                    self.children.push((within.clone(), path, true));
                    within.pop();
                }
                continue;
            }
            let ItemKind::Mod { items, path } = &item.kind else { continue };
            within.push(item.name);
            // A `#[path]` is relative to the file itself, unless inside an inline module.
            let base = match within.len() {
                1 => self.file.parent().map(Path::to_path_buf).unwrap_or_default(),
                _ => directory.to_path_buf(),
            };
            match (items, path) {
                (Some(items), Some(path)) => self.collect(items, &base.join(&**path), within),
                (Some(items), None) => self.collect(items, &directory.join(name), within),
                (None, Some(path)) => self.child(within, &[(base.join(&**path), true)]),
                (None, None) => {
                    let beside = directory.join(format!("{name}.rs"));
                    self.child(within, &[(beside, false), (directory.join(name).join("mod.rs"), true)]);
                }
            }
            within.pop();
        }
    }

    fn child(&mut self, within: &[Sym], candidates: &[(PathBuf, bool)]) {
        match candidates.iter().find(|(path, _)| path.is_file()) {
            Some((path, owns)) => {
                let path = canonical(path, self.file).unwrap_or_else(|_| path.clone());
                self.children.push((within.to_vec(), path, *owns));
            }
            None => {
                let module =
                    within.iter().map(|name| self.ir.texts.get(*name)).collect::<Vec<_>>().join("::");
                self.missing.push(format!("`{}`: module `{module}` has no file", self.file.display()));
            }
        }
    }
}

fn assemble(plan: Plan, root: PathBuf, loaded: Vec<Loaded>, problems: Vec<String>) -> Workspace {
    let id = |index: usize| FileId(u32::try_from(index).unwrap_or(u32::MAX));
    let ids: FxHashMap<PathBuf, FileId> =
        loaded.iter().enumerate().map(|(index, file)| (file.path.clone(), id(index))).collect();
    let mut crates: Vec<Crate> = Vec::with_capacity(plan.targets.len());
    for (package, target, kind, path) in plan.targets {
        let path = path.canonicalize().unwrap_or(path);
        // A bare file that another one declares as its module is no crate of its own.
        let is_module = !plan.packages[package].has_manifest
            && loaded
                .iter()
                .any(|file| file.path != path && file.children.iter().any(|(_, child)| *child == path));
        if let (Some(root), false) = (ids.get(&path), is_module) {
            let name = Sym::new(&target.replace('-', "_"));
            crates.push(Crate { package, target, name, kind, root: *root });
        }
    }
    crates.sort_by(|a, b| (a.package, a.kind, &a.target).cmp(&(b.package, b.kind, &b.target)));
    let files = loaded.into_iter().map(|file| {
        let shown = shown(&file.path, &root).to_path_buf();
        let children = file.children.into_iter().filter_map(|(name, child)| Some((name, *ids.get(&child)?)));
        File {
            source: SourceFile { path: shown, text: file.text },
            package: file.package,
            ir: file.ir,
            children: children.collect(),
            kept: file.kept,
        }
    });
    let files = files.collect();
    Workspace { root, packages: plan.packages, crates, files, problems, cache: None }
}
