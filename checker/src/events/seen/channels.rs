//! Queues without a limit, and what is sent into them.

use super::{Look, Sight};
use crate::lower::ir::{ExprId, ExprKind, Pat, Stmt};
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
            {
                let place = super::Place::root(super::super::Root::Local(*local));
                self.note(Sight::Unbounded(place), made);
            }
        }
    }

    pub(super) fn send(&mut self, id: ExprId) {
        if let ExprKind::Method(call) = self.kind(id)
            && SENDS.contains(&call.name)
            && self.foreign(self.walk.ty(call.recv)) == SENDER
            && let Some(place) = self.walk.place(call.recv)
        {
            self.note(Sight::Sends(place), id);
        }
    }
}
