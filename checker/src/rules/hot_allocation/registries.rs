//! Maps with text for keys of which the code knows every one: each look-up hashes and compares what a number would say.

use super::{REGISTRY, RULE};
use crate::context::Key;
use crate::events::seen::Sight;
use crate::finding::Finding;
use crate::rules::judged::{Judged, Says};
use rustc_hash::{FxHashMap, FxHashSet};

/// Reports the first look-up with every message in each such map.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let key_of = |id, map| Key::of(id, map).map(|key| judged.keys.find(key));
    // Whether all entries of a map have keys that the code says.
    let mut fixed: FxHashMap<Key, bool> = FxHashMap::default();
    for (id, seen) in judged.sights() {
        if let Sight::TextKey { map, added: true, constant } = seen.sight
            && let Some(key) = key_of(id, map)
        {
            *fixed.entry(key).or_insert(true) &= constant;
        }
    }
    let mut told = FxHashSet::default();
    for (id, seen) in judged.per_message(|sight| matches!(sight, Sight::TextKey { added: false, .. })) {
        let Sight::TextKey { map, .. } = seen.sight else { continue };
        let Some(key) = key_of(id, map).filter(|key| fixed.get(key) == Some(&true)) else { continue };
        if judged.in_locus(id) && told.insert(key) {
            let says = Says::new(
                "a map is looked up by text with every message, and the code names all of its keys",
                "hashes and compares text for one of a few values",
                "make the keys an `enum`, or look the entry up once, at birth, and keep what it gave",
            );
            let finding = judged.finding(id, seen.at, (&RULE, &REGISTRY), says);
            let note = "looked at every insertion into the map: each has a literal or a constant for its key";
            findings.push(judged.with_chain(finding, id).note(note));
        }
    }
}
