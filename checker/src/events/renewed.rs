//! Fields that get another value each time the body runs: counted up, or read into.
//!
//! `self.last += 1`, `stream.read_buf(&mut self.bytes)`. Where `fetch_add` makes numbers, it is what gives them.

use super::Walk;
use crate::lower::ir::{BinOp, ExprId, ExprKind, Range};
use crate::lower::sym::Sym;
use crate::names::AdtId;
use crate::types::adt_behind;
use serde::{Deserialize, Serialize};

/// A field that gets another value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewal {
    /// The type behind what the field is named of, and its name.
    pub field: (AdtId, Sym),
    /// How.
    pub anew: Anew,
    /// The assignment or call.
    pub at: Range,
}

/// How a field gets another value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Anew {
    /// A fixed number is added.
    Counted,
    /// It is lent to what reads.
    Read,
}

impl Walk<'_, '_> {
    /// Notes the fields that `kind`, which stands at `at`, gives another value.
    pub(super) fn renew(&mut self, kind: &ExprKind, at: Range) {
        match kind {
            ExprKind::AssignOp(BinOp::Add, left, by)
                if matches!(self.body.expr(*by).kind, ExprKind::Lit(_)) =>
            {
                self.renewed(*left, Anew::Counted, at);
            }
            ExprKind::Method(call) if self.program.models.gives(call.name).fills => {
                for arg in &call.args {
                    if let ExprKind::Ref(lent, true) = self.body.expr(*arg).kind {
                        self.renewed(lent, Anew::Read, at);
                    }
                }
            }
            _ => {}
        }
    }

    fn renewed(&mut self, target: ExprId, anew: Anew, at: Range) {
        if let ExprKind::Field(base, name) = self.body.expr(target).kind
            && let Some(adt) = adt_behind(&self.inferred.types, self.ty(base))
        {
            self.facts.renews.push(Renewal { field: (adt, name), anew, at });
        }
    }
}
