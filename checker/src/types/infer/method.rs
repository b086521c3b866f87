//! Method calls: the receiver's type decides, through its pointers and guards.

use super::unify::{DEREF_MAX, is_iterator};
use super::{Callee, Infer};
use crate::lower::ir::{ExprId, ExprKind, MethodCall};
use crate::lower::sym::{Sym, syms};
use crate::names::{FnId, Foreign, TraitId};
use crate::types::ty::{Ty, TyKind, substitute};
use rustc_hash::FxHashMap;

/// Methods of slices that give a part of them where they are asked for a range.
const GETS: [Sym; 2] = syms(["get", "get_mut"]);

impl Infer<'_, '_> {
    pub(super) fn method(&mut self, id: ExprId, call: &MethodCall, expected: Ty) -> Ty {
        let recv = self.expr(call.recv);
        if let (true, Some(into)) =
            (self.is_convertible(call.recv), self.program.models.universal.get(&call.name))
            && call.name == Sym::new("into")
        {
            self.note_receiver(id, recv);
            self.callees.insert(id, Callee::Model(*into));
            return recv;
        }
        let (callee, ret) = self.dispatch(id, call, recv, expected);
        self.callees.insert(id, callee);
        ret
    }

    fn dispatch(&mut self, id: ExprId, call: &MethodCall, recv: Ty, expected: Ty) -> (Callee, Ty) {
        let mut at = self.head(recv);
        for _ in 0..DEREF_MAX {
            if let Some(found) = self.on_type(call, at, recv, expected) {
                self.note_receiver(id, at);
                return found;
            }
            match self.deref(at) {
                Some(target) => at = self.head(target),
                None => break,
            }
        }
        if self.receivers.is_some() {
            let first = self.first_receiver(call, recv, at);
            self.note_receiver(id, first);
        }
        self.fallback(call, recv, at, expected)
    }

    fn note_receiver(&mut self, id: ExprId, ty: Ty) {
        if let Some(receivers) = &mut self.receivers {
            receivers.push((id, ty));
        }
    }

    /// The receiver of a method that no type on the way is known to have. Where the way ends in something
    /// unknown, the method may be found there.
    fn first_receiver(&mut self, call: &MethodCall, recv: Ty, last: Ty) -> Ty {
        let universal = self.program.models.universal.contains_key(&call.name);
        match (self.is_known(last), universal) {
            (false, _) => Ty::UNKNOWN,
            // Every type has it, the first one on the way too; but guards do not clone.
            (true, true) => match self.shape(recv) {
                // Whether it has that itself is not known, where there is something behind it.
                TyKind::Adt(adt, _) if self.program.derefs.contains_key(&adt) => Ty::UNKNOWN,
                TyKind::Foreign(of, _) if of.last == Sym::new("Guard") => self.peeled(recv),
                _ => recv,
            },
            // A type that no model describes may lead on to another.
            (true, false) => {
                let peeled = self.peeled(recv);
                match self.shape(peeled) {
                    TyKind::Foreign(of, _) if self.program.models.type_at(of).is_none() => Ty::UNKNOWN,
                    TyKind::Foreign(..) if self.leads_to_another(peeled) => Ty::UNKNOWN,
                    TyKind::Adt(adt, _) if self.program.derefs.contains_key(&adt) => Ty::UNKNOWN,
                    _ => peeled,
                }
            }
        }
    }

    /// Whether a type stands before another that has a name.
    fn leads_to_another(&mut self, ty: Ty) -> bool {
        let target = self.deref(ty);
        target.is_some_and(|target| matches!(self.shape(target), TyKind::Foreign(..) | TyKind::Adt(..)))
    }

    /// The method of that very type, if it has one.
    fn on_type(&mut self, call: &MethodCall, at: Ty, recv: Ty, expected: Ty) -> Option<(Callee, Ty)> {
        let program = self.program;
        match self.shape(at) {
            TyKind::Adt(adt, _) => {
                if let Some(fns) = program.methods.get(&(adt, call.name)) {
                    return Some(self.workspace(fns, call, at));
                }
                // What an implementation of `Iterator` or `Future` brings along.
                let next = program.methods.contains_key(&(adt, Sym::new("next")));
                let streams = program.methods.contains_key(&(adt, Sym::new("poll_next")));
                (next || streams).then(|| self.as_iterator(call, at, next, recv, expected))?
            }
            TyKind::Foreign(foreign, args) => self.foreign(call, foreign, &args, at, expected),
            TyKind::Seq(elem) => {
                self.foreign(call, Foreign::path("std::slice"), &Box::from([elem]), at, expected)
            }
            TyKind::Prim(name) => {
                if let Some(fns) = program.foreign_methods.get(&(name, call.name)) {
                    return Some(self.workspace(fns, call, at));
                }
                let model = if at == Ty::STR { "std::str" } else { "std::number" };
                self.foreign(call, Foreign::path(model), &Box::default(), at, expected)
            }
            TyKind::Trait(of, _) => self.trait_method(call, of, at),
            TyKind::Param(name) => {
                let bound = self.bounds.get(&name).copied()?;
                (bound != at).then(|| self.on_type(call, bound, recv, expected))?
            }
            _ => None,
        }
    }

    fn as_iterator(
        &mut self,
        call: &MethodCall,
        at: Ty,
        is_iterator: bool,
        recv: Ty,
        expected: Ty,
    ) -> Option<(Callee, Ty)> {
        let element = self.element(at);
        let name = if is_iterator { "Iterator" } else { "Stream" };
        let stands_for = crate::types::program::named(self.program.models, &mut self.types, name, &[element]);
        self.on_type(call, stands_for, recv, expected)
    }

    fn foreign(
        &mut self,
        call: &MethodCall,
        foreign: Foreign,
        args: &[Ty],
        at: Ty,
        expected: Ty,
    ) -> Option<(Callee, Ty)> {
        let program = self.program;
        if let Some(model) = program.models.type_at(foreign) {
            let model = program.models.ty(model);
            if let Some(callable) = model.methods.get(&call.name) {
                let mut binds: FxHashMap<Sym, Ty> =
                    model.params.iter().copied().zip(args.iter().copied()).collect();
                let ret = self.model_call(*callable, &call.args, &call.types, at, &mut binds, expected);
                if let ([of], true) = (&call.args[..], GETS.contains(&call.name))
                    && matches!(self.body.expr(*of).kind, ExprKind::Range(..))
                {
                    let part = self.part(at);
                    return Some((Callee::Model(*callable), self.named("Option", &[part])));
                }
                if call.name == Sym::new("collect") && is_iterator(foreign) {
                    self.collected(args.first().copied().unwrap_or(Ty::UNKNOWN), ret);
                }
                return Some((Callee::Model(*callable), ret));
            }
        }
        let fns = program.foreign_methods.get(&(foreign.path, call.name))?;
        Some(self.workspace(fns, call, at))
    }

    /// What `collect` gathers is what the iterator gives.
    fn collected(&mut self, item: Ty, into: Ty) {
        match self.shape(into) {
            TyKind::Foreign(of, args) if of.last == Sym::new("Result") || of.last == Sym::new("Option") => {
                let (TyKind::Foreign(_, item), false) = (self.shape(item), args.is_empty()) else { return };
                if let (Some(item), Some(inner)) = (item.first(), args.first()) {
                    self.collected(*item, *inner);
                }
            }
            TyKind::Foreign(_, args) if args.len() == 1 => self.unify(args[0], item),
            TyKind::Foreign(_, args) if args.len() == 2 => {
                let pair = self.intern(TyKind::Tuple(args));
                self.unify(pair, item);
            }
            TyKind::Seq(elem) => self.unify(elem, item),
            _ => {}
        }
    }

    fn trait_method(&mut self, call: &MethodCall, of: TraitId, at: Ty) -> Option<(Callee, Ty)> {
        let mut pending = vec![of];
        let mut seen = Vec::new();
        while let Some(of) = pending.pop() {
            if seen.contains(&of) {
                continue;
            }
            seen.push(of);
            if let Some(declared) = self.program.trait_fns.get(&(of, call.name)) {
                let implementors = self.program.implementors.get(&(of, call.name));
                let mut fns: Vec<FnId> = implementors.into_iter().flatten().copied().collect();
                fns.push(*declared);
                let ret = self.workspace_ret(*declared, &call.args, at, true);
                return Some((Callee::Fns(fns.into()), ret));
            }
            for bound in &self.program.names.traits[of.ix()].ir.supers {
                let module = self.program.names.traits[of.ix()].module;
                if let crate::lower::ir::TypeRef::Path(path) = bound {
                    let found = self.program.names.resolve(module, path, true);
                    if let Some(crate::names::Def::Trait(above)) = found.map(|found| found.def) {
                        pending.push(above);
                    }
                }
            }
        }
        None
    }

    fn workspace(&mut self, fns: &[FnId], call: &MethodCall, at: Ty) -> (Callee, Ty) {
        // Several traits may give a type methods of one name; the first, an inherent one if there is, is taken.
        let Some(first) = fns.first() else { return (Callee::Unresolved, Ty::UNKNOWN) };
        let ret = self.workspace_ret(*first, &call.args, at, true);
        (Callee::Fns(Box::new([*first])), ret)
    }

    /// The type of a call of `id` on `own` with `args`, which are inferred on the way.
    pub(super) fn workspace_ret(&mut self, id: FnId, args: &[ExprId], own: Ty, is_method: bool) -> Ty {
        let (params, ret) = self.instantiate(id, own);
        let skip = usize::from(is_method);
        if is_method && let Some(first) = params.first() {
            self.unify(*first, own);
        }
        for (index, arg) in args.iter().enumerate() {
            let expected = params.get(index + skip).copied().unwrap_or(Ty::UNKNOWN);
            self.expect(*arg, expected);
        }
        ret
    }

    /// Parameters and return type of `id`, with its type parameters open.
    pub(super) fn instantiate(&mut self, id: FnId, own: Ty) -> (Vec<Ty>, Ty) {
        let program = self.program;
        let sig = &program.sigs[id.ix()];
        let mut binds: FxHashMap<Sym, Ty> = FxHashMap::default();
        for name in &sig.generics {
            let var = self.hole();
            binds.insert(*name, var);
        }
        // A closure's parameters are known from the bound before the closure is looked at.
        for (name, bound) in &sig.bounds {
            if matches!(self.kind(*bound), TyKind::Fn(..)) {
                let ty = substitute(&mut self.types, *bound, &|name| binds.get(&name).copied());
                if let Some(var) = binds.get(name).copied() {
                    self.unify(var, ty);
                }
            }
        }
        let open =
            |this: &mut Self, ty: Ty| substitute(&mut this.types, ty, &|name| binds.get(&name).copied());
        let params: Vec<Ty> = sig.params.iter().map(|param| open(self, *param)).collect();
        let ret = sig.ret.map_or(Ty::UNIT, |ret| open(self, ret));
        if let Some(declared) = sig.own {
            let declared = open(self, declared);
            self.unify(declared, own);
        }
        (params, ret)
    }

    pub(super) fn instantiate_ret(&mut self, id: FnId, own: Ty) -> Ty {
        self.instantiate(id, own).1
    }

    /// The type of a call of something the models describe.
    pub(super) fn model_call(
        &mut self,
        callable: u32,
        args: &[ExprId],
        types: &[crate::lower::ir::TypeRef],
        own: Ty,
        binds: &mut FxHashMap<Sym, Ty>,
        expected: Ty,
    ) -> Ty {
        let sig = &self.program.models.callable(callable).sig;
        // `X` is what the turbofish says, or what is expected.
        let chosen = match types.first() {
            Some(written) => self.written(written),
            None => self.hole(),
        };
        binds.insert(Sym::new("X"), chosen);
        // The parameters of a closure in a box are known before the closure is looked at.
        if let TyKind::Foreign(_, wanted) = self.shape(expected)
            && wanted.first().is_some_and(|wanted| matches!(self.shape(*wanted), TyKind::Fn(..)))
        {
            let ret = self.model_ty(&sig.ret, own, binds);
            self.unify(ret, expected);
        }
        match &sig.args {
            Some(params) => {
                for (index, arg) in args.iter().enumerate() {
                    let param = params.get(index).map(|param| self.model_ty(param, own, binds));
                    self.expect(*arg, param.unwrap_or(Ty::UNKNOWN));
                }
            }
            None => {
                for arg in args {
                    self.expr(*arg);
                }
            }
        }
        let ret = self.model_ty(&sig.ret, own, binds);
        if expected != Ty::UNKNOWN {
            self.unify(ret, expected);
        }
        ret
    }

    /// What every type has; else nothing is known.
    fn fallback(&mut self, call: &MethodCall, recv: Ty, last: Ty, expected: Ty) -> (Callee, Ty) {
        let program = self.program;
        let known = self.is_known(last);
        if let (true, Some(callable)) = (known, program.models.universal.get(&call.name)) {
            let peeled = self.peeled(recv);
            let own = if call.name == Sym::new("clone") { recv } else { peeled };
            let ret =
                self.model_call(*callable, &call.args, &call.types, own, &mut FxHashMap::default(), expected);
            return (Callee::Model(*callable), ret);
        }
        if let (true, Some(fns)) = (known, program.blanket.get(&call.name)) {
            return self.workspace(fns, call, recv);
        }
        let mut given = Ty::UNKNOWN;
        for arg in &call.args {
            given = self.expr(*arg);
        }
        if call.name == Sym::new("and_then")
            && let TyKind::Fn(_, ret) = self.shape(given)
            && let TyKind::Foreign(of, _) = self.shape(ret)
            && (of.last == Sym::new("Option") || of.last == Sym::new("Result"))
        {
            // Whatever it is called on, it gives what the closure gives.
            return (Callee::Unresolved, ret);
        }
        match self.shape(last) {
            // The type is known to come from outside, so this is a method of its crate.
            TyKind::Foreign(foreign, _) => (Callee::Foreign(foreign.join(call.name)), Ty::UNKNOWN),
            TyKind::Fn(..) => (Callee::Foreign(Foreign::path("std::ops::Fn")), Ty::UNKNOWN),
            _ => (Callee::Unresolved, Ty::UNKNOWN),
        }
    }

    fn is_known(&self, ty: Ty) -> bool {
        !matches!(self.shape(ty), TyKind::Unknown | TyKind::Var(_))
    }
}
