//! From calls to events.

use super::{Alias, Event, Open, Place, Walk, What};
use crate::lower::ir::{ExprId, ExprKind, Lit, LocalId, MethodCall, Range};
use crate::lower::sym::Sym;
use crate::models::{Effect, Resource};
use crate::types::{Interner, Ty, TyKind};

impl Walk<'_, '_> {
    pub(super) fn event(&mut self, place: Place, what: What, at: Range, operation: Sym, ty: Ty) {
        let mut under = self.under.clone();
        under.guarded |= self.is_guarded(place);
        let (holder, buffer) = self.holder(ty);
        let holds = if what.grows() { self.held(ty) } else { None };
        let mut frees = Vec::new();
        if !what.grows() {
            self.types_in(ty, 0, &mut frees);
        }
        let (via, endless, has_way_out, taken) = (Vec::new(), false, false, false);
        let beside = if what == What::Grow { self.bounded_beside(place) } else { Vec::new() };
        let event = Event {
            place,
            what,
            at,
            operation,
            under,
            via,
            holder,
            holds,
            buffer,
            endless,
            has_way_out,
            taken,
            frees,
            beside,
        };
        if !what.grows() {
            // What was taken from one of several places may have been in any of them.
            let others = self.alternatives.iter().filter(|(head, _)| *head == place);
            let others: Vec<Place> = others.map(|(_, other)| *other).collect();
            self.facts.events.extend(others.into_iter().map(|place| Event { place, ..event.clone() }));
        }
        self.facts.events.push(event);
    }

    /// Fields other than that of `place` whose number of elements has an upper bound here.
    fn bounded_beside(&self, place: Place) -> Vec<(crate::names::AdtId, Sym)> {
        let others = self.guards.iter().filter(|guard| guard.depth == 0 && guard.field != place.field);
        others.filter_map(|guard| guard.field).collect()
    }

    /// Types of the workspace that a value owns by its type alone.
    fn types_in(&self, ty: Ty, depth: u32, out: &mut Vec<crate::names::AdtId>) {
        if depth > 6 {
            return;
        }
        match self.inferred.types.kind(ty) {
            TyKind::Adt(adt, args) => {
                out.push(*adt);
                args.iter().for_each(|arg| self.types_in(*arg, depth + 1, out));
            }
            TyKind::Foreign(_, args) | TyKind::Tuple(args) => {
                args.iter().for_each(|arg| self.types_in(*arg, depth + 1, out));
            }
            TyKind::Seq(elem) => self.types_in(*elem, depth + 1, out),
            TyKind::Trait(of, _) => out.extend(self.program.implementors_of(*of)),
            _ => {}
        }
    }

    /// The event of a modelled method or function on `place`, whose type is `ty`.
    pub(super) fn apply(
        &mut self,
        id: ExprId,
        effect: Effect,
        place: Place,
        ty: Ty,
        call: Option<&MethodCall>,
    ) {
        let at = self.body.expr(id).at;
        let operation = call.map_or(Sym::NONE, |call| call.name);
        let what = match effect {
            Effect::Grow => What::Grow,
            Effect::GrowKeyed => {
                if self.is_finite_key(ty, call) || call.is_some_and(|call| self.is_key_known(place, call)) {
                    return;
                }
                What::Grow
            }
            Effect::GrowMany => {
                if call.is_some_and(|call| self.adds_nothing(call)) {
                    return;
                }
                What::GrowMany
            }
            Effect::Shrink => What::Shrink,
            Effect::Clear => What::Clear,
            Effect::Retain => {
                if call.is_some_and(|call| self.keeps_all(call)) {
                    return;
                }
                What::Shrink
            }
            _ => return,
        };
        if let Some(local) = call.filter(|_| what.grows()).and_then(|call| self.comes_from(call, place)) {
            self.put_back.push((id, local));
            return;
        }
        let before = self.facts.events.len();
        self.event(place, what, at, operation, ty);
        if let (Some(field), Some(call)) = (place.field, call.filter(|_| what == What::Grow)) {
            self.senders_put(field, call);
        }
        if effect == Effect::Shrink && !self.is_statement(id) {
            self.facts.events[before..].iter_mut().for_each(|event| event.taken = true);
        }
    }

    /// `self.members.push(sender)`: what is sent to the members is sent there.
    fn senders_put(&mut self, field: (crate::names::AdtId, Sym), call: &MethodCall) {
        for arg in &call.args {
            let is_sender =
                self.program.resource(&self.inferred.types, self.ty(*arg)) == Some(Resource::Sender);
            let from = self.place(*arg).filter(|from| is_sender && from.field.is_none() && from.depth == 0);
            self.facts.aliases.extend(from.map(|from| Alias { field, from, lent: false }));
        }
    }

    /// Whether the value of a call is dropped on the spot.
    fn is_statement(&self, id: ExprId) -> bool {
        self.body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::Block(stmts, _) => {
                stmts.iter().any(|stmt| matches!(stmt, crate::lower::ir::Stmt::Expr(of) if *of == id))
            }
            _ => false,
        })
    }

    /// `retain(|_| true)`.
    fn keeps_all(&self, call: &MethodCall) -> bool {
        let Some(ExprKind::Closure(_, body, _)) = call.args.first().map(|arg| &self.body.expr(*arg).kind)
        else {
            return false;
        };
        let value = match &self.body.expr(*body).kind {
            ExprKind::Block(stmts, Some(tail)) if stmts.is_empty() => *tail,
            _ => *body,
        };
        matches!(self.body.expr(value).kind, ExprKind::Lit(Lit::Bool(true)))
    }

    /// What was popped off the same place goes back.
    fn comes_from(&self, call: &MethodCall, place: Place) -> Option<LocalId> {
        call.args.iter().find_map(|arg| match self.body.expr(*arg).kind {
            ExprKind::Local(local) => {
                let from = self.popped_from[local.0 as usize].map(|(from, _)| from);
                (from == Some(place)).then_some(local)
            }
            _ => None,
        })
    }

    /// A key of which there are only so many, or a literal.
    fn is_finite_key(&self, ty: Ty, call: Option<&MethodCall>) -> bool {
        if let Some(call) = call
            && self.has_constant_key(call)
        {
            return true;
        }
        let key = match self.inferred.types.kind(self.collection(ty)) {
            TyKind::Foreign(_, args) => args.first().copied(),
            _ => None,
        };
        key.is_some_and(|key| self.program.is_finite(&self.inferred.types, key))
    }

    fn has_constant_key(&self, call: &MethodCall) -> bool {
        self.key_of(call).is_some_and(|key| self.is_constant(key))
    }

    pub(super) fn is_constant(&self, id: ExprId) -> bool {
        match &self.body.expr(id).kind {
            ExprKind::Lit(_) => true,
            ExprKind::Path(path) => {
                self.program.names.text(path.last()).chars().all(|c| !c.is_ascii_lowercase())
            }
            ExprKind::Ref(inner, _) => self.is_constant(*inner),
            ExprKind::Tuple(parts) => parts.iter().all(|part| self.is_constant(*part)),
            ExprKind::Method(call) => {
                let same =
                    ["to_string", "to_owned", "into", "clone"].iter().any(|name| Sym::new(name) == call.name);
                same && self.is_constant(call.recv)
            }
            _ => false,
        }
    }

    /// An argument that is an empty literal, or text that is written to somewhere fixed.
    fn adds_nothing(&self, call: &MethodCall) -> bool {
        call.args.len() == 1
            && matches!(&self.body.expr(call.args[0]).kind, ExprKind::Array(elems) if elems.is_empty())
    }

    /// The collection behind pointers and guards.
    pub(super) fn collection(&self, ty: Ty) -> Ty {
        let mut at = ty;
        for _ in 0..8 {
            let TyKind::Foreign(foreign, args) = self.inferred.types.kind(at) else { return at };
            let model = self.program.models.type_at(*foreign).map(|model| self.program.models.ty(model));
            let is_pointer = model.is_some_and(|model| model.deref.is_some() && !model.grows);
            if !is_pointer || args.is_empty() {
                return at;
            }
            at = *args.last().unwrap_or(&Ty::UNKNOWN);
        }
        at
    }

    fn holder(&self, ty: Ty) -> (Sym, bool) {
        let at = self.collection(ty);
        let TyKind::Foreign(foreign, args) = self.inferred.types.kind(at) else { return (Sym::NONE, false) };
        let text = ["String", "BytesMut"].iter().any(|name| Sym::new(name) == foreign.last);
        let byte = |arg: &Ty| matches!(self.inferred.types.kind(*arg), TyKind::Prim(name) if *name == Sym::new("u8"));
        let bytes = args.len() == 1 && args.iter().all(byte);
        (foreign.last, text || bytes)
    }

    /// What the elements of a collection own.
    fn held(&self, ty: Ty) -> Option<Resource> {
        match self.inferred.types.kind(self.collection(ty)) {
            TyKind::Foreign(_, args) => {
                args.iter().filter_map(|arg| self.program.resource(&self.inferred.types, *arg)).min()
            }
            _ => None,
        }
    }

    pub(super) fn opens(&mut self, id: ExprId, callable: u32, name: String) {
        let callable = self.program.models.callable(callable);
        if let Some(kind) = &callable.opens {
            let at = self.body.expr(id).at;
            self.facts.opens.push(Open { kind: kind.clone(), name, at });
        }
    }
}
