//! Walks a body in the order it runs.

use super::{Alias, CallSite, FnFacts, LoopFacts, Place, Root, Under, Walk, What};
use crate::lower::ir::{Arm, BinOp, ExprId, ExprKind, MethodCall, PatId, Range, Stmt, TypeRef};
use crate::lower::sym::Sym;
use crate::models::{Callable, Effect, Flow};
use crate::names::{Def, FnId};
use crate::types::{Callee, Inferred, Interner, Program, Ty, TyKind};

pub(super) fn walk(program: &Program<'_>, id: FnId, inferred: Inferred<'_>) -> FnFacts {
    let Some(body) = program.names.function(id).body else { return FnFacts::default() };
    let locals = body.locals.len();
    let facts =
        FnFacts { local_loops: vec![None; locals], local_last: vec![0; locals], ..FnFacts::default() };
    let mut walk = Walk {
        program,
        id,
        body,
        inferred,
        facts,
        locals: vec![None; locals],
        lengths: vec![None; locals],
        popped_from: vec![None; locals],
        places: vec![None; body.exprs.len()],
        under: Under::default(),
        guards: Vec::new(),
        raised: Vec::new(),
    };
    walk.run();
    walk.facts
}

impl Walk<'_, '_> {
    fn run(&mut self) {
        for (index, pat) in self.body.params.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            self.bind(*pat, Some(Place::root(Root::Param(index))));
        }
        for (index, expr) in self.body.exprs.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            match &expr.kind {
                ExprKind::Local(local) => {
                    let last = &mut self.facts.local_last[local.0 as usize];
                    *last = index.max(*last);
                }
                ExprKind::Return(Some(value)) | ExprKind::Break(_, Some(value)) => self.given(*value, 0),
                ExprKind::AssignOp(BinOp::Add, left, _) => match self.body.expr(*left).kind {
                    ExprKind::Field(_, name) => self.raise(*left, name),
                    ExprKind::Local(local) => self.raised.push(Place::root(Root::Local(local))),
                    _ => {}
                },
                _ => {}
            }
        }
        let Some(root) = self.body.root else { return };
        let value = self.visit(root);
        if self.gives_part() {
            self.facts.returns.extend(value);
            self.other_ways_out(root, 0);
        }
        // A test in its last expression is what the function tells its callers.
        self.guards.clear();
        let mut tail = root;
        while let ExprKind::Block(_, Some(inner)) = &self.body.expr(tail).kind {
            tail = *inner;
        }
        self.assume(tail, true);
        self.assume(tail, false);
        self.facts.measures = std::mem::take(&mut self.guards);
        if self.effect(tail) == Effect::Len
            && let ExprKind::Method(call) = &self.body.expr(tail).kind
        {
            self.facts.measures.extend(self.place(call.recv));
        }
        self.lost(root);
    }

    /// The values of all branches in which the body may end.
    fn other_ways_out(&mut self, id: ExprId, depth: u32) {
        let body = self.body;
        let inner: Vec<ExprId> = match &body.expr(id).kind {
            ExprKind::Block(_, tail) => tail.iter().copied().collect(),
            ExprKind::If(_, then, otherwise) => std::iter::once(*then).chain(*otherwise).collect(),
            ExprKind::Match(_, arms) => arms.iter().map(|arm| arm.body).collect(),
            _ => Vec::new(),
        };
        for id in inner {
            let place = self.place(id).filter(|place| !self.facts.returns.contains(place));
            self.facts.returns.extend(place);
            if depth < 8 {
                self.other_ways_out(id, depth + 1);
            }
        }
    }

    /// Locals that a loop gives by `break`, or the function by `return`, are what it is for.
    fn given(&mut self, id: ExprId, depth: u32) {
        let body = self.body;
        match &body.expr(id).kind {
            ExprKind::Local(local) => self.facts.local_last[local.0 as usize] = u32::MAX,
            ExprKind::Call(_, args) | ExprKind::Tuple(args) if depth < 4 => {
                args.iter().for_each(|arg| self.given(*arg, depth + 1));
            }
            ExprKind::Method(call) if depth < 4 => self.given(call.recv, depth + 1),
            ExprKind::Struct(_, fields, _) if depth < 4 => {
                fields.iter().for_each(|(_, value)| self.given(*value, depth + 1));
            }
            _ => {}
        }
    }

    /// `self.bytes += n`, before places are known: the field alone identifies the counter.
    fn raise(&mut self, target: ExprId, name: Sym) {
        let ExprKind::Field(base, _) = self.body.expr(target).kind else { return };
        if let Some(adt) = self.declaring(self.ty(base), name) {
            let root = match self.body.expr(base).kind {
                ExprKind::Local(local) if local.0 == 0 => Root::Param(0),
                ExprKind::Local(local) => Root::Local(local),
                _ => Root::Param(0),
            };
            self.raised.push(Place::root(root).field(adt, name));
        }
    }

    /// Whether the function gives a reference, guard, pointer or iterator rather than a value.
    fn gives_part(&self) -> bool {
        fn points(ty: &TypeRef) -> bool {
            const POINTERS: [&str; 10] = [
                "Arc",
                "Rc",
                "Ref",
                "RefMut",
                "MutexGuard",
                "RwLockWriteGuard",
                "RwLockReadGuard",
                "Entry",
                "MappedMutexGuard",
                "OwnedMutexGuard",
            ];
            match ty {
                TypeRef::Ref(..) | TypeRef::Bounds(_) => true,
                TypeRef::Path(path) => {
                    POINTERS.iter().any(|name| Sym::new(name) == path.last()) || path.args.iter().any(points)
                }
                TypeRef::Tuple(parts) => parts.iter().any(points),
                _ => false,
            }
        }
        self.program.names.function(self.id).sig.is_some_and(|sig| points(&sig.ret))
    }

    pub(super) fn visit(&mut self, id: ExprId) -> Option<Place> {
        let place = self.visit_kind(id);
        self.places[id.0 as usize] = place;
        place
    }

    fn visit_all(&mut self, ids: &[ExprId]) {
        for id in ids {
            self.visit(*id);
        }
    }

    fn visit_kind(&mut self, id: ExprId) -> Option<Place> {
        let body = self.body;
        match &body.expr(id).kind {
            ExprKind::Local(local) => Some(self.local_place(*local)),
            ExprKind::Path(path) => self.path(path, id),
            ExprKind::Field(base, name) => {
                self.visit(*base);
                self.field_place(*base, *name)
            }
            ExprKind::Index(base, index) => {
                self.visit(*index);
                self.visit(*base).map(Place::inside)
            }
            ExprKind::Deref(inner)
            | ExprKind::Ref(inner, _)
            | ExprKind::Try(inner)
            | ExprKind::Cast(inner, _)
            | ExprKind::Await(inner) => self.visit(*inner),
            ExprKind::Not(inner) | ExprKind::Neg(inner) => {
                self.visit(*inner);
                None
            }
            ExprKind::Binary(op, left, right) => {
                self.visit(*left);
                let (guards, tests) = (self.guards.len(), self.under.tests.len());
                match op {
                    BinOp::And => self.assume(*left, true),
                    BinOp::Or => self.assume(*left, false),
                    _ => {}
                }
                self.visit(*right);
                self.guards.truncate(guards);
                self.under.tests.truncate(tests);
                None
            }
            ExprKind::Assign(left, right) => self.assign(id, *left, *right),
            ExprKind::AssignOp(op, left, right) => {
                self.visit(*right);
                let place = self.visit(*left);
                let ty = self.ty(*left);
                if let (Some(place), BinOp::Add, true) = (place, op, self.is_text(ty)) {
                    self.event(place, What::GrowMany, body.expr(id).at, Sym::new("push_str"), ty);
                }
                None
            }
            ExprKind::Call(callee, args) => self.call(id, *callee, args),
            ExprKind::Method(call) => self.method(id, call),
            ExprKind::Struct(_, fields, base) => {
                self.struct_lit(id, fields, *base);
                None
            }
            ExprKind::Tuple(parts) | ExprKind::Array(parts) => {
                self.visit_all(parts);
                None
            }
            ExprKind::Repeat(a, b) => {
                self.visit(*a);
                self.visit(*b);
                None
            }
            ExprKind::Range(low, high) => {
                low.map(|low| self.visit(low));
                high.map(|high| self.visit(high));
                None
            }
            ExprKind::Macro(name, args) => self.macro_call(id, *name, args),
            ExprKind::Opaque(_, names) => {
                self.facts.mentions.extend(names.iter().copied());
                None
            }
            other => self.control(id, other),
        }
    }

    fn control(&mut self, id: ExprId, kind: &ExprKind) -> Option<Place> {
        match kind {
            ExprKind::Block(stmts, tail) => self.block(stmts, *tail),
            ExprKind::If(cond, then, otherwise) => {
                let on_error = self.under.on_error;
                self.visit(*cond);
                let (guards, tests) = (self.guards.len(), self.under.tests.len());
                self.assume(*cond, true);
                let place = self.branch(*then);
                self.guards.truncate(guards);
                self.under.tests.truncate(tests);
                self.under.on_error = on_error;
                if let Some(otherwise) = otherwise {
                    self.assume(*cond, false);
                    let other = self.branch(*otherwise);
                    self.guards.truncate(guards);
                    self.under.tests.truncate(tests);
                    return place.or(other);
                }
                None
            }
            ExprKind::Let(pat, init) => {
                let before = self.facts.events.len();
                let place = self.visit(*init);
                self.under.on_error |= self.is_error(*pat);
                self.bind(*pat, place);
                self.note_popped(*pat, before);
                None
            }
            ExprKind::Match(on, arms) => self.match_arms(*on, arms),
            ExprKind::Loop(body, label) => {
                self.enter_loop(id, *body, *label, true, None);
                None
            }
            ExprKind::While(cond, body, label) => {
                let always =
                    matches!(self.body.expr(*cond).kind, ExprKind::Lit(crate::lower::ir::Lit::Bool(true)));
                self.enter_loop(id, *body, *label, always, Some(*cond));
                None
            }
            ExprKind::For(pat, iter, body, _) => {
                let place = self.visit(*iter);
                let waits = self.waits_on(*iter);
                let outer = self.open_loop(id, false);
                self.loop_mut().is_for = true;
                self.loop_mut().waits |= waits;
                self.bind(*pat, place);
                self.visit(*body);
                self.close_loop(outer);
                None
            }
            ExprKind::Closure(params, body, _) => {
                let outer = (self.under.on_error, self.under.leaves);
                for (pat, _) in params {
                    self.bind(*pat, None);
                }
                self.visit(*body);
                (self.under.on_error, self.under.leaves) = outer;
                None
            }
            ExprKind::Async(body) => self.visit(*body),
            ExprKind::Return(value) | ExprKind::Break(_, value) => {
                if let Some(value) = value {
                    let place = self.visit(*value);
                    if matches!(kind, ExprKind::Return(_)) && self.gives_part() {
                        self.facts.returns.extend(place);
                    }
                }
                None
            }
            ExprKind::Select(arms) => {
                for arm in arms {
                    let outer = self.under.clone();
                    let place = arm.future.and_then(|future| self.visit(future));
                    if let Some(guard) = arm.guard {
                        self.visit(guard);
                    }
                    if let Some(pat) = arm.pat {
                        self.bind(pat, place);
                    }
                    self.branch(arm.body);
                    self.under = outer;
                }
                None
            }
            _ => None,
        }
    }

    /// A branch, which may be a way out of a loop.
    fn branch(&mut self, id: ExprId) -> Option<Place> {
        let outer = (self.under.leaves, self.under.on_error);
        if self.leaves_loop(id) && self.under.in_loop.is_some() {
            self.under.leaves = self.under.leaves.or(self.under.in_loop);
        }
        let place = self.visit(id);
        (self.under.leaves, self.under.on_error) = outer;
        place
    }

    fn match_arms(&mut self, on: ExprId, arms: &[Arm]) -> Option<Place> {
        let place = self.visit(on);
        let mut value = None;
        for arm in arms {
            let outer = self.under.clone();
            let guards = self.guards.len();
            self.under.on_error |= self.is_error(arm.pat);
            self.bind(arm.pat, place);
            if let Some(guard) = arm.guard {
                self.visit(guard);
                self.assume(guard, true);
            }
            value = value.or(self.branch(arm.body));
            self.guards.truncate(guards);
            self.under = outer;
        }
        value
    }

    fn block(&mut self, stmts: &[Stmt], tail: Option<ExprId>) -> Option<Place> {
        let (guards, tests, on_error) = (self.guards.len(), self.under.tests.len(), self.under.on_error);
        for stmt in stmts {
            match stmt {
                Stmt::Let(pat, _, init, diverge) => {
                    let before = self.facts.events.len();
                    let place = init.and_then(|init| self.visit(init));
                    self.note_popped(*pat, before);
                    if let Some(diverge) = diverge {
                        self.branch(*diverge);
                    }
                    self.bind(*pat, place);
                    if let (Some(Root::Call(call)), Some(local)) =
                        (place.map(|place| place.root), self.only_local(*pat))
                    {
                        self.facts.call_locals.push((call, local));
                    }
                    if let Some(init) = init {
                        self.note_length(*pat, *init);
                    }
                }
                Stmt::Expr(id) => {
                    self.visit(*id);
                    self.after(*id);
                }
            }
        }
        let place = tail.and_then(|tail| self.visit(tail));
        self.guards.truncate(guards);
        self.under.tests.truncate(tests);
        self.under.on_error = on_error;
        place
    }

    /// What holds behind a statement: the opposite of a condition that led out, or what was asserted.
    fn after(&mut self, id: ExprId) {
        let body = self.body;
        match &body.expr(id).kind {
            ExprKind::If(cond, then, None) if self.diverges(*then) => self.assume(*cond, false),
            ExprKind::Macro(name, args) => {
                let asserts =
                    ["assert", "debug_assert", "ensure"].iter().any(|known| Sym::new(known) == *name);
                if let (true, Some(cond)) = (asserts, args.first()) {
                    self.assume(*cond, true);
                }
            }
            // `while q.len() >= MAX { q.pop_front(); }`
            ExprKind::While(cond, _, _) => self.assume(*cond, false),
            _ => {}
        }
    }

    /// `if let Some(x) = self.q.pop()`: `x` came from there.
    fn note_popped(&mut self, pat: PatId, before: usize) {
        let shrunk = self.facts.events[before..].iter().find(|event| event.what == What::Shrink);
        let (Some(event), Some(local)) = (shrunk, self.only_local(pat)) else { return };
        self.popped_from[local.0 as usize] = Some(event.place);
    }

    fn only_local(&self, pat: PatId) -> Option<crate::lower::ir::LocalId> {
        match self.body.pat(pat) {
            crate::lower::ir::Pat::Bind(local, None) => Some(*local),
            crate::lower::ir::Pat::TupleStruct(_, parts) if parts.len() == 1 => self.only_local(parts[0]),
            _ => None,
        }
    }

    /// `let n = self.m.len();`
    fn note_length(&mut self, pat: PatId, init: ExprId) {
        if let crate::lower::ir::Pat::Bind(local, None) = self.body.pat(pat)
            && self.effect(init) == Effect::Len
            && let ExprKind::Method(call) = &self.body.expr(init).kind
        {
            self.lengths[local.0 as usize] = self.place(call.recv);
        }
    }

    fn open_loop(&mut self, id: ExprId, no_exit: bool) -> Under {
        let outer = self.under.clone();
        let index = u32::try_from(self.facts.loops.len()).unwrap_or(u32::MAX);
        let at = self.body.expr(id).at;
        let parent = self.under.in_loop;
        self.facts.loops.push(LoopFacts { parent, at, no_exit, expr: id.0, ..LoopFacts::default() });
        self.under.in_loop = Some(index);
        self.under.leaves = None;
        outer
    }

    fn close_loop(&mut self, outer: Under) {
        self.under = outer;
    }

    fn loop_mut(&mut self) -> &mut LoopFacts {
        let index = self.under.in_loop.map_or(0, |index| index as usize);
        &mut self.facts.loops[index]
    }

    fn enter_loop(&mut self, id: ExprId, body: ExprId, label: Sym, always: bool, cond: Option<ExprId>) {
        let no_exit = always && !self.has_exit(body, label, 0, 0);
        let outer = self.open_loop(id, no_exit);
        let guards = self.guards.len();
        if let Some(cond) = cond {
            self.visit(cond);
            self.assume(cond, true);
            if let ExprKind::Let(..) = self.body.expr(cond).kind {
                let of_loop = self.loop_mut();
                of_loop.in_condition = Some(of_loop.calls.len());
            }
        }
        self.visit(body);
        self.guards.truncate(guards);
        self.close_loop(outer);
    }

    /// Whether a loop's body leaves the loop by `break`, `return` or `?`.
    fn has_exit(&self, id: ExprId, label: Sym, loops: u32, depth: u32) -> bool {
        if depth > 200 {
            return true;
        }
        let body = self.body;
        let next = |id: &ExprId| self.has_exit(*id, label, loops, depth + 1);
        match &body.expr(id).kind {
            ExprKind::Return(_) | ExprKind::Try(_) => true,
            ExprKind::Break(to, _) => {
                (*to == Sym::NONE && loops == 0) || (*to == label && label != Sym::NONE)
            }
            ExprKind::Closure(..) | ExprKind::Async(_) => false,
            ExprKind::Loop(inner, _) | ExprKind::While(_, inner, _) | ExprKind::For(_, _, inner, _) => {
                self.has_exit(*inner, label, loops + 1, depth + 1)
            }
            ExprKind::Macro(name, args) => Sym::new("bail") == *name || args.iter().any(next),
            ExprKind::Select(arms) => {
                arms.iter().any(|arm| next(&arm.body) || arm.future.as_ref().is_some_and(next))
            }
            ExprKind::Block(stmts, tail) => {
                tail.as_ref().is_some_and(next)
                    || stmts.iter().any(|stmt| match stmt {
                        Stmt::Let(_, _, init, other) => init.iter().chain(other).any(next),
                        Stmt::Expr(expr) => next(expr),
                    })
            }
            ExprKind::If(cond, then, other) => next(cond) || next(then) || other.as_ref().is_some_and(next),
            ExprKind::Match(on, arms) => next(on) || arms.iter().any(|arm| next(&arm.body)),
            ExprKind::Await(inner)
            | ExprKind::Let(_, inner)
            | ExprKind::Deref(inner)
            | ExprKind::Ref(inner, _)
            | ExprKind::Not(inner)
            | ExprKind::Cast(inner, _)
            | ExprKind::Field(inner, _) => next(inner),
            ExprKind::Method(call) => next(&call.recv) || call.args.iter().any(next),
            ExprKind::Call(callee, args) => next(callee) || args.iter().any(next),
            ExprKind::Assign(_, right) | ExprKind::AssignOp(_, _, right) => next(right),
            ExprKind::Binary(_, left, right) => next(left) || next(right),
            ExprKind::Tuple(parts) | ExprKind::Array(parts) => parts.iter().any(next),
            ExprKind::Struct(_, fields, _) => fields.iter().any(|(_, value)| next(value)),
            _ => false,
        }
    }

    /// `for x in rx.iter()`.
    fn waits_on(&self, id: ExprId) -> bool {
        let receiver = matches!(self.inferred.types.kind(self.ty(id)), TyKind::Foreign(foreign, _)
            if foreign.last == Sym::new("Receiver"));
        receiver || self.callable(id).is_some_and(|callable| callable.waits)
    }

    pub(super) fn callable(&self, id: ExprId) -> Option<&'static Callable> {
        match self.inferred.callees.get(&id) {
            Some(Callee::Model(callable)) => Some(self.program.models.callable(*callable)),
            _ => None,
        }
    }

    fn wait(&mut self, reads: bool) {
        self.facts.waits |= !reads;
        self.facts.reads |= reads;
        let mut at = self.under.in_loop;
        while let Some(index) = at {
            let around = &mut self.facts.loops[index as usize];
            // A `for` ends with what it goes over, however long each round waits.
            let decides = !around.is_for && around.in_condition.is_none();
            around.waits |= !reads && decides;
            around.reads |= reads && decides;
            at = around.parent;
        }
    }

    fn path(&mut self, path: &crate::lower::ir::PathRef, id: ExprId) -> Option<Place> {
        let module = self.program.names.function(self.id).module;
        let own = path.segments.first() == Some(&Sym::new("Self"));
        if own && path.segments.len() == 2 {
            let adt = self.program.adt_of(self.id)?;
            let method = self.program.methods.get(&(adt, path.segments[1]))?;
            self.callback(method[0], id);
            return None;
        }
        let found = self.program.names.resolve(module, path, false)?;
        match (found.def, &path.segments[found.taken..]) {
            (Def::Static(of), []) => Some(Place::root(Root::Static(of))),
            (Def::Fn(of), []) => {
                self.callback(of, id);
                None
            }
            (Def::Adt(adt), [name]) => {
                let method = self.program.methods.get(&(adt, *name))?;
                self.callback(method[0], id);
                None
            }
            _ => None,
        }
    }

    /// A function of the workspace as a value.
    fn callback(&mut self, of: FnId, id: ExprId) {
        let site = CallSite {
            callees: Box::new([of]),
            args: Box::default(),
            shared: Box::default(),
            at: self.body.expr(id).at,
            under: self.under.clone(),
            is_callback: true,
            guards: Vec::new(),
        };
        self.facts.calls.push(site);
    }

    fn assign(&mut self, id: ExprId, left: ExprId, right: ExprId) -> Option<Place> {
        let value = self.visit(right);
        if let ExprKind::Tuple(parts) = &self.body.expr(left).kind {
            for part in parts {
                if let Some(place) = self.visit(*part) {
                    self.event(place, What::Replace, self.body.expr(id).at, Sym::NONE, self.ty(*part));
                }
            }
            return None;
        }
        let place = self.visit(left)?;
        let at = self.body.expr(id).at;
        let ty = self.ty(left);
        let accumulates = self.is_text(ty) && self.mentions(right, left, 0);
        let what = if accumulates { What::Accumulate } else { What::Replace };
        if value != Some(place) || accumulates {
            self.event(place, what, at, Sym::NONE, ty);
        }
        if let (Some(field), Some(from), true) = (place.field, value, self.is_shared(right)) {
            self.facts.aliases.push(Alias { field, from });
        }
        None
    }

    /// Whether `value` is built from what `target` holds: `s = format!("{s}{x}")`, `s = s + x`.
    fn mentions(&self, value: ExprId, target: ExprId, depth: u32) -> bool {
        let wanted = self.place(target);
        let body = self.body;
        let is_target =
            |id: &ExprId| wanted.is_some() && self.place(*id) == wanted && self.is_text(self.ty(*id));
        if depth > 4 {
            return false;
        }
        match &body.expr(value).kind {
            ExprKind::Macro(name, args) if *name == Sym::new("format") => args.iter().any(is_target),
            ExprKind::Binary(BinOp::Add, left, _) => {
                is_target(left) || self.mentions(*left, target, depth + 1)
            }
            ExprKind::Method(call) if call.name == Sym::new("clone") => is_target(&call.recv) && depth > 0,
            _ => false,
        }
    }

    pub(super) fn is_text(&self, ty: Ty) -> bool {
        matches!(self.inferred.types.kind(self.collection(ty)), TyKind::Foreign(foreign, _)
            if foreign.path == Sym::path("std::string::String"))
    }

    /// Whether a value is one of several handles to the same thing.
    pub(super) fn is_shared(&self, id: ExprId) -> bool {
        match self.inferred.types.kind(self.ty(id)) {
            TyKind::Foreign(foreign, _) => {
                let model = self.program.models.type_at(*foreign);
                model.is_some_and(|model| self.program.models.ty(model).shared)
            }
            _ => false,
        }
    }

    fn struct_lit(&mut self, id: ExprId, fields: &[(Sym, ExprId)], base: Option<ExprId>) {
        let adt = self.adt_behind(self.ty(id));
        self.facts.makes.extend(adt);
        for (name, value) in fields {
            let place = self.visit(*value);
            if let (Some(adt), Some(from), true) = (adt, place, self.is_shared(*value)) {
                self.facts.aliases.push(Alias { field: (adt, *name), from });
            }
        }
        if let Some(base) = base {
            self.visit(base);
        }
    }

    fn macro_call(&mut self, id: ExprId, name: Sym, args: &[ExprId]) -> Option<Place> {
        let mut first = None;
        for (index, arg) in args.iter().enumerate() {
            let place = self.visit(*arg);
            if index == 0 {
                first = place;
            }
        }
        // `write!(self.log, ..)` appends where the target is text.
        let writes = ["write", "writeln"].iter().any(|known| Sym::new(known) == name);
        if let (true, Some(place), Some(target)) = (writes, first, args.first()) {
            let ty = self.ty(*target);
            if self.is_text(ty) {
                self.event(place, What::GrowMany, self.body.expr(id).at, name, ty);
            }
        }
        let transparent = ["pin", "ready", "dbg"].iter().any(|known| Sym::new(known) == name);
        if transparent { first } else { None }
    }

    fn call(&mut self, id: ExprId, callee: ExprId, args: &[ExprId]) -> Option<Place> {
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
                self.facts.makes.push(adt);
                for (index, arg) in args.iter().enumerate() {
                    let place = self.visit(*arg);
                    if let (Some(from), true) = (place, self.is_shared(*arg)) {
                        self.facts.aliases.push(Alias { field: (adt, Sym::new(&index.to_string())), from });
                    }
                }
                None
            }
            known => {
                if matches!(known, None | Some(Callee::Unresolved)) {
                    self.facts.calls_unresolved += 1;
                    self.mention(callee);
                }
                self.visit_all(args);
                None
            }
        }
    }

    fn mention(&mut self, callee: ExprId) {
        if let ExprKind::Path(path) = &self.body.expr(callee).kind {
            self.facts.mentions.push(path.last());
        }
    }

    fn path_name(&self, callee: ExprId) -> String {
        let ExprKind::Path(path) = &self.body.expr(callee).kind else { return String::new() };
        let tail = &path.segments[path.segments.len().saturating_sub(2)..];
        tail.iter().map(|segment| self.program.names.text(*segment)).collect::<Vec<_>>().join("::")
    }

    fn method(&mut self, id: ExprId, call: &MethodCall) -> Option<Place> {
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
                self.modelled(id, index, callable, Some(call.recv), &call.args, Some(call), name)
            }
            known => {
                self.visit(call.recv);
                self.visit_all(&call.args);
                if matches!(known, None | Some(Callee::Unresolved)) {
                    self.facts.calls_unresolved += 1;
                    self.facts.mentions.push(call.name);
                }
                None
            }
        }
    }

    /// The call of functions of the workspace.
    fn site(&mut self, id: ExprId, fns: &[FnId], args: &[ExprId]) -> Option<Place> {
        let index = u32::try_from(self.facts.calls.len()).unwrap_or(u32::MAX);
        let site = CallSite {
            callees: fns.into(),
            args: args.iter().map(|arg| self.place(*arg)).collect(),
            shared: args.iter().map(|arg| self.is_shared(*arg)).collect(),
            at: self.body.expr(id).at,
            under: self.under.clone(),
            is_callback: false,
            guards: self.guards.clone(),
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
    fn modelled(
        &mut self,
        id: ExprId,
        index: u32,
        callable: &'static Callable,
        target: Option<ExprId>,
        args: &[ExprId],
        call: Option<&MethodCall>,
        name: String,
    ) -> Option<Place> {
        let is_function = call.is_none();
        if let (true, Some(target)) = (is_function, target) {
            self.visit(target);
        }
        let place = target.and_then(|target| self.place(target));
        for arg in args {
            if !(is_function && Some(*arg) == target) {
                self.argument(*arg, callable, place);
            }
        }
        if callable.waits {
            let reads = target.is_some_and(|target| self.is_stream(self.ty(target)));
            self.wait(reads);
        }
        self.opens(id, index, name);
        if let (Some(place), Some(target)) = (place, target) {
            let ty = self.ty(target);
            self.apply(id, callable.effect, place, ty, call);
        }
        match callable.flow {
            Flow::None => None,
            Flow::Same => place,
            Flow::Inside => place.map(Place::inside),
        }
    }

    /// Byte streams end when the peer hangs up; channels, listeners and clocks do not.
    fn is_stream(&self, ty: Ty) -> bool {
        const STREAMS: [&str; 7] =
            ["TcpStream", "AsyncRead", "BufReader", "Lines", "File", "UnixStream", "Stream"];
        matches!(self.inferred.types.kind(self.collection(ty)), TyKind::Foreign(foreign, _)
            if STREAMS.iter().any(|name| Sym::new(name) == foreign.last))
    }

    /// An argument of a modelled call; a closure is walked with its parameters in place.
    fn argument(&mut self, arg: ExprId, callable: &Callable, place: Option<Place>) {
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
                (false, _) if callable.each => place.map(Place::inside),
                (false, _) => place,
            };
            self.bind(*pat, place);
        }
        self.visit(*inner);
        self.under = outer;
    }

    pub(super) fn at(&self, id: ExprId) -> Range {
        self.body.expr(id).at
    }
}
