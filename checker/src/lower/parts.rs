//! What an expression is made of, and the way back from each part.

use super::ir::{Body, ExprId, ExprKind, Stmt};

/// For each expression the one it is a part of.
pub(crate) fn around(body: &Body) -> Vec<Option<ExprId>> {
    let mut around = vec![None; body.exprs.len()];
    for (index, expr) in body.exprs.iter().enumerate() {
        let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
        parts(&expr.kind, &mut |part| around[part.0 as usize] = Some(id));
    }
    around
}

/// Tells the expressions right below one, in the order in which they run.
pub(crate) fn parts(kind: &ExprKind, tell: &mut dyn FnMut(ExprId)) {
    match kind {
        ExprKind::Unknown
        | ExprKind::Lit(_)
        | ExprKind::Local(_)
        | ExprKind::Path(_)
        | ExprKind::Continue(_)
        | ExprKind::Opaque(..) => {}
        ExprKind::Field(one, _)
        | ExprKind::Deref(one)
        | ExprKind::Not(one)
        | ExprKind::Neg(one)
        | ExprKind::Ref(one, _)
        | ExprKind::Cast(one, _)
        | ExprKind::Let(_, one)
        | ExprKind::Loop(one, _)
        | ExprKind::Closure(_, one, _)
        | ExprKind::Async(one)
        | ExprKind::Await(one)
        | ExprKind::Try(one) => tell(*one),
        ExprKind::Index(one, other)
        | ExprKind::Binary(_, one, other)
        | ExprKind::Assign(one, other)
        | ExprKind::AssignOp(_, one, other)
        | ExprKind::While(one, other, _)
        | ExprKind::For(_, one, other, _)
        | ExprKind::Repeat(one, other) => [*one, *other].into_iter().for_each(tell),
        ExprKind::Return(one) | ExprKind::Break(_, one) => one.iter().copied().for_each(tell),
        ExprKind::Range(one, other) => one.iter().chain(other).copied().for_each(tell),
        ExprKind::Tuple(all) | ExprKind::Array(all) | ExprKind::Macro(_, all) => {
            all.iter().copied().for_each(tell)
        }
        ExprKind::Call(callee, args) => std::iter::once(callee).chain(args).copied().for_each(tell),
        ExprKind::Method(call) => std::iter::once(&call.recv).chain(&call.args).copied().for_each(tell),
        ExprKind::If(cond, then, other) => [*cond, *then].into_iter().chain(*other).for_each(tell),
        ExprKind::Match(on, arms) => {
            let arms = arms.iter().flat_map(|arm| arm.guard.into_iter().chain([arm.body]));
            std::iter::once(*on).chain(arms).for_each(tell);
        }
        ExprKind::Struct(_, fields, base) => {
            fields.iter().map(|(_, value)| *value).chain(*base).for_each(tell)
        }
        ExprKind::Select(arms) => {
            arms.iter()
                .flat_map(|arm| arm.future.into_iter().chain(arm.guard).chain([arm.body]))
                .for_each(tell);
        }
        ExprKind::Block(stmts, tail) => {
            for stmt in stmts {
                match stmt {
                    Stmt::Let(_, _, init, other) => init.iter().chain(other).copied().for_each(&mut *tell),
                    Stmt::Expr(one) => tell(*one),
                }
            }
            tail.iter().copied().for_each(tell);
        }
    }
}
