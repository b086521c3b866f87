//! Queues without a limit, and what is sent into them.

use super::super::{Root, Walk};
use super::{Look, Place, Sight};
use crate::lower::ir::{ExprId, ExprKind, Pat, PatId, Stmt};
use crate::lower::sym::{Sym, syms};
use crate::names::AdtId;
use crate::types::{Interner, Ty, TyKind};
use serde::{Deserialize, Serialize};

/// What goes through all that comes.
const GOES_THROUGH: [Sym; 2] = syms(["iter", "for_each"]);
const ENDS: [Sym; 4] = syms(["Receiver", "UnboundedReceiver", "ReceiverStream", "UnboundedReceiverStream"]);
const SENDS: [Sym; 5] = syms(["send", "unbounded_send", "try_send", "start_send", "send_async"]);
const SENDER: Sym = Sym::new("Sender");

/// What a queue carries, as far as it tells one queue from others: a type that is no mere wrapper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Item {
    /// A type of the workspace.
    Own(AdtId),
    /// A type from outside, by its path.
    Foreign(Sym),
}

impl Item {
    /// What a type is, below pointers, options and pairs.
    pub(crate) fn of(types: &dyn Interner, ty: Ty, depth: u32) -> Option<Item> {
        const PLAIN: [Sym; 6] = syms(["String", "Bytes", "BytesMut", "Instant", "Duration", "PathBuf"]);
        match types.kind(ty) {
            TyKind::Adt(adt, _) => Some(Item::Own(*adt)),
            TyKind::Foreign(foreign, args) if args.is_empty() => {
                (!PLAIN.contains(&foreign.last)).then_some(Item::Foreign(foreign.path))
            }
            TyKind::Foreign(_, args) | TyKind::Tuple(args) if depth < 4 => {
                args.iter().find_map(|arg| Item::of(types, *arg, depth + 1))
            }
            TyKind::Seq(elem) if depth < 4 => Item::of(types, *elem, depth + 1),
            _ => None,
        }
    }
}

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
                let receiver = parts.get(1).and_then(|part| match self.walk.body.pat(*part) {
                    Pat::Bind(local, None) => Some(*local),
                    _ => None,
                });
                let is_lost = parts.get(1).is_some_and(|part| self.walk.is_never_used(*part));
                if is_lost && self.walk.facts.loops.is_empty() {
                    // Nobody can ever read it, and what is sent is refused.
                    continue;
                }
                let ends = std::iter::once(*local).chain(receiver);
                let mut items = ends.filter_map(|end| self.item(self.walk.inferred.local(end)));
                let (item, receiver) = (items.next(), receiver.map(|local| Place::root(Root::Local(local))));
                self.note(
                    Sight::Unbounded { sender: Place::root(Root::Local(*local)), receiver, item },
                    made,
                );
            }
        }
    }

    /// What the queue carries whose end a type is, or wraps.
    fn item(&self, ty: Ty) -> Option<Item> {
        let types = &self.walk.inferred.types;
        match types.kind(ty) {
            TyKind::Foreign(foreign, args) if foreign.last == SENDER || ENDS.contains(&foreign.last) => {
                args.first().and_then(|item| Item::of(types, *item, 0))
            }
            TyKind::Foreign(_, args) => args.iter().find_map(|arg| self.item(*arg)),
            _ => None,
        }
    }

    /// Takes something out of a queue.
    pub(super) fn receive(&mut self, id: ExprId) {
        if let ExprKind::Method(call) = self.kind(id)
            && (self.walk.program.models.gives(call.name).next || GOES_THROUGH.contains(&call.name))
        {
            self.received(id, call.recv);
        }
    }

    /// `for job in jobs`
    pub(super) fn received_by_loop(&mut self, over: ExprId) {
        self.received(over, over);
    }

    fn received(&mut self, id: ExprId, from: ExprId) {
        let ty = self.walk.ty(from);
        if self.walk.holds_receiver(ty, 0) {
            // What a call gave beside other things goes by the name of the local that holds it.
            let held = match self.kind(from) {
                ExprKind::Local(local) => Some(Place::root(Root::Local(*local))),
                _ => None,
            };
            let is_open = |place: &Place| matches!(place.root, Root::Call(_)) && place.field.is_none();
            let place = self.walk.place(from);
            let receiver = held.filter(|_| place.as_ref().is_some_and(is_open)).or(place);
            let sight = Sight::Receives { receiver, item: self.item(ty) };
            self.note(sight, id);
        }
    }

    /// A receiving end that is only asked once, here: one message comes, and the queue goes.
    fn is_answer(&self, receiver: PatId, made: ExprId) -> bool {
        const ASKS: [Sym; 4] = syms(["recv", "recv_async", "recv_timeout", "blocking_recv"]);
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
            let item = self.item(self.walk.ty(call.recv));
            self.note(Sight::Sends { sender: place, item }, id);
        }
    }
}

impl Walk<'_, '_> {
    /// Whether a type is, or wraps, the receiving end of a queue.
    pub(in crate::events) fn holds_receiver(&self, ty: Ty, depth: u32) -> bool {
        match self.inferred.types.kind(ty) {
            TyKind::Foreign(foreign, args) => {
                let is_end = ENDS.contains(&foreign.last) && foreign.path != super::tasks::ANSWER;
                is_end || depth < 4 && args.iter().any(|arg| self.holds_receiver(*arg, depth + 1))
            }
            _ => false,
        }
    }
}
