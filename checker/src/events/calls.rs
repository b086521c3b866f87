//! Calls: of the workspace, of what the models describe, and of what nobody knows.

use super::seen::alone::INITS;
use super::{Alias, CallSite, Place, Root, Walk, What, Which};
use crate::lower::ir::{ExprId, ExprKind, MethodCall, PathRef};
use crate::lower::sym::{Sym, syms};
use crate::models::{Callable, Effect, Flow};
use crate::names::{Def, FnId};
use crate::types::{Callee, Interner, Ty, TyKind};

/// Methods whose closure takes what it gave the last time, and then an element.
const FOLDS: [Sym; 4] = syms(["fold", "try_fold", "rfold", "scan"]);

/// What pours one collection into another.
const APPEND: Sym = Sym::new("append");
const DEFAULT: Sym = Sym::new("default");
/// Methods that give what their closure gives.
const GIVES: [Sym; 2] = syms(["map", "and_then"]);

/// Methods that take something out of a collection.
const TAKES: [Sym; 23] = syms([
    "remove",
    "remove_entry",
    "swap_remove",
    "pop",
    "pop_front",
    "pop_back",
    "pop_first",
    "pop_last",
    "clear",
    "truncate",
    "retain",
    "drain",
    "split_off",
    "try_join_next",
    "join_next",
    "try_join_next_with_id",
    "join_next_with_id",
    "swap_remove_index",
    "shift_remove_index",
    "shift_remove",
    "swap_remove_entry",
    "shift_remove_entry",
    "shift_take",
]);

impl<'w> Walk<'_, 'w> {
    pub(super) fn callable(&self, id: ExprId) -> Option<&'w Callable> {
        match self.inferred.callees.get(&id) {
            Some(Callee::Model(callable)) => Some(self.program.models.callable(*callable)),
            _ => None,
        }
    }

    /// A function of the workspace as a value.
    pub(super) fn callback(&mut self, of: FnId, id: ExprId) {
        let site = CallSite {
            callees: of.into(),
            args: Box::default(),
            shared: Which::default(),
            fixed: Which::default(),
            at: self.body.expr(id).at,
            under: self.under.clone(),
            is_callback: true,
            guards: Vec::new(),
            expr: id.0,
        };
        self.facts.calls.push(site);
    }

    pub(super) fn call(&mut self, id: ExprId, callee: ExprId, args: &[ExprId]) -> Option<Place> {
        self.facts.calls_seen += 1;
        let known = self.inferred.callees.get(&id).cloned();
        if !matches!(self.body.expr(callee).kind, ExprKind::Path(_)) {
            self.visit(callee);
        }
        match known {
            Some(Callee::Fns(fns)) => {
                self.visit_all(args);
                self.site(id, &fns, args)
            }
            Some(Callee::Model(index)) => {
                let callable = self.program.models.callable(index);
                let name = self.path_name(callee);
                self.modelled(id, index, callable, args.first().copied(), args, None, name)
            }
            Some(Callee::Ctor(adt)) => {
                self.facts.makes.push((adt, self.under.in_loop));
                for (index, arg) in args.iter().enumerate() {
                    let place = self.visit(*arg);
                    if let (Some(from), true) = (place, self.is_shared(*arg)) {
                        let field = (adt, Sym::new(&index.to_string()));
                        self.facts.aliases.push(Alias { field, from, lent: false });
                    }
                }
                None
            }
            known => {
                if matches!(known, None | Some(Callee::Unresolved)) {
                    self.facts.calls_unresolved += 1;
                    self.mention(callee);
                }
                self.made_by_derive(id, callee);
                self.visit_all(args);
                self.hand_over(args);
                None
            }
        }
    }

    /// `State::default()`, `State::builder()`, where a derive wrote it.
    fn made_by_derive(&mut self, id: ExprId, callee: ExprId) {
        let ExprKind::Path(path) = &self.body.expr(callee).kind else { return };
        let names = &self.program.names;
        let named = || {
            let (_, holder) = path.segments.split_last().filter(|(_, holder)| !holder.is_empty())?;
            let holder = PathRef { segments: holder.into(), ..PathRef::default() };
            match names.resolve(names.function(self.id).module, &holder, true).map(|found| found.def) {
                Some(Def::Adt(adt)) => Some(adt),
                _ => None,
            }
        };
        let adt = self.adt_behind(self.ty(id)).filter(|_| path.last() == DEFAULT).or_else(named);
        self.facts.makes.extend(adt.map(|adt| (adt, self.under.in_loop)));
    }

    pub(super) fn mention(&mut self, callee: ExprId) {
        if let ExprKind::Path(path) = &self.body.expr(callee).kind {
            self.facts.mentions.push(path.last());
        }
    }

    pub(super) fn path_name(&self, callee: ExprId) -> String {
        let ExprKind::Path(path) = &self.body.expr(callee).kind else { return String::new() };
        let tail = &path.segments[path.segments.len().saturating_sub(2)..];
        tail.iter().map(|segment| self.program.names.text(*segment)).collect::<Vec<_>>().join("::")
    }

    pub(super) fn method(&mut self, id: ExprId, call: &MethodCall) -> Option<Place> {
        self.facts.calls_seen += 1;
        match self.inferred.callees.get(&id).cloned() {
            Some(Callee::Fns(fns)) => {
                self.visit(call.recv);
                self.visit_all(&call.args);
                let args: Vec<ExprId> = std::iter::once(call.recv).chain(call.args.iter().copied()).collect();
                self.site(id, &fns, &args)
            }
            Some(Callee::Model(index)) => {
                let callable = self.program.models.callable(index);
                let name = format!(".{}", self.program.names.text(call.name));
                self.visit(call.recv);
                self.accept(id, false);
                self.modelled(id, index, callable, Some(call.recv), &call.args, Some(call), name)
            }
            known => {
                self.visit(call.recv);
                self.visit_all(&call.args);
                if matches!(known, None | Some(Callee::Unresolved)) {
                    self.facts.calls_unresolved += 1;
                    self.facts.mentions.push(call.name);
                    self.taken_from_unknown(call);
                }
                self.next_of_queue(call.name);
                self.hand_over(&call.args);
                None
            }
        }
    }

    /// `actor.queue.pop()` where nobody says what the actor is: it may be any field of that name.
    fn taken_from_unknown(&mut self, call: &MethodCall) {
        if !TAKES.contains(&call.name) {
            return;
        }
        let mut at = call.recv;
        for _ in 0..6 {
            match &self.body.expr(at).kind {
                ExprKind::Field(base, name) => {
                    if self.ty(*base) == Ty::UNKNOWN {
                        self.facts.taken_from.push(*name);
                    }
                    return;
                }
                ExprKind::Method(inner) => at = inner.recv,
                ExprKind::Await(inner) | ExprKind::Try(inner) => at = *inner,
                _ => return,
            }
        }
    }

    /// What is lent to code that nobody described may be taken out there: a decoder drains its buffer.
    pub(super) fn hand_over(&mut self, args: &[ExprId]) {
        for arg in args {
            let ty = self.ty(*arg);
            let is_lent = match self.body.expr(*arg).kind {
                ExprKind::Ref(_, mutable) => mutable,
                ExprKind::Local(_) | ExprKind::Field(..) => true,
                _ => false,
            };
            if let (true, Some(place), true) = (is_lent, self.place(*arg), self.grows(ty)) {
                self.event(place, What::Shrink, self.at(*arg), Sym::NONE, ty);
            }
        }
    }

    fn grows(&self, ty: Ty) -> bool {
        match self.inferred.types.kind(self.collection(ty)) {
            TyKind::Foreign(foreign, _) => {
                let model = self.program.models.type_at(*foreign);
                model.is_some_and(|model| self.program.models.ty(model).grows)
            }
            _ => false,
        }
    }

    /// The call of functions of the workspace.
    pub(super) fn site(&mut self, id: ExprId, fns: &[FnId], args: &[ExprId]) -> Option<Place> {
        let index = u32::try_from(self.facts.calls.len()).unwrap_or(u32::MAX);
        let site = CallSite {
            callees: fns.iter().copied().collect(),
            args: args.iter().map(|arg| self.place(*arg)).collect(),
            shared: Which::of(args, |arg| self.is_shared(arg)),
            fixed: Which::of(args, |arg| self.is_fixed(arg)),
            at: self.body.expr(id).at,
            under: self.under.clone(),
            is_callback: false,
            guards: self.guards.clone(),
            expr: id.0,
        };
        self.facts.calls.push(site);
        let mut at = self.under.in_loop;
        while let Some(around) = at {
            self.facts.loops[around as usize].calls.push(index);
            at = self.facts.loops[around as usize].parent;
        }
        Some(Place::root(Root::Call(index)))
    }

    pub(super) fn call_of(&self, id: ExprId) -> Option<u32> {
        match self.place(id) {
            Some(Place { root: Root::Call(index), field: None, depth: 0 }) => Some(index),
            _ => None,
        }
    }

    /// A call that the models describe, on `target`: the receiver or the first argument.
    #[expect(clippy::too_many_arguments, reason = "the parts of one call, which no type would make clearer")]
    pub(super) fn modelled(
        &mut self,
        id: ExprId,
        index: u32,
        callable: &'w Callable,
        target: Option<ExprId>,
        args: &[ExprId],
        call: Option<&MethodCall>,
        name: String,
    ) -> Option<Place> {
        let is_function = call.is_none();
        if let (true, Some(target)) = (is_function && !callable.serves, target) {
            self.visit(target);
        }
        let place = target.and_then(|target| self.place(target));
        let in_static = place.is_some_and(|place| matches!(place.root, Root::Static(_)));
        let outer = self.under.once;
        self.under.once |= in_static && call.is_some_and(|call| INITS.contains(&call.name));
        for arg in args {
            if callable.serves {
                match self.body.expr(*arg).kind {
                    ExprKind::Path(_) => self.served(*arg, |walk| walk.visit(*arg)),
                    _ => self.visit(*arg),
                };
            } else if !(is_function && Some(*arg) == target) {
                let folds = call.is_some_and(|call| FOLDS.contains(&call.name));
                self.argument(*arg, callable, place, folds);
            }
        }
        self.under.once = outer;
        if callable.waits {
            let reads = target.is_some_and(|target| self.is_stream(self.ty(target)));
            self.wait(reads);
            self.wait_for(callable.resident);
        }
        self.opens(id, index, name);
        if let (Some(place), Some(target)) = (place, target) {
            let ty = self.ty(target);
            self.apply(id, callable.effect, place, ty, call);
            // `mem::swap` empties whichever side was full.
            for other in args.iter().filter(|other| is_function && callable.each && **other != target) {
                if let Some(place) = self.place(*other) {
                    let ty = self.ty(*other);
                    self.apply(id, callable.effect, place, ty, call);
                }
            }
        }
        if call.is_some_and(|call| call.name == APPEND) && callable.effect == Effect::GrowMany {
            self.poured_out(args);
        }
        match callable.flow {
            // A clone of a handle is the same thing once more.
            Flow::None if call.is_some_and(|call| call.name == Sym::new("clone")) => {
                let adt = target.and_then(|target| self.adt_behind(self.ty(target)));
                place.filter(|_| adt.is_some_and(|adt| self.program.is_handle(adt)))
            }
            Flow::None => None,
            // `given.map(|_| Vec::new())`
            Flow::Same
                if call.is_some_and(|call| GIVES.contains(&call.name))
                    && args.iter().any(|arg| self.makes_anew(*arg)) =>
            {
                None
            }
            Flow::Same => place,
            Flow::Inside => place.map(Place::inside),
        }
    }

    /// `batch.append(&mut self.pending)`: what is appended is taken out of where it was.
    fn poured_out(&mut self, args: &[ExprId]) {
        for arg in args {
            if let Some(place) = self.place(*arg) {
                self.event(place, What::Clear, self.at(*arg), APPEND, self.ty(*arg));
            }
        }
    }

    /// Whether an argument is a closure that gives a value of its own.
    fn makes_anew(&self, arg: ExprId) -> bool {
        let ExprKind::Closure(_, mut value, _) = self.body.expr(arg).kind else { return false };
        while let ExprKind::Block(_, Some(tail)) = self.body.expr(value).kind {
            value = tail;
        }
        match &self.body.expr(value).kind {
            ExprKind::Call(_, args) => args.is_empty() && self.place(value).is_none(),
            ExprKind::Macro(name, _) => [Sym::new("vec"), Sym::new("format")].contains(name),
            ExprKind::Lit(_) => true,
            _ => false,
        }
    }

    /// Byte streams end when the peer hangs up; channels, listeners and clocks do not.
    pub(super) fn is_stream(&self, ty: Ty) -> bool {
        const STREAMS: [&str; 7] =
            ["TcpStream", "AsyncRead", "BufReader", "Lines", "File", "UnixStream", "Stream"];
        matches!(self.inferred.types.kind(self.collection(ty)), TyKind::Foreign(foreign, _)
            if STREAMS.iter().any(|name| Sym::new(name) == foreign.last))
    }

    /// An argument of a modelled call; a closure is walked with its parameters in place.
    pub(super) fn argument(&mut self, arg: ExprId, callable: &Callable, place: Option<Place>, folds: bool) {
        let body = self.body;
        let ExprKind::Closure(params, inner, _) = &body.expr(arg).kind else {
            self.visit(arg);
            return;
        };
        let outer = self.under.clone();
        for (index, (pat, _)) in params.iter().enumerate() {
            let place = match (callable.resident, index) {
                (true, 0) => Some(Place::root(Root::Resident)),
                (true, _) => None,
                // What has been gathered so far is no part of what is gone over.
                (false, 0) if folds && params.len() > 1 => None,
                (false, _) if callable.each => place.map(Place::inside),
                (false, _) => place,
            };
            self.bind(*pat, place);
        }
        self.visit(*inner);
        self.under = outer;
    }
}
