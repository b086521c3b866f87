//! Collections of one type that are keyed alike, all but one of which are kept tidy.

use super::asked::{Asked, Forgets, Place, is_keyed, owners};
use crate::context::{Growing, Site};
use crate::lower::ir::{ExprKind, Pat};
use crate::lower::sym::Sym;
use crate::names::FnId;
use std::collections::{BTreeMap, BTreeSet};

/// Fewest siblings that a function must tidy up for what it leaves out to be forgotten.
const TOGETHER_MIN: usize = 2;

/// A function removes from two siblings that are filled together with this one, and this one is forgotten there.
pub(super) fn left_out<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    if !place.works.iter().all(is_keyed) {
        return None;
    }
    let filled: BTreeSet<FnId> = place.of.grows.iter().map(|site| site.id).collect();
    let together =
        siblings(asked, place).filter(|other| other.grows.iter().any(|grow| filled.contains(&grow.id)));
    let mut tidied: BTreeMap<FnId, Vec<Site<'s>>> = BTreeMap::new();
    for other in together {
        let mut seen = BTreeSet::new();
        for (_, site) in other.shrinks.iter().filter(|(_, site)| is_keyed(site)) {
            if seen.insert(site.id) {
                tidied.entry(site.id).or_default().push(*site);
            }
        }
    }
    forgotten(asked, place, tidied, "removed from what is filled beside it, and not from it")
}

/// A function sweeps siblings by their keys, and not this one, which is never swept.
pub(super) fn unswept<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    if !place.goes_by_key() {
        return None;
    }
    let keys = asked.contents(place.of.key, |_, held| Some(held.keys))?;
    let alike = siblings(asked, place)
        .filter(|other| asked.contents(other.key, |_, held| Some(held.keys)) == Some(keys));
    let mut tidied: BTreeMap<FnId, Vec<Site<'s>>> = BTreeMap::new();
    for other in alike {
        let sweeps = other.shrinks.iter().map(|(_, site)| *site);
        for site in sweeps.filter(|site| is_sweep_by_key(asked, *site)) {
            tidied.entry(site.id).or_default().push(site);
        }
    }
    forgotten(asked, place, tidied, "swept by the same keys, and it is not")
}

fn forgotten<'s>(
    asked: &Asked<'_, 's, '_>,
    place: &Place<'_, 's>,
    tidied: BTreeMap<FnId, Vec<Site<'s>>>,
    says: &'static str,
) -> Option<Forgets<'s>> {
    let takers = place.takers();
    let forgets =
        |(id, sites): &(FnId, Vec<Site<'s>>)| sites.len() >= TOGETHER_MIN && !asked.leads_to(*id, &takers);
    let (_, sites) = tidied.into_iter().find(forgets)?;
    let ways = sites.iter().map(|site| (site.id, site.event.at, says)).collect();
    Some(Forgets::new(place.first()?, ways))
}

/// `retain(|key, _| known.contains(key))`
fn is_sweep_by_key(asked: &Asked<'_, '_, '_>, site: Site<'_>) -> bool {
    if site.event.operation != Sym::new("retain") || !site.event.via.is_empty() {
        return false;
    }
    let Some((tree, call)) = asked.stands(site) else { return false };
    let Some(ExprKind::Closure(params, body, _)) = tree.args(call).first().map(|arg| tree.kind(*arg)) else {
        return false;
    };
    let bound = |index: usize| {
        let mut bound = Vec::new();
        params.get(index).into_iter().for_each(|(pat, _)| tree.bound(*pat, &mut bound));
        bound
    };
    let by_value = params.get(1).is_some_and(|(pat, _)| !matches!(tree.body.pat(*pat), Pat::Wild))
        && bound(1).iter().any(|local| tree.mentions(*body, *local));
    !by_value && bound(0).iter().any(|local| tree.mentions(*body, *local))
}

/// Places in types that this one is a field of, under any of its names.
pub(super) fn siblings<'x, 'j, 'a, 'w>(
    asked: &'x Asked<'j, 'a, 'w>,
    place: &Place<'_, 'a>,
) -> impl Iterator<Item = &'j Growing<'a>> + use<'x, 'j, 'a, 'w> {
    let own = place.of.key;
    let adts = owners(place.of);
    asked.all().filter(move |other| other.key != own && owners(other).iter().any(|adt| adts.contains(adt)))
}
