//! Carries what functions do over their calls, callees first.
//!
//! Only what a caller's places decide is carried: what a function does to a parameter itself (`fn add(list: &mut
//! Vec<T>)`), what it gives back a part of, what its result measures, and whether it waits. What it does to a
//! *field* needs no carrying, since fields are told apart by type. Functions that call each other are repeated
//! until nothing changes, at most `ROUNDS_MAX` times.

mod live;
mod made;

use crate::events::{CallSite, Event, FnFacts, Place, Root};
use crate::names::FnId;
use crate::types::Program;
pub(crate) use made::Made;
use petgraph::graph::{DiGraph, NodeIndex};

/// Rounds over functions that call each other.
const ROUNDS_MAX: u32 = 4;

/// Most events on parameters that one function hands to its callers.
const EXPORTED_MAX: usize = 64;

/// Longest chain of calls through which an event on a parameter is followed.
const VIA_MAX: usize = 6;

/// Facts with what comes out of calls filled in.
#[derive(Debug)]
pub struct Summary {
    /// By function; places no longer begin at calls.
    pub facts: Vec<FnFacts>,
    /// By function and loop.
    pub loops: Vec<Vec<Turns>>,
    /// Functions that wait for messages, connections or time, themselves or through calls.
    pub waits: Vec<bool>,
    /// Functions with a loop that is no shorter than a stream, themselves or through calls.
    lasts: Vec<bool>,
    /// Which types are made.
    pub(crate) made: Made,
}

/// How often a loop goes round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turns {
    /// As often as its input is long.
    Input,
    /// As long as a stream of bytes lasts.
    Stream,
    /// As long as the program, or its peer, goes on.
    Endless,
}

/// Takes out what never runs, and fills in what comes out of calls.
pub fn summarise(program: &Program<'_>, mut facts: Vec<FnFacts>) -> Summary {
    let count = facts.len();
    let made = live::prune(program, &mut facts);
    let order = callees_first(&facts);
    let mut summary = Summary {
        facts,
        loops: vec![Vec::new(); count],
        waits: vec![false; count],
        lasts: vec![false; count],
        made,
    };
    let mut reads = vec![false; count];
    for component in order {
        let rounds = if component.len() > 1 { ROUNDS_MAX } else { 1 };
        for _ in 0..rounds {
            for id in &component {
                summary.one(*id, &mut reads);
            }
        }
    }
    summary
}

fn callees_first(facts: &[FnFacts]) -> Vec<Vec<FnId>> {
    let mut graph: DiGraph<(), ()> = DiGraph::with_capacity(facts.len(), facts.len() * 4);
    for _ in facts {
        graph.add_node(());
    }
    for (index, one) in facts.iter().enumerate() {
        for callee in one.calls.iter().flat_map(|call| call.callees.iter()) {
            graph.add_edge(NodeIndex::new(index), NodeIndex::new(callee.ix()), ());
        }
    }
    let id = |node: NodeIndex| FnId(u32::try_from(node.index()).unwrap_or(u32::MAX));
    petgraph::algo::tarjan_scc(&graph).into_iter().map(|part| part.into_iter().map(id).collect()).collect()
}

impl Summary {
    fn one(&mut self, id: FnId, reads: &mut [bool]) {
        let mut facts = std::mem::take(&mut self.facts[id.ix()]);
        for index in 0..facts.calls.len() {
            for arg in 0..facts.calls[index].args.len() {
                let place = facts.calls[index].args[arg];
                // A field is known by itself, wherever the value lies that it is part of.
                let known = place.filter(|place| place.field.is_some());
                let place = place.and_then(|place| self.resolved(&facts, id, place, 0));
                facts.calls[index].args[arg] = place.or(known);
            }
        }
        let mut events = std::mem::take(&mut facts.events);
        if events.iter().any(|event| matches!(event.place.root, Root::Call(_))) {
            events = self.placed(&facts, id, events);
        }
        for event in &mut events {
            event.under.guarded |= self.is_tested(&facts, id, event);
        }
        self.lift(&facts, id, &mut events);
        facts.events = events;
        let returns = std::mem::take(&mut facts.returns);
        facts.returns = returns.into_iter().filter_map(|place| self.resolved(&facts, id, place, 0)).collect();
        let callees =
            || facts.calls.iter().filter(|call| !call.is_callback).flat_map(|call| call.callees.iter());
        let waits = facts.waits || callees().any(|callee| self.waits[callee.ix()]);
        let reads_now = facts.reads || callees().any(|callee| reads[callee.ix()]);
        self.loops[id.ix()] = facts.loops.iter().map(|one| self.turns(&facts, one, reads, &[])).collect();
        let lasts = self.loops[id.ix()].iter().any(|turns| *turns != Turns::Input);
        self.lasts[id.ix()] = lasts || callees().any(|callee| self.lasts[callee.ix()]);
        self.waits[id.ix()] = waits;
        reads[id.ix()] = reads_now;
        self.facts[id.ix()] = facts;
    }

    /// Events at each of the places that theirs may be.
    fn placed(&self, facts: &FnFacts, id: FnId, events: Vec<Event>) -> Vec<Event> {
        let mut placed = Vec::with_capacity(events.len());
        for event in events {
            let places = self.all_resolved(facts, id, event.place);
            let from = placed.len();
            placed.extend(std::iter::repeat_n(event, places.len()));
            for (event, place) in placed[from..].iter_mut().zip(places) {
                event.place = place;
            }
        }
        placed
    }

    /// How a loop turns. Of loops that feed each other none ends: `open` are those that are asked about already.
    fn turns(&self, facts: &FnFacts, of: &crate::events::LoopFacts, reads: &[bool], open: &[u32]) -> Turns {
        if open.contains(&of.expr) {
            return Turns::Endless;
        }
        let deciding = of.in_condition.unwrap_or(of.calls.len());
        let callees =
            || of.calls[..deciding].iter().flat_map(|call| facts.calls[*call as usize].callees.iter());
        let waits = of.waits || (!of.is_for && callees().any(|callee| self.waits[callee.ix()]));
        if of
            .fed_by
            .as_ref()
            .is_some_and(|parts| self.all_end(facts, parts, reads, &[open, &[of.expr]].concat()))
        {
            return Turns::Input;
        }
        let streams = of.reads || (!of.is_for && callees().any(|callee| reads[callee.ix()]));
        match (of.no_exit || waits, streams) {
            (true, _) => Turns::Endless,
            (false, true) => Turns::Stream,
            (false, false) => Turns::Input,
        }
    }

    /// Whether the parts of the body that feed a loop come to their end.
    fn all_end(&self, facts: &FnFacts, parts: &[(u32, u32)], reads: &[bool], open: &[u32]) -> bool {
        let inside = |expr: u32| parts.iter().any(|(before, last)| *before < expr && expr <= *last);
        let mut loops = facts.loops.iter().filter(|one| inside(one.expr));
        let mut calls = facts.calls.iter().filter(|call| inside(call.expr));
        loops.all(|one| self.turns(facts, one, reads, open) == Turns::Input)
            && calls.all(|call| call.callees.iter().all(|callee| !self.lasts[callee.ix()]))
    }

    /// Facts of a function; of the one at work they are passed along.
    fn facts_of<'f>(&'f self, own: (&'f FnFacts, FnId), id: FnId) -> &'f FnFacts {
        if own.1 == id { own.0 } else { &self.facts[id.ix()] }
    }

    /// All places that a place at a call may be: a function may give one of several.
    fn all_resolved(&self, facts: &FnFacts, id: FnId, place: Place) -> Vec<Place> {
        let first = self.resolved(facts, id, place, 0);
        let mut all: Vec<Place> = first.into_iter().collect();
        if let Root::Call(index) = place.root
            && let Some(site) = facts.calls.get(index as usize)
        {
            let parts = site.callees.iter().flat_map(|callee| &self.facts_of((facts, id), *callee).returns);
            for part in parts.filter(|part| part.field.is_some()) {
                let other = composed(*part, place);
                let root = first.map_or(other.root, |first| first.root);
                let other = Place { root, ..other };
                if !all.contains(&other) && !matches!(root, Root::Call(_)) {
                    all.push(other);
                }
            }
        }
        all
    }

    /// A place that does not begin at a call.
    fn resolved(&self, facts: &FnFacts, id: FnId, place: Place, depth: u32) -> Option<Place> {
        let Root::Call(index) = place.root else { return Some(place) };
        let site = facts.calls.get(index as usize)?;
        for callee in site.callees.iter().filter(|_| depth < 8) {
            let Some(part) = self.facts_of((facts, id), *callee).returns.first().copied() else { continue };
            let base = match part.root {
                Root::Param(at) => site.args.get(at as usize).copied().flatten(),
                Root::Static(_) | Root::Resident => Some(Place::root(part.root)),
                _ => None,
            };
            let base = base.and_then(|base| self.resolved(facts, id, base, depth + 1));
            if let Some(base) = base {
                return Some(composed(composed(base, part), place));
            }
        }
        // A value of its own: the local that holds it is its root.
        let (_, local) = facts.call_locals.iter().find(|(call, _)| *call == index)?;
        Some(Place { root: Root::Local(*local), ..place })
    }

    /// Whether a function that was called as a condition measures the event's place.
    fn is_tested(&self, facts: &FnFacts, id: FnId, event: &Event) -> bool {
        event.under.tests.iter().any(|call| {
            let Some(site) = facts.calls.get(*call as usize) else { return false };
            site.callees.iter().any(|callee| {
                let measures = &self.facts_of((facts, id), *callee).measures;
                measures.iter().any(|measured| match (measured.field, measured.root) {
                    (Some(field), _) => {
                        Some(field) == event.place.field && measured.depth == event.place.depth
                    }
                    (None, Root::Param(at)) => {
                        site.args.get(at as usize).copied().flatten() == Some(event.place)
                    }
                    (None, _) => false,
                })
            })
        })
    }

    /// Adds what callees do to the arguments themselves.
    fn lift(&self, facts: &FnFacts, id: FnId, events: &mut Vec<Event>) {
        for site in &facts.calls {
            for callee in &site.callees {
                let exported = self.exported(id, *callee);
                for event in exported {
                    if let Some(mut lifted) = self.lifted(site, *callee, event) {
                        lifted.endless &= !is_result(facts, site, &lifted);
                        let known = events.iter().any(|known| {
                            known.place == lifted.place && known.what == lifted.what && known.at == lifted.at
                        });
                        if !known {
                            events.push(lifted);
                        }
                    }
                }
            }
        }
    }

    fn exported(&self, id: FnId, callee: FnId) -> impl Iterator<Item = &Event> {
        let own = if callee == id { &[][..] } else { &self.facts[callee.ix()].events[..] };
        let on_param =
            |event: &&Event| matches!(event.place.root, Root::Param(_)) && event.place.field.is_none();
        own.iter().filter(on_param).filter(|event| event.via.len() < VIA_MAX).take(EXPORTED_MAX)
    }

    fn lifted(&self, site: &CallSite, callee: FnId, event: &Event) -> Option<Event> {
        let Root::Param(at) = event.place.root else { return None };
        let base = site.args.get(at as usize).copied().flatten()?;
        if matches!(base.root, Root::Call(_)) {
            return None;
        }
        let place = composed(base, event.place);
        let inner = event.under.in_loop.map(|inner| inner as usize);
        let turns = inner.is_some_and(|inner| self.loops[callee.ix()].get(inner) == Some(&Turns::Endless));
        let ends = inner.and_then(|inner| self.facts[callee.ix()].loops.get(inner)).map(|one| !one.no_exit);
        // A counted handle may be in other hands when the loop ends.
        let is_lent = !site.shared.has(at as usize);
        let ends = if event.endless { event.has_way_out } else { ends.unwrap_or_default() };
        let has_way_out = ends && is_lent;
        let endless = event.endless || turns;
        let mut lifted = event.clone();
        lifted.place = place;
        lifted.at = site.at;
        lifted.endless = endless;
        lifted.has_way_out = has_way_out;
        lifted.via = std::iter::once(callee).chain(event.via.iter().copied()).collect();
        let guarded = event.under.guarded
            || site.guards.iter().any(|guard| guard.field == place.field && guard.depth == place.depth);
        lifted.under = site.under.clone();
        lifted.under.guarded |= guarded;
        lifted.under.on_error |= event.under.on_error;
        Some(lifted)
    }
}

/// Whether a local is filled by a call that ends, and looked at behind it: it is what the call is for.
fn is_result(facts: &FnFacts, site: &CallSite, event: &Event) -> bool {
    let Root::Local(local) = event.place.root else { return false };
    let last = facts.local_last.get(local.0 as usize).copied().unwrap_or(0);
    event.has_way_out && last > site.expr
}

/// The part `part` of what `base` is, whatever `part` was rooted at.
fn composed(base: Place, part: Place) -> Place {
    match part.field {
        Some(_) => Place { root: base.root, ..part },
        None => Place { depth: base.depth.saturating_add(part.depth), ..base },
    }
}
