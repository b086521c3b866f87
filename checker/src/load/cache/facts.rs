//! Facts of functions: those that still hold, and the others anew.

use super::surface::Surface;
use super::{Cache, News, Unsaved};
use crate::events::FnFacts;
use crate::load::Workspace;
use crate::lower::ir::{Item, ItemKind};
use crate::lower::sym::Sym;
use crate::names::numbers::{Keys, Referred, of_path, reading, writing};
use crate::names::{FnId, Names};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::sync::{Mutex, PoisonError};
use xxhash_rust::xxh3::xxh3_64;

/// What the store does not have yet, by file, and what holds for all of it; nothing without a store.
#[derive(Debug, Default)]
pub(crate) struct Fresh {
    world: u64,
    pub(super) keys: Option<Keys>,
    facts: Vec<Option<Vec<u8>>>,
    /// Whether the facts of a file, and what else was found in its bodies, are still as the store has them.
    pub(super) holds: Vec<bool>,
    /// What questions have found inside of bodies.
    insides: Vec<Option<Vec<u8>>>,
}

/// What every function does: as the store has it, or else as `collect` finds.
pub(crate) fn facts(
    names: &Names<'_>,
    models: u64,
    collect: &(dyn Fn(FnId) -> FnFacts + Sync),
) -> (Vec<FnFacts>, Fresh) {
    let workspace = names.workspace;
    let Some(cache) = &workspace.cache else {
        let count = u32::try_from(names.fns.len()).unwrap_or(u32::MAX);
        return ((0..count).into_par_iter().map(|id| collect(FnId(id))).collect(), Fresh::default());
    };
    let keys = Keys::of(names);
    let world = world(workspace, models);
    let changed = changed(cache, workspace, world);
    let mut by_file: Vec<Vec<FnId>> = vec![Vec::new(); workspace.files.len()];
    for (function, id) in names.fns.iter().zip(0..) {
        by_file[function.file.0 as usize].push(FnId(id));
    }
    // Put in place file by file, so that they are never there twice.
    let placed: Vec<FnFacts> = std::iter::repeat_with(FnFacts::default).take(names.fns.len()).collect();
    let placed = Mutex::new(placed);
    let place = |ids: &[FnId], found: Vec<FnFacts>| {
        let mut placed = placed.lock().unwrap_or_else(PoisonError::into_inner);
        ids.iter().zip(found).for_each(|(id, facts)| placed[id.ix()] = facts);
    };
    let one = |(file, ids): (usize, &Vec<FnId>)| {
        let known = changed.as_ref().and_then(|changed| stored(cache, workspace, file, changed, &keys));
        if let Some(known) = known.filter(|known| known.len() == ids.len()) {
            place(ids, known);
            return (None, true);
        }
        let found: Vec<FnFacts> = ids.par_iter().map(|id| collect(*id)).collect();
        let bytes = written(&found, &keys);
        place(ids, found);
        (bytes, false)
    };
    let (facts, holds) = by_file.par_iter().enumerate().map(one).unzip();
    let fresh = Fresh { world, facts, holds, keys: Some(keys), ..Fresh::default() };
    (placed.into_inner().unwrap_or_else(PoisonError::into_inner), fresh)
}

/// What holds for all files: if it is another, no fact holds.
fn world(workspace: &Workspace, models: u64) -> u64 {
    let mut text = format!("{models}\n");
    for package in &workspace.packages {
        let mut dependencies: Vec<_> = package.dependencies.iter().collect();
        dependencies.sort_unstable();
        text += &format!("{} {} {dependencies:?}\n", package.name, package.has_manifest);
    }
    for krate in &workspace.crates {
        let root = krate.root.0;
        text += &format!("{} {} {:?} {root}\n", krate.package, krate.target, krate.kind);
    }
    for file in &workspace.files {
        text += &format!("{:x} {} {:?}\n", of_path(&file.source.path), file.package, file.children);
    }
    xxh3_64(text.as_bytes())
}

/// The names whose meaning has changed since the store was written; none if more than names has.
fn changed(cache: &Cache, workspace: &Workspace, world: u64) -> Option<Changed> {
    if cache.packs.last()?.head.world != world {
        return None;
    }
    let mut names = Vec::new();
    for file in &workspace.files {
        let (_, before) = cache.entry(of_path(&file.source.path))?;
        let now = file.kept.as_ref()?;
        if before.key != now.key && !Surface::differ(&before.surface, &now.surface, &mut names) {
            return None;
        }
    }
    let mut names: FxHashSet<Sym> = names.into_iter().collect();
    if !names.is_empty() {
        while spread(workspace, &mut names) {}
    }
    Some(Changed { names })
}

struct Changed {
    names: FxHashSet<Sym>,
}

/// Adds the names under which those of `names` are imported; whether there are any new.
fn spread(workspace: &Workspace, names: &mut FxHashSet<Sym>) -> bool {
    let before = names.len();
    for ir in workspace.files.iter().flat_map(|file| &file.ir) {
        each_use(&ir.items, &mut |path, alias| {
            if path.iter().any(|segment| names.contains(segment)) {
                names.insert(alias);
            }
        });
    }
    names.len() > before
}

fn each_use(items: &[Item], found: &mut dyn FnMut(&[Sym], Sym)) {
    for item in items {
        match &item.kind {
            ItemKind::Use(leaves) => leaves.iter().for_each(|leaf| found(&leaf.path, leaf.alias)),
            ItemKind::Mod { items: Some(items), .. } => each_use(items, found),
            ItemKind::Impl(block) => each_use(&block.items, found),
            ItemKind::Trait(of) => each_use(&of.items, found),
            ItemKind::Fn(of) => of.body.iter().for_each(|body| each_use(&body.items, found)),
            ItemKind::Static(of) | ItemKind::Const(of) => {
                of.init.iter().for_each(|body| each_use(&body.items, found));
            }
            _ => {}
        }
    }
}

/// The facts of an unchanged file that mentions nothing that has changed.
fn stored(
    cache: &Cache,
    workspace: &Workspace,
    file: usize,
    changed: &Changed,
    keys: &Keys,
) -> Option<Vec<FnFacts>> {
    let file = &workspace.files[file];
    let (pack, entry) = cache.entry(of_path(&file.source.path))?;
    if entry.key != file.kept.as_ref()?.key {
        return None;
    }
    let texts = file.ir.as_ref().ok().map(|ir| &ir.texts);
    if texts.is_some_and(|texts| changed.names.iter().any(|name| texts.knows(*name))) {
        return None;
    }
    let (referred, rest): (Referred, &[u8]) = postcard::take_from_bytes(pack.blob(entry.facts)).ok()?;
    reading(keys, &referred, || postcard::from_bytes(rest).ok())?
}

fn written(facts: &[FnFacts], keys: &Keys) -> Option<Vec<u8>> {
    let (bytes, referred) = writing(keys, || postcard::to_allocvec(facts).ok());
    let mut all = postcard::to_allocvec(&referred).ok()?;
    all.extend(bytes?);
    Some(all)
}

impl Fresh {
    /// With what questions have found inside of bodies, by file.
    pub(crate) fn with(self, insides: Vec<Option<Vec<u8>>>) -> Fresh {
        Fresh { insides, ..self }
    }

    /// What is to be saved of `workspace`, with these facts; none without a store.
    pub(crate) fn of(self, workspace: &mut Workspace) -> Option<Unsaved> {
        let cache = workspace.cache.take()?;
        let mut files = Vec::with_capacity(workspace.files.len());
        let news = self.facts.into_iter().zip(self.insides);
        for (file, (facts, insides)) in workspace.files.iter_mut().zip(news) {
            let (path, kept) = (of_path(&file.source.path), file.kept.take()?);
            files.push(News { path, kept, facts, insides });
        }
        Some(Unsaved { cache, world: self.world, files })
    }
}
