//! Walks a body in the order it runs.

use super::{Alias, FnFacts, Place, Root, Under, Walk, What};
use crate::lower::ir::{BinOp, ExprId, ExprKind, Range, TypeRef};
use crate::lower::sym::Sym;
use crate::models::Effect;
use crate::names::{Def, FnId};
use crate::types::{Inferred, Interner, Program, Ty, TyKind};

pub(super) fn walk(program: &Program<'_>, id: FnId, inferred: Inferred<'_>) -> FnFacts {
    walked(program, id, inferred).map(|walk| walk.facts).unwrap_or_default()
}

/// The body of `id`, walked; none for a function without one.
pub(super) fn walked<'p, 'w>(
    program: &'p Program<'w>,
    id: FnId,
    inferred: Inferred<'p>,
) -> Option<Walk<'p, 'w>> {
    let body = program.names.body(id)?;
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
        alternatives: Vec::new(),
        popped_from: vec![None; locals],
        put_back: Vec::new(),
        places: vec![None; body.exprs.len()],
        under: Under::default(),
        guards: Vec::new(),
        present: Vec::new(),
        bare: Vec::new(),
        raised: Vec::new(),
        served: Vec::new(),
        in_block: false,
    };
    walk.run();
    Some(walk)
}

fn takes_connections(kind: &ExprKind) -> bool {
    match kind {
        ExprKind::Method(call) => {
            call.name == Sym::new("accept") || call.name == Sym::new("incoming") && call.args.is_empty()
        }
        _ => false,
    }
}

impl Walk<'_, '_> {
    pub(super) fn run(&mut self) {
        self.facts.accepts = self.body.exprs.iter().any(|expr| takes_connections(&expr.kind));
        for (index, pat) in self.body.params.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            self.bind(*pat, Some(Place::root(Root::Param(index))));
        }
        self.note_variants();
        self.served = self.all_served();
        let discarded = self.discarded();
        for (index, expr) in self.body.exprs.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            self.renew(&expr.kind, expr.at);
            match &expr.kind {
                ExprKind::Local(_) if discarded.contains(&ExprId(index)) => {}
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
        self.permits(tail);
        self.facts.measures.append(&mut self.guards);
        if self.effect(tail) == Effect::Len
            && let ExprKind::Method(call) = &self.body.expr(tail).kind
        {
            self.facts.measures.extend(self.place(call.recv));
        }
        self.fed();
        self.forget_rotations();
        self.lost();
        self.look();
    }

    /// The values of all branches in which the body may end.
    pub(super) fn other_ways_out(&mut self, id: ExprId, depth: u32) {
        for place in self.branches(id, depth) {
            if !self.facts.returns.contains(&place) {
                self.facts.returns.push(place);
            }
        }
    }

    /// `self.bytes += n`, before places are known: the field alone identifies the counter.
    pub(super) fn raise(&mut self, target: ExprId, name: Sym) {
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
    pub(super) fn gives_part(&self) -> bool {
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

    pub(super) fn visit_all(&mut self, ids: &[ExprId]) {
        for id in ids {
            self.visit(*id);
        }
    }

    pub(super) fn visit_kind(&mut self, id: ExprId) -> Option<Place> {
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
            | ExprKind::Cast(inner, _) => self.visit(*inner),
            ExprKind::Await(inner) => self.awaited(*inner),
            ExprKind::Not(inner) | ExprKind::Neg(inner) => {
                self.visit_all(&[*inner]);
                None
            }
            ExprKind::Binary(op, left, right) => {
                self.visit(*left);
                let held = self.mark();
                match op {
                    BinOp::And => self.assume(*left, true),
                    BinOp::Or => self.assume(*left, false),
                    _ => {}
                }
                self.visit(*right);
                self.release(held);
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
                self.visit_all(&[*a, *b]);
                None
            }
            ExprKind::Range(low, high) => {
                let ends: Vec<ExprId> = low.iter().chain(high).copied().collect();
                self.visit_all(&ends);
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

    pub(super) fn path(&mut self, path: &crate::lower::ir::PathRef, id: ExprId) -> Option<Place> {
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

    pub(super) fn assign(&mut self, id: ExprId, left: ExprId, right: ExprId) -> Option<Place> {
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
        self.fills_bare(place, at, ty);
        if let (Some(field), Some(from), true) = (place.field, value, self.is_shared(right)) {
            self.facts.aliases.push(Alias { field, from, lent: false });
        }
        None
    }

    /// Whether `value` is built from what `target` holds: `s = format!("{s}{x}")`, `s = s + x`.
    pub(super) fn mentions(&self, value: ExprId, target: ExprId, depth: u32) -> bool {
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

    /// Whether a value is one of several handles to the same thing, or the end of a queue, which is known by its other
    /// end.
    pub(super) fn is_shared(&self, id: ExprId) -> bool {
        match self.inferred.types.kind(self.ty(id)) {
            TyKind::Foreign(foreign, _) => {
                let model = self.program.models.type_at(*foreign);
                model.is_some_and(|model| self.program.models.ty(model).shared)
                    || self.holds_receiver(self.ty(id), 0)
            }
            _ => false,
        }
    }

    pub(super) fn struct_lit(&mut self, id: ExprId, fields: &[(Sym, ExprId)], base: Option<ExprId>) {
        let adt = self.adt_behind(self.ty(id));
        self.facts.makes.extend(adt.map(|adt| (adt, self.under.in_loop)));
        for (name, value) in fields {
            let place = self.visit(*value);
            if let (Some(adt), Some(from)) = (adt, place) {
                let lent = self.borrows_for_change(adt, *name);
                if lent || self.is_shared(*value) {
                    self.facts.aliases.push(Alias { field: (adt, *name), from, lent });
                }
            }
        }
        if let Some(base) = base {
            self.visit(base);
        }
    }

    pub(super) fn macro_call(&mut self, id: ExprId, name: Sym, args: &[ExprId]) -> Option<Place> {
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
        if !is_known(name) {
            self.hand_over(args);
        }
        let transparent = ["pin", "ready", "dbg"].iter().any(|known| Sym::new(known) == name);
        if transparent { first } else { None }
    }

    pub(super) fn at(&self, id: ExprId) -> Range {
        self.body.expr(id).at
    }
}

/// Macros that only look at their arguments.
fn is_known(name: Sym) -> bool {
    const KNOWN: [&str; 32] = [
        "println",
        "eprintln",
        "print",
        "eprint",
        "format",
        "write",
        "writeln",
        "dbg",
        "vec",
        "matches",
        "panic",
        "assert",
        "assert_eq",
        "assert_ne",
        "debug_assert",
        "debug_assert_eq",
        "ensure",
        "bail",
        "anyhow",
        "json",
        "trace",
        "debug",
        "info",
        "warn",
        "error",
        "log",
        "event",
        "span",
        "join",
        "try_join",
        "scratch_format",
        "format_args",
    ];
    KNOWN.iter().any(|known| Sym::new(known) == name)
}
