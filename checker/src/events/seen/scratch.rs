//! Scratch memory that piles up within one activation.

use super::{Look, Sight, within};
use crate::lower::ir::{ExprId, ExprKind, Range};
use crate::lower::sym::{Sym, syms};

const TAKES: [Sym; 14] = syms([
    "alloc",
    "alloc_str",
    "alloc_slice_copy",
    "alloc_slice_clone",
    "alloc_slice_fill_iter",
    "alloc_slice_fill_with",
    "boxed",
    "format",
    "try_alloc",
    "try_alloc_str",
    "try_alloc_slice_copy",
    "try_boxed",
    "try_format",
    "text",
]);
const FORMAT: Sym = Sym::new("scratch_format");

impl Look<'_, '_, '_> {
    /// `out = scratch_format!(cx, "{out}{x}")`, `all = cx.scratch().alloc_slice_copy(&[all, more].concat())` in a loop.
    pub(super) fn rebuilt(&mut self, id: ExprId, left: ExprId, right: ExprId) {
        let ExprKind::Local(local) = self.kind(left) else { return };
        let value = self.inner(right);
        let is_it = |id: &ExprId| matches!(self.kind(*id), ExprKind::Local(of) if of == local);
        let of_itself = match self.kind(value) {
            ExprKind::Macro(name, args) => *name == FORMAT && args.iter().any(is_it),
            _ => self.takes_scratch(value) && self.args(value).iter().any(|arg| self.is_within(*local, *arg)),
        };
        let declared = self.walk.facts.local_loops.get(local.0 as usize).copied().flatten();
        let in_loop = self.walk.loop_around(id);
        if of_itself && in_loop.is_some() && in_loop != declared {
            self.note(Sight::Rebuilt, id);
        }
    }

    /// Whether an argument is built of what a local holds.
    fn is_within(&self, local: crate::lower::ir::LocalId, arg: ExprId) -> bool {
        let all = self.extent(arg);
        let is_it = |kind: &ExprKind| matches!(kind, ExprKind::Local(of) if *of == local);
        self.walk.body.exprs.iter().any(|expr| is_it(&expr.kind) && within(all, expr.at))
    }

    fn takes_scratch(&self, id: ExprId) -> bool {
        matches!(self.kind(id), ExprKind::Method(call) if TAKES.contains(&call.name)
            && self.foreign(self.walk.ty(call.recv)) == Sym::new("Scratch"))
    }

    pub(super) fn scratch_macro(&mut self, id: ExprId, name: Sym) {
        if name == FORMAT {
            self.per_turn(id);
        }
    }

    pub(super) fn scratch_call(&mut self, id: ExprId) {
        if self.takes_scratch(id) {
            self.per_turn(id);
        }
    }

    /// In a loop without a constant bound, unless each turn has a region of its own.
    fn per_turn(&mut self, id: ExprId) {
        let Some(index) = self.walk.loop_around(id) else { return };
        let Some(around) = self.walk.facts.loops.get(index as usize) else { return };
        let turns = ExprId(around.expr);
        if around.expr as usize >= self.walk.body.exprs.len() {
            return;
        }
        let span = self.extent(turns);
        let constant = match self.kind(turns) {
            ExprKind::For(_, iter, _, _) => self.is_counted_out(*iter),
            _ => false,
        };
        let at = self.walk.at(id);
        let rebuilt =
            self.seen.iter().any(|seen| matches!(seen.sight, Sight::Rebuilt) && within(seen.at, at));
        if !constant && !rebuilt && !self.is_scoped(at, span) && !self.is_rebuild(id) {
            self.note(Sight::ScratchPerTurn, id);
        }
    }

    /// The right side of a rebuild, which is told there.
    fn is_rebuild(&self, id: ExprId) -> bool {
        self.walk.body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::Assign(left, right) if self.inner(*right) == id => {
                matches!(self.kind(*left), ExprKind::Local(_))
            }
            _ => false,
        })
    }

    /// Within `cx.scoped(|cx| ..)`, which itself stands in the loop.
    fn is_scoped(&self, at: Range, around: Range) -> bool {
        self.walk.body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::Method(call) if call.name == Sym::new("scoped") => {
                within(around, expr.at) && call.args.iter().any(|arg| within(self.extent(*arg), at))
            }
            _ => false,
        })
    }

    /// A range of constants, an array, or something cut to a constant length.
    fn is_counted_out(&self, id: ExprId) -> bool {
        match self.kind(id) {
            ExprKind::Range(low, Some(high)) => {
                low.is_none_or(|low| self.walk.is_constant(low)) && self.walk.is_constant(*high)
            }
            ExprKind::Array(_) | ExprKind::Repeat(..) => true,
            ExprKind::Ref(inner, _) => self.is_counted_out(*inner),
            ExprKind::Path(_) => self.walk.is_constant(id),
            ExprKind::Method(call) => {
                let cut =
                    call.name == Sym::new("take") && call.args.iter().all(|arg| self.walk.is_constant(*arg));
                cut || self.is_counted_out(call.recv)
            }
            _ => false,
        }
    }
}
