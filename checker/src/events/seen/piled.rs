//! What a peer sends is put together piece by piece, in a loop that nothing limits: a body, a stream of messages, all that
//! comes over a connection until it ends.
//!
//! Speaks where the function compares nothing with anything, so that no counter can be a limit, and where the loop takes
//! nothing out of what it fills.

use super::{Look, Sender, Sight};
use crate::lower::ir::{BinOp, ExprId, ExprKind, LocalId, Range};
use crate::lower::sym::{Sym, syms};

/// How the next piece of a body or stream is asked for.
const NEXT: [Sym; 6] = syms(["next", "try_next", "frame", "data", "chunk", "message"]);
/// What a framework gives for what a request brings.
const BODIES: [Sym; 6] =
    syms(["Payload", "BodyDataStream", "BodyStream", "Incoming", "IncomingBody", "Streaming"]);
/// How a body is made a stream.
const STREAMS: [Sym; 2] = syms(["into_data_stream", "into_body"]);
const READ: Sym = Sym::new("read");
/// What holds a value against another, beside operators.
const LIMITS: [Sym; 6] = syms(["min", "clamp", "checked_sub", "take", "cmp", "contains"]);
const ADDS: [Sym; 6] = syms(["extend_from_slice", "extend", "put", "put_slice", "push_str", "push"]);
/// What keeps a list short, or gives away what was collected.
const TAKES: [Sym; 9] =
    syms(["clear", "split", "split_to", "split_off", "drain", "truncate", "pop", "take", "freeze"]);

impl Look<'_, '_, '_> {
    /// `while let Some(chunk) = body.next().await { all.extend_from_slice(&chunk?); }`.
    pub(super) fn piled_up(&mut self, id: ExprId, cond: Option<ExprId>, body: ExprId) {
        if !self.awaits || self.compares() {
            return;
        }
        let from = cond.map_or(self.walk.at(id), |cond| self.walk.at(cond));
        let around = from.to(self.walk.at(id)).to(self.extent(body));
        let is_inside = |of: ExprId| {
            let at = self.walk.at(of);
            around.start <= at.start && at.end <= around.end
        };
        let exprs = || (0_u32..).map(ExprId).zip(&self.walk.body.exprs).filter(|(id, _)| is_inside(*id));
        let frame = self.frame_of(self.walk.at(id));
        let is_here = |of: ExprId| self.frame_of(self.walk.at(of)) == frame;
        let comes = exprs().any(|(of, expr)| match &expr.kind {
            ExprKind::Await(inner) => is_here(of) && self.is_piece(*inner),
            _ => false,
        });
        if !comes {
            return;
        }
        let added = exprs().find_map(|(of, expr)| {
            let ExprKind::Method(call) = &expr.kind else { return None };
            let local = self.local_below(call.recv).filter(|local| self.is_older(*local, around))?;
            let is_add = ADDS.contains(&call.name) && call.args.len() == 1 && is_here(of);
            (is_add && !exprs().any(|(other, _)| self.takes_from(other, local))).then_some(of)
        });
        if let Some(added) = added {
            self.note(Sight::Frame(self.name_of(added), Sender::Network), added);
        }
    }

    /// Whether a function holds anything against a limit.
    fn compares(&self) -> bool {
        let holds = |op: BinOp| matches!(op, BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge);
        let limits = |kind: &ExprKind| match kind {
            ExprKind::Binary(op, ..) => holds(*op),
            ExprKind::Method(call) => LIMITS.contains(&call.name) && !call.args.is_empty(),
            _ => false,
        };
        self.walk.body.exprs.iter().any(|expr| limits(&expr.kind))
    }

    /// `body.next()`, `socket.read(&mut chunk)`.
    fn is_piece(&self, id: ExprId) -> bool {
        let ExprKind::Method(call) = self.kind(id) else { return false };
        if call.name == READ && call.args.len() == 1 {
            return self.sender(self.walk.ty(call.recv)) == Some(Sender::Network);
        }
        NEXT.contains(&call.name)
            && call.args.is_empty()
            && self.is_body(call.recv, 0)
            && !self.was_asked_for(call.recv)
    }

    /// What a request brings, by its type or by how it was made.
    fn is_body(&self, id: ExprId, depth: u32) -> bool {
        if depth > 6 {
            return false;
        }
        let of = self.foreign(self.walk.ty(id));
        let is_made_so = || match self.kind(id) {
            ExprKind::Ref(inner, _) => self.is_body(*inner, depth + 1),
            ExprKind::Method(call) if STREAMS.contains(&call.name) => {
                let base = self.foreign(self.walk.ty(call.recv));
                base == Sym::new("Request") || base == Sym::new("Body") || self.is_body(call.recv, depth + 1)
            }
            ExprKind::Local(local) => {
                self.inits[local.0 as usize].is_some_and(|init| self.is_body(init, depth + 1))
            }
            _ => false,
        };
        BODIES.contains(&of) || is_made_so()
    }

    /// What one has asked for, and waited for before it came.
    fn was_asked_for(&self, mut id: ExprId) -> bool {
        for _ in 0..8 {
            if self.foreign(self.walk.ty(id)) == Sym::new("Response") {
                return true;
            }
            id = match self.kind(id) {
                ExprKind::Await(_) => return true,
                ExprKind::Ref(inner, _)
                | ExprKind::Deref(inner)
                | ExprKind::Try(inner)
                | ExprKind::Field(inner, _) => *inner,
                ExprKind::Method(call) => call.recv,
                ExprKind::Local(local) => match self.inits[local.0 as usize] {
                    Some(init) => init,
                    None => return false,
                },
                _ => return false,
            };
        }
        false
    }

    fn local_below(&self, mut id: ExprId) -> Option<LocalId> {
        for _ in 0..4 {
            id = match self.kind(id) {
                ExprKind::Local(local) => return Some(*local),
                ExprKind::Ref(inner, _) | ExprKind::Deref(inner) => *inner,
                _ => return None,
            };
        }
        None
    }

    fn is_older(&self, local: LocalId, around: Range) -> bool {
        self.walk.body.locals[local.0 as usize].at.start < around.start
    }

    /// Whether a call takes something out of a local, or another value is put in its stead.
    fn takes_from(&self, id: ExprId, local: LocalId) -> bool {
        match self.kind(id) {
            ExprKind::Method(call) => {
                TAKES.contains(&call.name) && self.local_below(call.recv) == Some(local)
                    || !ADDS.contains(&call.name)
                        && call.args.iter().any(|arg| self.local_below(*arg) == Some(local))
            }
            ExprKind::Call(_, args) => args.iter().any(|arg| self.local_below(*arg) == Some(local)),
            ExprKind::Assign(left, _) => self.local_below(*left) == Some(local),
            _ => false,
        }
    }
}
