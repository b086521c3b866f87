//! What expires and goes only when somebody asks for it: what nobody asks for any more stays.
//!
//! Either it is taken out because its time has come, or its time is looked at once it is out: in both cases only whoever has
//! the key comes by.

use super::asked::{Asked, Forgets, Place, is_keyed};
use crate::context::Site;
use crate::lower::ir::{BinOp, ExprId, ExprKind};
use crate::lower::sym::{Sym, syms};
use crate::types::{Interner, TyKind};

/// Names that what is taken goes through.
const NAMES_MAX: u32 = 3;
const TIMES: [Sym; 4] = syms(["Instant", "SystemTime", "Duration", "DateTime"]);
/// What tells by its name whether a time has come.
const ASKS: [Sym; 4] = syms(["is_expired", "expired", "has_expired", "is_stale"]);

pub(super) fn found<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    let elsewhere = |site: &Site<'_>| place.of.grows.iter().all(|grow| grow.id != site.id);
    let on_access = |site: &Site<'_>| {
        is_keyed(site)
            && site.event.under.in_loop.is_none()
            && elsewhere(site)
            && (site.event.under.timed || is_late(asked, *site))
    };
    place.works.iter().all(on_access).then(|| Forgets::new(place.of.grows[0], Vec::new()))
}

/// Whether what a removal gives is then asked whether its time is over.
fn is_late(asked: &Asked<'_, '_, '_>, site: Site<'_>) -> bool {
    let Some((tree, removal)) = asked.stands(site) else { return false };
    let mut names = tree.names_of(removal);
    for _ in 0..NAMES_MAX {
        let again =
            tree.exprs().filter(|(_, kind)| matches!(kind, ExprKind::Local(of) if names.contains(of)));
        let more: Vec<_> =
            again.flat_map(|(id, _)| tree.names_of(id)).filter(|of| !names.contains(of)).collect();
        names.extend(more);
    }
    let is_taken = |id: ExprId| tree.root(id).is_some_and(|local| names.contains(&local));
    let is_time = |id: ExprId| {
        let ty = tree.inferred.expr(id);
        matches!(tree.inferred.types.kind(ty), TyKind::Foreign(foreign, _) if TIMES.contains(&foreign.last))
    };
    tree.exprs().any(|(id, kind)| match kind {
        _ if id <= removal => false,
        ExprKind::Binary(BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge, left, right) => {
            [*left, *right].into_iter().any(|side| is_taken(side) && is_time(side))
        }
        ExprKind::Method(call) => ASKS.contains(&call.name) && is_taken(call.recv),
        _ => false,
    })
}
