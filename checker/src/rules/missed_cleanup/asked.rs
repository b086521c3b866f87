//! What the shapes ask of a place: who takes out of it and how, what it holds, which functions lead there.

use super::tree::Tree;
use crate::context::{Counter, Growing, Key, Site};
use crate::events::What;
use crate::finding::Confidence;
use crate::lower::ir::{ExprId, Range};
use crate::lower::sym::{Sym, syms};
use crate::names::{AdtId, FnId};
use crate::rules::judged::Judged;
use crate::rules::judged::asks::Asks;
use crate::rules::judged::ways::Ways;
use crate::summary::Turns;
use crate::types::{Interner, Ty, TyKind};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

const KEYED: [Sym; 8] = syms([
    "remove",
    "remove_entry",
    "swap_remove",
    "shift_remove",
    "take",
    "remove_async",
    "remove_if",
    "try_remove",
]);
const MAPS: [Sym; 8] =
    syms(["HashMap", "BTreeMap", "IndexMap", "DashMap", "SkipMap", "FxHashMap", "AHashMap", "Slab"]);
const SETS: [Sym; 5] = syms(["HashSet", "BTreeSet", "IndexSet", "DashSet", "SkipSet"]);
/// Calls that are followed from one function on.
const DEPTH_MAX: u32 = 4;

/// A way that forgets.
pub(super) struct Forgets<'s> {
    /// Where something is put in.
    pub(super) grow: Site<'s>,
    /// What leads past the removal, or forgets it, each with what is to be said there.
    pub(super) ways: Vec<(FnId, Range, &'static str)>,
    /// How sure it is, where it is surer than its shape.
    pub(super) proved: Option<Confidence>,
}

impl<'s> Forgets<'s> {
    pub(super) fn new(grow: Site<'s>, ways: Vec<(FnId, Range, &'static str)>) -> Self {
        Forgets { grow, ways, proved: None }
    }

    pub(super) fn proved(self, proved: Confidence) -> Self {
        Forgets { proved: Some(proved), ..self }
    }
}

/// What a collection holds; sets hold keys alone.
#[derive(Clone, Copy)]
pub(super) struct Contents {
    pub(super) keys: Ty,
    pub(super) values: Option<Ty>,
}

/// A place with what takes out of it.
pub(super) struct Place<'j, 's> {
    pub(super) of: &'j Growing<'s>,
    /// What takes out of it and works.
    pub(super) works: Vec<Site<'s>>,
}

/// Answers about places, with the bodies that were opened for them.
pub(super) struct Asked<'j, 'a, 'w> {
    pub(super) judged: &'j Judged<'a, 'w>,
    trees: RefCell<FxHashMap<FnId, Option<Rc<Tree<'a>>>>>,
    ways: OnceCell<Ways<'j, 'a, 'w>>,
    fields: OnceCell<FxHashMap<AdtId, Vec<(Key, Site<'a>)>>>,
    /// Names of fields that count attempts.
    pub(super) attempts: OnceCell<FxHashSet<Sym>>,
}

impl<'j, 's> Place<'j, 's> {
    pub(super) fn of(of: &'j Growing<'s>) -> Self {
        let works = of.shrinks.iter().filter(|(counter, _)| *counter == Counter::Works);
        Place { of, works: works.map(|(_, site)| *site).collect() }
    }

    /// Whether all that is ever taken out is one entry, by its key, or everything at once.
    pub(super) fn goes_by_key(&self) -> bool {
        let one = self.works.iter().any(|site| is_keyed(site));
        one && self.works.iter().all(|site| is_keyed(site) || site.event.what == What::Clear)
    }

    /// Removals by key in the bodies where they stand.
    pub(super) fn keyed(&self) -> impl Iterator<Item = Site<'s>> + '_ {
        self.works.iter().copied().filter(|site| is_keyed(site) && site.event.via.is_empty())
    }

    /// Functions that take out of it.
    pub(super) fn takers(&self) -> FxHashSet<FnId> {
        self.of.shrinks.iter().map(|(_, site)| site.id).collect()
    }

    /// The first growth that stands in a body of its own.
    pub(super) fn first(&self) -> Option<Site<'s>> {
        self.of.grows.iter().copied().find(|site| site.event.via.is_empty())
    }
}

/// The types that a place is a field of, under all of its names.
pub(super) fn owners(place: &Growing<'_>) -> BTreeSet<AdtId> {
    let sites = place.grows.iter().chain(place.shrinks.iter().map(|(_, site)| site));
    sites.filter_map(|site| site.event.place.field.map(|(adt, _)| adt)).collect()
}

/// Whether one entry is taken out by its key.
pub(super) fn is_keyed(site: &Site<'_>) -> bool {
    site.event.what == What::Shrink && KEYED.contains(&site.event.operation)
}

impl<'j, 'a, 'w> Asked<'j, 'a, 'w> {
    pub(super) fn of(judged: &'j Judged<'a, 'w>) -> Self {
        let (ways, fields, attempts) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Asked { judged, trees: RefCell::default(), ways, fields, attempts }
    }

    /// Where work comes from.
    pub(super) fn ways(&self) -> &Ways<'j, 'a, 'w> {
        self.ways.get_or_init(|| Ways::of(self.judged))
    }

    /// What is put into the fields of a type and taken out of them, in the bodies where that stands.
    pub(super) fn fields(&self, adt: AdtId) -> &[(Key, Site<'a>)] {
        let all = self.fields.get_or_init(|| {
            let mut all: FxHashMap<AdtId, Vec<_>> = FxHashMap::default();
            for (index, facts) in self.judged.summary.facts.iter().enumerate() {
                let id = FnId(u32::try_from(index).unwrap_or(u32::MAX));
                for event in facts.events.iter().filter(|event| event.via.is_empty()) {
                    let key = Key::of(id, event.place).map(|key| self.judged.keys.find(key));
                    if let (Some((adt, _)), Some(key)) = (event.place.field, key) {
                        all.entry(adt).or_default().push((key, Site { id, event }));
                    }
                }
            }
            all
        });
        all.get(&adt).map_or(&[], Vec::as_slice)
    }

    /// Whether peers bring about what stands at `at` in `id`, and leave something behind.
    pub(super) fn is_driven(&self, id: FnId, at: Range) -> bool {
        self.ways().is_driven(id, at, Asks::LEFT)
    }

    pub(super) fn tree(&self, id: FnId) -> Option<Rc<Tree<'a>>> {
        if let Some(known) = self.trees.borrow().get(&id) {
            return known.clone();
        }
        let tree = Tree::of(self.judged.program, self.judged.insides, id).map(Rc::new);
        self.trees.borrow_mut().insert(id, tree.clone());
        tree
    }

    /// The body that an event stands in, and its expression there.
    pub(super) fn stands(&self, site: Site<'_>) -> Option<(Rc<Tree<'a>>, ExprId)> {
        let tree = self.tree(site.id)?;
        let call = tree.call_at(site.event.at)?;
        Some((tree, call))
    }

    /// Asks what a place holds, in the types of whoever declares it.
    pub(super) fn contents<R>(
        &self,
        key: Key,
        ask: impl FnOnce(&dyn Interner, Contents) -> Option<R>,
    ) -> Option<R> {
        let program = self.judged.program;
        match key {
            Key::Field(adt, name) => {
                let mut fields = program.fields[adt.ix()].iter().flatten();
                let (_, ty) = fields.find(|(field, _)| *field == name)?;
                ask(&program.types, contents(&program.types, *ty)?)
            }
            Key::Static(of) => ask(&program.types, contents(&program.types, program.statics[of.ix()])?),
            Key::Local(id, local) => {
                let tree = self.tree(id)?;
                let types = &tree.inferred.types;
                ask(types, contents(types, tree.inferred.local(local))?)
            }
            Key::Param(id, at) => {
                let ty = program.sigs[id.ix()].params.get(at as usize)?;
                ask(&program.types, contents(&program.types, *ty)?)
            }
        }
    }

    /// Whether a function is one of some, or leads to one through calls.
    pub(super) fn leads_to(&self, from: FnId, to: &FxHashSet<FnId>) -> bool {
        let mut open = vec![(from, 0)];
        let mut known = FxHashSet::default();
        while let Some((id, depth)) = open.pop() {
            if to.contains(&id) {
                return true;
            }
            if depth < DEPTH_MAX && known.insert(id) {
                let calls = self.judged.summary.facts[id.ix()].calls.iter();
                open.extend(calls.flat_map(|site| site.callees.iter().map(|callee| (*callee, depth + 1))));
            }
        }
        false
    }

    /// Whether some call that stands within `region` of `id` leads to one of `to`, or an event of these stands there.
    pub(super) fn leads_from(&self, id: FnId, region: Range, place: &Place<'_, '_>) -> bool {
        let to = place.takers();
        let holds = |at: Range| region.start <= at.start && at.end <= region.end;
        let own = place.of.shrinks.iter().any(|(_, site)| site.id == id && holds(site.event.at));
        let calls = self.judged.summary.facts[id.ix()].calls.iter().filter(|site| holds(site.at));
        own || calls.flat_map(|site| site.callees.iter()).any(|callee| self.leads_to(*callee, &to))
    }

    /// Whether something that runs when a value is dropped takes out of the place.
    pub(super) fn has_guard(&self, place: &Place<'_, '_>) -> bool {
        let drop = Sym::new("drop");
        place.works.iter().any(|site| {
            self.judged.context.runs[site.id.ix()].only_in_drop
                || self.judged.program.names.function(site.id).name == drop
        })
    }

    /// Whether what is started where something is put in goes on for ever, as far as loops tell.
    pub(super) fn starts_endless(&self, grow: Site<'_>) -> bool {
        let summary = self.judged.summary;
        let turns = |id: FnId, at: usize| summary.loops[id.ix()].get(at) != Some(&Turns::Input);
        let loops = &summary.facts[grow.id.ix()].loops;
        let around: Vec<u32> = std::iter::successors(grow.event.under.in_loop, |at| {
            loops.get(*at as usize).and_then(|one| one.parent)
        })
        .collect();
        let own = (0..loops.len()).any(|at| turns(grow.id, at) && around.iter().all(|of| *of as usize != at));
        let mut open: Vec<(FnId, u32)> = vec![(grow.id, 0)];
        let mut known = FxHashSet::default();
        while let Some((id, depth)) = open.pop() {
            let facts = &summary.facts[id.ix()];
            if depth > 0 && (0..facts.loops.len()).any(|at| turns(id, at)) {
                return true;
            }
            if depth < DEPTH_MAX && known.insert(id) {
                let callees = facts.calls.iter().flat_map(|site| site.callees.iter());
                open.extend(callees.map(|callee| (*callee, depth + 1)));
            }
        }
        own
    }

    /// Who calls some functions.
    pub(super) fn callers<'x>(&'x self, of: impl IntoIterator<Item = &'x FnId> + 'x) -> BTreeSet<FnId> {
        of.into_iter().flat_map(|id| self.judged.callers.of(*id)).map(|(caller, _)| *caller).collect()
    }

    /// Everything that grows and is known of.
    pub(super) fn all(&self) -> impl Iterator<Item = &'j Growing<'a>> + use<'j, 'a, 'w> {
        self.judged.balanced.iter().chain(&self.judged.loose).chain(&self.judged.growing)
    }
}

/// What a collection behind pointers and locks holds.
fn contents(types: &dyn Interner, mut ty: Ty) -> Option<Contents> {
    for _ in 0..8 {
        let TyKind::Foreign(foreign, args) = types.kind(ty) else { return None };
        match args.as_ref() {
            [keys, values, ..] if MAPS.contains(&foreign.last) => {
                return Some(Contents { keys: *keys, values: Some(*values) });
            }
            [keys, ..] if SETS.contains(&foreign.last) => {
                return Some(Contents { keys: *keys, values: None });
            }
            [values] if foreign.last == Sym::new("VecDeque") => {
                return Some(Contents { keys: Ty::USIZE, values: Some(*values) });
            }
            [inner, ..] => ty = *inner,
            [] => return None,
        }
    }
    None
}
