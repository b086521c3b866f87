//! What an earlier run found out about files that have not changed since.
//!
//! Kept of each file: its lowered form, the code of its functions, what they do (`events`), and the types inside those
//! that questions lead to (`insides`). A lowered form is found by the content of the file and the `cfg` it was read with,
//! and without a look at the content where the file system says that it was not written since (`stamp`).
//! Facts and types hold for as long as the declarations they were read with say the same (`surface`); all that goes
//! beyond one function is worked out in every run.
//!
//! A store is two files: `base`, and `delta`, which is laid over it and written while little has changed. Each is
//! written beside its place and moved there, so that runs at the same time see one or the other and never half of one.
//! Files that are gone leave with the next `base`.
//!
//! I1: with a store or without, a run gives the same findings in the same order.
//! I2: a store that cannot be read or written costs time and nothing else.

mod facts;
mod folder;
mod insides;
mod pack;
mod stamp;
mod surface;

pub(crate) use facts::{Fresh, facts};
pub use folder::default_folder;
pub(crate) use folder::{read_sealed, write_sealed};
pub(crate) use insides::Insides;
pub(crate) use stamp::Stamp;
pub(crate) use surface::Surface;

use crate::lower::bodies::Bodies;
use crate::lower::cfg::CfgEnv;
use crate::lower::ir::{FileIr, Problem};
use crate::names::numbers::of_path;
use pack::{Entry, Pack, Writing};
use rustc_hash::{FxHashMap, FxHashSet};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128_with_seed};

const BASE: &str = "base";
const DELTA: &str = "delta";

/// A `delta` larger than one part in so many of its `base` becomes a new `base`.
const DELTA_PARTS_MIN: usize = 4;

/// A store that was opened.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    build: u64,
    /// `base`, and `delta` if it is laid over that.
    packs: Vec<Pack>,
    /// The pack and the number of each file's entry, by what stands for its path.
    entries: FxHashMap<u64, (usize, usize)>,
}

/// What is kept, or to be kept, of one file.
#[derive(Debug)]
pub struct Kept {
    pub(crate) key: u128,
    pub(crate) read: Read,
    pub(crate) surface: Surface,
    /// Whether the store has another stamp of the file, or none.
    restamped: bool,
    /// The lowered form and the code, if they are new.
    pub(crate) fresh: Option<(Vec<u8>, Vec<u8>)>,
}

/// How a file was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Read {
    /// Stands for the `cfg`.
    pub(crate) cfg: u64,
    /// The file as it was then.
    pub(crate) stamp: Option<Stamp>,
}

/// What a run would have the next one know.
#[derive(Debug)]
pub struct Unsaved {
    cache: Cache,
    world: u64,
    files: Vec<News>,
}

/// One file, as far as it is news.
#[derive(Debug)]
struct News {
    path: u64,
    kept: Kept,
    /// The facts, if they are new.
    facts: Option<Vec<u8>>,
    /// The types inside bodies, if any are new.
    insides: Option<Vec<u8>>,
}

impl News {
    fn is_any(&self) -> bool {
        self.kept.fresh.is_some() || self.kept.restamped || self.facts.is_some() || self.insides.is_some()
    }
}

impl Cache {
    /// Opens the store in `folder`, which need not be there.
    pub(crate) fn open(folder: &Path) -> Option<Cache> {
        let build = folder::build()?;
        let base = Pack::read(&folder.join(BASE), build).filter(|base| base.head.over == 0);
        let over = base.as_ref().map(|base| base.head.id);
        let delta = over
            .and_then(|over| Pack::read(&folder.join(DELTA), build).filter(|delta| delta.head.over == over));
        let packs: Vec<Pack> = base.into_iter().chain(delta).collect();
        let mut entries = FxHashMap::default();
        for (at, pack) in packs.iter().enumerate() {
            entries
                .extend(pack.head.entries.iter().zip(0..).map(|(entry, number)| (entry.path, (at, number))));
        }
        Some(Cache { folder: folder.to_owned(), build, packs, entries })
    }

    /// Whether it has nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn entry(&self, path: u64) -> Option<(&Pack, &Entry)> {
        let (at, number) = *self.entries.get(&path)?;
        Some((&self.packs[at], &self.packs[at].head.entries[number]))
    }

    /// The lowered form of the file at `path` with this `text`, if it is known.
    pub(crate) fn lowered(&self, path: &Path, key: u128, read: Read) -> Option<Found> {
        let (pack, entry) = self.entry(of_path(path))?;
        let file = pack.lowered(entry)?;
        let is_it = entry.key == with_macros(key, &file);
        is_it.then(|| (file, Kept::stored(entry, read)))
    }

    /// The lowered form of the file at `path`, if it has not been written since it was read; and what stands for its text.
    pub(crate) fn unchanged(&self, path: &Path, read: Read) -> Option<(Found, u128)> {
        let (pack, entry) = self.entry(of_path(path))?;
        if read.stamp.is_none() || (entry.cfg, entry.stamp) != (read.cfg, read.stamp) {
            return None;
        }
        let file = pack.lowered(entry)?;
        let text = with_macros(entry.key, &file);
        Some(((file, Kept::stored(entry, read)), text))
    }
}

/// The lowered form of a file as a store has it, and what that is to keep of it.
pub(crate) type Found = (Result<FileIr, Problem>, Kept);

impl Pack {
    fn lowered(&self, entry: &Entry) -> Option<Result<FileIr, Problem>> {
        let mut file: Result<FileIr, Problem> = postcard::from_bytes(self.blob(entry.file)).ok()?;
        if let Ok(ir) = &mut file {
            let (bytes, at) = self.shared(entry.bodies);
            ir.bodies = Bodies::stored(bytes, at);
        }
        Some(file)
    }
}

/// With the macros of other files that the file was lowered with, or without them where they are in it.
fn with_macros(key: u128, file: &Result<FileIr, Problem>) -> u128 {
    key ^ file.as_ref().map_or(0, |ir| u128::from(ir.macros_given))
}

/// Stands for a text and, by [`print_of`], what it is read with.
pub(crate) fn key(text: &str, cfg: u64) -> u128 {
    xxh3_128_with_seed(text.as_bytes(), cfg)
}

/// Stands for a `cfg`, in whatever order its sets hold their names.
pub(crate) fn print_of(cfg: &CfgEnv) -> u64 {
    let sorted = |set: &FxHashSet<String>| {
        let mut names: Vec<&str> = set.iter().map(String::as_str).collect();
        names.sort_unstable();
        names.join("\0")
    };
    xxh3_64(format!("{}\n{}\n{}", sorted(&cfg.flags), sorted(&cfg.features), cfg.test).as_bytes())
}

impl Kept {
    fn stored(entry: &Entry, read: Read) -> Kept {
        let restamped = read.stamp.is_some() && read.stamp != entry.stamp;
        Kept { key: entry.key, read, surface: entry.surface.clone(), restamped, fresh: None }
    }

    /// What is to be kept of a file that has just been lowered; `key` stands for its text.
    pub(crate) fn of(key: u128, read: Read, file: &Result<FileIr, Problem>) -> Option<Kept> {
        let key = with_macros(key, file);
        let (surface, bodies) = match file {
            Ok(ir) => (Surface::of(ir), ir.bodies.written()?),
            Err(_) => (Surface::default(), Vec::new()),
        };
        let fresh = Some((postcard::to_allocvec(file).ok()?, bodies));
        Some(Kept { key, read, surface, restamped: false, fresh })
    }
}

impl Unsaved {
    /// Writes what is new, and only that while it is little.
    pub fn save(self) {
        let base = self.cache.packs.first().map(|base| &base.head);
        let news = self.files.iter().filter(|one| one.is_any()).count();
        let same_world = base.is_some_and(|base| base.world == self.world);
        let gone = self.cache.entries.len() > self.files.len();
        if news == 0 && same_world && !gone {
            return;
        }
        // Entries of the earlier delta stay in the new one: the base does not have them.
        let in_delta = |path: u64| self.cache.entries.get(&path).is_some_and(|(pack, _)| *pack == 1);
        let over = base.filter(|_| same_world && !gone).map(|base| base.id);
        let delta = over.and_then(|over| self.pack(over, |one| one.is_any() || in_delta(one.path)));
        let base_bytes = self.cache.packs.first().map_or(0, Pack::len);
        let written = match delta.filter(|delta| delta.len() * DELTA_PARTS_MIN < base_bytes) {
            Some(delta) => self.write(DELTA, delta),
            None => self.pack(0, |_| true).and_then(|base| self.write(BASE, base)),
        };
        // There is nobody to tell, and nothing is lost but time.
        let _ = written;
    }

    /// A store of the files that `wanted` picks.
    fn pack(&self, over: u64, wanted: impl Fn(&News) -> bool) -> Option<Writing> {
        let mut to = Writing::default();
        (to.head.build, to.head.over, to.head.world) = (self.cache.build, over, self.world);
        for one in self.files.iter().filter(|one| wanted(one)) {
            let News { path, kept, facts, insides } = one;
            let known = self.cache.entry(*path).filter(|(_, entry)| entry.key == kept.key);
            let (file, bodies) = match (&kept.fresh, known) {
                (Some((file, bodies)), _) => (file.as_slice(), bodies.as_slice()),
                (None, Some((pack, entry))) => (pack.blob(entry.file), pack.blob(entry.bodies)),
                (None, None) => return None,
            };
            let facts = match (facts, known) {
                (Some(facts), _) => facts.as_slice(),
                (None, Some((pack, entry))) => pack.blob(entry.facts),
                (None, None) => &[],
            };
            let insides = match (insides, known) {
                (Some(insides), _) => insides.as_slice(),
                (None, Some((pack, entry))) => pack.blob(entry.insides),
                (None, None) => &[],
            };
            let (file, bodies) = (to.blob(file)?, to.blob(bodies)?);
            let (facts, insides) = (to.blob(facts)?, to.blob(insides)?);
            let (path, key, surface) = (*path, kept.key, kept.surface.clone());
            let Read { cfg, stamp } = kept.read;
            to.head.entries.push(Entry { path, key, cfg, stamp, surface, file, bodies, facts, insides });
        }
        Some(to)
    }

    fn write(&self, name: &str, mut to: Writing) -> Option<()> {
        let keys = to.head.entries.iter().flat_map(|entry| entry.key.to_le_bytes()).collect::<Vec<u8>>();
        to.head.id = xxh3_64(&keys).wrapping_add(folder::moment()).max(1);
        folder::write(&self.cache.folder, name, &to.finish()?).ok()?;
        // Laid over another base, the delta means nothing.
        if name == BASE { std::fs::remove_file(self.cache.folder.join(DELTA)).ok() } else { Some(()) }
    }
}

#[cfg(test)]
mod tests;
