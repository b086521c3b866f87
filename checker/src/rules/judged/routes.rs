//! Whether a value is the template of a route, of which a program has so many: `/users/{id}`, and not what was asked for.

use super::opened::Opened;
use super::ways::Ways;
use crate::lower::ir::{ExprId, ExprKind, Receiver};
use crate::lower::sym::Sym;
use crate::names::FnId;

const TEMPLATE: Sym = Sym::new("MatchedPath");
/// Longest way from an argument to what it was made of.
const DEPTH_MAX: u32 = 4;

impl<'a> Ways<'_, 'a, '_> {
    /// Whether everybody who is seen to call `id` hands it the template of a route.
    pub(crate) fn is_always_route(&self, id: FnId, param: usize) -> bool {
        let mut callers = self.callers(id).peekable();
        let sig = self.judged.program.names.function(id).sig;
        let has_receiver = sig.is_some_and(|sig| sig.receiver != Receiver::None);
        callers.peek().is_some()
            && callers.all(|(caller, at)| {
                let Some(opened) = self.open(caller) else { return false };
                let call =
                    opened.exprs().find(|(call, expr)| expr.at == at && opened.own(*call).contains(&id));
                let arg = call.and_then(|(call, _)| {
                    let is_method = matches!(opened.kind(call), ExprKind::Method(_));
                    let skipped = usize::from(has_receiver && is_method);
                    opened.args(call).get(param.checked_sub(skipped)?).copied()
                });
                arg.is_some_and(|arg| self.is_route(&opened, arg, 0))
            })
    }

    fn is_route(&self, opened: &Opened<'a>, id: ExprId, depth: u32) -> bool {
        let of_template = |id| opened.holds_type(opened.inferred.expr(id), &|name| name == TEMPLATE, 0);
        if depth > DEPTH_MAX || of_template(id) {
            return of_template(id);
        }
        match opened.kind(id) {
            ExprKind::Ref(inner, _) | ExprKind::Deref(inner) => self.is_route(opened, *inner, depth),
            ExprKind::Method(call) => self.is_route(opened, call.recv, depth),
            ExprKind::Local(local) => {
                opened.init(*local).is_some_and(|init| self.is_route(opened, init, depth + 1))
            }
            _ => false,
        }
    }
}
