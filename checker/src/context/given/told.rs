//! Which keys are told by messages: the opposite question, asked the same way back.
//!
//! A key counts as told where one way leads to a message, to what was read or received, to a number that is counted
//! up or drawn, or to what nobody is seen to pass. A key for which no such way is found may be one of a few: what is
//! said of its collection is likely and no more.

use super::{DEPTH_MAX, Given, Origins, STEPS_MAX, adt_behind, behind};
use crate::context::callers::Callers;
use crate::context::{Context, Entry, Often};
use crate::events::What;
use crate::lower::ir::{ExprId, ExprKind, Range};
use crate::lower::sym::{Sym, syms};
use crate::names::{AdtId, FnId, Owner};
use crate::summary::Summary;
use crate::types::{Callee, Interner, Program, Ty, TyKind};

/// Calls that give something new each time.
const NEW: [Sym; 20] = syms([
    "recv",
    "try_recv",
    "recv_async",
    "recv_timeout",
    "recv_from",
    "accept",
    "incoming",
    "peer_addr",
    "remote_addr",
    "read_line",
    "read_until",
    "now",
    "now_utc",
    "new_v4",
    "now_v7",
    "new_v7",
    "random",
    "gen_range",
    "fetch_add",
    "try_next",
]);
/// Foreign types whose values come from outside.
const COMES: [Sym; 13] = syms([
    "Receiver",
    "UnboundedReceiver",
    "Request",
    "Parts",
    "HeaderMap",
    "HeaderValue",
    "TcpStream",
    "UnixStream",
    "WebSocket",
    "WebSocketStream",
    "Uuid",
    "Instant",
    "SystemTime",
]);
/// Look-ups: what they are asked for does not become what they give.
const LOOKS_UP: [Sym; 3] = syms(["get", "get_mut", "get_or_init"]);

/// Those of some values that a message may tell, each by its function and where it stands.
pub(in crate::context) fn told(
    program: &Program<'_>,
    summary: &Summary,
    context: &Context,
    values: &[(FnId, Range)],
) -> Vec<bool> {
    if values.is_empty() {
        return Vec::new();
    }
    let callers = Callers::in_all(summary);
    let given = Given::of(program, summary, context, &callers);
    values.iter().map(|(id, at)| given.is_value_told(*id, *at)).collect()
}

impl<'a> Given<'a, '_, '_> {
    /// Whether a message may tell the key that is added at `at` in `id`.
    pub(in crate::context) fn is_key_told(&self, id: FnId, at: Range) -> bool {
        *self.steps.borrow_mut() = 0;
        let Some(origins) = self.body(id) else { return true };
        let keys: Vec<ExprId> = origins.at(at).filter_map(|call| origins.key(call, 0)).collect();
        keys.is_empty() || keys.iter().any(|key| self.is_told(id, &origins, *key, 0))
    }

    /// Whether a message may tell the value that stands at `at` in `id`.
    fn is_value_told(&self, id: FnId, at: Range) -> bool {
        *self.steps.borrow_mut() = 0;
        let Some(origins) = self.body(id) else { return true };
        let mut values = origins.at(at);
        values.any(|value| self.is_told(id, &origins, value, 0))
    }

    fn is_told(&self, id: FnId, origins: &Origins<'a>, expr: ExprId, depth: u32) -> bool {
        *self.steps.borrow_mut() += 1;
        if depth > DEPTH_MAX || *self.steps.borrow() > STEPS_MAX {
            return true;
        }
        let ty = origins.inferred.expr(expr);
        if self.is_configuration(origins, ty) {
            return false;
        }
        if self.comes(origins, ty) {
            return true;
        }
        let of = |inner: &ExprId| self.is_told(id, origins, *inner, depth + 1);
        match &origins.body.expr(expr).kind {
            ExprKind::Lit(_) | ExprKind::Path(_) => false,
            ExprKind::Local(local) => {
                let made = origins.local(*local);
                let unknown = made.of.is_empty() && made.param.is_none();
                unknown
                    || made.lent
                    || made.param.is_some_and(|param| self.is_param_told(id, param, depth + 1))
                    || made.of.iter().any(of)
            }
            ExprKind::Field(base, name) => {
                let adt = adt_behind(&origins.inferred.types, origins.inferred.expr(*base));
                match adt {
                    Some(adt) if self.is_field_told(adt, *name, depth + 1) => true,
                    Some(_) if self.is_receiver(id, origins, *base) => false,
                    _ => of(base),
                }
            }
            ExprKind::Call(callee, args) => {
                let name = match &origins.body.expr(*callee).kind {
                    ExprKind::Path(path) => path.last(),
                    _ => Sym::NONE,
                };
                NEW.contains(&name) || self.is_result_told(origins, expr, depth) || args.iter().any(of)
            }
            ExprKind::Method(call) if LOOKS_UP.contains(&call.name) => of(&call.recv),
            ExprKind::Method(call) => {
                NEW.contains(&call.name)
                    || self.is_result_told(origins, expr, depth)
                    || of(&call.recv)
                    || call.args.iter().any(of)
            }
            kind => parts(kind).iter().any(of),
        }
    }

    /// A type that messages and channels carry, or that comes from outside.
    fn comes(&self, origins: &Origins<'_>, ty: Ty) -> bool {
        let types = &origins.inferred.types;
        let foreign = match types.kind(behind(types, ty)) {
            TyKind::Foreign(foreign, _) => COMES.contains(&foreign.last),
            _ => false,
        };
        foreign || adt_behind(types, ty).is_some_and(|adt| self.carried.contains(&adt))
    }

    fn is_receiver(&self, id: FnId, origins: &Origins<'_>, base: ExprId) -> bool {
        matches!(origins.body.expr(base).kind, ExprKind::Local(local)
            if origins.local(local).param == Some(0) && self.has_receiver(id))
    }

    fn is_param_told(&self, id: FnId, param: u32, depth: u32) -> bool {
        if depth > DEPTH_MAX {
            return true;
        }
        if let Some(known) = self.told_params.borrow().get(&(id, param)) {
            return *known;
        }
        self.told_params.borrow_mut().insert((id, param), false);
        let told = self.is_passed_told(id, param, depth);
        self.told_params.borrow_mut().insert((id, param), told);
        told
    }

    fn is_passed_told(&self, id: FnId, param: u32, depth: u32) -> bool {
        let runs = &self.context.runs[id.ix()];
        let is_own = param == 0 && self.has_receiver(id);
        if matches!(runs.entry, Some(Entry::Message | Entry::Callback | Entry::Poll)) {
            return !is_own && !runs.kept.contains(&(param as usize));
        }
        if runs.entry == Some(Entry::Main) {
            return false;
        }
        let callers = self.callers.of(id);
        let passes = |(caller, call): &(FnId, usize)| {
            let site = &self.summary.facts[caller.ix()].calls[*call];
            let Some(origins) = self.body(*caller).filter(|_| !site.is_callback) else { return true };
            let passed = origins.at(site.at).filter_map(|at| origins.args(at)).next();
            let passed = passed.and_then(|args| args.get(param as usize).copied());
            passed.is_none_or(|arg| self.is_told(*caller, &origins, arg, depth + 1))
        };
        // Who calls the method of a trait need not be seen; what nobody calls is passed nothing.
        let is_dispatched = match self.program.names.function(id).owner {
            Owner::Impl(block) => self.program.impls[block.ix()].trait_name != Sym::NONE,
            _ => false,
        };
        if callers.is_empty() { is_dispatched && !is_own } else { callers.iter().any(passes) }
    }

    /// Whether something that is stored in a field while the program runs comes from a message.
    fn is_field_told(&self, adt: AdtId, name: Sym, depth: u32) -> bool {
        if self.carried.contains(&adt) || depth > DEPTH_MAX {
            return true;
        }
        if let Some(known) = self.told_fields.borrow().get(&(adt, name)) {
            return *known;
        }
        self.told_fields.borrow_mut().insert((adt, name), false);
        let told = self.is_stored_told(adt, name, depth);
        self.told_fields.borrow_mut().insert((adt, name), told);
        told
    }

    fn is_stored_told(&self, adt: AdtId, name: Sym, depth: u32) -> bool {
        let makers = self.makers.get(&adt).map(Vec::as_slice).unwrap_or_default();
        let changes = |(facts, runs): (&crate::events::FnFacts, &crate::context::Runs)| {
            let on_it = |event: &crate::events::Event| {
                event.place.field == Some((adt, name)) && (event.what.grows() || event.what == What::Replace)
            };
            runs.often == Some(Often::PerMessage) && facts.events.iter().any(on_it)
        };
        makers.is_empty()
            || self.is_counted(adt, name)
            || self.summary.facts.iter().zip(&self.context.runs).any(changes)
            || makers.iter().any(|maker| self.stores_told(*maker, adt, name, depth))
    }

    /// Numbers are counted up too easily to be followed.
    fn is_counted(&self, adt: AdtId, name: Sym) -> bool {
        let fields = self.program.fields[adt.ix()].iter().flatten();
        let ty = fields.into_iter().find(|(field, _)| *field == name).map(|(_, ty)| *ty);
        ty.is_some_and(|ty| match self.program.types.kind(ty) {
            TyKind::Prim(name) => ![Sym::new("str"), Sym::new("bool")].contains(name),
            TyKind::Foreign(foreign, _) => self.program.names.text(foreign.last).starts_with("Atomic"),
            _ => false,
        })
    }

    fn stores_told(&self, maker: FnId, adt: AdtId, name: Sym, depth: u32) -> bool {
        let Some(origins) = self.body(maker) else { return true };
        let stored = self.stored(&origins, adt, name);
        stored.into_iter().flatten().any(|value| self.is_told(maker, &origins, value, depth + 1))
    }

    /// What functions of the workspace give back, whatever they are passed.
    fn is_result_told(&self, origins: &Origins<'a>, at: ExprId, depth: u32) -> bool {
        let Some(Callee::Fns(fns)) = origins.inferred.callees.get(&at) else { return false };
        fns.iter().any(|of| {
            if let Some(known) = self.told_results.borrow().get(of) {
                return *known;
            }
            self.told_results.borrow_mut().insert(*of, false);
            let told = self.gives_told(*of, depth + 1);
            self.told_results.borrow_mut().insert(*of, told);
            told
        })
    }

    fn gives_told(&self, id: FnId, depth: u32) -> bool {
        let Some(origins) = self.body(id) else { return false };
        let Some(root) = origins.body.root else { return false };
        let returned = origins.body.exprs.iter().filter_map(|expr| match expr.kind {
            ExprKind::Return(Some(value)) => Some(value),
            _ => None,
        });
        let ways: Vec<ExprId> = std::iter::once(root).chain(returned).collect();
        ways.into_iter().any(|way| self.is_told(id, &origins, way, depth))
    }
}

/// What an expression takes its value from.
fn parts(kind: &ExprKind) -> Vec<ExprId> {
    match kind {
        ExprKind::Index(one, _)
        | ExprKind::Deref(one)
        | ExprKind::Not(one)
        | ExprKind::Neg(one)
        | ExprKind::Ref(one, _)
        | ExprKind::Cast(one, _)
        | ExprKind::Closure(_, one, _)
        | ExprKind::Async(one)
        | ExprKind::Await(one)
        | ExprKind::Try(one)
        | ExprKind::Block(_, Some(one)) => vec![*one],
        ExprKind::Binary(_, left, right) | ExprKind::Repeat(left, right) => vec![*left, *right],
        ExprKind::If(_, then, other) => std::iter::once(*then).chain(*other).collect(),
        ExprKind::Match(_, arms) => arms.iter().map(|arm| arm.body).collect(),
        ExprKind::Struct(_, fields, base) => fields.iter().map(|(_, value)| *value).chain(*base).collect(),
        ExprKind::Tuple(parts) | ExprKind::Array(parts) | ExprKind::Macro(_, parts) => parts.to_vec(),
        ExprKind::Range(from, to) => from.iter().chain(to).copied().collect(),
        _ => Vec::new(),
    }
}
