//! Whether a function turns away whoever comes while another is under way, and says so: by what it gives back.
//!
//! What stands around a call in its own body is `single`'s.

use super::Judged;
use crate::events::seen::alone::TAKES;
use crate::events::seen::within;
use crate::lower::ir::{ExprId, ExprKind, Range, TypeRef};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::types::{Interner, Ty, TyKind};

/// Whether a function lets in so many at a time.
pub(crate) fn turns_away(judged: &Judged<'_, '_>, id: FnId) -> bool {
    takes(judged, id) || refuses(judged, id)
}

/// Whether a function says yes to one caller at a time, or to so many: it enters a key, takes a flag or counts, and
/// gives a `bool`, or what gives the place back when it is dropped.
fn takes(judged: &Judged<'_, '_>, id: FnId) -> bool {
    let names = &judged.program.names;
    let calls = |wanted: &dyn Fn(Sym) -> bool| {
        names.body(id).is_some_and(|body| {
            let mut exprs = body.exprs.iter();
            exprs.any(|expr| matches!(&expr.kind, ExprKind::Method(call) if wanted(call.name)))
        })
    };
    let is_bool = |ty: &TypeRef| matches!(ty, TypeRef::Path(path) if path.last() == Sym::new("bool"));
    let asks = names.function(id).sig.is_some_and(|sig| is_bool(&sig.ret));
    asks && calls(&|name| TAKES.contains(&name))
        || gives_ticket(judged, id) && calls(&|name| TAKES.contains(&name) || name == Sym::new("fetch_add"))
}

/// `-> Option<Ticket>`, where a ticket does something when it is dropped.
fn gives_ticket(judged: &Judged<'_, '_>, id: FnId) -> bool {
    let program = judged.program;
    let Some(ret) = program.sigs[id.ix()].ret else { return false };
    let TyKind::Foreign(of, args) = program.types.kind(ret) else { return false };
    let drops = |ty: &Ty| match program.types.kind(*ty) {
        TyKind::Adt(adt, _) => program.methods.contains_key(&(*adt, Sym::new("drop"))),
        _ => false,
    };
    of.last == Sym::new("Option") && args.first().is_some_and(drops)
}

/// Whether a function says no to what is under way already: it gives an error where a key is there, and enters it.
fn refuses(judged: &Judged<'_, '_>, id: FnId) -> bool {
    const ASKS: [Sym; 2] = syms(["contains", "contains_key"]);
    let names = &judged.program.names;
    let Some(body) = names.body(id) else { return false };
    let calls = |at: Range, names: &[Sym]| {
        let mut inside = body.exprs.iter().filter(|expr| within(at, expr.at));
        inside.any(|expr| matches!(&expr.kind, ExprKind::Method(call) if names.contains(&call.name)))
    };
    let is_error = |id: ExprId| match &body.expr(id).kind {
        ExprKind::Call(callee, _) => {
            matches!(&body.expr(*callee).kind, ExprKind::Path(path) if path.last() == Sym::new("Err"))
        }
        _ => false,
    };
    let refuses = |at: Range| {
        let mut inside = body.exprs.iter().filter(|expr| within(at, expr.at));
        inside.any(|expr| matches!(expr.kind, ExprKind::Return(Some(error)) if is_error(error)))
    };
    // `if !known.contains(id) { return Err(Unknown) }` lets in who is known.
    let is_negated = |id: ExprId| matches!(body.expr(id).kind, ExprKind::Not(_));
    let gives_errors = names.function(id).sig.is_some_and(
        |sig| matches!(&sig.ret, TypeRef::Path(path) if names.text(path.last()).ends_with("Result")),
    );
    let whole = body.root.map(|root| body.extent(root));
    gives_errors
        && whole.is_some_and(|whole| calls(whole, &[Sym::new("insert")]))
        && body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::If(cond, then, _) => {
                !is_negated(*cond) && calls(body.extent(*cond), &ASKS) && refuses(body.extent(*then))
            }
            _ => false,
        })
}
