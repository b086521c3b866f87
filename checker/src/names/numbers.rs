//! Numbers of functions and statics that outlive a run.
//!
//! A number follows the order of all declarations, so that a function more moves those behind it. Facts are therefore
//! stored with numbers of their own: positions in a list of keys that is stored beside them. A [`Key`] tells a
//! declaration from all others by its crate, its file, its name, and which of that name it is.
//!
//! What is written or read inside [`writing`] or [`reading`], on that thread, is translated; elsewhere numbers stand as
//! they are.

use super::{CrateId, FnId, ModId, Names, Owner, StaticId};
use crate::finding::FileId;
use crate::lower::sym::Sym;
use rustc_hash::FxHashMap;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cell::RefCell;
use xxhash_rust::xxh3::xxh3_64;

/// What tells a declaration from all others, run after run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Key(u64);

/// The keys of all functions and statics of a workspace.
#[derive(Debug)]
pub(crate) struct Keys {
    fns: Vec<Key>,
    statics: Vec<Key>,
    fns_by_key: FxHashMap<Key, u32>,
    statics_by_key: FxHashMap<Key, u32>,
}

/// The keys that something stored refers to, by position.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Referred {
    fns: Vec<Key>,
    statics: Vec<Key>,
}

impl Keys {
    pub(crate) fn of(names: &Names<'_>) -> Keys {
        let crates: Vec<u64> = (0..names.workspace.crates.len()).map(|at| of_crate(names, at)).collect();
        let files: Vec<u64> = names.workspace.files.iter().map(|file| of_path(&file.source.path)).collect();
        let mut seen: FxHashMap<Sym, u64> = FxHashMap::default();
        let mut key = |module: ModId, file: FileId, name: Sym, class: u64| {
            let CrateId(krate) = names.modules[module.ix()].krate;
            let place = crates[krate as usize] ^ files[file.0 as usize].rotate_left(17);
            let alike = Sym(place).join(name).join(Sym(class));
            let nth = seen.entry(alike).or_default();
            *nth += 1;
            Key(alike.join(Sym(*nth)).0)
        };
        let of_traits = |owner: Owner| match owner {
            Owner::Module => 1,
            Owner::Impl(block) => 1 + u64::from(names.impls[block.ix()].ir.of.is_some()),
            Owner::Trait(_) => 2,
        };
        let one = |of: &super::Function<'_>| key(of.module, of.file, of.name, of_traits(of.owner));
        let fns: Vec<Key> = names.fns.iter().map(one).collect();
        let statics: Vec<Key> = names.statics.iter().map(|of| key(of.module, of.file, of.name, 3)).collect();
        let numbered = |keys: &[Key]| keys.iter().copied().zip(0..).collect();
        let (fns_by_key, statics_by_key) = (numbered(&fns), numbered(&statics));
        Keys { fns, statics, fns_by_key, statics_by_key }
    }
}

fn of_crate(names: &Names<'_>, at: usize) -> u64 {
    let krate = &names.workspace.crates[at];
    let package = &names.workspace.packages[krate.package].name;
    xxh3_64(format!("{package}\0{}\0{:?}", krate.target, krate.kind).as_bytes())
}

/// What stands for a path.
pub(crate) fn of_path(path: &std::path::Path) -> u64 {
    xxh3_64(path.as_os_str().as_encoded_bytes())
}

/// How numbers are translated on this thread.
#[derive(Default)]
enum Translation {
    #[default]
    Off,
    /// Numbers of this run to positions, in the order in which they come.
    Writing { fns: Positions, statics: Positions },
    /// Positions to numbers of this run.
    Reading { fns: Vec<u32>, statics: Vec<u32> },
}

#[derive(Default)]
struct Positions {
    of: FxHashMap<u32, u32>,
    order: Vec<u32>,
}

impl Positions {
    fn position(&mut self, number: u32) -> u32 {
        let next = u32::try_from(self.order.len()).unwrap_or(u32::MAX);
        let position = *self.of.entry(number).or_insert(next);
        if position == next {
            self.order.push(number);
        }
        position
    }

    fn keys(&self, keys: &[Key]) -> Vec<Key> {
        self.order.iter().map(|number| keys[*number as usize]).collect()
    }
}

thread_local! {
    static TRANSLATION: RefCell<Translation> = const { RefCell::new(Translation::Off) };
}

/// Runs `write` with the numbers of this run written as positions, and tells of what.
pub(crate) fn writing<T>(keys: &Keys, write: impl FnOnce() -> T) -> (T, Referred) {
    TRANSLATION.set(Translation::Writing { fns: Positions::default(), statics: Positions::default() });
    let written = write();
    let referred = match TRANSLATION.take() {
        Translation::Writing { fns, statics } => {
            Referred { fns: fns.keys(&keys.fns), statics: statics.keys(&keys.statics) }
        }
        _ => Referred::default(),
    };
    (written, referred)
}

/// Runs `read` with positions read as the numbers that `referred` has in this run; none if one of them is gone.
pub(crate) fn reading<T>(keys: &Keys, referred: &Referred, read: impl FnOnce() -> T) -> Option<T> {
    let known = |of: &[Key], by_key: &FxHashMap<Key, u32>| {
        of.iter().map(|key| by_key.get(key).copied()).collect::<Option<Vec<u32>>>()
    };
    let fns = known(&referred.fns, &keys.fns_by_key)?;
    let statics = known(&referred.statics, &keys.statics_by_key)?;
    TRANSLATION.set(Translation::Reading { fns, statics });
    let found = read();
    TRANSLATION.set(Translation::Off);
    Some(found)
}

impl Serialize for FnId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let written = TRANSLATION.with_borrow_mut(|translation| match translation {
            Translation::Writing { fns, .. } => fns.position(self.0),
            _ => self.0,
        });
        written.serialize(to)
    }
}

impl Serialize for StaticId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let written = TRANSLATION.with_borrow_mut(|translation| match translation {
            Translation::Writing { statics, .. } => statics.position(self.0),
            _ => self.0,
        });
        written.serialize(to)
    }
}

impl<'de> Deserialize<'de> for FnId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let stored = u32::deserialize(from)?;
        let known = TRANSLATION.with_borrow(|translation| match translation {
            Translation::Reading { fns, .. } => fns.get(stored as usize).copied(),
            _ => Some(stored),
        });
        known.map(FnId).ok_or_else(|| D::Error::custom("no such function"))
    }
}

impl<'de> Deserialize<'de> for StaticId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let stored = u32::deserialize(from)?;
        let known = TRANSLATION.with_borrow(|translation| match translation {
            Translation::Reading { statics, .. } => statics.get(stored as usize).copied(),
            _ => Some(stored),
        });
        known.map(StaticId).ok_or_else(|| D::Error::custom("no such static"))
    }
}
