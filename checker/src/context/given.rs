//! Which values are given once and for all: constants, and what the configuration of the program says.
//!
//! A collection whose keys are all such values has as many entries as the configuration has names, however often
//! it is written to. The question is asked backwards from one key, and only for what would be reported: from the
//! expression to the locals, parameters, fields and results it is made of; from a parameter to what all callers
//! pass; from a field to all that is ever stored there. The answer is yes only where every way ends in a
//! constant, the arguments or environment of the program, or a part of a configuration. What is not understood
//! is no.
//!
//! A type is a configuration by its name, unless a handler takes it as its message or a channel carries it: then
//! it comes again and again.

mod carried;
mod origins;
mod stored;
mod told;
mod words;

use super::Context;
use super::callers::Callers;
use crate::load::TargetKind;
use crate::lower::ir::{ExprId, ExprKind, Range, Receiver, Stmt};
use crate::lower::sym::Sym;
use crate::names::{AdtId, Def, FnId};
use crate::summary::Summary;
use crate::types::{Callee, Interner, Program, Ty, TyKind};
use origins::Origins;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::rc::Rc;
pub(super) use told::told;
use words::{CONVERTS, DERIVES};

/// Steps that one question may take before it is given up.
const STEPS_MAX: u32 = 4000;
/// Longest way back.
const DEPTH_MAX: u32 = 48;

/// Answers whether values are given once and for all.
pub(super) struct Given<'a, 'w, 's> {
    program: &'a Program<'w>,
    summary: &'s Summary,
    context: &'a Context,
    callers: &'a Callers<'s>,
    /// Types that come as messages or through channels.
    carried: FxHashSet<AdtId>,
    /// Functions that make values of a type.
    makers: FxHashMap<AdtId, Vec<FnId>>,
    bodies: RefCell<FxHashMap<FnId, Option<Rc<Origins<'a>>>>>,
    params: RefCell<FxHashMap<(FnId, u32), bool>>,
    fields: RefCell<FxHashMap<(AdtId, Sym), bool>>,
    told_params: RefCell<FxHashMap<(FnId, u32), bool>>,
    told_fields: RefCell<FxHashMap<(AdtId, Sym), bool>>,
    told_results: RefCell<FxHashMap<FnId, bool>>,
    steps: RefCell<u32>,
}

/// Whether a value is given, if certain parameters of the function are.
#[derive(Clone, Debug, Default)]
struct From {
    open: bool,
    params: Vec<u32>,
}

impl From {
    const OPEN: From = From { open: true, params: Vec::new() };

    fn and(mut self, other: From) -> From {
        self.open |= other.open;
        self.params.extend(other.params);
        self
    }
}

impl<'a, 'w, 's> Given<'a, 'w, 's> {
    pub(super) fn of(
        program: &'a Program<'w>,
        summary: &'s Summary,
        context: &'a Context,
        callers: &'a Callers<'s>,
    ) -> Self {
        let mut makers: FxHashMap<AdtId, Vec<FnId>> = FxHashMap::default();
        for (index, facts) in summary.facts.iter().enumerate() {
            let id = FnId(u32::try_from(index).unwrap_or(u32::MAX));
            for (adt, _) in &facts.makes {
                let of = makers.entry(*adt).or_default();
                if of.last() != Some(&id) {
                    of.push(id);
                }
            }
        }
        Given {
            program,
            summary,
            context,
            callers,
            carried: carried::carried(program, context),
            makers,
            bodies: RefCell::default(),
            params: RefCell::default(),
            fields: RefCell::default(),
            told_params: RefCell::default(),
            told_fields: RefCell::default(),
            told_results: RefCell::default(),
            steps: RefCell::default(),
        }
    }

    /// Whether the key that is added at `at` in `id` is given.
    pub(super) fn is_key_given(&self, id: FnId, at: Range) -> bool {
        *self.steps.borrow_mut() = 0;
        let Some(origins) = self.body(id) else { return false };
        let keys: Vec<ExprId> = origins.at(at).filter_map(|call| origins.key(call, 0)).collect();
        !keys.is_empty() && keys.iter().all(|key| self.holds(id, &self.value(id, &origins, *key, 0), 0))
    }

    fn body(&self, id: FnId) -> Option<Rc<Origins<'a>>> {
        if let Some(known) = self.bodies.borrow().get(&id) {
            return known.clone();
        }
        let origins = Origins::of(self.program, id).map(Rc::new);
        self.bodies.borrow_mut().insert(id, origins.clone());
        origins
    }

    /// Whether a value of `id` is given, with what its callers pass.
    fn holds(&self, id: FnId, from: &From, depth: u32) -> bool {
        !from.open && from.params.iter().all(|param| self.is_param_given(id, *param, depth + 1))
    }

    fn is_param_given(&self, id: FnId, param: u32, depth: u32) -> bool {
        if depth > DEPTH_MAX {
            return false;
        }
        if let Some(known) = self.params.borrow().get(&(id, param)) {
            return *known;
        }
        // Functions that call each other pass on what others gave them.
        self.params.borrow_mut().insert((id, param), true);
        let given = self.is_passed_given(id, param, depth);
        self.params.borrow_mut().insert((id, param), given);
        given
    }

    fn is_passed_given(&self, id: FnId, param: u32, depth: u32) -> bool {
        let names = &self.program.names;
        let is_example = |id: FnId| names.crate_of(names.function(id).module).kind == TargetKind::Example;
        let callers: Vec<(FnId, usize)> =
            self.callers.of(id).iter().copied().filter(|(caller, _)| !is_example(*caller)).collect();
        if callers.is_empty() || self.context.runs[id.ix()].entry.is_some() {
            return false;
        }
        callers.iter().all(|(caller, call)| {
            let site = &self.summary.facts[caller.ix()].calls[*call];
            let Some(origins) = self.body(*caller).filter(|_| !site.is_callback) else { return false };
            let passed = origins.at(site.at).filter_map(|at| origins.args(at)).next();
            let passed = passed.and_then(|args| args.get(param as usize).copied());
            passed.is_some_and(|arg| {
                self.holds(*caller, &self.value(*caller, &origins, arg, depth + 1), depth + 1)
            })
        })
    }

    /// Where the value of an expression comes from.
    fn value(&self, id: FnId, origins: &Origins<'a>, expr: ExprId, depth: u32) -> From {
        *self.steps.borrow_mut() += 1;
        if depth > DEPTH_MAX || *self.steps.borrow() > STEPS_MAX {
            return From::OPEN;
        }
        let ty = origins.inferred.expr(expr);
        if self.is_configuration(origins, ty) {
            return From::default();
        }
        let of = |inner: ExprId| self.value(id, origins, inner, depth + 1);
        let all = |parts: &[ExprId]| parts.iter().map(|part| of(*part)).fold(From::default(), From::and);
        match &origins.body.expr(expr).kind {
            ExprKind::Lit(_) => From::default(),
            ExprKind::Path(path) => self.path(id, path),
            ExprKind::Local(local) => {
                let made = origins.local(*local);
                let mut from = all(&made.of);
                from.open |= made.lent || (made.of.is_empty() && made.param.is_none());
                from.params.extend(made.param);
                from
            }
            ExprKind::Field(base, name) => self.field(id, origins, (expr, *base, *name), depth),
            // Numbers are counted up too easily to be followed.
            _ if self.is_number(origins, ty) => From::OPEN,
            ExprKind::Index(base, _) => of(*base),
            ExprKind::Await(inner)
            | ExprKind::Try(inner)
            | ExprKind::Ref(inner, _)
            | ExprKind::Deref(inner)
            | ExprKind::Cast(inner, _)
            | ExprKind::Async(inner) => of(*inner),
            ExprKind::Binary(_, left, right) => of(*left).and(of(*right)),
            ExprKind::Tuple(parts) | ExprKind::Array(parts) => all(parts),
            ExprKind::Struct(_, fields, base) => {
                let fields = fields.iter().map(|(_, value)| of(*value)).fold(From::default(), From::and);
                base.map_or(From::default(), of).and(fields)
            }
            ExprKind::Macro(name, args) if [Sym::new("format"), Sym::new("vec")].contains(name) => all(args),
            ExprKind::Block(_, Some(tail)) => of(*tail),
            ExprKind::If(_, then, Some(other)) => self.branch(id, origins, *then, depth).and(of(*other)),
            ExprKind::Match(_, arms) => {
                let arms = arms.iter().map(|arm| self.branch(id, origins, arm.body, depth));
                arms.fold(From::default(), From::and)
            }
            ExprKind::Closure(_, body, _) => of(*body),
            ExprKind::Call(callee, args) => self.call(id, origins, (expr, *callee), args, depth),
            ExprKind::Method(call) => self.method(id, origins, (expr, call), depth),
            _ => From::OPEN,
        }
    }

    /// A branch that leads out has no value.
    fn branch(&self, id: FnId, origins: &Origins<'a>, at: ExprId, depth: u32) -> From {
        match &origins.body.expr(at).kind {
            ExprKind::Return(_) | ExprKind::Continue(_) | ExprKind::Break(..) => From::default(),
            ExprKind::Block(stmts, None) if matches!(stmts.last(), Some(Stmt::Expr(last)) if matches!(origins.body.expr(*last).kind, ExprKind::Return(_) | ExprKind::Continue(_) | ExprKind::Break(..))) => {
                From::default()
            }
            _ => self.value(id, origins, at, depth + 1),
        }
    }

    fn path(&self, id: FnId, path: &crate::lower::ir::PathRef) -> From {
        let module = self.program.names.function(id).module;
        let is_open = match self.program.names.resolve(module, path, false).map(|found| found.def) {
            Some(Def::Static(_)) | None => true,
            Some(_) => {
                let text = self.program.names.text(path.last());
                !text.chars().next().is_some_and(char::is_uppercase)
            }
        };
        From { open: is_open, params: Vec::new() }
    }

    fn field(
        &self,
        id: FnId,
        origins: &Origins<'a>,
        (expr, base, name): (ExprId, ExprId, Sym),
        depth: u32,
    ) -> From {
        let owner = origins.inferred.expr(base);
        if self.is_configuration(origins, owner) {
            return From::default();
        }
        let adt = adt_behind(&origins.inferred.types, owner);
        let counts = self.is_number(origins, origins.inferred.expr(expr));
        if !counts && adt.is_some_and(|adt| self.is_field_given(adt, name, depth + 1)) {
            return From::default();
        }
        let is_self = matches!(origins.body.expr(base).kind, ExprKind::Local(local)
            if origins.local(local).param == Some(0) && self.has_receiver(id));
        if is_self { From::OPEN } else { self.value(id, origins, base, depth + 1) }
    }

    fn has_receiver(&self, id: FnId) -> bool {
        self.program.names.function(id).sig.is_some_and(|sig| sig.receiver != Receiver::None)
    }

    fn call(
        &self,
        id: FnId,
        origins: &Origins<'a>,
        (at, callee): (ExprId, ExprId),
        args: &[ExprId],
        depth: u32,
    ) -> From {
        let all = || {
            args.iter().map(|arg| self.value(id, origins, *arg, depth + 1)).fold(From::default(), From::and)
        };
        match origins.inferred.callees.get(&at) {
            Some(Callee::Fns(fns)) => self.results(id, origins, (fns, args), depth),
            Some(Callee::Ctor(_)) => all(),
            Some(Callee::Value) => From::OPEN,
            _ => {
                let ExprKind::Path(path) = &origins.body.expr(callee).kind else { return From::OPEN };
                let makes_empty = args.is_empty() && self.is_collection(origins, origins.inferred.expr(at));
                let converts = CONVERTS.contains(&path.last()) && !args.is_empty();
                if makes_empty || converts { all() } else { From::OPEN }
            }
        }
    }

    fn method(
        &self,
        id: FnId,
        origins: &Origins<'a>,
        (at, call): (ExprId, &crate::lower::ir::MethodCall),
        depth: u32,
    ) -> From {
        if let Some(Callee::Fns(fns)) = origins.inferred.callees.get(&at) {
            let args = origins.args(at).unwrap_or_default();
            return self.results(id, origins, (fns, &args), depth);
        }
        let locks = ["read", "write"].iter().any(|name| Sym::new(name) == call.name);
        if !DERIVES.contains(&call.name) || (locks && !call.args.is_empty()) {
            return From::OPEN;
        }
        let looks_up = [Sym::new("get"), Sym::new("get_mut")].contains(&call.name);
        let args = if looks_up { &[][..] } else { &call.args[..] };
        let of = |part: &ExprId| self.value(id, origins, *part, depth + 1);
        args.iter().map(of).fold(of(&call.recv), From::and)
    }

    /// What functions of the workspace give back, with what is passed here.
    fn results(
        &self,
        id: FnId,
        origins: &Origins<'a>,
        (fns, args): (&[FnId], &[ExprId]),
        depth: u32,
    ) -> From {
        let mut all = From::default();
        for of in fns {
            let result = self.result(*of, depth + 1);
            all.open |= result.open;
            for param in result.params {
                let arg = args.get(param as usize);
                all = all.and(arg.map_or(From::OPEN, |arg| self.value(id, origins, *arg, depth + 1)));
            }
        }
        all.open |= fns.is_empty();
        all
    }

    fn result(&self, id: FnId, depth: u32) -> From {
        let Some(origins) = self.body(id).filter(|_| depth < DEPTH_MAX) else { return From::OPEN };
        let Some(root) = origins.body.root else { return From::OPEN };
        let returned = origins.body.exprs.iter().filter_map(|expr| match expr.kind {
            ExprKind::Return(Some(value)) => Some(value),
            _ => None,
        });
        let ways: Vec<ExprId> = std::iter::once(root).chain(returned).collect();
        ways.into_iter().map(|way| self.value(id, &origins, way, depth)).fold(From::default(), From::and)
    }

    fn is_number(&self, origins: &Origins<'_>, ty: Ty) -> bool {
        let ty = behind(&origins.inferred.types, ty);
        let text = [Sym::new("str"), Sym::new("bool")];
        match origins.inferred.types.kind(ty) {
            TyKind::Prim(name) => !text.contains(name),
            TyKind::Foreign(foreign, _) => self.program.names.text(foreign.last).starts_with("Atomic"),
            _ => ty == Ty::NUMBER || ty == Ty::USIZE,
        }
    }

    fn is_collection(&self, origins: &Origins<'_>, ty: Ty) -> bool {
        match origins.inferred.types.kind(behind(&origins.inferred.types, ty)) {
            TyKind::Foreign(foreign, _) => {
                let model = self.program.models.type_at(*foreign);
                model.is_some_and(|model| self.program.models.ty(model).grows)
            }
            _ => false,
        }
    }

    /// Whether a type is the configuration of the program, or a part of it that is named so.
    fn is_configuration(&self, origins: &Origins<'_>, ty: Ty) -> bool {
        const WORDS: [&str; 6] = ["Config", "Configuration", "Settings", "Conf", "Opts", "Cli"];
        const WHOLE: [&str; 4] = ["Args", "Options", "Arguments", "CliArgs"];
        let Some(adt) = adt_behind(&origins.inferred.types, ty) else { return false };
        let name = self.program.names.text(self.program.names.adt(adt).name);
        let is_named = WORDS.iter().any(|word| name.ends_with(word)) || WHOLE.contains(&name);
        is_named && !self.carried.contains(&adt)
    }
}

/// The type behind pointers, guards and options.
fn behind(types: &dyn Interner, ty: Ty) -> Ty {
    let mut at = ty;
    for _ in 0..8 {
        match types.kind(at) {
            TyKind::Foreign(_, args) if args.len() == 1 => match types.kind(args[0]) {
                TyKind::Adt(..) | TyKind::Foreign(..) => at = args[0],
                _ => return at,
            },
            _ => return at,
        }
    }
    at
}

fn adt_behind(types: &dyn Interner, ty: Ty) -> Option<AdtId> {
    match types.kind(behind(types, ty)) {
        TyKind::Adt(adt, _) => Some(*adt),
        _ => None,
    }
}
