//! Queues without a limit, and what is sent into them.

use super::{Look, Sight};
use crate::lower::ir::{ExprId, ExprKind, Pat, PatId, Stmt};
use crate::lower::sym::{Sym, syms};

const SENDS: [Sym; 5] = syms(["send", "unbounded_send", "try_send", "start_send", "send_async"]);
const SENDER: Sym = Sym::new("Sender");

impl Look<'_, '_, '_> {
    /// `let (sender, receiver) = unbounded();`
    pub(super) fn channels_made(&mut self, stmts: &[Stmt]) {
        for stmt in stmts {
            let Stmt::Let(pat, _, Some(init), _) = stmt else { continue };
            let made = self.inner(*init);
            if !self.walk.callable(made).is_some_and(|callable| callable.unbounded) {
                continue;
            }
            if let Pat::Tuple(parts) = self.walk.body.pat(*pat)
                && let Some(Pat::Bind(local, None)) = parts.first().map(|part| self.walk.body.pat(*part))
                && !parts.get(1).is_some_and(|part| self.is_answer(*part, made))
            {
                let place = super::Place::root(super::super::Root::Local(*local));
                self.note(Sight::Unbounded(place), made);
            }
        }
    }

    /// A receiving end that is only asked once, here: one message comes, and the queue goes.
    fn is_answer(&self, receiver: PatId, made: ExprId) -> bool {
        const ASKS: [Sym; 3] = syms(["recv", "recv_timeout", "blocking_recv"]);
        let Pat::Bind(local, None) = self.walk.body.pat(receiver) else { return false };
        let is_it = |id: ExprId| matches!(self.kind(id), ExprKind::Local(of) if of == local);
        let exprs = || (0_u32..).map(ExprId).zip(&self.walk.body.exprs);
        let asked = |(id, expr): (ExprId, &crate::lower::ir::Expr)| match &expr.kind {
            ExprKind::Method(call) => {
                let again = self.walk.loop_around(id) != self.walk.loop_around(made);
                ASKS.contains(&call.name) && is_it(call.recv) && !again
            }
            _ => false,
        };
        exprs().filter(|(id, _)| is_it(*id)).count() == 1 && exprs().any(asked)
    }

    pub(super) fn send(&mut self, id: ExprId) {
        if let ExprKind::Method(call) = self.kind(id)
            && SENDS.contains(&call.name)
            && self.foreign(self.walk.ty(call.recv)) == SENDER
            && let Some(place) = self.walk.place(call.recv)
            && !self.is_answered_here(id)
            && !self.is_paid_for(id)
        {
            self.note(Sight::Sends(place), id);
        }
    }
}
