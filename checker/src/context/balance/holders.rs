//! What collections say by themselves: which hold each key once, and which caches hold so many entries, or each for so
//! long, because whoever made them said so.

use crate::context::{Key, Keys};
use crate::events::Event;
use crate::events::seen::Sight;
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::summary::Summary;
use rustc_hash::FxHashSet;

const CACHE: Sym = Sym::new("Cache");

/// Collections that hold each key once.
pub(super) const KEYED: [Sym; 12] = syms([
    "Cache",
    "HashMap",
    "BTreeMap",
    "IndexMap",
    "DashMap",
    "SkipMap",
    "HashSet",
    "BTreeSet",
    "IndexSet",
    "DashSet",
    "Entry",
    "VacantEntry",
]);

/// Places whose cache was made without any limit.
pub(super) struct Limitless(FxHashSet<Key>);

impl Limitless {
    pub(super) fn of(summary: &Summary, keys: &Keys) -> Self {
        let functions = summary.facts.iter().enumerate();
        let places = functions.flat_map(|(index, facts)| {
            let id = FnId(u32::try_from(index).unwrap_or(u32::MAX));
            facts.seen.iter().filter_map(move |seen| match seen.sight {
                Sight::Limitless(place) => Key::of(id, place),
                _ => None,
            })
        });
        Limitless(places.map(|key| keys.find(key)).collect())
    }

    /// Whether what happens at `key` happens to a cache that keeps within its limit, as far as is known.
    pub(super) fn keeps(&self, key: Key, event: &Event) -> bool {
        event.holder == CACHE && !self.0.contains(&key)
    }
}
