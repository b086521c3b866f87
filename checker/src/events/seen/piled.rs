//! What a peer sends is put together piece by piece, in a loop that nothing limits: a body, a stream of messages, all that
//! comes over a connection until it ends.
//!
//! Speaks where the function compares nothing that may be a limit to it, what is filled, a piece, what the loop counts or what
//! is called a size or length, and where the loop takes nothing out of what it fills.

use super::{Look, Sender, Sight, within};
use crate::lower::ir::{BinOp, ExprId, ExprKind, LocalId, Range};
use crate::lower::sym::{Sym, syms};

/// How the next piece of a body or stream is asked for.
const NEXT: [Sym; 6] = syms(["next", "try_next", "frame", "data", "chunk", "message"]);
/// What a framework gives for what a request brings.
const BODIES: [Sym; 7] =
    syms(["Payload", "BodyDataStream", "BodyStream", "Incoming", "IncomingBody", "Streaming", "Field"]);
/// How a body is made a stream.
const STREAMS: [Sym; 2] = syms(["into_data_stream", "into_body"]);
/// All of one part of a form.
const PARTS: [Sym; 2] = syms(["bytes", "text"]);
const READ: Sym = Sym::new("read");
/// A part of a form, as axum gives it.
const FIELD: Sym = Sym::path("axum::extract::multipart::Field");
/// What holds a value against another, beside operators.
const LIMITS: [Sym; 6] = syms(["min", "clamp", "checked_sub", "take", "cmp", "contains"]);
const ADDS: [Sym; 6] = syms(["extend_from_slice", "extend", "put", "put_slice", "push_str", "push"]);
/// What keeps a list short, or gives away what was collected.
const TAKES: [Sym; 9] =
    syms(["clear", "split", "split_to", "split_off", "drain", "truncate", "pop", "take", "freeze"]);

impl Look<'_, '_, '_> {
    /// `while let Some(chunk) = body.next().await { all.extend_from_slice(&chunk?); }`.
    pub(super) fn piled_up(&mut self, id: ExprId, cond: Option<ExprId>, body: ExprId) {
        if !self.awaits {
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
        let pieces: Vec<ExprId> = exprs()
            .filter_map(|(of, expr)| match &expr.kind {
                ExprKind::Await(inner) if is_here(of) && self.is_piece(*inner) => Some(of),
                _ => None,
            })
            .collect();
        if pieces.is_empty() {
            return;
        }
        let added = exprs().find_map(|(of, expr)| {
            let ExprKind::Method(call) = &expr.kind else { return None };
            let local = self.local_below(call.recv).filter(|local| self.is_older(*local, around))?;
            let is_add = ADDS.contains(&call.name) && call.args.len() == 1 && is_here(of);
            (is_add && !exprs().any(|(other, _)| self.takes_from(other, local))).then_some((of, local))
        });
        let Some((added, filled)) = added else { return };
        let mut concerned = vec![filled];
        // What the loop binds is a piece or made of one, and what it raises counts them.
        let locals = (0_u32..).map(LocalId).zip(&self.walk.body.locals);
        concerned.extend(
            locals.filter(|(_, of)| around.start <= of.at.start && of.at.end <= around.end).map(|(of, _)| of),
        );
        concerned.extend(exprs().filter_map(|(_, expr)| match &expr.kind {
            ExprKind::AssignOp(_, left, _) | ExprKind::Assign(left, _) => self.local_below(*left),
            _ => None,
        }));
        if !self.compares(&concerned, around) {
            let by_default = pieces.iter().all(|of| self.is_of_form(*of));
            let sender = if by_default { Sender::Form } else { Sender::Network };
            self.note(Sight::Frame(self.name_of(added), sender), added);
        }
    }

    /// `field.bytes()`: all of one part of a form.
    pub(super) fn whole_part(&self, id: ExprId) -> Option<Sender> {
        let ExprKind::Method(call) = self.kind(id) else { return None };
        let whole = PARTS.contains(&call.name) && call.args.is_empty();
        (whole && self.foreign_path(self.walk.ty(call.recv)) == FIELD).then_some(Sender::Form)
    }

    /// `DefaultBodyLimit::disable()`, or another limit in its stead.
    pub(super) fn body_limit(&mut self, (of, name): (Sym, Sym), args: &[ExprId], id: ExprId) {
        let of_axum = of == Sym::new("DefaultBodyLimit");
        let lifted = of_axum && (name == Sym::new("disable") || args.iter().any(|limit| self.is_max(*limit)));
        if lifted || of == Sym::new("RequestBodyLimitLayer") {
            self.note(Sight::BodyLimit { lifted }, id);
        }
    }

    pub(super) fn is_max(&self, id: ExprId) -> bool {
        matches!(self.kind(id), ExprKind::Path(path) if path.last() == Sym::new("MAX"))
    }

    /// Whether a function holds against a limit what concerns one of these, by itself or by its name.
    fn compares(&self, concerned: &[LocalId], around: Range) -> bool {
        let holds = |op: BinOp| matches!(op, BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge);
        let concerns = |id: &ExprId| self.concerns(*id, concerned, 0);
        self.walk.body.exprs.iter().enumerate().any(|(index, expr)| match &expr.kind {
            ExprKind::Binary(op, left, right) => holds(*op) && (concerns(left) || concerns(right)),
            ExprKind::Method(call) if LIMITS.contains(&call.name) && !call.args.is_empty() => {
                // `body.take(LIMIT)` limits what is read.
                call.name == Sym::new("take") && self.is_body(call.recv, 0)
                    || concerns(&call.recv)
                    || call.args.iter().any(concerns)
            }
            // `self.quota.admit(total)?`
            ExprKind::Method(_) | ExprKind::Call(..) => {
                let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
                within(around, expr.at) && self.is_own(id) && self.args(id).iter().any(concerns)
            }
            _ => false,
        })
    }

    fn concerns(&self, id: ExprId, concerned: &[LocalId], depth: u32) -> bool {
        const WORDS: [&str; 7] = ["len", "length", "size", "bytes", "limit", "total", "remaining"];
        let says =
            |name: Sym| self.walk.program.names.text(name).split('_').any(|word| WORDS.contains(&word));
        let of = |id: &ExprId| depth < 8 && self.concerns(*id, concerned, depth + 1);
        match self.kind(id) {
            ExprKind::Local(local) => {
                concerned.contains(local) || says(self.walk.body.locals[local.0 as usize].name)
            }
            ExprKind::Field(inner, name) => says(*name) || of(inner),
            ExprKind::Cast(inner, _)
            | ExprKind::Ref(inner, _)
            | ExprKind::Deref(inner)
            | ExprKind::Try(inner)
            | ExprKind::Await(inner)
            | ExprKind::Index(inner, _) => of(inner),
            ExprKind::Binary(_, left, right) => of(left) || of(right),
            ExprKind::Method(call) => of(&call.recv) || call.args.iter().any(of),
            ExprKind::Call(_, args) | ExprKind::Macro(_, args) => args.iter().any(of),
            _ => false,
        }
    }

    /// A piece of a form, which a framework limits unless it is told otherwise.
    fn is_of_form(&self, piece: ExprId) -> bool {
        match self.kind(self.inner(piece)) {
            ExprKind::Method(call) => self.foreign_path(self.walk.ty(call.recv)) == FIELD,
            _ => false,
        }
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
