//! What grows with every message, set against what makes it shrink.
//!
//! A growth counts where it is certain to happen per message to something that lives on. A shrink counts unless
//! it is certain that it cannot help: nothing can reach it, it runs only at the end or on the way out of the
//! loop, or it takes back what the same activation put in and failed with. That asymmetry is the point: silence
//! is cheap to give, a false alarm is not.

mod elsewhere;
mod emptied;
mod freed;
mod holders;
mod in_step;
mod loose;
mod undone;

use super::callers::Callers;
use super::given::{Answer, Given, Witness};
use super::instances::{Instances, Unswept};
use super::residency::can_grow;
use super::shared::{is_shared_field, made, made_with_messages, shared_once};
use super::{Context, Entry, Key, Keys, Often, States};
use crate::events::seen::Sight;
use crate::events::{Event, Root, What};
use crate::load::TargetKind;
use crate::load::support::support;
use crate::lower::sym::Sym;
use crate::names::{AdtId, FnId};
use crate::summary::{Summary, Turns};
use crate::types::{Insides, Program};
use holders::{KEYED, Limitless};
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;

/// An event with the function it happens in.
#[derive(Clone, Copy, Debug)]
pub struct Site<'s> {
    /// Whose body.
    pub id: FnId,
    /// What happens.
    pub event: &'s Event,
}

/// What was found to make a place smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counter {
    /// Nothing at all.
    Nothing,
    /// Something in code that nothing reaches.
    Unreachable,
    /// Something on the way out of the loop, or at the end of the locus or program.
    AtExit,
    /// Something that only undoes what failed.
    OnError,
    /// The values inside shrink, their number does not.
    InsideOnly,
    /// Only whole entries go, or the whole of what holds it.
    WholeOnly,
    /// Something that works.
    Works,
}

/// A place that grows and what there is against it.
#[derive(Debug)]
pub struct Growing<'s> {
    /// The place.
    pub key: Key,
    /// Where it grows, the plainest site first.
    pub grows: Vec<Site<'s>>,
    /// What makes it smaller, each with what it is good for.
    pub shrinks: Vec<(Counter, Site<'s>)>,
    /// The best of that.
    pub against: Counter,
    /// Whether it is certain that it runs per message, and that messages tell what is added.
    pub is_certain: bool,
    /// What brings new keys.
    pub told: Option<Witness>,
}

#[derive(Default)]
struct Group<'s> {
    grows: Vec<(Site<'s>, bool)>,
    /// Growth that nobody is known to bring about with every message.
    open: Vec<Site<'s>>,
    shrinks: Vec<Site<'s>>,
}

/// What grows: what nothing works against, and what something does.
#[derive(Debug, Default)]
pub struct Balances<'s> {
    /// Places that grow without anything working against it, by key.
    pub growing: Vec<Growing<'s>>,
    /// Places that grow and shrink, by key.
    pub balanced: Vec<Growing<'s>>,
    /// Places that may grow and shrink: how often, or for how long they live, is not known.
    pub loose: Vec<Growing<'s>>,
    /// Values of balanced types that nobody empties.
    pub unswept: Vec<Unswept<'s>>,
}

/// Every place that grows, by key.
pub(crate) fn balances<'s>(
    program: &'s Program<'_>,
    insides: &'s Insides<'s>,
    callers: &'s Callers<'s>,
    context: &'s Context,
    (keys, states): (&Keys, &States),
) -> Balances<'s> {
    let summary = callers.summary;
    let shared = shared_once(program, summary, context);
    let given = Given::of(program, insides, callers, context);
    let (_, made_often) = made(summary, context);
    let fleeting = made_with_messages(summary, context);
    let taken_from = summary.facts.iter().flat_map(|facts| facts.taken_from.iter().copied()).collect();
    let lessened = in_step::lessened(summary);
    let balance = Balance {
        program,
        summary,
        context,
        shared,
        made_often,
        callers,
        given,
        taken_from,
        fleeting,
        lessened,
        states: states.keys(keys),
    };
    let mut groups: BTreeMap<Key, Group<'s>> = BTreeMap::new();
    let limitless = Limitless::of(summary, keys);
    for (index, facts) in summary.facts.iter().enumerate() {
        let id = FnId(u32::try_from(index).unwrap_or(u32::MAX));
        for event in &facts.events {
            let Some(key) = Key::of(id, event.place).map(|key| keys.find(key)) else { continue };
            if limitless.keeps(key, event) {
                continue;
            }
            let group = groups.entry(key).or_default();
            let site = Site { id, event };
            match event.what.grows() {
                true => match balance.certainty(site) {
                    Some(certain) => group.grows.push((site, certain)),
                    None => group.open.extend(Some(site).filter(|site| balance.may_grow(*site))),
                },
                false => group.shrinks.push(site),
            }
        }
    }
    elsewhere::share_what_empties((program, insides), (keys, states), &mut groups);
    let freed = balance.freed();
    let shrunk = groups.iter().filter(|(_, group)| !group.shrinks.is_empty()).map(|(key, _)| *key).collect();
    let loose: Vec<_> = groups.iter().filter_map(|(key, group)| balance.loosely(*key, group)).collect();
    let weighed = groups.into_iter().filter_map(|(key, group)| balance.weigh(key, group, &freed));
    let (balanced, growing): (Vec<_>, Vec<_>) = weighed.partition(|place| place.against == Counter::Works);
    let instances = Instances { program, callers, context, keys, freed: &freed, shrunk: &shrunk };
    let unswept = instances.unswept(&balanced);
    let known: FxHashSet<Key> = balanced.iter().chain(&growing).map(|place| place.key).collect();
    let loose = loose.into_iter().filter(|place| !known.contains(&place.key)).collect();
    Balances { growing, balanced, loose, unswept }
}

struct Balance<'a, 'w, 's> {
    program: &'a Program<'w>,
    summary: &'s Summary,
    context: &'a Context,
    /// Types whose one value is shared by count.
    shared: FxHashSet<AdtId>,
    /// Types whose values are made again and again.
    made_often: FxHashSet<AdtId>,
    /// Types whose values are made with messages only.
    fleeting: FxHashSet<AdtId>,
    callers: &'a Callers<'s>,
    /// Which keys are given once and for all.
    given: Given<'a, 'w, 's>,
    /// Names of fields that something is taken out of, whosever they are.
    taken_from: FxHashSet<Sym>,
    /// Fields that something makes smaller.
    lessened: FxHashSet<(AdtId, Sym)>,
    /// Parameters that stand for a state which a framework keeps.
    states: FxHashSet<Key>,
}

impl<'s> Balance<'_, '_, 's> {
    /// Whether a growth counts; certain, or only likely because nobody is seen to call it.
    fn certainty(&self, site: Site<'s>) -> Option<bool> {
        let Site { id, event } = site;
        if event.under.guarded || self.reuses_slots(site) {
            return None;
        }
        if in_step::is_bounded(self.summary, site, &self.lessened) {
            return None;
        }
        let runs = &self.context.runs[id.ix()];
        let is_field = event.place.field.is_some();
        if is_field && runs.entry.is_none() && self.callers.all_guard(id, event.place) {
            return None;
        }
        let is_copied = |(adt, name): (AdtId, Sym)| {
            self.context.copied.contains(&adt) && !is_shared_field(self.program, adt, name)
        };
        if event.place.field.is_some_and(is_copied) {
            return None;
        }
        if event
            .place
            .field
            .is_some_and(|(adt, _)| self.is_brief(adt) || !self.summary.made.types.contains(&adt))
        {
            return None;
        }
        let lives = match event.endless {
            true if !self.ends_with_message(site) => runs.often.map(|_| Often::PerMessage),
            _ => self.context.resident(self.summary, id, event.place, &event.under),
        };
        if lives == Some(Often::PerMessage) {
            return Some(true);
        }
        let is_shared = event.place.field.is_some_and(|(adt, _)| self.shared.contains(&adt));
        if is_shared && self.context.often(self.summary, id, &event.under) == Some(Often::PerMessage) {
            return Some(true);
        }
        let open_static = matches!(event.place.root, Root::Static(_))
            && runs.often.is_none()
            && runs.may_run
            && !self.interns(id);
        open_static.then_some(false)
    }

    /// Values that borrow something, and are made again and again: they do not outlive what they borrow.
    fn is_brief(&self, adt: AdtId) -> bool {
        self.program.names.adt(adt).generics.borrows && self.made_often.contains(&adt)
    }

    /// What it keeps it also leaks: it is meant to stay.
    fn interns(&self, id: FnId) -> bool {
        self.summary.facts[id.ix()].seen.iter().any(|seen| matches!(seen.sight, Sight::Leaks(..)))
    }

    /// A local or argument of something that ends with its message, lent to a loop that ends too.
    fn ends_with_message(&self, site: Site<'s>) -> bool {
        let Site { id, event } = site;
        let outlives = |at: u32| self.context.runs[id.ix()].resident.get(at as usize).copied().flatten();
        let is_own = match event.place.root {
            Root::Local(_) => true,
            Root::Param(at) => outlives(at).is_none() && !self.callers.of(id).is_empty(),
            _ => false,
        };
        is_own
            && event.has_way_out
            && self.context.often(self.summary, id, &event.under) == Some(Often::PerMessage)
    }

    fn weigh(&self, key: Key, mut group: Group<'s>, freed: &FxHashSet<AdtId>) -> Option<Growing<'s>> {
        let is_lent = matches!(key, Key::Param(..)) && !self.states.contains(&key);
        if is_lent || group.grows.is_empty() {
            return None;
        }
        if self.may_be_taken_from(key) || !can_grow(self.program, key) {
            return None;
        }
        if let Key::Field(adt, _) = key
            && freed.contains(&adt)
        {
            // Whole values of the type come and go.
            return None;
        }
        let is_certain = group.grows.iter().any(|(_, certain)| *certain);
        group.grows.retain(|(_, certain)| *certain == is_certain);
        let mut depths: Vec<u8> = group.grows.iter().map(|(site, _)| site.event.place.depth).collect();
        depths.sort_unstable();
        depths.dedup();
        let mut balanced = None;
        for depth in depths {
            let mut grows: Vec<Site<'s>> = group
                .grows
                .iter()
                .map(|(site, _)| *site)
                .filter(|site| site.event.place.depth == depth)
                .collect();
            let shrinks = group.shrinks.iter().filter(|site| !self.renews(site.event, depth));
            let shrinks: Vec<(Counter, Site<'s>)> =
                shrinks.map(|site| (self.counter(*site, depth, &grows), *site)).collect();
            let against = shrinks.iter().map(|(counter, _)| *counter).max().unwrap_or(Counter::Nothing);
            grows.sort_by_key(|site| (site.event.via.len(), self.order(*site)));
            grows.dedup_by_key(|site| (site.id, site.event.at));
            let place = Growing { key, grows, shrinks, against, is_certain, told: None };
            if against == Counter::Works {
                balanced = balanced.or(Some(place));
                continue;
            }
            // Where the keys are few, what they hold may still grow.
            let place = self.with_told_keys(place);
            if !place.grows.is_empty() {
                return Some(place);
            }
        }
        balanced
    }

    /// Without the sites that add nothing but keys which are given once and for all; certain only where a message
    /// tells one of the others.
    fn with_told_keys(&self, mut place: Growing<'s>) -> Growing<'s> {
        let of_locus = self.is_of_locus(place.key);
        let is_partition = |site: Site<'s>| !of_locus && self.given.is_partition(site.id, site.event);
        let mut certain = false;
        let mut grows = Vec::with_capacity(place.grows.len());
        for site in std::mem::take(&mut place.grows) {
            match self.keyed(site) {
                None => {
                    certain |= self.is_sure(site);
                    place.told = place.told.or_else(|| self.added(site));
                }
                Some(Answer::Given) => continue,
                Some(Answer::Unknown) => {}
                // Where entries come and go under what is deployed, the entries are what counts.
                Some(Answer::Told(_)) if is_partition(site) && place.against == Counter::InsideOnly => {
                    continue;
                }
                Some(Answer::Told(_)) if is_partition(site) => {}
                Some(Answer::Told(witness)) => {
                    certain = true;
                    place.told = place.told.or(Some(witness));
                }
            }
            grows.push(site);
        }
        place.grows = grows;
        certain &= !place.grows.iter().all(|site| self.is_shown(site.id)) && !self.is_fleeting(place.key);
        place.is_certain &= certain || of_locus;
        place
    }

    /// A part of a library that only demonstrations make run.
    fn is_shown(&self, id: FnId) -> bool {
        let names = &self.program.names;
        let is_own = || {
            let file = &names.workspace.files[names.function(id).file.0 as usize];
            names.crate_of(names.function(id).module).kind == TargetKind::Example
                || support(names.workspace, file).is_some()
        };
        self.context.runs[id.ix()].by_example && !is_own()
    }

    /// Whether it is no guess that a site is reached with messages.
    fn is_sure(&self, Site { id, event }: Site<'s>) -> bool {
        self.context.runs[id.ix()].is_sure
            || event.endless
            || self.context.turns(self.summary, id, &event.under)
    }

    /// Where the keys come from that are added; none where there are no keys.
    fn keyed(&self, site: Site<'s>) -> Option<Answer> {
        KEYED.contains(&site.event.holder).then(|| self.given.key(site.id, site.event))
    }

    /// A field of what is made with messages only: it may not live on.
    fn is_fleeting(&self, key: Key) -> bool {
        matches!(key, Key::Field(adt, _) if self.fleeting.contains(&adt))
    }

    /// The message that brings what is added, where that is no key.
    fn added(&self, site: Site<'s>) -> Option<Witness> {
        match self.given.added(site.id, site.event) {
            Answer::Told(witness) => Some(witness),
            Answer::Given | Answer::Unknown => None,
        }
    }

    /// Something is taken out of a field of that name, of a value whose type is not known.
    fn may_be_taken_from(&self, key: Key) -> bool {
        matches!(key, Key::Field(_, name) if self.taken_from.contains(&name))
    }

    fn is_of_locus(&self, key: Key) -> bool {
        matches!(key, Key::Field(adt, _) if super::roots::is_locus(self.program, adt))
    }

    fn order(&self, site: Site<'s>) -> (u32, u32) {
        (self.program.names.function(site.id).file.0, site.event.at.start)
    }

    /// Whether another value takes the place of one that is no collection: nothing is emptied by that.
    fn renews(&self, event: &Event, depth: u8) -> bool {
        let models = self.program.models;
        let is_collection = || models.type_named(event.holder).is_some_and(|of| models.ty(of).grows);
        // `*slot = None` empties a slot.
        let is_slot = event.holder == Sym::new("Option");
        event.what == What::Replace && event.place.depth > depth && !is_slot && !is_collection()
    }

    fn counter(&self, site: Site<'s>, depth: u8, grows: &[Site<'s>]) -> Counter {
        let Site { id, event } = site;
        let runs = &self.context.runs[id.ix()];
        if self.is_guard(site, grows) {
            return Counter::Works;
        }
        if matches!(runs.entry, Some(Entry::Exit)) || runs.only_at_exit || self.leaves(site) {
            return Counter::AtExit;
        }
        if runs.often.is_none() && !runs.may_run {
            return Counter::Unreachable;
        }
        if self.is_outside(site, grows) {
            return Counter::AtExit;
        }
        let undoes = event.under.on_error
            && grows.iter().any(|grow| grow.id == id && grow.event.at.start < event.at.start);
        if undoes || self.is_undone_by_callers(site, grows) {
            return Counter::OnError;
        }
        // What a constructor or `birth` takes out, it takes out once.
        if !runs.may_run {
            let is_once = self.context.often(self.summary, id, &event.under) < Some(Often::PerMessage);
            let empties = || runs.often < Some(Often::PerMessage) && self.ends_when_empty(site, grows);
            if is_once && !self.is_background(site) || empties() {
                return Counter::AtExit;
            }
        }
        match event.place.depth.cmp(&depth) {
            std::cmp::Ordering::Greater => Counter::InsideOnly,
            // Who takes an entry out to go through it empties what it holds.
            std::cmp::Ordering::Less if matches!(event.what, What::Shrink) && !event.taken => {
                Counter::WholeOnly
            }
            _ => Counter::Works,
        }
    }

    /// A destructor that takes something out of what is not its own: the guard of an entry elsewhere. What it holds
    /// by count is not its own either.
    fn is_guard(&self, site: Site<'s>, grows: &[Site<'s>]) -> bool {
        let (own, runs) = (self.program.adt_of(site.id), &self.context.runs[site.id.ix()]);
        let field = site.event.place.field;
        let target = field.map(|(adt, _)| adt);
        // What it names also grows under the name of another owner, which lent it.
        let is_lent =
            grows.iter().any(|grow| grow.event.place.field.is_some_and(|(adt, _)| Some(adt) != target));
        let is_name = is_lent || field.is_some_and(|(adt, name)| is_shared_field(self.program, adt, name));
        let comes_and_goes = |by: AdtId| (is_name || Some(by) != target) && self.made_often.contains(&by);
        runs.only_in_drop && (target != own || runs.dropped_by.is_some_and(comes_and_goes))
    }

    /// Within a loop that goes on: a sweep of its own.
    fn is_background(&self, site: Site<'s>) -> bool {
        let loops = &self.summary.loops[site.id.ix()];
        site.event.under.in_loop.is_some_and(|at| loops.get(at as usize) != Some(&Turns::Input))
    }

    /// On a path that leaves an endless loop.
    fn leaves(&self, site: Site<'s>) -> bool {
        let turns = &self.summary.loops[site.id.ix()];
        let runs = &self.context.runs[site.id.ix()];
        // A function that is called again turns its loop again.
        let once = matches!(site.event.place.root, Root::Local(_))
            || (runs.often <= Some(Often::Once) && !runs.may_run);
        once && site.event.under.leaves.is_some_and(|at| turns.get(at as usize) == Some(&Turns::Endless))
    }

    /// A local that grows in an endless loop is emptied before it or behind it.
    fn is_outside(&self, site: Site<'s>, grows: &[Site<'s>]) -> bool {
        if !matches!(site.event.place.root, Root::Local(_)) || site.event.place.field.is_some() {
            return false;
        }
        let facts = &self.summary.facts[site.id.ix()];
        let around = |event: &Event| {
            std::iter::successors(event.under.in_loop, |at| facts.loops.get(*at as usize)?.parent)
                .collect::<Vec<u32>>()
        };
        let own = around(site.event);
        grows.iter().all(|grow| {
            let loops = around(grow.event);
            !loops.is_empty() && loops.iter().all(|at| !own.contains(at))
        })
    }
}
