//! From an expression back to what it is made of.

use super::answer::{Answer, Brings, From};
use super::origins::Part;
use super::words::{CONVERTS, DERIVES};
use super::{FUNCTIONS_MAX, Given, Origins};
use crate::lower::ir::{BinOp, ExprId, ExprKind, Lit, LocalId, MethodCall, PathRef};
use crate::lower::sym::{Sym, syms};
use crate::models::Gives;
use crate::names::{Def, FnId};
use crate::types::{Callee, adt_behind};

/// Rests of a division by more than so many are no longer few.
const FEW_MAX: u64 = 1 << 16;

/// Methods that give one of as many numbers as a number has digits.
const DIGITS: [Sym; 12] = syms([
    "ilog2",
    "ilog10",
    "checked_ilog2",
    "checked_ilog10",
    "leading_zeros",
    "trailing_zeros",
    "leading_ones",
    "trailing_ones",
    "count_ones",
    "count_zeros",
    "weekday",
    "signum",
]);
/// Methods that draw one of a range.
const DRAWS: [Sym; 2] = syms(["gen_range", "random_range"]);

/// Methods whose arguments become no part of what they give: keys of look-ups, tests, and what is said of failures.
const KEEPS: [Sym; 20] = syms([
    "get",
    "get_mut",
    "get_key_value",
    "get_full",
    "get_index",
    "find",
    "rfind",
    "position",
    "min_by_key",
    "max_by_key",
    "get_or_init",
    "filter",
    "map_err",
    "ok_or",
    "ok_or_else",
    "expect",
    "context",
    "with_context",
    "skip",
    "take",
]);

/// What requests are of one kind or another by.
const KINDS: [Sym; 3] = syms(["method", "status", "version"]);
/// Methods that ask the system who is at the other end.
const CREDENTIALS: [Sym; 2] = syms(["peer_cred", "peer_credentials"]);

impl<'a> Given<'a, '_, '_> {
    /// Where the value of an expression comes from, or a part of it.
    pub(super) fn value(
        &self,
        id: FnId,
        origins: &Origins<'a>,
        (expr, part): (ExprId, Part),
        depth: u32,
    ) -> From {
        if !self.may_step(depth) {
            return From::UNKNOWN;
        }
        let ty = origins.inferred.expr(expr);
        let at = origins.body.expr(expr).at;
        if self.receives(origins, ty) && origins.is_gone_through(expr) && self.repeats(id, origins, expr) {
            return self.told(id, at, self.received(origins, ty));
        }
        // What is worked out when the program begins is worked out once.
        let is_few =
            self.is_configuration(origins, ty) || self.program.is_finite(&origins.inferred.types, ty);
        if is_few || self.begins(id, origins, expr) {
            return From::GIVEN;
        }
        if let (Some(part), Some(adt)) = (part, adt_behind(&origins.inferred.types, ty))
            && self.is_text_of_program(adt, part)
        {
            return From::GIVEN;
        }
        let from = self.made(id, origins, (expr, part), depth);
        // A request that the program makes comes from nobody.
        let is_made = matches!(origins.body.expr(expr).kind, ExprKind::Call(..));
        if from.own == Answer::Unknown
            && !is_made
            && self.comes(origins, ty)
            && self.repeats(id, origins, expr)
        {
            return self.told(id, at, Brings::Outside);
        }
        from
    }

    fn made(&self, id: FnId, origins: &Origins<'a>, (expr, part): (ExprId, Part), depth: u32) -> From {
        let of = |inner: ExprId| self.value(id, origins, (inner, part), depth + 1);
        match &origins.body.expr(expr).kind {
            ExprKind::Lit(_) => From::GIVEN,
            ExprKind::Path(path) => self.path(id, path),
            ExprKind::Local(local) => self.local(id, origins, (expr, *local, part), depth),
            ExprKind::Field(base, name) => self.field(id, origins, (expr, *base, *name, part), depth),
            ExprKind::Index(one, _)
            | ExprKind::Deref(one)
            | ExprKind::Ref(one, _)
            | ExprKind::Cast(one, _)
            | ExprKind::Closure(_, one, _)
            | ExprKind::Async(one)
            | ExprKind::Await(one)
            | ExprKind::Try(one)
            | ExprKind::Block(_, Some(one)) => of(*one),
            ExprKind::Not(one) | ExprKind::Neg(one) => self.all(id, origins, &[*one], depth),
            // One of so many, whatever is divided.
            ExprKind::Binary(BinOp::Rem, _, by) if self.is_few(id, origins, *by, depth) => From::GIVEN,
            ExprKind::Binary(_, one, other) | ExprKind::Repeat(one, other) => {
                self.all(id, origins, &[*one, *other], depth)
            }
            ExprKind::Range(one, other) => {
                let ends: Vec<ExprId> = one.iter().chain(other).copied().collect();
                self.all(id, origins, &ends, depth)
            }
            ExprKind::Struct(_, fields, base) => match fields.iter().find(|(name, _)| Some(*name) == part) {
                Some((_, value)) => self.value(id, origins, (*value, None), depth + 1),
                None if part.is_some() => base.map_or(From::UNKNOWN, of),
                None => {
                    let all: Vec<ExprId> = fields.iter().map(|(_, value)| *value).chain(*base).collect();
                    self.all(id, origins, &all, depth).unless_fresh()
                }
            },
            ExprKind::Tuple(parts) => self.positional(id, origins, (parts, part), depth),
            ExprKind::Array(all) => From::all(all.iter().map(|one| of(*one))),
            ExprKind::Call(callee, args) => self.call(id, origins, (expr, *callee, part), args, depth),
            ExprKind::Method(call) => self.method(id, origins, (expr, call, part), depth),
            ExprKind::Macro(name, args) => {
                let all = self.all(id, origins, args, depth);
                let is_plain = [Sym::new("format"), Sym::new("vec")].contains(name);
                if is_plain { all } else { all.unless_told() }
            }
            ExprKind::If(_, then, Some(other)) => {
                self.branch(id, origins, (*then, part), depth).and(of(*other))
            }
            ExprKind::Match(_, arms) => {
                let arms = arms.iter().map(|arm| self.branch(id, origins, (arm.body, part), depth));
                From::all(arms)
            }
            ExprKind::Select(arms) => {
                let arms = arms.iter().map(|arm| self.branch(id, origins, (arm.body, part), depth));
                From::all(arms)
            }
            _ => From::UNKNOWN,
        }
    }

    /// Whether a number is given, and small where the code says it.
    fn is_few(&self, id: FnId, origins: &Origins<'a>, number: ExprId, depth: u32) -> bool {
        match origins.body.expr(number).kind {
            ExprKind::Lit(Lit::Int(number, _)) => number <= FEW_MAX,
            _ => {
                let from = self.value(id, origins, (number, None), depth + 1);
                from.params.is_empty() && from.own == Answer::Given
            }
        }
    }

    /// Whether a range has two ends, and both are few.
    fn is_short(&self, id: FnId, origins: &Origins<'a>, range: ExprId, depth: u32) -> bool {
        let is_end = |end: ExprId| {
            let is_most = matches!(&origins.body.expr(end).kind, ExprKind::Path(path) if path.last() == Sym::new("MAX"));
            !is_most && self.is_few(id, origins, end, depth)
        };
        matches!(origins.body.expr(range).kind, ExprKind::Range(Some(low), Some(high)) if is_end(low) && is_end(high))
    }

    /// All of some values.
    fn all(&self, id: FnId, origins: &Origins<'a>, parts: &[ExprId], depth: u32) -> From {
        let parts = parts.iter().map(|part| self.value(id, origins, (*part, None), depth + 1));
        From::all(parts)
    }

    /// Values side by side, of which one is wanted or all are.
    fn positional(
        &self,
        id: FnId,
        origins: &Origins<'a>,
        (all, part): (&[ExprId], Part),
        depth: u32,
    ) -> From {
        let position = part.and_then(|part| self.program.names.text(part).parse::<usize>().ok());
        match position.and_then(|at| all.get(at)) {
            Some(one) => self.value(id, origins, (*one, None), depth + 1),
            None => self.all(id, origins, all, depth),
        }
    }

    /// A branch that leads out has no value.
    fn branch(&self, id: FnId, origins: &Origins<'a>, (at, part): (ExprId, Part), depth: u32) -> From {
        if origins.leads_out(at) { From::GIVEN } else { self.value(id, origins, (at, part), depth + 1) }
    }

    fn path(&self, id: FnId, path: &PathRef) -> From {
        let module = self.program.names.function(id).module;
        match self.program.names.resolve(module, path, false).map(|found| found.def) {
            Some(Def::Static(of)) => From { own: self.static_kept(of), params: Vec::new() },
            // Constants, variants and functions are part of the program.
            Some(_) => From::GIVEN,
            None => From::UNKNOWN,
        }
    }

    fn local(
        &self,
        id: FnId,
        origins: &Origins<'a>,
        (expr, local, part): (ExprId, LocalId, Part),
        depth: u32,
    ) -> From {
        let (made, at) = (origins.local(local), origins.body.expr(expr).at);
        // Text that lives for ever stands in the program.
        let file = self.program.names.function(id).file;
        if self.program.names.is_static_text(file, origins.body.locals[local.0 as usize].at) {
            return From::GIVEN;
        }
        if made.is_message || made.param.is_some_and(|(param, _)| self.is_message(id, param)) {
            return self.told(id, at, Brings::Message);
        }
        let of = made.of.iter().map(|(of, own)| self.value(id, origins, (*of, own.or(part)), depth + 1));
        let mut from = From::all(of);
        if let Some(by) = made.read.filter(|by| self.repeats(id, origins, *by)) {
            from = from.and(self.told(id, origins.body.expr(by).at, Brings::Received));
        }
        if let Some((param, own)) = made.param {
            from = from.and(From { own: Answer::Given, params: vec![(param, own.or(part))] });
        }
        let unknown = made.lent || (made.of.is_empty() && made.param.is_none());
        if unknown { from.unless_told() } else { from }
    }

    fn field(
        &self,
        id: FnId,
        origins: &Origins<'a>,
        (expr, base, name, part): (ExprId, ExprId, Sym, Part),
        depth: u32,
    ) -> From {
        if self.is_configuration(origins, origins.inferred.expr(base)) {
            return From::GIVEN;
        }
        let Some(adt) = adt_behind(&origins.inferred.types, origins.inferred.expr(base)) else {
            return self.value(id, origins, (base, Some(name)), depth + 1);
        };
        let made = || self.made_with((adt, name), part, depth + 1);
        if !self.changes((adt, name)) && made() == Answer::Given {
            return From::GIVEN;
        }
        // Of a receiver its fields are asked about first: how it came about says little of what it holds by now.
        let is_receiver = matches!(origins.body.expr(base).kind, ExprKind::Local(local)
            if origins.local(local).param.is_some_and(|(param, _)| param == 0) && self.has_receiver(id));
        let of_base = match is_receiver {
            true => match made() {
                Answer::Unknown => From { own: Answer::Unknown, params: vec![(0, Some(name))] },
                made => From { own: made, params: Vec::new() },
            },
            false => self.value(id, origins, (base, Some(name)), depth + 1),
        };
        let (at, at_base) = (origins.body.expr(expr).at, origins.body.expr(base).at);
        match of_base.own {
            Answer::Told(witness) if witness.id == id && witness.at == at_base => {
                self.told(id, at, witness.what)
            }
            Answer::Told(_) => of_base,
            own => match self.changed((adt, name), part, depth + 1) {
                Some(changed) => From { own: own.and(changed), params: of_base.params },
                None => of_base,
            },
        }
    }

    fn call(
        &self,
        id: FnId,
        origins: &Origins<'a>,
        (at, callee, part): (ExprId, ExprId, Part),
        args: &[ExprId],
        depth: u32,
    ) -> From {
        match origins.inferred.callees.get(&at) {
            Some(Callee::Fns(fns)) => self.results(id, origins, (fns, args, part), depth),
            Some(Callee::Ctor(_)) => self.positional(id, origins, (args, part), depth),
            Some(Callee::Value) => self.of_closure(id, origins, (callee, part), args, depth),
            _ => {
                let ExprKind::Path(path) = &origins.body.expr(callee).kind else { return From::UNKNOWN };
                if let Some(what) = brings(self.program.models.gives(path.last())) {
                    return self.brought(id, origins, at, what);
                }
                // What went wrong becomes no key.
                if path.last() == Sym::new("Err") {
                    return From::GIVEN;
                }
                // `Token(self.next)`: a value by another name.
                let wraps = self.program.names.text(path.last()).starts_with(char::is_uppercase);
                let converts = CONVERTS.contains(&path.last()) || wraps;
                if let (true, [one]) = (converts, args) {
                    return self.value(id, origins, (*one, part), depth + 1);
                }
                let all = self.all(id, origins, args, depth);
                let makes_empty = args.is_empty() && self.is_collection(origins, origins.inferred.expr(at));
                if makes_empty || converts && !args.is_empty() { all } else { all.unless_told() }
            }
        }
    }

    /// What a closure of the same body gives, or another value that is called.
    fn of_closure(
        &self,
        id: FnId,
        origins: &Origins<'a>,
        (callee, part): (ExprId, Part),
        args: &[ExprId],
        depth: u32,
    ) -> From {
        let given = self.all(id, origins, args, depth).unless_told();
        let is_local = matches!(origins.body.expr(callee).kind, ExprKind::Local(_));
        let body = if is_local { self.value(id, origins, (callee, part), depth + 1) } else { From::UNKNOWN };
        match body.own {
            Answer::Told(_) => body,
            Answer::Given | Answer::Unknown => given,
        }
    }

    /// What gives something new each time it runs, where it runs with messages.
    fn brought(&self, id: FnId, origins: &Origins<'a>, expr: ExprId, what: Brings) -> From {
        let at = origins.body.expr(expr).at;
        if self.repeats(id, origins, expr) { self.told(id, at, what) } else { From::UNKNOWN }
    }

    fn method(
        &self,
        id: FnId,
        origins: &Origins<'a>,
        (at, call, part): (ExprId, &MethodCall, Part),
        depth: u32,
    ) -> From {
        if let Some(Callee::Fns(fns)) = origins.inferred.callees.get(&at) {
            let args = origins.args(at).unwrap_or_default();
            return self.results(id, origins, (fns, &args, part), depth);
        }
        // Of methods and statuses there are few.
        if KINDS.contains(&call.name)
            && call.args.is_empty()
            && self.comes(origins, origins.inferred.expr(call.recv))
        {
            return From::GIVEN;
        }
        // Who the peer is says the system, and not the peer.
        if CREDENTIALS.contains(&call.name) {
            return From::UNKNOWN;
        }
        if call.args.is_empty() && DIGITS.contains(&call.name)
            || call.args.len() == 1
                && DRAWS.contains(&call.name)
                && self.is_short(id, origins, call.args[0], depth)
        {
            return From::GIVEN;
        }
        // `next` goes through what is there already, or waits for more.
        let gives = self.program.models.gives(call.name);
        let nexts = gives.next && self.is_fed(origins, origins.inferred.expr(call.recv));
        let awaits = (nexts || gives.answer) && origins.is_awaited(at);
        let received = || self.received(origins, origins.inferred.expr(call.recv));
        let what = match brings(gives) {
            Some(Brings::Received) => Some(received()),
            None if awaits => Some(received()),
            what => what,
        };
        if let Some(what) = what {
            return self.brought(id, origins, at, what);
        }
        let derives = DERIVES.contains(&call.name);
        let of = |one: ExprId| self.value(id, origins, (one, part.filter(|_| derives)), depth + 1);
        let recv = of(call.recv);
        if KEEPS.contains(&call.name) {
            return recv;
        }
        let from = From::all(std::iter::once(recv).chain(call.args.iter().map(|arg| of(*arg))));
        let locks = ["read", "write"].iter().any(|name| Sym::new(name) == call.name);
        if derives && (!locks || call.args.is_empty()) { from } else { from.unless_told() }
    }

    /// What functions of the workspace give back, with what is passed here.
    fn results(
        &self,
        id: FnId,
        origins: &Origins<'a>,
        (fns, args, part): (&[FnId], &[ExprId], Part),
        depth: u32,
    ) -> From {
        if fns.is_empty() || fns.len() > FUNCTIONS_MAX {
            return self.all(id, origins, args, depth).unless_told();
        }
        let all = fns.iter().flat_map(|of| {
            let result = self.result(*of, part, depth + 1);
            let passed = result.params.into_iter().map(|(param, part)| {
                let arg = args.get(param as usize);
                arg.map_or(From::UNKNOWN, |arg| self.value(id, origins, (*arg, part), depth + 1))
            });
            std::iter::once(From { own: result.own, params: Vec::new() }).chain(passed)
        });
        From::all(all)
    }
}

fn brings(gives: Gives) -> Option<Brings> {
    match gives {
        Gives { outside: true, .. } => Some(Brings::Received),
        Gives { fresh: true, .. } => Some(Brings::Fresh),
        Gives { time: true, .. } => Some(Brings::Time),
        _ => None,
    }
}
