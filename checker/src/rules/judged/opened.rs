//! A body looked at once more, for the few functions that lie on the way of what would be reported.
//!
//! The facts of a function say what it does; what stands around a call, and what a region of the text waits for,
//! is asked for so few calls that it is worked out anew for those.

use crate::events::TIME_LIMITS;
use crate::events::seen::within;
use crate::lower::ir::{Body, ExprId, ExprKind, LocalId, Pat, PatId, Range, Stmt};
use crate::lower::sym::{Sym, syms};
use crate::models::Callable;
use crate::names::FnId;
use crate::types::{Callee, Inferred, Insides, Interner, Program, Ty, TyKind};
use std::sync::Arc;

/// As what a function gives back something.
#[derive(Clone, Copy)]
pub(super) enum Given {
    /// Alone.
    Alone,
    /// As one of several side by side.
    Beside(usize),
    /// As a field.
    Named(Sym),
}

/// A body with its types.
pub(crate) struct Opened<'p> {
    pub(super) body: &'p Body,
    pub(super) inferred: Arc<Inferred<'p>>,
    /// Expressions that are awaited.
    awaited: Vec<bool>,
    /// What is handed to tasks and threads.
    apart: Vec<Range>,
    /// What is handed to a framework, to be called with each request.
    served: Vec<Range>,
}

impl<'p> Opened<'p> {
    pub(crate) fn of(program: &'p Program<'_>, insides: &Insides<'p>, id: FnId) -> Option<Self> {
        let body = program.names.body(id)?;
        let inferred = insides(id)?;
        let mut opened = Opened {
            body,
            inferred,
            awaited: vec![false; body.exprs.len()],
            apart: Vec::new(),
            served: Vec::new(),
        };
        for (id, expr) in exprs(body) {
            match &expr.kind {
                ExprKind::Await(inner) => opened.note_awaited(*inner),
                ExprKind::Call(..) | ExprKind::Method(_) => {
                    let Some(callable) = opened.callable(program, id) else { continue };
                    let (apart, serves) = (callable.spawns || callable.on_thread, callable.serves);
                    let args = opened.args(id);
                    if apart {
                        let tasks: Vec<Range> = args.iter().map(|arg| opened.task(*arg)).collect();
                        opened.apart.extend(tasks);
                    }
                    if serves {
                        let handlers: Vec<Range> = args.iter().map(|arg| opened.task(*arg)).collect();
                        opened.served.extend(handlers);
                    }
                }
                _ => {}
            }
        }
        Some(opened)
    }

    /// All expressions, children first.
    pub(super) fn exprs(&self) -> impl Iterator<Item = (ExprId, &'p crate::lower::ir::Expr)> + use<'p> {
        exprs(self.body)
    }

    /// Those that begin in a region and run where it runs.
    pub(super) fn inside(&self, region: Range) -> impl Iterator<Item = (ExprId, &'p ExprKind)> {
        let runs = move |at: Range| {
            within(region, at) && !self.apart.iter().any(|task| within(*task, at) && !holds(*task, region))
        };
        self.exprs().filter(move |(_, expr)| runs(expr.at)).map(|(id, expr)| (id, &expr.kind))
    }

    pub(super) fn kind(&self, id: ExprId) -> &'p ExprKind {
        &self.body.expr(id).kind
    }

    pub(super) fn at(&self, id: ExprId) -> Range {
        self.body.expr(id).at
    }

    /// Notes what is awaited, and what that limits the time of: `timeout(limit, lines.next()).await`.
    fn note_awaited(&mut self, id: ExprId) {
        self.awaited[id.0 as usize] = true;
        if let ExprKind::Call(_, args) = self.kind(id)
            && let Some(limited) = args.last().filter(|_| TIME_LIMITS.contains(&self.called(id)))
        {
            self.awaited[limited.0 as usize] = true;
        }
    }

    pub(super) fn is_awaited(&self, id: ExprId) -> bool {
        self.awaited[id.0 as usize]
    }

    pub(super) fn callable<'m>(&self, program: &'m Program<'_>, id: ExprId) -> Option<&'m Callable> {
        match self.inferred.callees.get(&id) {
            Some(Callee::Model(callable)) => Some(program.models.callable(*callable)),
            _ => None,
        }
    }

    /// The functions of the workspace that a call may lead to.
    pub(super) fn own(&self, call: ExprId) -> &[FnId] {
        match self.inferred.callees.get(&call) {
            Some(Callee::Fns(fns)) => fns,
            _ => &[],
        }
    }

    /// Arguments of a call, without the receiver.
    pub(super) fn args(&self, id: ExprId) -> &'p [ExprId] {
        match self.kind(id) {
            ExprKind::Call(_, args) => args,
            ExprKind::Method(call) => &call.args,
            _ => &[],
        }
    }

    /// The name of a call.
    pub(super) fn called(&self, id: ExprId) -> Sym {
        match self.kind(id) {
            ExprKind::Call(callee, _) => match self.kind(*callee) {
                ExprKind::Path(path) => path.last(),
                _ => Sym::NONE,
            },
            ExprKind::Method(call) => call.name,
            _ => Sym::NONE,
        }
    }

    /// The name of a local or a field.
    pub(super) fn named(&self, id: ExprId) -> Sym {
        match self.kind(id) {
            ExprKind::Local(local) => self.body.locals[local.0 as usize].name,
            ExprKind::Field(_, name) => *name,
            ExprKind::Ref(inner, _) => self.named(*inner),
            _ => Sym::NONE,
        }
    }

    /// Whether what runs in a region comes to no end: a loop that nothing leaves.
    pub(super) fn is_endless(&self, region: Range) -> bool {
        self.inside(region).any(|(id, kind)| {
            let all = self.extent(id);
            let leaves = |kind: &ExprKind| {
                matches!(kind, ExprKind::Break(..) | ExprKind::Return(_) | ExprKind::Try(_))
            };
            matches!(kind, ExprKind::Loop(..)) && !self.inside(all).any(|(_, kind)| leaves(kind))
        })
    }

    /// Whether a type is, or wraps, one of the library or a crate that `is` takes by its last name.
    pub(super) fn holds_type(&self, ty: Ty, is: &dyn Fn(Sym) -> bool, depth: u32) -> bool {
        match self.inferred.types.kind(ty) {
            TyKind::Foreign(foreign, args) => {
                is(foreign.last) || depth < 4 && args.iter().any(|arg| self.holds_type(*arg, is, depth + 1))
            }
            _ => false,
        }
    }

    /// What a local began as.
    pub(super) fn init(&self, local: LocalId) -> Option<ExprId> {
        let lets = self.exprs().filter_map(|(_, expr)| match &expr.kind {
            ExprKind::Block(stmts, _) => Some(stmts.iter()),
            _ => None,
        });
        lets.flatten().find_map(|stmt| match stmt {
            Stmt::Let(pat, _, Some(init), _) => {
                let is_it = matches!(self.body.pat(*pat), Pat::Bind(of, None) if *of == local);
                is_it.then_some(*init)
            }
            _ => None,
        })
    }

    /// As what a function gives back a local: alone, or as one of several side by side, or as a field.
    pub(super) fn given_as(&self, local: LocalId) -> Option<Given> {
        const WRAPS: [Sym; 2] = syms(["Ok", "Some"]);
        let is_it = |id: &ExprId| matches!(self.kind(*id), ExprKind::Local(of) if *of == local);
        let mut at = self.body.root?;
        for _ in 0..6 {
            at = match self.kind(at) {
                ExprKind::Block(_, Some(tail)) => *tail,
                ExprKind::Async(body) => *body,
                ExprKind::Call(_, args) if args.len() == 1 && WRAPS.contains(&self.called(at)) => args[0],
                ExprKind::Local(of) => return (*of == local).then_some(Given::Alone),
                ExprKind::Tuple(parts) => return parts.iter().position(is_it).map(Given::Beside),
                ExprKind::Struct(_, fields, _) => {
                    let named = fields.iter().find(|(_, value)| is_it(value));
                    return named.map(|(name, _)| Given::Named(*name));
                }
                _ => return None,
            };
        }
        None
    }

    /// Whether a function gives back a local, in what it is wrapped in.
    pub(super) fn hands_out(&self, local: LocalId) -> bool {
        self.body.root.is_some_and(|root| self.is_made_of(root, local, 0))
    }

    fn is_made_of(&self, id: ExprId, local: LocalId, depth: u32) -> bool {
        const DEPTH_MAX: u32 = 8;
        let of = |id: &ExprId| depth < DEPTH_MAX && self.is_made_of(*id, local, depth + 1);
        match self.kind(id) {
            _ if self.apart.iter().any(|task| within(*task, self.at(id))) => false,
            ExprKind::Local(known) => *known == local,
            ExprKind::Block(_, Some(tail)) | ExprKind::Async(tail) | ExprKind::Try(tail) => of(tail),
            ExprKind::Method(call) => self.own(id).is_empty() && of(&call.recv),
            ExprKind::Call(_, args) => self.own(id).is_empty() && args.iter().any(of),
            ExprKind::Tuple(parts) => parts.iter().any(of),
            _ => false,
        }
    }

    /// The local that what stands at `at`, or the part of it, is bound to.
    pub(super) fn bound_to(&self, at: Range, part: Given) -> Option<LocalId> {
        let stmts = self.exprs().filter_map(|(_, expr)| match &expr.kind {
            ExprKind::Block(stmts, _) => Some(stmts.iter()),
            _ => None,
        });
        stmts.flatten().find_map(|stmt| match stmt {
            Stmt::Let(pat, _, Some(init), _)
                if self.at(*init).start <= at.start && at.end <= self.at(*init).end =>
            {
                let named = |fields: &[(Sym, PatId)], name: Sym| {
                    fields.iter().find(|(field, _)| *field == name).map(|(_, inner)| *inner)
                };
                let bound = match (self.body.pat(*pat), part) {
                    (_, Given::Alone) => Some(*pat),
                    (Pat::Tuple(parts), Given::Beside(at)) => parts.get(at).copied(),
                    (Pat::Struct(_, fields), Given::Named(name)) => named(fields, name),
                    _ => None,
                };
                match bound.map(|bound| self.body.pat(bound)) {
                    Some(Pat::Bind(local, None)) => Some(*local),
                    _ => None,
                }
            }
            _ => None,
        })
    }

    /// The type of a local.
    pub(super) fn local_ty(&self, local: LocalId) -> Ty {
        self.inferred.local(local)
    }

    /// All of what is handed to a task, also where a local holds it.
    pub(super) fn task(&self, arg: ExprId) -> Range {
        match self.kind(arg) {
            ExprKind::Local(local) => self.init(*local).map_or(self.at(arg), |init| self.extent(init)),
            ExprKind::Method(call) if self.called(arg) == Sym::new("instrument") => self.task(call.recv),
            _ => self.extent(arg),
        }
    }

    pub(super) fn extent(&self, id: ExprId) -> Range {
        self.body.extent(id)
    }

    /// Whether a position lies in nothing that is handed to a task or thread.
    pub(super) fn runs_here(&self, at: Range) -> bool {
        !self.apart.iter().any(|task| within(*task, at))
    }

    /// Whether a region is all of what a task or thread is given.
    pub(super) fn is_task(&self, region: Range) -> bool {
        self.apart.contains(&region)
    }

    /// Whether a position lies in what a framework calls with each request.
    pub(super) fn is_served(&self, at: Range) -> bool {
        self.handler(at).is_some()
    }

    /// What a framework calls with each request, around a position.
    pub(super) fn handler(&self, at: Range) -> Option<Range> {
        self.served.iter().copied().find(|handler| within(*handler, at))
    }

    /// The loops around a position, innermost first.
    pub(super) fn loops_around(&self, at: Range) -> Vec<ExprId> {
        let is_loop =
            |kind: &ExprKind| matches!(kind, ExprKind::Loop(..) | ExprKind::While(..) | ExprKind::For(..));
        let holds_it = |(id, expr): &(ExprId, &crate::lower::ir::Expr)| {
            is_loop(&expr.kind) && expr.at.start < at.start && within(self.extent(*id), at)
        };
        // A loop stands behind all that is in it.
        self.exprs().filter(holds_it).map(|(id, _)| id).collect()
    }
}

fn exprs(body: &Body) -> impl Iterator<Item = (ExprId, &crate::lower::ir::Expr)> {
    (0_u32..).map(ExprId).zip(&body.exprs)
}

/// Whether `inner` lies in `outer`, both ends.
fn holds(outer: Range, inner: Range) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}
