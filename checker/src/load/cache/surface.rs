//! What the rest of a workspace can see of a file.
//!
//! What a function does is read off its own code, off the declarations that its code leads to, and off nothing else.
//! So facts about unchanged code hold for as long as those declarations say the same. Two kinds are told apart. Those
//! that may take effect without being named (types, traits, implementations of traits, imports, constants) make one
//! fingerprint, and any change to it counts for all. Free functions, inherent methods and statics take effect only
//! where their name is written: they have a fingerprint for each name.

use crate::lower::ir::{BodyIr, FileIr, Item, ItemKind, ValueIr};
use crate::lower::placeless;
use crate::lower::sym::Sym;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// Fingerprints of what a file declares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Surface {
    /// Of what may take effect without being named.
    pub(super) hard: u64,
    /// Of what takes effect by name, sorted by name.
    pub(super) named: Vec<(Sym, u64)>,
}

impl Surface {
    /// What `ir` declares.
    pub(crate) fn of(ir: &FileIr) -> Surface {
        let mut survey = Survey { ir, hard: 0, named: FxHashMap::default(), bytes: Vec::new() };
        survey.items(&ir.items, 1);
        let mut named: Vec<(Sym, u64)> = survey.named.into_iter().collect();
        named.sort_unstable();
        Surface { hard: survey.hard, named }
    }

    /// Puts the names whose meaning `other` has otherwise into `changed`; false if more than names has changed.
    pub(super) fn differ(&self, other: &Surface, changed: &mut Vec<Sym>) -> bool {
        if self.hard != other.hard {
            return false;
        }
        let lacks = |of: &Surface, one: &(Sym, u64)| of.named.binary_search(one).is_err();
        changed.extend(self.named.iter().filter(|one| lacks(other, one)).map(|(name, _)| *name));
        changed.extend(other.named.iter().filter(|one| lacks(self, one)).map(|(name, _)| *name));
        true
    }
}

struct Survey<'i> {
    ir: &'i FileIr,
    hard: u64,
    named: FxHashMap<Sym, u64>,
    bytes: Vec<u8>,
}

impl Survey<'_> {
    fn items(&mut self, items: &[Item], place: u64) {
        items.iter().for_each(|item| self.item(item, place));
    }

    /// One item; `place` stands for the modules and the block around it.
    fn item(&mut self, item: &Item, place: u64) {
        match &item.kind {
            ItemKind::Mod { items: Some(items), path } => {
                let place = self.print(&(item.name, item.vis, path), place);
                self.hard(place);
                self.items(items, place);
            }
            ItemKind::Impl(block) if block.of.is_none() => {
                let place = self.print(&(&block.generics, &block.ty, block.locus), place);
                self.items(&block.items, place);
            }
            ItemKind::Fn(function) => {
                self.named(item, place);
                self.inner(function.body.as_ref(), place);
            }
            ItemKind::Static(value) => {
                self.named(item, place);
                self.inner(value.init.as_ref(), place);
            }
            ItemKind::Const(value) => self.constant(item, value, place),
            ItemKind::Trait(of) => {
                self.whole(item, place);
                of.items.iter().for_each(|item| self.below(item, place));
            }
            ItemKind::Impl(of) => {
                self.whole(item, place);
                of.items.iter().for_each(|item| self.below(item, place));
            }
            _ => self.whole(item, place),
        }
    }

    /// What stands in the code of an item that was taken whole.
    fn below(&mut self, item: &Item, place: u64) {
        match &item.kind {
            ItemKind::Fn(function) => self.inner(function.body.as_ref(), place),
            ItemKind::Const(value) => self.constant(item, value, place),
            _ => {}
        }
    }

    fn inner(&mut self, body: Option<&BodyIr>, place: u64) {
        if let Some(body) = body.filter(|body| !body.items.is_empty()) {
            self.items(&body.items, place.rotate_left(7) ^ 1);
        }
    }

    /// A constant counts with its value, which others may be computed from.
    fn constant(&mut self, item: &Item, value: &ValueIr, place: u64) {
        let init = value.init.as_ref();
        let code = init.and_then(|init| self.ir.bodies.get(init.code));
        let value = code.map_or(0, |code| self.print(code, place));
        self.whole(item, value);
        self.inner(init, place);
    }

    fn whole(&mut self, item: &Item, place: u64) {
        let print = self.print(item, place);
        self.hard(print);
    }

    /// In their order: of several with one name, each is known by which it is.
    fn named(&mut self, item: &Item, place: u64) {
        let print = self.print(item, place);
        let known = self.named.entry(item.name).or_default();
        *known = known.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31) ^ print;
    }

    fn hard(&mut self, print: u64) {
        self.hard = self.hard.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31) ^ print;
    }

    fn print(&mut self, value: &impl Serialize, place: u64) -> u64 {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        bytes.extend(place.to_le_bytes());
        self.bytes = placeless::write(value, bytes);
        xxh3_64(&self.bytes)
    }
}
