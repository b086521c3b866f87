//! The types inside a body, as bytes.
//!
//! Numbers of types mean something in one run only. Written, a type is its place in a table of all that the body needs,
//! parts before what is made of them; read, the table is interned anew.

use super::infer::{Callee, Inferred};
use super::program::Program;
use super::ty::{Interner, Overlay, Ty, TyKind};
use crate::lower::ir::ExprId;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Written {
    kinds: Vec<TyKind>,
    exprs: Vec<Ty>,
    locals: Vec<Ty>,
    /// What calls lead to, each once.
    targets: Vec<Callee>,
    calls: Vec<(ExprId, u32)>,
}

impl<'p> Inferred<'p> {
    /// All of it but the receivers; none if it cannot be written.
    pub(crate) fn written(&self) -> Option<Vec<u8>> {
        let mut table = Table::default();
        let exprs = self.exprs.iter().map(|ty| table.place(&self.types, *ty)).collect();
        let locals = self.locals.iter().map(|ty| table.place(&self.types, *ty)).collect();
        let mut calls: Vec<(ExprId, &Callee)> = self.callees.iter().map(|(id, to)| (*id, to)).collect();
        calls.sort_unstable_by_key(|(id, _)| id.0);
        let mut targets: Vec<Callee> = Vec::new();
        let mut numbered = |to: &Callee| {
            let known = targets.iter().position(|known| known == to);
            let place = known.unwrap_or_else(|| {
                targets.push(to.clone());
                targets.len() - 1
            });
            u32::try_from(place).ok()
        };
        let calls = calls.into_iter().map(|(id, to)| Some((id, numbered(to)?)));
        let calls = calls.collect::<Option<Vec<_>>>()?;
        let written = Written { kinds: table.kinds, exprs, locals, targets, calls };
        postcard::to_allocvec(&written).ok()
    }

    /// What [`written`](Inferred::written) gave for a body of the same program.
    pub(crate) fn read(program: &'p Program<'_>, bytes: &[u8]) -> Option<Inferred<'p>> {
        let written: Written = postcard::from_bytes(bytes).ok()?;
        let mut types = Overlay::new(&program.types);
        let mut table: Vec<Ty> = Vec::with_capacity(written.kinds.len());
        for mut kind in written.kinds {
            kind.each_part(&mut |part| *part = at(&table, *part));
            table.push(types.intern(kind));
        }
        let all = |places: Vec<Ty>| places.into_iter().map(|place| at(&table, place)).collect();
        let target = |(id, to): (ExprId, u32)| Some((id, written.targets.get(to as usize)?.clone()));
        Some(Inferred {
            types,
            exprs: all(written.exprs),
            locals: all(written.locals),
            callees: written.calls.into_iter().map(target).collect::<Option<FxHashMap<_, _>>>()?,
            receivers: Vec::new(),
        })
    }
}

fn at(table: &[Ty], place: Ty) -> Ty {
    table.get(place.0 as usize).copied().unwrap_or(Ty::UNKNOWN)
}

#[derive(Default)]
struct Table {
    kinds: Vec<TyKind>,
    places: FxHashMap<Ty, Ty>,
}

impl Table {
    fn place(&mut self, types: &Overlay<'_>, ty: Ty) -> Ty {
        if let Some(known) = self.places.get(&ty) {
            return *known;
        }
        let mut kind = types.kind(ty).clone();
        kind.each_part(&mut |part| *part = self.place(types, *part));
        let place = Ty(u32::try_from(self.kinds.len()).unwrap_or(u32::MAX));
        self.kinds.push(kind);
        self.places.insert(ty, place);
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{TargetKind, Workspace};
    use crate::models::Models;
    use crate::names::{FnId, Names};
    use crate::types::infer;

    const TEXT: &str = "use std::collections::HashMap; trait Takes { fn take(&mut self, key: u64); }
struct Kept<T> { held: HashMap<u64, Vec<T>>, on: Box<dyn Fn(u8) -> bool>, any: Box<dyn Takes> }
impl<T: Clone> Kept<T> {
    fn put(&mut self, key: u64, one: &T) -> Option<(u64, T)> {
        let mut list = Vec::new();
        list.push(one.clone());
        let pairs = list.iter().map(|one| (key, one.clone()));
        self.any.take(key);
        if (self.on)(1) { return pairs.last(); }
        self.held.insert(key, list);
        other([key, 2].as_slice());
        None
    }
}
fn other(all: &[u64]) { for one in all { println!(\"{one}\"); drop(Some(one)); unheard_of(one); } }";

    #[test]
    fn what_is_written_comes_back() {
        let workspace = Workspace::of_texts(&[("main", TargetKind::Bin, TEXT)]);
        let program = Program::of(Names::of(&workspace, Models::shipped()), Models::shipped());
        let mut bodies = 0;
        for id in (0..program.names.fns.len()).map(|id| FnId(u32::try_from(id).unwrap())) {
            let Some(found) = infer(&program, id) else { continue };
            let bytes = found.written().unwrap();
            let read = Inferred::read(&program, &bytes).unwrap();
            // The bytes follow from the form of the types alone, and not from their numbers.
            assert_eq!(read.written(), Some(bytes.clone()));
            assert_eq!(read.callees, found.callees);
            let kinds = |of: &Inferred<'_>| -> Vec<std::mem::Discriminant<TyKind>> {
                let all = of.exprs.iter().chain(&of.locals);
                all.map(|ty| std::mem::discriminant(of.types.kind(*ty))).collect()
            };
            assert_eq!(kinds(&read), kinds(&found));
            assert!(Inferred::read(&program, &bytes[..bytes.len() - 1]).is_none());
            bodies += 1;
        }
        assert_eq!(bodies, 2);
    }
}
