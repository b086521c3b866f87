//! Places that may grow and shrink, where nobody knows how often that happens or how long they live.
//!
//! Nothing is said of their growth. Whether a way forgets to take out what another takes out is asked of them all the same.

use super::super::residency::can_grow;
use super::super::shared::is_shared_field;
use super::super::{Key, Often};
use super::{Balance, Counter, Group, Growing, KEYED, Site};
use crate::events::{Event, What};

impl<'s> Balance<'_, '_, 's> {
    /// Whether a growth may happen again and again, as far as is known.
    pub(super) fn may_grow(&self, site: Site<'s>) -> bool {
        let runs = &self.context.runs[site.id.ix()];
        let is_own = site.event.place.depth == 0 && site.event.via.is_empty() && !site.event.under.guarded;
        is_own && (runs.often == Some(Often::PerMessage) || runs.may_run) && !self.reuses_slots(site)
    }

    /// A place that may grow and shrinks: held by count or made in one function and lent to another, so that nobody
    /// knows how long it lives, or in code that nobody is seen to call.
    pub(super) fn loosely(&self, key: Key, group: &Group<'s>) -> Option<Growing<'s>> {
        let ends = match key {
            Key::Field(adt, name) => {
                let is_counted = is_shared_field(self.program, adt, name);
                !self.summary.made.types.contains(&adt) || !is_counted && self.is_brief(adt)
            }
            Key::Static(_) => false,
            Key::Local(id, _) | Key::Param(id, _) => group.open.iter().all(|site| site.id == id),
        };
        let certain = group.grows.iter().map(|(site, _)| *site).filter(|site| site.event.place.depth == 0);
        let mut grows: Vec<Site<'s>> = certain.chain(group.open.iter().copied()).collect();
        if ends || grows.is_empty() || self.may_be_taken_from(key) || !can_grow(self.program, key) {
            return None;
        }
        let shrinks: Vec<(Counter, Site<'s>)> =
            group.shrinks.iter().map(|site| (self.counter(*site, 0, &grows), *site)).collect();
        let against = shrinks.iter().map(|(counter, _)| *counter).max()?;
        grows.sort_by_key(|site| self.order(*site));
        let place = Growing { key, grows, shrinks, against, is_certain: false, told: None };
        (against == Counter::Works).then_some(place)
    }

    /// A slot that became free is used again before a new one is added. A key that is added has no slot to use: what
    /// is written there renews the value of a key that was known.
    pub(super) fn reuses_slots(&self, site: Site<'s>) -> bool {
        if KEYED.contains(&site.event.holder) {
            return false;
        }
        let events = &self.summary.facts[site.id.ix()].events;
        let place = site.event.place;
        let in_slot = |event: &Event| event.what == What::Replace && event.place == place.inside();
        events.iter().any(in_slot)
    }
}
