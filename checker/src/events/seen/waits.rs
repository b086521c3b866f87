//! Calls that hold up their thread, and locks that are held where a task gives its thread away.

use super::{Look, Sight};
use crate::lower::ir::{Arm, ExprId, ExprKind, LocalId, Pat, PatId, Range, Stmt};
use crate::lower::sym::{Sym, syms};

const LOCKS: [Sym; 3] = syms(["lock", "read", "write"]);
const BLOCK_ON: Sym = Sym::new("block_on");

impl Look<'_, '_, '_> {
    /// A call that the models say holds up its thread, and that is not awaited.
    pub(super) fn blocking(&mut self, id: ExprId) {
        let blocks = self.walk.callable(id).is_some_and(|callable| callable.blocks);
        if blocks && !self.awaited[id.0 as usize] && !self.is_over(id) {
            let is_short = self.args(id).iter().any(|arg| self.is_credential(*arg, 0));
            let apart = self.is_apart(id);
            // A directory is opened here, and no more: what is done with its entries counts where it is done.
            let is_listing = self.called(id).1 == Sym::new("read_dir");
            self.note(Sight::Blocks { name: self.name_of(id), slight: is_short || apart || is_listing }, id);
        }
    }

    /// `if handle.is_finished() { handle.join() }` waits for nothing.
    fn is_over(&self, id: ExprId) -> bool {
        let asks = |kind: &ExprKind| matches!(kind, ExprKind::Method(asked) if asked.name == Sym::new("is_finished"));
        let joins = matches!(self.kind(id), ExprKind::Method(call) if call.name == Sym::new("join"));
        joins && self.walk.body.exprs.iter().any(|expr| asks(&expr.kind))
    }

    /// A certificate, a key or a configuration: small, and read when a connection is made, not for each message.
    fn is_credential(&self, id: ExprId, depth: u32) -> bool {
        const WORDS: [&str; 9] =
            ["cert", "pem", "ca_file", "key_file", "key_path", "ca_path", "config", "token", "secret"];
        let says = |name: Sym| {
            let text = self.walk.program.names.text(name);
            WORDS.iter().any(|word| text.contains(word))
        };
        match self.kind(id) {
            _ if depth > 4 => false,
            ExprKind::Local(local) => says(self.walk.body.locals[local.0 as usize].name),
            ExprKind::Field(_, name) => says(*name),
            ExprKind::Ref(inner, _) | ExprKind::Try(inner) => self.is_credential(*inner, depth + 1),
            ExprKind::Method(call) => self.is_credential(call.recv, depth + 1),
            _ => false,
        }
    }

    /// In a closure that is handed to something that has a thread of its own: `pool.spawn_worker(move || ..)`, a watcher.
    fn is_apart(&self, id: ExprId) -> bool {
        let at = self.walk.at(id);
        (0_u32..).map(ExprId).zip(&self.walk.body.exprs).any(|(call, expr)| {
            let calls = matches!(expr.kind, ExprKind::Call(..) | ExprKind::Method(_));
            let name = if calls { self.walk.program.names.text(self.called(call).1) } else { "" };
            let starts = ["spawn", "blocking", "block_in_place", "offload", "watcher", "interact"]
                .iter()
                .any(|word| name.contains(word));
            starts
                && self.args(call).iter().any(|arg| {
                    let sync = match self.kind(*arg) {
                        ExprKind::Closure(_, body, false) => !matches!(self.kind(*body), ExprKind::Async(_)),
                        _ => false,
                    };
                    sync && super::within(self.extent(*arg), at)
                })
        })
    }

    /// A guard bound in a block, with an await behind it.
    pub(super) fn locks_in_block(&mut self, around: Range, stmts: &[Stmt], tail: Option<ExprId>) {
        if !self.awaits {
            return;
        }
        self.queues_in_block(around, stmts);
        for (index, stmt) in stmts.iter().enumerate() {
            let Stmt::Let(pat, _, Some(init), otherwise) = stmt else { continue };
            let Some(local) = self.bound(*pat) else { continue };
            let value = self.guard_of(*init);
            if !self.is_lock(value) && !self.is_entry(value) && !self.gives_guard(value) {
                continue;
            }
            let taken = self.walk.at(*init);
            let rest = stmts[index + 1..].iter().map(|stmt| match stmt {
                Stmt::Let(_, _, init, _) => *init,
                Stmt::Expr(id) => Some(*id),
            });
            let has_rest = rest.flatten().chain(tail).next().is_some();
            let until = self.given_up(local, taken, around);
            if has_rest {
                // Where the pattern does not fit, nothing is held.
                let start = otherwise.map_or(taken.end, |otherwise| self.extent(otherwise).end);
                self.held(taken, Range { start, end: until });
            }
        }
    }

    /// `match state.lock().unwrap().get(..) { .. }`: what the head borrows lives to the end.
    pub(super) fn lock_in_scrutinee(&mut self, id: ExprId, on: ExprId, arms: &[Arm]) {
        if let Some(taken) = self.lock_below(on) {
            let on = self.walk.at(on);
            self.held(taken, Range { start: on.end, end: self.extent(id).end });
        } else if let Some(taken) = self.entry_at(on) {
            // An entry that is not there locks nothing.
            let some = Sym::new("Some");
            let takes_all = |arm: &Arm| arm.guard.is_none() && self.is_variant(arm.pat, some);
            let rest_is_nothing = arms.iter().any(takes_all);
            let is_nothing = |arm: &Arm| match self.walk.body.pat(arm.pat) {
                Pat::Wild => rest_is_nothing,
                _ => self.is_variant(arm.pat, Sym::new("None")),
            };
            let found = arms.iter().filter(|arm| !is_nothing(arm));
            let found: Vec<Range> = found.map(|arm| self.while_bound(arm.pat, taken, arm.body)).collect();
            found.into_iter().for_each(|during| self.held(taken, during));
        }
    }

    fn is_variant(&self, pat: PatId, name: Sym) -> bool {
        matches!(self.walk.body.pat(pat), Pat::TupleStruct(path, _) if path.last() == name)
    }

    pub(super) fn lock_in_condition(&mut self, cond: ExprId, then: ExprId) {
        let ExprKind::Let(pat, init) = *self.kind(cond) else { return };
        if let Some(taken) = self.lock_below(init) {
            self.held(taken, self.extent(then));
        } else if let Some(taken) = self.entry_at(init) {
            self.held(taken, self.while_bound(pat, taken, then));
        }
    }

    /// Where in `then` an entry is held that a pattern gives a name: it locks for as long as that is not given up.
    fn while_bound(&self, pat: PatId, taken: Range, then: ExprId) -> Range {
        let during = self.extent(then);
        let end = self.bound(pat).map_or(during.end, |local| self.given_up(local, taken, during));
        Range { end, ..during }
    }

    pub(super) fn held(&mut self, taken: Range, during: Range) {
        let frame = self.frame_of(taken);
        if frame.is_some_and(|frame| self.is_blocked_on(frame)) {
            return;
        }
        for id in self.awaits_during(taken, during) {
            let at = self.walk.at(id);
            let of_this = |sight: &Sight| matches!(sight, Sight::LockHeld(of) if *of == taken);
            if !self.seen.iter().any(|seen| seen.at == at && of_this(&seen.sight)) {
                self.note_at(Sight::LockHeld(taken), id, at);
            }
        }
    }

    /// What is awaited in a region by the same task that took something.
    pub(super) fn awaits_during(&self, taken: Range, during: Range) -> Vec<ExprId> {
        let frame = self.frame_of(taken);
        let awaits = (0_u32..).map(ExprId).zip(&self.walk.body.exprs).filter(|(_, expr)| {
            matches!(expr.kind, ExprKind::Await(_))
                && during.start <= expr.at.start
                && expr.at.end <= during.end
                && self.frame_of(expr.at) == frame
        });
        awaits.map(|(id, _)| id).collect()
    }

    /// `runtime.block_on(async { .. })`: the thread waits for this one future whatever it holds.
    pub(super) fn is_blocked_on(&self, frame: Range) -> bool {
        let is = |arg: &ExprId| matches!(self.kind(*arg), ExprKind::Async(_)) && self.extent(*arg) == frame;
        self.walk.body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::Method(call) => call.name == BLOCK_ON && call.args.iter().any(is),
            ExprKind::Call(callee, args) => {
                matches!(self.kind(*callee), ExprKind::Path(path) if path.last() == BLOCK_ON)
                    && args.iter().any(is)
            }
            _ => false,
        })
    }

    /// Where the guard is dropped or given away, else the end of its block.
    pub(super) fn given_up(&self, local: LocalId, taken: Range, around: Range) -> u32 {
        let names = |id: &ExprId| matches!(self.kind(*id), ExprKind::Local(of) if *of == local);
        let gives = self.walk.body.exprs.iter().filter(|expr| match &expr.kind {
            ExprKind::Call(_, args) => args.iter().any(names),
            ExprKind::Return(Some(value)) => names(value),
            _ => false,
        });
        let behind = gives.map(|expr| expr.at.start).filter(|start| *start > taken.end);
        behind.min().unwrap_or(around.end)
    }

    /// The value below `?` and `unwrap`, but not below an await: that lock knows how to wait.
    pub(super) fn inner_sync(&self, mut id: ExprId) -> ExprId {
        for _ in 0..4 {
            match self.kind(id) {
                ExprKind::Try(inner) => id = *inner,
                ExprKind::Method(call) if super::PASSES.contains(&call.name) => id = call.recv,
                _ => return id,
            }
        }
        id
    }

    /// A lock taken somewhere along a chain of method calls.
    pub(super) fn lock_below(&self, mut id: ExprId) -> Option<Range> {
        for _ in 0..12 {
            if self.is_lock(id) {
                return Some(self.walk.at(id));
            }
            match self.kind(id) {
                // What is copied out of it does not borrow, but the guard lives on all the same.
                ExprKind::Method(call) => id = call.recv,
                ExprKind::Try(inner)
                | ExprKind::Ref(inner, _)
                | ExprKind::Deref(inner)
                | ExprKind::Field(inner, _)
                | ExprKind::Index(inner, _) => id = *inner,
                _ => return None,
            }
        }
        None
    }

    pub(super) fn is_lock(&self, id: ExprId) -> bool {
        const HOLDERS: [Sym; 2] = [Sym::path("std::sync::Mutex"), Sym::path("parking_lot::Mutex")];
        let ExprKind::Method(call) = self.kind(id) else { return false };
        let holder = self.foreign_path(self.walk.ty(call.recv));
        LOCKS.contains(&call.name) && call.args.is_empty() && HOLDERS.contains(&holder)
    }

    /// The name that a value is bound to, itself or out of an `Option` or `Result`.
    pub(super) fn bound(&self, pat: PatId) -> Option<LocalId> {
        match self.walk.body.pat(pat) {
            Pat::Bind(local, None) => Some(*local),
            Pat::TupleStruct(_, parts) if parts.len() == 1 => self.bound(parts[0]),
            _ => None,
        }
    }

    /// `map.get_mut(key)` of a map that locks a part of itself for as long as its entry is referred to. What is made of
    /// the reference, a copy or a number, does not hold it.
    fn is_entry(&self, id: ExprId) -> bool {
        const GETS: [Sym; 2] = syms(["get", "get_mut"]);
        const ENTRY: Sym = Sym::new("entry");
        const INSERTS: [Sym; 4] = syms(["or_default", "or_insert", "or_insert_with", "or_try_insert_with"]);
        const LOCKS_PARTS: [Sym; 1] = [Sym::path("dashmap::DashMap")];
        let ExprKind::Method(call) = self.kind(id) else { return false };
        let map = match self.kind(call.recv) {
            ExprKind::Method(entry) if INSERTS.contains(&call.name) && entry.name == ENTRY => entry.recv,
            _ if GETS.contains(&call.name) && call.args.len() == 1 => call.recv,
            _ => return false,
        };
        LOCKS_PARTS.contains(&self.foreign_path(self.walk.ty(map)))
    }

    fn entry_at(&self, id: ExprId) -> Option<Range> {
        let value = self.inner_sync(id);
        self.is_entry(value).then(|| self.walk.at(value))
    }

    pub(super) fn foreign_path(&self, ty: crate::types::Ty) -> Sym {
        use crate::types::{Interner, TyKind};
        match self.walk.inferred.types.kind(self.walk.collection(ty)) {
            TyKind::Foreign(foreign, _) => foreign.path,
            _ => Sym::NONE,
        }
    }
}
