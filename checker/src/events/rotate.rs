//! What is taken out only to be put back: `if let Some(x) = q.pop_front() { q.push_back(x) }` makes nothing smaller.
//!
//! A removal is forgotten where every way from it leads to the call that puts the same thing back: that call stands
//! among the statements for which the local was bound, and nothing before it leads out.

use super::{Walk, What};
use crate::lower::ir::{ExprId, ExprKind, LocalId, Stmt};

/// The statements for which a local is bound.
struct Home {
    /// What comes before it: the value that the local is bound to.
    behind: ExprId,
    statements: Vec<ExprId>,
}

impl Walk<'_, '_> {
    pub(super) fn forget_rotations(&mut self) {
        for (call, local) in std::mem::take(&mut self.put_back) {
            let Some((_, at)) = self.popped_from[local.0 as usize] else { continue };
            if self.homes(local).iter().any(|home| self.always_reaches(home, call)) {
                self.facts.events.retain(|event| event.what != What::Shrink || event.at != at);
            }
        }
    }

    /// Behind the local's `let`, or in the branch of its pattern.
    fn homes(&self, local: LocalId) -> Vec<Home> {
        let mut homes = Vec::new();
        for expr in &self.body.exprs {
            match &expr.kind {
                ExprKind::Block(stmts, tail) => {
                    let bound = stmts.iter().enumerate().find_map(|(at, stmt)| match stmt {
                        Stmt::Let(pat, _, Some(init), other) if self.only_local(*pat) == Some(local) => {
                            Some((at, other.unwrap_or(*init).max(*init)))
                        }
                        _ => None,
                    });
                    homes.extend(
                        bound
                            .map(|(at, behind)| Home { behind, statements: values(&stmts[at + 1..], *tail) }),
                    );
                }
                ExprKind::If(cond, then, _) => {
                    if let ExprKind::Let(pat, _) = self.body.expr(*cond).kind
                        && self.only_local(pat) == Some(local)
                    {
                        homes.push(Home { behind: *cond, statements: self.statements(*then) });
                    }
                }
                ExprKind::Match(on, arms) => {
                    let mut behind = *on;
                    for arm in arms {
                        if self.only_local(arm.pat) == Some(local) {
                            homes.push(Home { behind, statements: self.statements(arm.body) });
                        }
                        behind = arm.body;
                    }
                }
                _ => {}
            }
        }
        homes
    }

    fn statements(&self, id: ExprId) -> Vec<ExprId> {
        match &self.body.expr(id).kind {
            ExprKind::Block(stmts, tail) => values(stmts, *tail),
            _ => vec![id],
        }
    }

    /// Parts come before what they are parts of, so all that runs before the call has a number in between.
    fn always_reaches(&self, home: &Home, call: ExprId) -> bool {
        let leads_out = |index: u32| {
            matches!(
                self.body.expr(ExprId(index)).kind,
                ExprKind::Return(_) | ExprKind::Break(..) | ExprKind::Continue(_) | ExprKind::Try(_)
            )
        };
        home.statements.contains(&call) && !(home.behind.0 + 1..call.0).any(leads_out)
    }
}

/// The expressions of statements, in order; what is bound by `let` counts as its initialiser.
fn values(stmts: &[Stmt], tail: Option<ExprId>) -> Vec<ExprId> {
    let of = |stmt: &Stmt| match stmt {
        Stmt::Let(_, _, init, _) => *init,
        Stmt::Expr(id) => Some(*id),
    };
    stmts.iter().filter_map(of).chain(tail).collect()
}
