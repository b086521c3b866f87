//! What is taken out of a handler's state under another name.
//!
//! A state that a framework hands to handlers by its type has names that no call ties together: another handler's, that of
//! the task which sweeps it, the field it was taken from. Whatever makes one of them smaller counts for all.

use super::{Group, Site};
use crate::context::{Key, Keys, States};
use crate::types::{Insides, Program};
use std::collections::BTreeMap;

/// Gives each name of a state what makes another name of it smaller.
pub(super) fn share_what_empties<'s>(
    (program, insides): (&Program<'_>, &Insides<'_>),
    (keys, states): (&Keys, &States),
    groups: &mut BTreeMap<Key, Group<'s>>,
) {
    let mut of_states: BTreeMap<Key, Vec<(Key, Vec<Site<'s>>)>> = BTreeMap::new();
    for (key, group) in groups.iter() {
        for state in states.like(program, insides, *key) {
            of_states.entry(keys.find(state)).or_default().push((*key, group.shrinks.clone()));
        }
    }
    for names in of_states.values() {
        for (key, _) in names {
            let others = names.iter().filter(|(other, _)| other != key);
            let shrinks = others.flat_map(|(_, shrinks)| shrinks.iter().copied());
            if let Some(group) = groups.get_mut(key) {
                group.shrinks.extend(shrinks);
            }
        }
    }
}
