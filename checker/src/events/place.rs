//! Which place an expression stands for, and what patterns make of it.

use super::{Place, Root, Walk, What};
use crate::lower::ir::{ExprId, ExprKind, Pat, PatId, PathRef, Receiver, TypeRef};
use crate::lower::sym::{Sym, syms};
use crate::names::{AdtId, Def};
use crate::types::{Interner, Ty, TyKind};

/// Types that a shared reference suffices to change.
const CHANGED_THROUGH: [Sym; 7] =
    syms(["Mutex", "RwLock", "RefCell", "DashMap", "DashSet", "SkipMap", "SkipSet"]);

impl Walk<'_, '_> {
    pub(super) fn place(&self, id: ExprId) -> Option<Place> {
        self.places.get(id.0 as usize).copied().flatten()
    }

    pub(super) fn local_place(&self, local: crate::lower::ir::LocalId) -> Place {
        self.locals[local.0 as usize].unwrap_or(Place::root(Root::Local(local)))
    }

    /// The type of the workspace behind pointers, guards and options.
    pub(super) fn adt_behind(&self, ty: Ty) -> Option<AdtId> {
        let mut at = ty;
        for _ in 0..8 {
            match self.inferred.types.kind(at) {
                TyKind::Adt(adt, _) => {
                    return Some(*adt);
                }
                TyKind::Foreign(_, args) if args.len() == 1 => at = args[0],
                _ => return None,
            }
        }
        None
    }

    /// The type that declares `name`, reached from `ty` through pointers and `Deref`.
    pub(super) fn declaring(&self, ty: Ty, name: Sym) -> Option<AdtId> {
        let mut adt = self.adt_behind(ty)?;
        for _ in 0..4 {
            let fields = self.program.fields[adt.ix()].iter().flatten();
            if fields.clone().any(|(field, _)| *field == name) {
                return Some(adt);
            }
            let target = *self.program.derefs.get(&adt)?;
            adt = match self.program.types.kind(target) {
                TyKind::Adt(next, _) => *next,
                TyKind::Foreign(_, args) if args.len() == 1 => match self.program.types.kind(args[0]) {
                    TyKind::Adt(next, _) => *next,
                    _ => return None,
                },
                _ => return None,
            };
        }
        None
    }

    /// Whether a field is declared as `&mut`, or as `&` of what can be changed through it: guards that give back what
    /// they took often hold the map itself.
    pub(super) fn borrows_for_change(&self, adt: crate::names::AdtId, name: Sym) -> bool {
        let variants = &self.program.names.adt(adt).variants;
        let mut fields = variants.iter().flat_map(|(_, fields)| fields.iter());
        let is_open = || {
            let mut fields = self.program.fields[adt.ix()].iter().flatten();
            fields.any(|(field, ty)| {
                *field == name
                    && matches!(self.program.types.kind(*ty), TyKind::Foreign(foreign, _)
                        if CHANGED_THROUGH.contains(&foreign.last))
            })
        };
        fields.any(|field| match field.ty {
            _ if field.name != name => false,
            TypeRef::Ref(_, is_mut) => is_mut || is_open(),
            _ => false,
        })
    }

    pub(super) fn field_place(&self, base: ExprId, name: Sym) -> Option<Place> {
        let place = self.place(base)?;
        match self.declaring(self.ty(base), name) {
            Some(adt) => Some(place.field(adt, name)),
            // A tuple's parts are not told apart.
            None => Some(place),
        }
    }

    /// Gives the locals of `pat` the place they are parts of.
    pub(super) fn bind(&mut self, pat: PatId, place: Option<Place>) {
        match self.body.pat(pat) {
            Pat::Wild | Pat::Rest => {}
            Pat::Bind(local, inner) => {
                self.locals[local.0 as usize] = place;
                self.facts.local_loops[local.0 as usize] = self.under.in_loop;
                if let Some(inner) = inner {
                    self.bind(*inner, place);
                }
            }
            Pat::Ref(inner) | Pat::Typed(inner, _) => self.bind(*inner, place),
            Pat::Or(parts) | Pat::Tuple(parts) | Pat::Slice(parts) => {
                for part in parts {
                    self.bind(*part, place);
                }
            }
            Pat::TupleStruct(path, parts) => {
                let of = self.pattern_type(path);
                for (index, part) in parts.iter().enumerate() {
                    let place = match (of, place) {
                        (Some(adt), Some(place)) => Some(place.field(adt, Sym::new(&index.to_string()))),
                        (None, place) => place,
                        _ => None,
                    };
                    self.bind(*part, place);
                }
            }
            Pat::Struct(path, fields) => {
                let of = self.pattern_type(path);
                for (name, part) in fields {
                    let place = match (of, place) {
                        (Some(adt), Some(place)) => Some(place.field(adt, *name)),
                        _ => None,
                    };
                    self.bind(*part, place);
                }
            }
        }
    }

    /// As [`Self::bind`], part by part where both sides are tuples: `let (a, b) = (a.clone(), b.clone());`
    pub(super) fn bind_value(&mut self, pat: PatId, value: Option<ExprId>, place: Option<Place>) {
        let body = self.body;
        match (body.pat(pat), value.map(|value| &body.expr(value).kind)) {
            (Pat::Tuple(parts), Some(ExprKind::Tuple(values))) if parts.len() == values.len() => {
                for (part, value) in parts.iter().zip(values) {
                    self.bind_value(*part, Some(*value), self.place(*value));
                }
            }
            (Pat::Tuple(parts), _)
                if matches!(place, Some(Place { root: Root::Call(_), field: None, depth: 0 })) =>
            {
                for part in parts {
                    let place = place.filter(|_| !self.is_handle(*part));
                    self.bind(*part, place);
                }
            }
            _ => self.bind(pat, place),
        }
    }

    /// Whether a part of what a call made is a handle of its own: who clones it says so by its name.
    fn is_handle(&self, part: PatId) -> bool {
        let Pat::Bind(local, None) = self.body.pat(part) else { return false };
        match self.inferred.types.kind(self.inferred.local(*local)) {
            TyKind::Foreign(foreign, _) => {
                let model = self.program.models.type_at(*foreign);
                model.is_some_and(|model| self.program.models.ty(model).shared)
            }
            _ => false,
        }
    }

    /// `let Self { list, .. } = self;` moves the parts out that it names.
    pub(super) fn taken_apart(&mut self, pat: PatId, init: ExprId, place: Place) {
        let body = self.body;
        let (Pat::Struct(path, fields), ExprKind::Local(_)) = (body.pat(pat), &body.expr(init).kind) else {
            return;
        };
        let by_value =
            self.program.names.function(self.id).sig.is_some_and(|sig| sig.receiver == Receiver::Value);
        let (Some(of), true) = (self.pattern_type(path), by_value && place == Place::root(Root::Param(0)))
        else {
            return;
        };
        for (name, part) in fields {
            let declared = self.program.fields[of.ix()].iter().flatten().find(|(field, _)| field == name);
            if let (Some((_, ty)), Pat::Bind(..)) = (declared, body.pat(*part)) {
                self.event(place.field(of, *name), What::Clear, body.expr(init).at, Sym::NONE, *ty);
                if let Some(event) = self.facts.events.last_mut() {
                    event.taken = true;
                    // It goes on living under another name.
                    event.frees.clear();
                }
            }
        }
    }

    pub(super) fn pattern_type(&self, path: &PathRef) -> Option<AdtId> {
        if path.segments.first() == Some(&Sym::new("Self")) {
            return self.program.adt_of(self.id);
        }
        let module = self.program.names.function(self.id).module;
        match self.program.names.resolve(module, path, false)?.def {
            Def::Adt(adt) | Def::Variant(adt, _) => Some(adt),
            _ => None,
        }
    }

    /// Whether a pattern is about a success.
    pub(super) fn is_success(&self, pat: PatId) -> bool {
        matches!(self.body.pat(pat), Pat::TupleStruct(path, _) if path.last() == Sym::new("Ok"))
    }

    /// Whether a pattern is about a failure.
    pub(super) fn is_error(&self, pat: PatId) -> bool {
        matches!(self.body.pat(pat), Pat::TupleStruct(path, _) if path.last() == Sym::new("Err"))
    }
}
