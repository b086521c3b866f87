//! A guard takes out what it stands for when it is dropped, unless somebody has told it not to; and nothing else takes that out.

use super::asked::{Asked, Forgets, Place};
use super::tree::{Arm, Tree};
use crate::lower::ir::{ExprId, ExprKind, Lit, LocalId};
use crate::lower::sym::{Sym, syms};
use crate::names::{AdtId, FnId};
use rustc_hash::{FxHashMap, FxHashSet};

const DROP: Sym = Sym::new("drop");
/// What leaves nothing in a field.
const EMPTIES: [Sym; 1] = syms(["take"]);
const FORGETS: [Sym; 1] = syms(["forget"]);
/// `self`.
const SELF: LocalId = LocalId(0);

pub(super) fn found<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    let grow = place.first().filter(|_| place.goes_by_key())?;
    let runs = |id: FnId| &asked.judged.context.runs[id.ix()];
    let guards: FxHashSet<AdtId> = place.works.iter().filter_map(|site| runs(site.id).dropped_by).collect();
    if !place.works.iter().all(|site| runs(site.id).only_in_drop) || guards.len() != 1 {
        return None;
    }
    let guard = *guards.iter().next()?;
    let takers = place.takers();
    let of_guard = || asked.judged.functions().filter(|id| asked.judged.program.adt_of(*id) == Some(guard));
    let is_drop = |id: &FnId| asked.judged.program.names.function(*id).name == DROP;
    let asks = of_guard().filter(is_drop).find_map(|id| asked_when_dropped(asked, place, id, &takers))?;
    let disarms = |id: &FnId| !is_drop(id) && !asked.leads_to(*id, &takers) && disarms(asked, *id, &asks);
    let (caller, at) = of_guard().filter(disarms).find_map(|id| {
        let (caller, call) = asked.judged.callers.of(id).first()?;
        Some((*caller, asked.judged.summary.facts[caller.ix()].calls[*call].at))
    })?;
    Some(Forgets::new(grow, vec![(caller, at, "from here on its guard does not take it out")]))
}

/// The fields that a destructor asks before it takes something out, each with the `bool` that keeps it from that, where one
/// does; none if it always takes out.
fn asked_when_dropped(
    asked: &Asked<'_, '_, '_>,
    place: &Place<'_, '_>,
    id: FnId,
    takers: &FxHashSet<FnId>,
) -> Option<FxHashMap<Sym, Option<bool>>> {
    let tree = asked.tree(id)?;
    let calls = &asked.judged.summary.facts[id.ix()].calls;
    let mut removals =
        calls.iter().filter(|site| site.callees.iter().any(|callee| asked.leads_to(*callee, takers)));
    let removal = match own_removal(place, &tree, id) {
        Some(removal) => removal,
        None => removals.find_map(|site| tree.call_at(site.at))?,
    };
    let mut fields = FxHashMap::default();
    for arm in tree.arms(removal) {
        let on = match tree.kind(arm.of) {
            ExprKind::If(cond, ..) => *cond,
            ExprKind::Match(on, _) => *on,
            _ => continue,
        };
        let keeps = kept_by(&tree, on, arm);
        fields.extend(own_fields(&tree, on).into_iter().map(|field| (field, keeps)));
    }
    (!fields.is_empty()).then_some(fields)
}

/// A removal that stands in the destructor itself.
fn own_removal(place: &Place<'_, '_>, tree: &Tree<'_>, id: FnId) -> Option<ExprId> {
    place.works.iter().filter(|site| site.id == id).find_map(|site| tree.call_at(site.event.at))
}

/// The value of a field with which a branch is not taken that asks for it alone: `if self.armed { .. }`,
/// `if !self.gone { .. }`.
fn kept_by(tree: &Tree<'_>, on: ExprId, arm: Arm) -> Option<bool> {
    let is_otherwise = arm.index == 1;
    match tree.kind(on) {
        ExprKind::Field(base, _) if is_self(tree, *base) => Some(is_otherwise),
        ExprKind::Not(inner) => match tree.kind(*inner) {
            ExprKind::Field(base, _) if is_self(tree, *base) => Some(!is_otherwise),
            _ => None,
        },
        _ => None,
    }
}

/// The fields of `self` that an expression mentions.
fn own_fields(tree: &Tree<'_>, on: ExprId) -> Vec<Sym> {
    let own = |(id, kind): (ExprId, &ExprKind)| match kind {
        ExprKind::Field(base, name) if tree.is_in(id, on) && is_self(tree, *base) => Some(*name),
        _ => None,
    };
    tree.exprs().filter_map(own).collect()
}

fn is_self(tree: &Tree<'_>, id: ExprId) -> bool {
    matches!(tree.kind(id), ExprKind::Local(local) if *local == SELF)
}

/// Whether a method empties or sets one of some fields of its `self`, or forgets it.
fn disarms(asked: &Asked<'_, '_, '_>, id: FnId, fields: &FxHashMap<Sym, Option<bool>>) -> bool {
    let Some(tree) = asked.tree(id) else { return false };
    let keeps = |id: ExprId| match tree.kind(id) {
        ExprKind::Field(base, name) if is_self(&tree, *base) => fields.get(name).copied(),
        _ => None,
    };
    let is_kept = |left: ExprId, right: ExprId| match (keeps(left), tree.kind(right)) {
        (Some(_), ExprKind::Path(path)) => path.last() == Sym::new("None"),
        (Some(keeps), ExprKind::Lit(Lit::Bool(value))) => keeps == Some(*value),
        _ => false,
    };
    tree.exprs().any(|(id, kind)| match kind {
        ExprKind::Assign(left, right) => is_kept(*left, *right),
        ExprKind::Method(call) => EMPTIES.contains(&call.name) && keeps(call.recv).is_some(),
        ExprKind::Call(_, args) => {
            FORGETS.contains(&tree.called(id)) && args.iter().any(|arg| is_self(&tree, *arg))
        }
        _ => false,
    })
}
