//! Removals that only take back what failed, in a function of their own: `if queue.try_send(job).is_err() { board.withdraw(id) }`.

use super::{Balance, Site};
use crate::events::What;
use crate::events::seen::within;
use crate::load::TargetKind;
use crate::lower::ir::{ExprId, ExprKind, Range, Vis};
use crate::lower::sym::{Sym, syms};
use crate::names::{FnId, Owner};

const IS_ERR: Sym = Sym::new("is_err");
const IS_OK: Sym = Sym::new("is_ok");
/// What takes out one entry by its key.
const ONE: [Sym; 4] = syms(["remove", "remove_entry", "swap_remove", "shift_remove"]);

impl<'s> Balance<'_, '_, 's> {
    /// Whether a function takes out one entry, and all who call it do so where something has failed behind what they put in.
    pub(super) fn is_undone_by_callers(&self, site: Site<'s>, grows: &[Site<'s>]) -> bool {
        let (callers, event) = (self.callers.of(site.id), site.event);
        let undoes = |(caller, call): &(FnId, usize)| {
            let calls = &self.summary.facts[caller.ix()].calls;
            let call = &calls[*call];
            let puts_in =
                |callees: &[FnId]| callees.iter().any(|callee| grows.iter().any(|grow| grow.id == *callee));
            (call.under.on_error || self.is_refused(*caller, call.at))
                && !call.is_callback
                && calls.iter().any(|before| {
                    let is_on_the_way =
                        before.under.in_arm.is_none() || before.under.in_arm == call.under.in_arm;
                    before.expr < call.expr && is_on_the_way && puts_in(&before.callees)
                })
        };
        let is_one = event.what == What::Shrink
            && ONE.contains(&event.operation)
            && event.under.in_loop.is_none()
            && event.via.is_empty();
        is_one && !callers.is_empty() && callers.iter().all(undoes) && !self.may_be_called_otherwise(site.id)
    }

    /// `if queue.try_send(job).is_err() { .. }` around a call.
    fn is_refused(&self, id: FnId, at: Range) -> bool {
        let Some(body) = self.program.names.body(id) else { return false };
        let asks = |of: ExprId, name: Sym| matches!(&body.expr(of).kind, ExprKind::Method(call) if call.name == name && call.args.is_empty());
        body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::If(cond, then, _) if within(body.extent(*then), at) => match &body.expr(*cond).kind {
                ExprKind::Not(inner) => asks(*inner, IS_OK),
                _ => asks(*cond, IS_ERR),
            },
            _ => false,
        })
    }

    /// Whether somebody who is not seen may call a function: a user of the library, a trait, code that only names it.
    fn may_be_called_otherwise(&self, id: FnId) -> bool {
        let names = &self.program.names;
        let function = names.function(id);
        let is_public =
            function.vis == Vis::Public && names.crate_of(function.module).kind == TargetKind::Lib;
        let is_entered = self.context.runs[id.ix()].entry.is_some();
        let of_trait = match function.owner {
            Owner::Impl(block) => self.program.impls[block.ix()].trait_name != Sym::NONE,
            _ => false,
        };
        let is_named = || self.summary.facts.iter().any(|facts| facts.mentions.contains(&function.name));
        is_public || is_entered || of_trait || is_named()
    }
}
