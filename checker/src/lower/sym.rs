//! Names as 64-bit hashes of their text.
//!
//! A hash depends on nothing but the text, so files are lowered on any thread, in any order, and agree
//! without a shared table; names of interest are constants that can stand in a `match`. Two names that
//! collide are taken for one: at a million distinct names that has a chance of about 3 in 10⁸.
//!
//! Source: FNV-1a, 64 bits, followed by the finaliser of MurmurHash3 for the spread that FNV lacks.

use rustc_hash::FxHashMap;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A name, or a path of names folded into one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sym(pub u64);

/// As eight bytes, or none for no name: a hash gains nothing from being written as short as it is small.
impl Serialize for Sym {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let bytes = self.0.to_le_bytes();
        to.serialize_bytes(if *self == Sym::NONE { &[] } else { &bytes })
    }
}

impl<'de> Deserialize<'de> for Sym {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let bytes = <&[u8]>::deserialize(from)?;
        if bytes.is_empty() {
            return Ok(Sym::NONE);
        }
        let bytes = bytes.try_into().map_err(|_| D::Error::invalid_length(bytes.len(), &"eight bytes"))?;
        Ok(Sym(u64::from_le_bytes(bytes)))
    }
}

impl Sym {
    /// The name that no text has.
    pub const NONE: Sym = Sym(0);

    /// Hashes `text`.
    pub const fn new(text: &str) -> Sym {
        Sym::of_bytes(text.as_bytes(), 0, text.len())
    }

    /// Hashes a `::`-separated path, to what [`Sym::join`] gives for its segments.
    pub const fn path(text: &str) -> Sym {
        let bytes = text.as_bytes();
        let (mut path, mut from, mut at) = (Sym::NONE, 0, 0);
        while at < bytes.len() {
            if bytes[at] == b':' && at + 1 < bytes.len() && bytes[at + 1] == b':' {
                path = path.join(Sym::of_bytes(bytes, from, at));
                from = at + 2;
                at += 1;
            }
            at += 1;
        }
        path.join(Sym::of_bytes(bytes, from, bytes.len()))
    }

    /// The path `self::segment`; joining to [`Sym::NONE`] starts one.
    #[must_use]
    pub const fn join(self, segment: Sym) -> Sym {
        if self.0 == 0 {
            return segment;
        }
        Sym(mix(self.0.rotate_left(23) ^ segment.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    const fn of_bytes(bytes: &[u8], from: usize, to: usize) -> Sym {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut at = from;
        while at < to {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
            at += 1;
        }
        Sym(mix(hash))
    }
}

/// The names of `texts`, for constants.
pub const fn syms<const N: usize>(texts: [&str; N]) -> [Sym; N] {
    let mut names = [Sym::NONE; N];
    let mut at = 0;
    while at < N {
        names[at] = Sym::new(texts[at]);
        at += 1;
    }
    names
}

const fn mix(mut h: u64) -> u64 {
    h ^= h >> 33;
    h = h.wrapping_mul(0xff51_afd7_ed55_8ccd);
    h ^= h >> 33;
    h = h.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ (h >> 33)
}

/// The texts behind the names of one file, or of a whole run.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// One after the other.
    all: String,
    /// Where those lie that were read from a store, sorted by name: a table costs more to fill than is looked for in it.
    read: Box<[(Sym, (u32, u32))]>,
    /// Where those lie that came since.
    at: FxHashMap<Sym, (u32, u32)>,
}

/// As texts are stored: sorted by name, and each in one piece, so that they are read in one.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    /// Eight bytes each.
    names: &'a [u8],
    lengths: Vec<u32>,
    all: &'a str,
}

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut each: Vec<(Sym, &str)> = self.each().collect();
        each.sort_unstable_by_key(|(sym, _)| *sym);
        let names: Vec<u8> = each.iter().flat_map(|(sym, _)| sym.0.to_le_bytes()).collect();
        let lengths = each.iter().map(|(_, text)| number(text.len())).collect();
        let all: String = each.iter().map(|(_, text)| *text).collect();
        Stored { names: &names, lengths, all: &all }.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Stored { names, lengths, all } = Stored::deserialize(from)?;
        let (names, rest) = names.as_chunks::<8>();
        if names.len() != lengths.len() || !rest.is_empty() {
            return Err(D::Error::custom("not as many names as texts"));
        }
        let mut next = 0_u32;
        let parts = lengths.into_iter().map(|length| {
            let start = next;
            next = start.saturating_add(length);
            (start, next)
        });
        let names = names.iter().map(|name| Sym(u64::from_le_bytes(*name)));
        Ok(Texts { all: all.to_owned(), read: names.zip(parts).collect(), at: FxHashMap::default() })
    }
}

impl Texts {
    /// Hashes `text` and remembers it.
    pub fn intern(&mut self, text: &str) -> Sym {
        let sym = Sym::new(text);
        self.keep(sym, text);
        sym
    }

    fn keep(&mut self, sym: Sym, text: &str) {
        if self.read_at(sym).is_some() {
            return;
        }
        let all = &mut self.all;
        self.at.entry(sym).or_insert_with(|| {
            let start = all.len();
            all.push_str(text);
            (number(start), number(all.len()))
        });
    }

    /// The text of `sym`, or `?` for a name that was never interned here.
    pub fn get(&self, sym: Sym) -> &str {
        let lies = self.at.get(&sym).copied().or_else(|| self.read_at(sym));
        lies.map_or("?", |lies| self.part(lies))
    }

    /// Whether `sym` was interned here.
    pub fn knows(&self, sym: Sym) -> bool {
        self.at.contains_key(&sym) || self.read_at(sym).is_some()
    }

    /// Takes over what `other` knows.
    pub fn absorb(&mut self, other: &Texts) {
        for (sym, text) in other.each() {
            self.keep(sym, text);
        }
    }

    fn read_at(&self, sym: Sym) -> Option<(u32, u32)> {
        let at = self.read.binary_search_by_key(&sym, |(known, _)| *known).ok()?;
        Some(self.read[at].1)
    }

    fn part(&self, (start, end): (u32, u32)) -> &str {
        self.all.get(start as usize..end as usize).unwrap_or("?")
    }

    fn each(&self) -> impl Iterator<Item = (Sym, &str)> {
        let known = self.read.iter().map(|(sym, lies)| (*sym, *lies));
        let known = known.chain(self.at.iter().map(|(sym, lies)| (*sym, *lies)));
        known.map(|(sym, lies)| (sym, self.part(lies)))
    }
}

fn number(byte: usize) -> u32 {
    u32::try_from(byte).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_fold_as_their_segments_join() {
        const HASH_MAP: Sym = Sym::path("std::collections::HashMap");
        let joined = Sym::new("std").join(Sym::new("collections")).join(Sym::new("HashMap"));
        assert_eq!(HASH_MAP, joined);
        assert_ne!(Sym::path("a::b"), Sym::path("b::a"));
        assert_eq!(Sym::path("std"), Sym::new("std"));
    }

    #[test]
    fn texts_come_back() {
        let mut texts = Texts::default();
        let push = texts.intern("push");
        assert_eq!(texts.get(push), "push");
        assert_eq!(texts.get(Sym::new("pop")), "?");
    }

    #[test]
    fn stored_texts_come_back_and_take_more() {
        let mut texts = Texts::default();
        let long = "long".repeat(100);
        let names = ["push", "", "größe", long.as_str()];
        for name in names {
            texts.intern(name);
        }
        let bytes = postcard::to_allocvec(&texts).unwrap();
        let mut read: Texts = postcard::from_bytes(&bytes).unwrap();
        let added = read.intern("pop");
        read.intern("push");
        for name in names {
            assert_eq!(read.get(Sym::new(name)), name);
        }
        assert!(read.get(added) == "pop" && read.knows(added) && !texts.knows(added));
        assert_eq!(read.each().count(), names.len() + 1);
        let again: Texts = postcard::from_bytes(&postcard::to_allocvec(&read).unwrap()).unwrap();
        assert!(read.each().all(|(sym, text)| again.get(sym) == text));
    }

    #[test]
    fn a_store_with_fewer_lengths_than_names_is_refused() {
        let broken = Stored { names: &[0; 16], lengths: vec![1], all: "a" };
        let bytes = postcard::to_allocvec(&broken).unwrap();
        assert!(postcard::from_bytes::<Texts>(&bytes).is_err());
    }
}
