//! Looks paths up.

use super::{Def, Foreign, ModId, Names};
use crate::lower::ir::PathRef;
use crate::lower::sym::{Sym, syms};

const CRATE: Sym = Sym::new("crate");
const SELF: Sym = Sym::new("self");
const SUPER: Sym = Sym::new("super");

/// Crates that others hand on as a module of their own.
const PASSED_ON: [Sym; 3] = syms(["tokio", "futures", "parking_lot"]);

/// Most segments of a path that are looked at.
const SEGMENTS_MAX: usize = 16;

impl Foreign {
    /// The path of `segments`.
    pub fn of(segments: &[Sym]) -> Foreign {
        let fold = |segments: &[Sym]| segments.iter().fold(Sym::NONE, |path, segment| path.join(*segment));
        let at = |back: usize| segments.len().checked_sub(back).map_or(Sym::NONE, |index| segments[index]);
        Foreign {
            path: fold(segments),
            krate: segments.first().copied().unwrap_or(Sym::NONE),
            last: at(1),
            parent: at(2),
            parent_path: fold(&segments[..segments.len().saturating_sub(1)]),
        }
    }

    /// `text` as a path.
    pub fn path(text: &str) -> Foreign {
        Foreign::of(&text.split("::").map(Sym::new).collect::<Vec<_>>())
    }

    /// The path `self::segment`.
    #[must_use]
    pub fn join(self, segment: Sym) -> Foreign {
        Foreign {
            path: self.path.join(segment),
            krate: self.krate,
            last: segment,
            parent: self.last,
            parent_path: self.path,
        }
    }
}

/// What a path means, and how many of its segments that took.
#[derive(Clone, Copy, Debug)]
pub struct Resolved {
    /// The meaning of the segments taken.
    pub def: Def,
    /// The rest names associated items.
    pub taken: usize,
}

/// Whether there are names behind it that are looked up here.
fn leads_on(def: Def) -> bool {
    matches!(def, Def::Mod(_) | Def::Foreign(_) | Def::Adt(_))
}

impl Names<'_> {
    /// Looks `path` up from `module`, as a type or as a value.
    pub fn resolve(&self, module: ModId, path: &PathRef, want_type: bool) -> Option<Resolved> {
        self.resolve_segments(module, &path.segments, path.absolute, want_type)
    }

    /// The same for bare segments.
    pub fn resolve_segments(
        &self,
        module: ModId,
        segments: &[Sym],
        absolute: bool,
        want_type: bool,
    ) -> Option<Resolved> {
        self.resolve_up_to(segments.len(), (module, segments), absolute, want_type)
    }

    /// The same for as many of them as `end`; what is wanted is what all of them mean.
    fn resolve_up_to(
        &self,
        end: usize,
        (module, segments): (ModId, &[Sym]),
        absolute: bool,
        want_type: bool,
    ) -> Option<Resolved> {
        if segments.is_empty() || segments.len() > SEGMENTS_MAX {
            return None;
        }
        let (mut def, mut taken) = self.first(module, segments, absolute, want_type)?;
        while taken < end && leads_on(def) {
            let last = taken + 1 == segments.len();
            match self.next(def, segments[taken], want_type || !last) {
                Some(next) => def = next,
                None if matches!(def, Def::Adt(_)) => break,
                None => return None,
            }
            taken += 1;
        }
        Some(Resolved { def, taken })
    }

    /// What a segment means behind what those before it do.
    fn next(&self, def: Def, segment: Sym, want_type: bool) -> Option<Def> {
        match def {
            Def::Mod(inner) => self.member(inner, segment, want_type),
            // Crates pass these on to the code that their macros and generators write.
            Def::Foreign(foreign) if foreign.parent == Sym::NONE && is_std(segment) => Some(outside(STD[0])),
            // And these on to those who are to use the same version.
            Def::Foreign(foreign) if foreign.parent == Sym::NONE && PASSED_ON.contains(&segment) => {
                Some(outside(segment))
            }
            Def::Foreign(foreign) => Some(Def::Foreign(foreign.join(segment))),
            Def::Adt(adt) => self.variant(adt, segment),
            _ => None,
        }
    }

    pub(super) fn resolve_import(
        &self,
        module: ModId,
        path: &[Sym],
        absolute: bool,
    ) -> (Option<Def>, Option<Def>) {
        let [before @ .., last] = path else { return (None, None) };
        if before.is_empty() {
            // `use name;` must not find the import itself in place of the crate it names.
            let single = |want_type| match absolute {
                false => self.single_import(module, *last, want_type),
                true => self.resolve_segments(module, path, absolute, want_type),
            };
            return (single(true).map(|found| found.def), single(false).map(|found| found.def));
        }
        // As a type and as a value it means the same up to its last segment.
        match self.resolve_up_to(before.len(), (module, path), absolute, true) {
            Some(found) if found.taken == path.len() => (Some(found.def), Some(found.def)),
            Some(found) if found.taken == before.len() => {
                (self.next(found.def, *last, true), self.next(found.def, *last, false))
            }
            _ => (None, None),
        }
    }

    fn single_import(&self, module: ModId, name: Sym, want_type: bool) -> Option<Resolved> {
        if let Some(root) = self.extern_crate(module, name) {
            return Some(Resolved { def: root, taken: 1 });
        }
        self.resolve_segments(module, &[name], false, want_type)
    }

    fn variant(&self, adt: super::AdtId, name: Sym) -> Option<Def> {
        let adt_def = self.adt(adt);
        let index = adt_def.variants.iter().position(|(variant, _)| *variant == name)?;
        adt_def.is_enum.then(|| Def::Variant(adt, super::collect::number(index)))
    }

    fn member(&self, module: ModId, name: Sym, want_type: bool) -> Option<Def> {
        let module = &self.modules[module.ix()];
        let table = if want_type { &module.types } else { &module.values };
        table.get(&name).map(|(def, _)| *def)
    }

    /// The meaning of the beginning of a path.
    fn first(
        &self,
        module: ModId,
        segments: &[Sym],
        absolute: bool,
        want_type: bool,
    ) -> Option<(Def, usize)> {
        let first = segments[0];
        if absolute {
            return Some((self.extern_crate(module, first).unwrap_or_else(|| outside(first)), 1));
        }
        match first {
            CRATE => return Some((Def::Mod(self.roots[self.modules[module.ix()].krate.ix()]), 1)),
            SELF => return self.supers(self.opaque(module), segments, 1),
            SUPER => {
                let parent = self.modules[self.opaque(module).ix()].parent?;
                return self.supers(self.opaque(parent), segments, 1);
            }
            _ => {}
        }
        let wanted = want_type || segments.len() > 1;
        let mut at = Some(module);
        while let Some(scope) = at {
            if let Some(def) = self.member(scope, first, wanted) {
                return Some((def, 1));
            }
            let scope = &self.modules[scope.ix()];
            at = scope.parent.filter(|_| scope.transparent);
        }
        if let Some(root) = self.extern_crate(module, first).or_else(|| self.renamed_crate(module, first)) {
            return Some((root, 1));
        }
        if let Some(foreign) = self.through_foreign_glob(module, first) {
            return Some((Def::Foreign(foreign), 1));
        }
        if let Some(foreign) = self.models.prelude.get(&first) {
            return Some((Def::Foreign(*foreign), 1));
        }
        if wanted && is_primitive(first) {
            return Some((Def::Prim(first), 1));
        }
        // The name of a library need not be that of its package, and bare files have no manifest: what begins a
        // longer path and is declared nowhere is a crate.
        if segments.len() > 1 {
            return Some((outside(first), 1));
        }
        // A name that nothing else declares can only come through a glob; with one of those it is clear which.
        match self.globs(module).as_slice() {
            [glob] => Some((Def::Foreign(glob.join(first)), 1)),
            _ => None,
        }
    }

    /// Foreign modules whose names are all imported where `module` looks names up.
    fn globs(&self, module: ModId) -> Vec<Foreign> {
        let mut all = Vec::new();
        let mut at = Some(module);
        while let Some(scope) = at {
            let scope = &self.modules[scope.ix()];
            all.extend(scope.foreign_globs.iter().copied());
            at = scope.parent.filter(|_| scope.transparent);
        }
        all
    }

    fn through_foreign_glob(&self, module: ModId, name: Sym) -> Option<Foreign> {
        let mut candidates = self.globs(module).into_iter().map(|glob| glob.join(name));
        candidates.find(|path| self.models.knows(*path))
    }

    /// `self::super::super`, from `module`.
    fn supers(&self, mut module: ModId, segments: &[Sym], mut taken: usize) -> Option<(Def, usize)> {
        while segments.get(taken) == Some(&SUPER) {
            module = self.opaque(self.modules[module.ix()].parent?);
            taken += 1;
        }
        Some((Def::Mod(module), taken))
    }

    /// The module around a function body.
    fn opaque(&self, mut module: ModId) -> ModId {
        while let (true, Some(parent)) =
            (self.modules[module.ix()].transparent, self.modules[module.ix()].parent)
        {
            module = parent;
        }
        module
    }

    /// What `extern crate real as name;` at the root of the crate stands for, which is known in all of it.
    fn renamed_crate(&self, module: ModId, name: Sym) -> Option<Def> {
        let root = self.roots[self.modules[module.ix()].krate.ix()];
        match self.member(root, name, true)? {
            Def::Mod(found) if self.modules[found.ix()].parent.is_none() => Some(Def::Mod(found)),
            Def::Foreign(foreign) if foreign.parent == Sym::NONE => Some(Def::Foreign(foreign)),
            _ => None,
        }
    }

    /// The crate that code in `module` calls `name`.
    fn extern_crate(&self, module: ModId, name: Sym) -> Option<Def> {
        if is_std(name) {
            return Some(outside(STD[0]));
        }
        if name == Sym::new("proc_macro") || name == Sym::new("test") {
            return Some(outside(name));
        }
        // Our own runtime is known by its contract, whether or not its source is in the workspace.
        if name == Sym::new("locus") {
            return Some(outside(name));
        }
        self.externs[self.package_of(module)].get(&name).copied()
    }
}

/// The standard library, then the two that it has its things from.
const STD: [Sym; 3] = [Sym::new("std"), Sym::new("core"), Sym::new("alloc")];

fn is_std(name: Sym) -> bool {
    STD.contains(&name)
}

fn outside(krate: Sym) -> Def {
    Def::Foreign(Foreign::of(&[krate]))
}

fn is_primitive(name: Sym) -> bool {
    const PRIMITIVES: [&str; 17] = [
        "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64",
        "bool", "char", "str",
    ];
    PRIMITIVES.iter().any(|primitive| Sym::new(primitive) == name)
}
