//! Tasks and threads nobody looks after: spawned and let go, replaced, or beaten in a race.

mod field_race;
mod forwards;
mod halves;

use super::{Look, Seen, Sight, within};
use crate::lower::ir::{BinOp, ExprId, ExprKind, LocalId, Range, SelectArm, Stmt};
use crate::lower::sym::{Sym, syms};
use crate::models::Effect;
use crate::types::{Interner, Ty, TyKind};

const SLEEPS: [Sym; 3] = syms(["sleep", "sleep_until", "after"]);
const ENDS: [Sym; 4] = syms(["abort", "abort_handle", "abort_all", "shutdown"]);
const PERMITS: [Sym; 2] = syms(["SemaphorePermit", "OwnedSemaphorePermit"]);
pub(super) const ANSWER: Sym = Sym::path("tokio::sync::oneshot::Receiver");
const NAMED_PERMIT: Sym = Sym::new("permit");

impl Look<'_, '_, '_> {
    /// Spawns whose handle a statement throws away.
    pub(super) fn dropped_handles(&mut self, stmts: &[Stmt]) {
        for stmt in stmts {
            let (value, pat) = match stmt {
                Stmt::Expr(id) => (*id, None),
                Stmt::Let(pat, _, Some(init), _) => (*init, Some(*pat)),
                Stmt::Let(..) => continue,
            };
            let value = match self.kind(value) {
                ExprKind::Call(..) if self.called(value).1 == Sym::new("drop") => {
                    self.args(value).first().copied().unwrap_or(value)
                }
                _ => value,
            };
            let value = self.inner_sync(value);
            // Whether a name is used takes a look at the whole body, and so comes behind what it is the name of.
            if !self.is_spawn(value)
                || pat.is_some_and(|pat| !self.walk.is_never_used(pat))
                || self.is_admitted()
                || self.is_in_once(value, false)
            {
                continue;
            }
            let tied = self.is_tied(value);
            if tied && !self.may_outlive(value) {
                continue;
            }
            let tied = tied || self.is_tested();
            let before = self.tested_before(value);
            let thread = self.walk.callable(value).is_some_and(|callable| callable.on_thread);
            let (timer, alone) = (self.is_timer(value), before.alone);
            self.note(Sight::Detached { thread, timer, tied, alone, asks: before.asks.into() }, value);
        }
    }

    /// A spawn that nothing but its handle keeps track of.
    fn is_spawn(&self, id: ExprId) -> bool {
        let Some(callable) = self.walk.callable(id) else { return false };
        let tracked = match self.kind(id) {
            ExprKind::Method(call) => {
                let holder = self.foreign(self.walk.ty(call.recv));
                ["Scope", "TaskTracker"].iter().any(|name| Sym::new(name) == holder)
            }
            _ => self.called(id).0 == Sym::new("rayon"),
        };
        callable.spawns && !callable.resident && callable.effect == Effect::None && !tracked
    }

    /// A permit, or a wait for the task's answer, stands in the same body.
    fn is_admitted(&self) -> bool {
        let walk = self.walk;
        let is = |ty: Ty| matches!(walk.inferred.types.kind(ty), TyKind::Foreign(of, _) if PERMITS.contains(&of.last));
        let is_permit = |ty: &Ty| match walk.inferred.types.kind(*ty) {
            TyKind::Foreign(_, args) => is(*ty) || args.iter().any(|arg| is(*arg)),
            _ => false,
        };
        let named = walk.body.locals.iter().any(|local| local.name == NAMED_PERMIT);
        // Who waits for the task's answer starts no second one meanwhile.
        let answered = walk.body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::Await(inner) => self.foreign_path(walk.ty(*inner)) == ANSWER,
            _ => false,
        });
        named || answered || walk.inferred.locals.iter().any(is_permit)
    }

    /// A test against a limit stands in the same body.
    fn is_tested(&self) -> bool {
        let walk = self.walk;
        let limit = |id: ExprId| match self.kind(id) {
            ExprKind::Path(_) => walk.is_constant(id),
            ExprKind::Field(_, name) => {
                let text = walk.program.names.text(*name);
                text.starts_with("max") || text.ends_with("max") || text.contains("limit")
            }
            _ => false,
        };
        walk.body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::Binary(BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge | BinOp::Eq, left, right) => {
                limit(*left) || limit(*right)
            }
            _ => false,
        })
    }

    /// What is spawned sleeps, and has no loop of its own.
    fn is_timer(&self, id: ExprId) -> bool {
        let Some(arg) = self.args(id).last().map(|arg| self.extent(*arg)) else { return false };
        let body = self.walk.body;
        let inside = |index: usize| within(arg, body.exprs[index].at);
        let (mut sleeps, mut loops) = (false, false);
        for index in (0..body.exprs.len()).filter(|index| inside(*index)) {
            let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
            match &body.exprs[index].kind {
                ExprKind::Call(..) => sleeps |= SLEEPS.contains(&self.called(id).1),
                ExprKind::Loop(..) | ExprKind::While(..) | ExprKind::For(..) => loops = true,
                _ => {}
            }
        }
        sleeps && !loops
    }

    /// `self.task = Some(tokio::spawn(..))`.
    pub(super) fn replaced_handle(&mut self, id: ExprId, left: ExprId, right: ExprId) {
        let value = match self.kind(right) {
            ExprKind::Call(_, args) if self.called(right).1 == Sym::new("Some") && args.len() == 1 => args[0],
            _ => right,
        };
        let value = self.inner(value);
        let is_task = self.is_spawn(value) && self.walk.callable(value).is_some_and(|call| !call.on_thread);
        let field = self.walk.place(left).and_then(|place| place.field);
        if let (true, Some(field)) = (is_task, field) {
            self.note(Sight::HandleReplaced(Some(field)), id);
        }
    }

    /// Calls of `abort` on what a field holds, and threads that are started.
    pub(super) fn task(&mut self, id: ExprId) {
        if let ExprKind::Method(call) = self.kind(id)
            && ENDS.contains(&call.name)
            && let Some(field) = self.walk.place(call.recv).and_then(|place| place.field)
        {
            self.note(Sight::Aborted(field), id);
        }
        self.aborted_taken(id);
        if self.walk.callable(id).is_some_and(|callable| callable.on_thread && !callable.resident) {
            self.note(Sight::StartsThread, id);
        }
    }

    /// `if let Some(old) = self.task.take() { old.abort() }`: the name leads no further than to what was taken.
    fn aborted_taken(&mut self, id: ExprId) {
        let ExprKind::Method(call) = self.kind(id) else { return };
        if ENDS.contains(&call.name) && self.walk.place(call.recv).is_none_or(|place| place.field.is_none()) {
            self.ends_taken(id);
        }
    }

    /// Notes that `id` ends what the body took out of fields.
    fn ends_taken(&mut self, id: ExprId) {
        const TAKES: [Sym; 2] = syms(["take", "replace"]);
        let taken = self.walk.body.exprs.iter().filter_map(|expr| match &expr.kind {
            ExprKind::Method(taking) if TAKES.contains(&taking.name) => self.walk.place(taking.recv)?.field,
            _ => None,
        });
        let taken: Vec<_> = taken.collect();
        for field in taken {
            self.note(Sight::Aborted(field), id);
        }
    }

    /// `self.task.take()` that is awaited, or bound and awaited.
    pub(super) fn awaited_handle(&mut self, inner: ExprId) {
        if self.foreign(self.walk.ty(inner)) != Sym::new("JoinHandle") {
            return;
        }
        match self.walk.place(inner).and_then(|place| place.field) {
            Some(field) => self.note(Sight::Aborted(field), inner),
            None => self.ends_taken(inner),
        }
    }

    /// `select!` over two handles or more: the one that does not win is dropped, and its task goes on.
    pub(super) fn race(&mut self, id: ExprId, arms: &[SelectArm]) {
        let handle = |arm: &SelectArm| {
            let future = arm.future?;
            let (at, lent) = match self.kind(future) {
                ExprKind::Ref(inner, _) => (*inner, true),
                _ => (future, false),
            };
            let ExprKind::Local(local) = self.kind(at) else { return None };
            let is_task = matches!(self.walk.inferred.types.kind(self.walk.ty(at)), TyKind::Foreign(foreign, _)
                if foreign.path == Sym::path("tokio::task::JoinHandle"));
            is_task.then_some((*local, lent))
        };
        let racing: Vec<_> = arms.iter().filter_map(handle).collect();
        let bodies: Vec<Range> = arms.iter().map(|arm| self.walk.body.extent(arm.body)).collect();
        // Of the arms only that of whoever has won runs.
        let ended = |local: LocalId, won: Range| {
            let (mut uses, mut ends) = (0, false);
            let runs = |at: Range| !bodies.iter().any(|body| *body != won && super::within(*body, at));
            for expr in self.walk.body.exprs.iter().filter(|expr| runs(expr.at)) {
                match &expr.kind {
                    ExprKind::Local(of) if *of == local => uses += 1,
                    ExprKind::Method(call) if ENDS.contains(&call.name) => {
                        ends |= matches!(self.kind(call.recv), ExprKind::Local(of) if *of == local);
                    }
                    _ => {}
                }
            }
            // One that is only lent may be awaited behind the race.
            (ends, uses)
        };
        let around = self.walk.loop_around(id);
        // The next turn waits again for one that is there before the loop, unless an arm leaves that.
        let stays =
            |local: LocalId| around.is_some() && self.walk.facts.local_loops[local.0 as usize] != around;
        let lost = arms.iter().zip(&bodies).any(|(arm, body)| {
            let won = handle(arm).map(|(won, _)| won);
            racing.iter().any(|(local, lent)| {
                let is_left = if *lent && stays(*local) { self.leaves(*body) } else { won.is_some() };
                let (ends, uses) = ended(*local, *body);
                is_left && won != Some(*local) && !ends && (!lent || uses == 1)
            })
        });
        let is_told = || self.tells_behind(id) && racing.iter().all(|(local, _)| self.listens(*local));
        if racing.len() >= 2 && lost && !is_told() {
            // Where whoever wins ends the loop around it, the race is run once for the whole loop.
            let mut raced = arms.iter().filter(|arm| handle(arm).is_some());
            let in_loop = match raced.all(|arm| self.walk.leaves_loop(arm.body)) {
                true => around.and_then(|at| self.walk.facts.loops.get(at as usize)?.parent),
                false => around,
            };
            let halves = match racing[..] {
                [(one, _), (other, _)] => self.have_halves_of_one(one, other),
                _ => false,
            };
            self.seen.push(Seen { sight: Sight::Race { halves }, at: self.walk.at(id), in_loop });
        }
    }

    /// Whether a region has a `return` or `break`.
    fn leaves(&self, region: Range) -> bool {
        self.walk.body.exprs.iter().any(|expr| {
            matches!(expr.kind, ExprKind::Return(_) | ExprKind::Break(..)) && super::within(region, expr.at)
        })
    }

    /// Whether something is sent to others in what a race leads to.
    fn tells_behind(&self, race: ExprId) -> bool {
        const TELLS: [Sym; 6] =
            syms(["send", "try_send", "cancel", "notify_one", "notify_waiters", "send_replace"]);
        let race = self.walk.at(race);
        self.walk.body.exprs.iter().any(|expr| {
            let tells = matches!(&expr.kind, ExprKind::Method(call) if TELLS.contains(&call.name)
                && matches!(self.kind(call.recv), ExprKind::Local(_)));
            tells && expr.at.start >= race.start
        })
    }

    /// Whether a task also waits for what it may be told while it works.
    fn listens(&self, task: LocalId) -> bool {
        const WAITS: [Sym; 4] = syms(["recv", "changed", "cancelled", "notified"]);
        let Some(task) = self.inits[task.0 as usize].map(|init| self.extent(init)) else { return false };
        let waits = |arm: &SelectArm| {
            arm.future.is_some_and(|future| {
                matches!(self.kind(self.inner(future)), ExprKind::Method(call) if WAITS.contains(&call.name))
            })
        };
        self.walk.body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::Select(arms) => super::within(task, expr.at) && arms.iter().any(waits),
            _ => false,
        })
    }
}
