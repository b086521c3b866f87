//! What expires and goes only when somebody asks for it: what nobody asks for any more stays.
//!
//! Either it is taken out because its time has come, or its time is looked at once it is out: in both cases only whoever has
//! the key comes by. Or nobody takes it out for that: who asks for it is told that it is not there, and it stays.

use super::asked::{Asked, Forgets, Place, is_keyed};
use super::tree::Tree;
use crate::context::{self, Key, Site};
use crate::events::LOOKS;
use crate::lower::ir::{BinOp, ExprId, ExprKind, LocalId, Range};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::types::{Interner, Program, Ty, TyKind};
use std::collections::BTreeSet;

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
    tree.exprs().any(|(id, kind)| id > removal && compares(&tree, &names, kind))
}

/// Whether something asks a part of what some names stand for whether its time is over.
fn compares(tree: &Tree<'_>, names: &[LocalId], kind: &ExprKind) -> bool {
    let is_taken = |id: ExprId| tree.root(id).is_some_and(|local| names.contains(&local));
    let is_time = |id: ExprId| {
        let ty = tree.inferred.expr(id);
        matches!(tree.inferred.types.kind(ty), TyKind::Foreign(foreign, _) if TIMES.contains(&foreign.last))
    };
    match kind {
        ExprKind::Binary(BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge, left, right) => {
            [*left, *right].into_iter().any(|side| is_taken(side) && is_time(side))
        }
        ExprKind::Method(call) => ASKS.contains(&call.name) && is_taken(call.recv),
        _ => false,
    }
}

/// What has expired is refused and stays: a reader looks at the time of an entry, and whatever takes out does not.
pub(super) fn refused<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    let Key::Field(owner, name) = place.of.key else { return None };
    let judged = asked.judged;
    let program = judged.program;
    let has_time = asked.contents(place.of.key, |types, held| Some(holds_time(program, types, held.values?)));
    let grow = place.first().filter(|_| has_time == Some(true))?;
    let takers: BTreeSet<FnId> = place
        .of
        .shrinks
        .iter()
        .flat_map(|(_, site)| site.event.via.iter().copied().chain([site.id]))
        .collect();
    let around = asked.callers(&takers);
    if takers.iter().chain(&around).any(|id| looks_at_clock(asked, *id)) {
        return None;
    }
    let of_owner = judged.functions().filter(|id| program.adt_of(*id) == Some(owner));
    let (id, at) =
        of_owner.filter(|id| !takers.contains(id)).find_map(|id| Some((id, refuses(asked, id, name)?)))?;
    let (tree, put) = asked.stands(grow)?;
    let key = tree.at(*tree.args(put).first()?);
    let told = context::told(program, judged.insides, judged.callers, judged.context, &[(grow.id, key)]);
    told[0].then(|| Forgets::new(grow, vec![(id, at, "refused here, and left where it is")]))
}

fn holds_time(program: &Program<'_>, types: &dyn Interner, ty: Ty) -> bool {
    let is_time = |ty: &Ty| matches!(types.kind(*ty), TyKind::Foreign(of, _) if TIMES.contains(&of.last));
    match types.kind(ty) {
        TyKind::Tuple(parts) => parts.iter().any(is_time),
        TyKind::Adt(adt, _) => program.fields[adt.ix()].iter().flatten().any(|(_, ty)| is_time(ty)),
        _ => false,
    }
}

/// Whether a function asks what time it is, or how long something has been there.
fn looks_at_clock(asked: &Asked<'_, '_, '_>, id: FnId) -> bool {
    const CLOCKS: [Sym; 5] = syms(["now", "now_utc", "elapsed", "timestamp", "is_expired"]);
    asked.tree(id).is_none_or(|tree| tree.exprs().any(|(at, _)| CLOCKS.contains(&tree.called(at))))
}

/// Where a function that looks something up in the field asks whether its time is over.
fn refuses(asked: &Asked<'_, '_, '_>, id: FnId, field: Sym) -> Option<Range> {
    let body = asked.judged.program.names.body(id)?;
    // Most functions do not name it, and are not opened.
    if !body.exprs.iter().any(|expr| matches!(expr.kind, ExprKind::Field(_, name) if name == field)) {
        return None;
    }
    let tree = asked.tree(id)?;
    let looks = |id: ExprId| LOOKS.contains(&tree.called(id)) && !tree.args(id).is_empty();
    let mut names: Vec<LocalId> =
        tree.exprs().filter(|(id, _)| looks(*id)).flat_map(|(id, _)| tree.names_of(id)).collect();
    names.dedup();
    tree.exprs().find_map(|(at, kind)| compares(&tree, &names, kind).then(|| tree.at(at)))
}
