//! Wrappers that can be emptied, and the values of them that nobody empties.
//!
//! Fields are told apart by type, so a cache type with an `expire` looks balanced as soon as anyone calls it. Here
//! the calls are followed back to the values they are made on: a value that is filled and never emptied grows, whatever
//! is done to its kin. Where any call that empties cannot be followed to its value, all of the type stay silent.

use super::balance::{Counter, Growing, Site};
use super::callers::Callers;
use super::shared::is_shared;
use super::{Context, Key, Keys, Often};
use crate::events::{CallSite, Place, Root};
use crate::lower::sym::Sym;
use crate::names::{AdtId, FnId};
use crate::types::{Interner, Program, Ty, TyKind};
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;

/// A value of a wrapper type that is filled with every message, and that nothing empties.
#[derive(Debug)]
pub struct Unswept<'s> {
    /// The field or static that holds it.
    pub key: Key,
    /// Who fills it, by which call.
    pub filled: (FnId, &'s CallSite),
    /// Where the wrapper grows.
    pub grows: Site<'s>,
    /// What would empty it: methods of the wrapper.
    pub sweepers: Vec<FnId>,
}

/// What the search needs.
pub(super) struct Instances<'a, 'w, 's> {
    pub(super) program: &'a Program<'w>,
    pub(super) callers: &'s Callers<'s>,
    pub(super) context: &'a Context,
    pub(super) keys: &'a Keys,
    /// Types whose values come and go.
    pub(super) freed: &'a FxHashSet<AdtId>,
    /// Keys at which something shrinks or is replaced.
    pub(super) shrunk: &'a FxHashSet<Key>,
}

/// The values that some methods are called on.
#[derive(Default)]
struct Called<'s> {
    on: BTreeMap<Key, Vec<(FnId, &'s CallSite)>>,
    /// Functions that lead to one of the methods, with the parameter it is called on.
    through: FxHashSet<(FnId, u32)>,
    /// Some call could not be followed to its value.
    lost_track: bool,
}

impl<'s> Instances<'_, '_, 's> {
    /// The values that are left to grow, by key.
    pub(super) fn unswept(&self, balanced: &[Growing<'s>]) -> Vec<Unswept<'s>> {
        let wrapped: Vec<_> =
            balanced.iter().filter_map(|place| Some((place, self.wrapper(place)?))).collect();
        if wrapped.is_empty() {
            return Vec::new();
        }
        let mentioned = self.mentioned();
        let mut found: BTreeMap<Key, Unswept<'s>> = BTreeMap::new();
        for (place, of) in wrapped {
            let sweepers: Vec<FnId> = working(place).map(|site| site.id).collect();
            let sweeps = self.called(&sweepers, of, true);
            let is_mentioned =
                |(id, _): &(FnId, u32)| mentioned.contains(&self.program.names.function(*id).name);
            if sweeps.lost_track || sweeps.through.iter().any(is_mentioned) {
                continue;
            }
            for grows in &place.grows {
                let fills = self.called(&[grows.id], of, false);
                if fills.through.iter().any(|filler| sweeps.through.contains(filler)) {
                    // Who fills also sweeps.
                    continue;
                }
                for (key, calls) in fills.on {
                    let often = calls.into_iter().find(|(id, site)| self.is_often(*id, site, key, of));
                    if let (Some(filled), false) = (often, sweeps.on.contains_key(&key)) {
                        let sweepers = sweepers.clone();
                        found.entry(key).or_insert(Unswept { key, filled, grows: *grows, sweepers });
                    }
                }
            }
        }
        found.into_values().collect()
    }

    /// The type whose own methods alone make the place grow and shrink.
    fn wrapper(&self, place: &Growing<'s>) -> Option<AdtId> {
        let Key::Field(of, _) = place.key else { return None };
        // Clones of a handle are one value, in however many fields they lie.
        if self.program.is_handle(of) {
            return None;
        }
        let is_own = |site: &Site<'s>| {
            self.program.adt_of(site.id) == Some(of)
                && site.event.place.root == Root::Param(0)
                && site.event.place.field.is_some_and(|(adt, _)| adt == of)
        };
        let own = place.grows.iter().all(is_own) && working(place).all(|site| is_own(&site));
        (own && working(place).next().is_some() && !super::roots::is_locus(self.program, of)).then_some(of)
    }

    /// Names that code which is not understood may call.
    fn mentioned(&self) -> FxHashSet<Sym> {
        self.callers.summary.facts.iter().flat_map(|facts| facts.mentions.iter().copied()).collect()
    }

    /// Follows the calls of `methods` back to the values of `of` they are made on; only those that run count as
    /// sweeps.
    fn called(&self, methods: &[FnId], of: AdtId, sweeps: bool) -> Called<'s> {
        let mut called = Called::default();
        let mut open: Vec<(FnId, u32)> = methods.iter().map(|method| (*method, 0)).collect();
        while let Some((callee, param)) = open.pop() {
            if !called.through.insert((callee, param)) {
                continue;
            }
            for (caller, site) in self.callers.sites(callee) {
                let runs = &self.context.runs[caller.ix()];
                // A destructor may be that of a permit, which comes and goes.
                let at_exit = runs.only_at_exit && !runs.only_in_drop;
                if sweeps && (at_exit || (runs.often.is_none() && !runs.may_run && !runs.only_in_drop)) {
                    continue;
                }
                let place = site.args.get(param as usize).copied().flatten();
                match place {
                    Some(Place { root: Root::Param(at), field: None, depth: 0 }) => open.push((caller, at)),
                    Some(place) => match self.value(caller, place, of) {
                        Some(key) => called.on.entry(key).or_default().push((caller, site)),
                        None => called.lost_track = true,
                    },
                    None => called.lost_track = true,
                }
            }
        }
        called
    }

    /// The field or static that a call is made on, if its type is the wrapper's.
    fn value(&self, caller: FnId, place: Place, of: AdtId) -> Option<Key> {
        let key = self.keys.find(Key::of(caller, place)?);
        let ty = match key {
            Key::Field(adt, name) => {
                let mut fields = self.program.fields[adt.ix()].iter().flatten();
                fields.find(|(field, _)| *field == name).map(|(_, ty)| *ty)
            }
            Key::Static(of) => self.program.statics.get(of.ix()).copied(),
            Key::Local(..) | Key::Param(..) => None,
        };
        // What is held by count has other names, under which it may be emptied.
        ty.filter(|ty| self.holds(*ty, of, 0) && !is_shared(self.program, *ty)).map(|_| key)
    }

    fn holds(&self, ty: Ty, of: AdtId, depth: u32) -> bool {
        match self.program.types.kind(ty) {
            TyKind::Adt(adt, _) => *adt == of,
            TyKind::Foreign(_, args) | TyKind::Tuple(args) if depth < 6 => {
                args.iter().any(|arg| self.holds(*arg, of, depth + 1))
            }
            TyKind::Seq(elem) if depth < 6 => self.holds(*elem, of, depth + 1),
            _ => false,
        }
    }

    /// Whether the call fills, with every message, something that lives on and is not itself taken out or replaced.
    fn is_often(&self, caller: FnId, site: &CallSite, key: Key, of: AdtId) -> bool {
        let goes = match key {
            Key::Field(adt, _) => self.freed.contains(&adt),
            _ => false,
        };
        let place = site.args.first().copied().flatten();
        !goes
            && !self.freed.contains(&of)
            && !self.shrunk.contains(&key)
            && place.is_some_and(|place| {
                self.context.resident(self.callers.summary, caller, place, &site.under)
                    == Some(Often::PerMessage)
            })
    }
}

/// What makes a place smaller.
fn working<'g, 's>(place: &'g Growing<'s>) -> impl Iterator<Item = Site<'s>> + use<'g, 's> {
    place.shrinks.iter().filter(|(counter, _)| *counter == Counter::Works).map(|(_, site)| *site)
}
