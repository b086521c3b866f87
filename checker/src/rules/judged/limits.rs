//! Whether something on the way to a call limits how many come that far at a time: a comparison with what is called a
//! limit, a vacant key, a flag that one gets, a permit.

use super::opened::Opened;
use super::ways::Ways;
use crate::context::made_with_messages;
use crate::events::is_limit;
use crate::events::seen::within;
use crate::lower::ir::{BinOp, ExprId, ExprKind, Pat, Range};
use crate::lower::sym::{Sym, syms};
use crate::types::{Interner, TyKind, adt_behind};

impl<'a> Ways<'_, 'a, '_> {
    /// Whether a limit stands before a position, or only what is not yet under way gets there; `shared` is to say that a limit
    /// to what one of many values holds is none.
    pub(super) fn is_limited(&self, opened: &Opened<'a>, at: Range, shared: bool) -> bool {
        let is_limit = |id: ExprId| is_limit(&self.judged.program.names, opened.body, id);
        let is_own = |id: ExprId| shared && self.is_of_one(opened, id);
        self.is_single(opened, at, &is_own) || opened.exprs().any(|(_, expr)| match &expr.kind {
            ExprKind::Binary(BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge, left, right) if expr.at.start < at.start => {
                (is_limit(*left) || is_limit(*right)) && !is_own(*left) && !is_own(*right)
            }
            ExprKind::Match(_, arms) => arms.iter().any(|arm| {
                let vacant = matches!(opened.body.pat(arm.pat), Pat::TupleStruct(path, _) if path.last() == Sym::new("Vacant"));
                vacant && within(opened.extent(arm.body), at)
            }),
            ExprKind::If(cond, then, _) if self.lets_one_in(opened, *cond) => within(opened.extent(*then), at),
            ExprKind::If(cond, then, _) => {
                let vacant = matches!(opened.kind(*cond), ExprKind::Let(pat, _)
                    if matches!(opened.body.pat(*pat), Pat::TupleStruct(path, _) if path.last() == Sym::new("Vacant")));
                vacant && within(opened.extent(*then), at)
            }
            _ => false,
        })
    }

    /// Whether an expression is a part of a value that is made with each message.
    fn is_of_one(&self, opened: &Opened<'a>, side: ExprId) -> bool {
        let fleeting =
            self.fleeting.get_or_init(|| made_with_messages(self.judged.summary, self.judged.context));
        opened.inside(opened.extent(side)).any(|(_, kind)| match kind {
            ExprKind::Field(base, _) => adt_behind(&opened.inferred.types, opened.inferred.expr(*base))
                .is_some_and(|adt| fleeting.contains(&adt)),
            _ => false,
        })
    }

    /// Whether a condition is a flag that one caller gets: `started.fetch_or(bit, order) & bit == 0`.
    fn lets_one_in(&self, opened: &Opened<'a>, cond: ExprId) -> bool {
        const FLAGS: [Sym; 4] = syms(["compare_exchange", "compare_exchange_weak", "fetch_or", "try_lock"]);
        opened.inside(opened.extent(cond)).any(|(_, kind)| match kind {
            ExprKind::Method(call) => FLAGS.contains(&call.name),
            _ => false,
        })
    }

    /// Whether a permit is taken before a position.
    pub(super) fn is_admitted(&self, opened: &Opened<'a>, at: Range) -> bool {
        opened.exprs().any(|(id, expr)| {
            let calls =
                matches!(expr.kind, ExprKind::Call(..) | ExprKind::Method(_)) && expr.at.start < at.start;
            let name = self.judged.program.names.text(opened.called(id));
            let takes = name.starts_with("acquire") || name.starts_with("try_acquire");
            calls && takes && self.may_be_permit(opened, id) && !self.is_by_time(opened, id)
        })
    }

    /// A connection of a pool, or a lease, is no permit: what acquires is a semaphore, one of the program's own, or unknown.
    fn may_be_permit(&self, opened: &Opened<'a>, id: ExprId) -> bool {
        let ExprKind::Method(call) = opened.kind(id) else { return true };
        let ty = opened.inferred.expr(call.recv);
        !opened.own(id).is_empty()
            || !matches!(opened.inferred.types.kind(ty), TyKind::Foreign(..))
            || opened.holds_type(ty, &|name| self.judged.program.names.text(name).contains("Semaphore"), 0)
    }

    /// So many in a second, however many are under way.
    fn is_by_time(&self, opened: &Opened<'a>, id: ExprId) -> bool {
        let ExprKind::Method(call) = opened.kind(id) else { return false };
        self.judged.program.names.text(opened.named(call.recv)).contains("rate")
    }
}
