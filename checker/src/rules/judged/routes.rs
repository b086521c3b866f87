//! Whether a value is the template of a route, of which a program has so many: `/users/{id}`, and not what was asked for.
//! What callers pass is told by its type, and so it is of a reader that no peer writes to.

use super::opened::Opened;
use super::ways::Ways;
use crate::lower::ir::{ExprId, ExprKind, Receiver};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;

const TEMPLATE: Sym = Sym::new("MatchedPath");
/// Readers that no peer writes to.
const AT_HAND: [Sym; 6] = syms(["File", "ChildStdin", "ChildStdout", "ChildStderr", "Stdin", "StdinLock"]);
/// Longest way from an argument to what it was made of.
const DEPTH_MAX: u32 = 4;

impl<'a> Ways<'_, 'a, '_> {
    /// Whether everybody who is seen to call `id` hands it the template of a route.
    pub(crate) fn is_always_route(&self, id: FnId, param: usize) -> bool {
        self.is_always_passed(id, param, &|opened, arg| self.is_route(opened, arg, 0))
    }

    /// Whether everybody who is seen to call `id` hands it a file, or what a child of the program writes to.
    pub(crate) fn is_always_at_hand(&self, id: FnId, param: usize) -> bool {
        let is_at_hand = |name: Sym| AT_HAND.contains(&name);
        self.is_always_passed(id, param, &|opened, arg| {
            opened.holds_type(opened.inferred.expr(arg), &is_at_hand, 0)
        })
    }

    /// Whether everybody who is seen to call `id` hands it what `is` takes.
    fn is_always_passed(&self, id: FnId, param: usize, is: &dyn Fn(&Opened<'a>, ExprId) -> bool) -> bool {
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
                arg.is_some_and(|arg| is(&opened, arg))
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
