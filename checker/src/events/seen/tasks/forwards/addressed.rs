//! Ways out of a loop that only a message for one client leads to: where it compares what it took with what it began with, and a
//! send to that client fails. Nobody sends anything to a client that has gone.

use super::{Look, Turned};
use crate::lower::ir::{BinOp, ExprId, ExprKind, Stmt};

impl Look<'_, '_, '_> {
    /// `Ok(order) if order.serial == serial => ..`, `if order.serial == serial { .. }`, or behind
    /// `if order.serial != serial { continue; }`.
    pub(super) fn is_for_one(&self, id: ExprId, turned: &Turned) -> bool {
        turned.around(id).any(|(at, of)| match self.kind(of) {
            ExprKind::Match(_, arms) => {
                let arm = arms.iter().find(|arm| arm.body == at);
                arm.and_then(|arm| arm.guard).is_some_and(|guard| self.tells_apart(guard, BinOp::Eq, turned))
            }
            ExprKind::If(cond, then, otherwise) => {
                *then == at && self.tells_apart(*cond, BinOp::Eq, turned)
                    || *otherwise == Some(at) && self.tells_apart(*cond, BinOp::Ne, turned)
            }
            ExprKind::Block(stmts, _) => {
                let before = stmts.iter().filter_map(|stmt| match stmt {
                    Stmt::Expr(stmt) if *stmt < at => Some(*stmt),
                    _ => None,
                });
                before.into_iter().any(|stmt| self.passes_over(stmt, turned))
            }
            _ => false,
        })
    }

    /// `if order.serial != serial { continue; }`
    fn passes_over(&self, id: ExprId, turned: &Turned) -> bool {
        let ExprKind::If(cond, then, None) = self.kind(id) else { return false };
        let goes_on = match self.kind(*then) {
            ExprKind::Block(stmts, None) => {
                matches!(stmts.last(), Some(Stmt::Expr(last)) if matches!(self.kind(*last), ExprKind::Continue(_)))
            }
            ExprKind::Block(_, Some(tail)) => matches!(self.kind(*tail), ExprKind::Continue(_)),
            _ => false,
        };
        goes_on && self.tells_apart(*cond, BinOp::Ne, turned)
    }

    /// Whether a condition compares a part of what the turn took with what stood before the loop.
    fn tells_apart(&self, cond: ExprId, by: BinOp, turned: &Turned) -> bool {
        match self.kind(cond) {
            ExprKind::Binary(BinOp::And, left, right) if by == BinOp::Eq => {
                self.tells_apart(*left, by, turned) || self.tells_apart(*right, by, turned)
            }
            ExprKind::Binary(BinOp::Or, left, right) if by == BinOp::Ne => {
                self.tells_apart(*left, by, turned) || self.tells_apart(*right, by, turned)
            }
            ExprKind::Binary(op, left, right) if *op == by => {
                let is_older = |of: ExprId| {
                    let local = self.root_of(of, turned.all.start)?;
                    Some(self.walk.body.locals[local.0 as usize].at.start < turned.all.start)
                };
                is_older(*left).zip(is_older(*right)).is_some_and(|(left, right)| left != right)
            }
            _ => false,
        }
    }
}
