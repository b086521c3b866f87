//! One key for each thing that can grow, however many names it has.
//!
//! Two fields filled from clones of one `Arc` are one thing: what shrinks one shrinks the other. Keys that are
//! tied together in that way share a representative.

use crate::events::{Place, Root};
use crate::lower::ir::LocalId;
use crate::lower::sym::{Sym, syms};
use crate::names::{AdtId, FnId, StaticId};
use crate::summary::Summary;
use crate::types::{Interner, Program, Ty, TyKind};
use rustc_hash::{FxHashMap, FxHashSet};

/// Something that can grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A field of a type.
    Field(AdtId, Sym),
    /// A static.
    Static(StaticId),
    /// A local variable.
    Local(FnId, LocalId),
    /// A parameter.
    Param(FnId, u32),
}

impl Key {
    /// The key of a place in `id`.
    pub fn of(id: FnId, place: Place) -> Option<Key> {
        Some(match (place.field, place.root) {
            (Some((adt, name)), _) => Key::Field(adt, name),
            (None, Root::Static(of)) => Key::Static(of),
            (None, Root::Local(local)) => Key::Local(id, local),
            (None, Root::Param(at)) => Key::Param(id, at),
            (None, Root::Resident | Root::Call(_)) => return None,
        })
    }
}

/// Whether the type of a field has anything in it that can grow, as far as it is known.
pub(super) fn can_grow(program: &Program<'_>, key: Key) -> bool {
    let Key::Field(adt, name) = key else { return true };
    let fields = program.fields[adt.ix()].iter().flatten().filter(|(field, _)| *field == name);
    let mut types = fields.map(|(_, ty)| *ty).peekable();
    types.peek().is_none() || types.any(|ty| holds_more(program, ty, 0))
}

fn holds_more(program: &Program<'_>, ty: Ty, depth: u32) -> bool {
    const AROUND: [Sym; 6] = syms(["Option", "Box", "Arc", "Rc", "Mutex", "RwLock"]);
    match program.types.kind(ty) {
        _ if depth > 6 => true,
        TyKind::Prim(_) => false,
        TyKind::Foreign(foreign, args) if AROUND.contains(&foreign.last) => {
            args.is_empty() || args.iter().any(|arg| holds_more(program, *arg, depth + 1))
        }
        TyKind::Adt(adt, _) => {
            let is_struct = !program.names.adt(*adt).is_enum;
            is_struct || program.fields[adt.ix()].iter().any(|fields| !fields.is_empty())
        }
        _ => true,
    }
}

/// Representatives of keys that are tied together.
#[derive(Debug, Default)]
pub struct Keys(FxHashMap<Key, Key>);

impl Keys {
    /// The representative of `key`.
    pub fn find(&self, key: Key) -> Key {
        let mut at = key;
        while let Some(next) = self.0.get(&at) {
            at = *next;
        }
        at
    }

    /// A field that holds an element of `of` goes by the name of `of`.
    fn tie_below(&mut self, element: Key, of: Key) {
        let (element, of) = (self.find(element), self.find(of));
        if element != of {
            self.0.insert(element, of);
        }
    }

    pub(super) fn tie(&mut self, a: Key, b: Key) {
        let (a, b) = (self.find(a), self.find(b));
        if a != b {
            // The smaller one stands for both: fields before statics before locals.
            self.0.insert(a.max(b), a.min(b));
        }
    }
}

/// Parameters that end up borrowed by a field of what the function makes.
fn lends(summary: &Summary) -> FxHashSet<(FnId, usize)> {
    let mut lends = FxHashSet::default();
    for (index, facts) in summary.facts.iter().enumerate() {
        let id = FnId(u32::try_from(index).unwrap_or(u32::MAX));
        for alias in facts.aliases.iter().filter(|alias| alias.lent) {
            if let Place { root: Root::Param(at), field: None, depth: 0 } = alias.from {
                lends.insert((id, at as usize));
            }
        }
    }
    lends
}

/// Ties together the names of shared values.
pub fn keys_of(summary: &Summary) -> Keys {
    let mut keys = Keys::default();
    let lends = lends(summary);
    for (index, facts) in summary.facts.iter().enumerate() {
        let id = FnId(u32::try_from(index).unwrap_or(u32::MAX));
        for alias in &facts.aliases {
            if let Some(from) = Key::of(id, alias.from) {
                let field = Key::Field(alias.field.0, alias.field.1);
                match alias.from.depth {
                    0 => keys.tie(field, from),
                    _ => keys.tie_below(field, from),
                }
            }
        }
        for site in &facts.calls {
            let tied = |at: usize| {
                let lent = || site.callees.iter().any(|callee| lends.contains(&(*callee, at)));
                site.shared.has(at) || lent()
            };
            for (at, arg) in site.args.iter().enumerate().filter(|(at, _)| tied(*at)) {
                let from = arg.filter(|place| place.depth == 0).and_then(|place| Key::of(id, place));
                // A trait's method may be any of several: tying their parameters together would tie strangers.
                if let (Some(from), [callee]) = (from, &*site.callees) {
                    keys.tie(Key::Param(*callee, u32::try_from(at).unwrap_or(u32::MAX)), from);
                }
            }
        }
    }
    keys
}
