//! Work that is pending ends in one of two ways, and only one of them takes it out.

use super::asked::{Asked, Forgets, Place};
use super::tree::{Arm, Tree};
use crate::context::Site;
use crate::lower::ir::{ExprId, ExprKind, LocalId, Pat, PatId, Range};
use crate::lower::sym::{Sym, syms};
use crate::names::{AdtId, Def, FnId};
use crate::types::{Interner, Ty, TyKind};

/// Parts of the names of variants that say that something came to nothing.
const FAILS: [&str; 9] =
    ["Fail", "Error", "Timeout", "TimedOut", "Closed", "Reject", "Abort", "Cancel", "Disconnect"];
const OK: Sym = Sym::new("Ok");
const ERR: Sym = Sym::new("Err");

/// Which outcome takes out, and what stands for the other.
type Other = (bool, Range);

pub(super) fn found<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    if !place.goes_by_key() || place.keyed().count() != place.works.len() {
        return None;
    }
    let forgets = |site: Site<'s>| result(asked, place, site).or_else(|| variant(asked, place, site));
    let mut others = Vec::new();
    for site in place.keyed() {
        others.push((site.id, forgets(site)?));
    }
    let (_, (first, _)) = *others.first()?;
    let ways = others.iter().map(|(id, (_, at))| (*id, *at, "this outcome leaves it there")).collect();
    let agree = others.iter().all(|(_, (good, _))| *good == first);
    agree.then_some(Forgets::new(place.first()?, ways))
}

/// `match outcome { Ok(done) => .., Err((id, error)) => { pending.remove(&id); } }`
fn result(asked: &Asked<'_, '_, '_>, place: &Place<'_, '_>, site: Site<'_>) -> Option<Other> {
    let (tree, call) = asked.stands(site)?;
    let key = tree.root(*tree.args(call).first()?)?;
    let arm = tree.arms(call).into_iter().find(|arm| side(&tree, *arm).is_some())?;
    let good = side(&tree, arm)?;
    let (pat, on) = tree.arm_pat(arm)?;
    // Put in before the outcome was known, and not where it is looked at.
    let put_in_before = |grow: &Site<'_>| {
        let put = tree.call_at(grow.event.at);
        grow.id == site.id && put.is_some_and(|put| put < arm.of && !tree.is_in(put, arm.of))
    };
    if !(tells(&tree, pat, on, key) || good && place.of.grows.iter().any(put_in_before)) {
        return None;
    }
    let other = match tree.kind(arm.of) {
        ExprKind::Match(_, arms) => {
            let opposite = |arm: &&crate::lower::ir::Arm| outcome(&tree, arm.pat) == Some(!good);
            arms.iter().find(opposite)?.body
        }
        ExprKind::If(_, _, Some(otherwise)) => *otherwise,
        _ => return None,
    };
    let region = tree.body.extent(other);
    let is_left = !leaves_for_good(&tree, other) && !asked.leads_from(site.id, region, place);
    is_left.then_some((good, tree.at(other)))
}

/// Which outcome an arm is about.
fn side(tree: &Tree<'_>, arm: Arm) -> Option<bool> {
    outcome(tree, tree.arm_pat(arm)?.0)
}

fn outcome(tree: &Tree<'_>, pat: PatId) -> Option<bool> {
    match tree.body.pat(pat) {
        Pat::TupleStruct(path, _) if path.last() == OK => Some(true),
        Pat::TupleStruct(path, _) if path.last() == ERR => Some(false),
        Pat::TupleStruct(path, parts) if [Sym::new("Some"), Sym::new("Ready")].contains(&path.last()) => {
            outcome(tree, *parts.first()?)
        }
        _ => None,
    }
}

/// Whether the arm's pattern binds the key, or the value it takes apart came together with the key.
fn tells(tree: &Tree<'_>, pat: PatId, on: ExprId, key: LocalId) -> bool {
    let mut bound = Vec::new();
    tree.bound(pat, &mut bound);
    if bound.contains(&key) {
        return true;
    }
    let Some(value) = tree.root(on).filter(|_| matches!(tree.kind(on), ExprKind::Local(_))) else {
        return false;
    };
    tree.body.pats.iter().any(|pat| match pat {
        Pat::Tuple(parts) => {
            let mut bound = Vec::new();
            parts.iter().for_each(|part| tree.bound(*part, &mut bound));
            bound.contains(&key) && bound.contains(&value)
        }
        _ => false,
    })
}

/// Whether nothing goes on behind an expression.
fn leaves_for_good(tree: &Tree<'_>, id: ExprId) -> bool {
    const ENDS: [Sym; 4] = syms(["panic", "unreachable", "todo", "exit"]);
    match tree.kind(id) {
        ExprKind::Macro(name, _) => ENDS.contains(name),
        ExprKind::Block(_, Some(tail)) => leaves_for_good(tree, *tail),
        ExprKind::Call(..) => ENDS.contains(&tree.called(id)),
        _ => false,
    }
}

/// `Event::Opened { id, .. } => { pending.remove(&id); }`, and `Event::OpenFailed { id, .. }` goes elsewhere.
fn variant(asked: &Asked<'_, '_, '_>, place: &Place<'_, '_>, site: Site<'_>) -> Option<Other> {
    let program = asked.judged.program;
    let keys = asked.contents(place.of.key, |_, held| Some(held.keys))?;
    if !matches!(program.types.kind(keys), TyKind::Adt(..)) {
        return None;
    }
    let (tree, call) = asked.stands(site)?;
    let mut key = tree.root(*tree.args(call).first()?)?;
    for arm in tree.arms(call) {
        let Some((pat, on)) = tree.arm_pat(arm) else { continue };
        let mut bound = Vec::new();
        tree.bound(pat, &mut bound);
        if !bound.contains(&key) {
            continue;
        }
        if let Some((of, name)) = variant_of(asked, site.id, &tree, pat)
            && let Some(at) = unheard(asked, place, (site.id, &tree, arm), (of, name), keys)
        {
            return Some((true, at));
        }
        key = tree.root(on)?;
    }
    None
}

fn variant_of(asked: &Asked<'_, '_, '_>, id: FnId, tree: &Tree<'_>, pat: PatId) -> Option<(AdtId, Sym)> {
    let names = &asked.judged.program.names;
    match tree.body.pat(pat) {
        Pat::TupleStruct(path, parts) if [Sym::new("Some"), OK, Sym::new("Ready")].contains(&path.last()) => {
            variant_of(asked, id, tree, *parts.first()?)
        }
        Pat::TupleStruct(path, _) | Pat::Struct(path, _) => {
            match names.resolve(names.function(id).module, path, false)?.def {
                Def::Variant(adt, _) => Some((adt, path.last())),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Where a `match` forgets a variant that says of the same kind of key that it failed.
fn unheard(
    asked: &Asked<'_, '_, '_>,
    place: &Place<'_, '_>,
    (id, tree, arm): (FnId, &Tree<'_>, Arm),
    (of, taken): (AdtId, Sym),
    keys: Ty,
) -> Option<Range> {
    let program = asked.judged.program;
    let ExprKind::Match(_, arms) = tree.kind(arm.of) else { return None };
    let puts_in = |grow: &Site<'_>| {
        grow.id == id && tree.call_at(grow.event.at).is_some_and(|put| tree.is_in(put, arm.of))
    };
    if place.of.grows.iter().any(puts_in) {
        return None;
    }
    let variants = &program.names.adt(of).variants;
    let fails = variants.iter().zip(&program.fields[of.ix()]).filter(|((name, _), fields)| {
        let text = program.names.text(*name);
        *name != taken
            && FAILS.iter().any(|part| text.contains(part))
            && fields.iter().any(|(_, ty)| *ty == keys)
    });
    for ((name, _), _) in fails {
        let own = arms.iter().find(|arm| variant_of(asked, id, tree, arm.pat) == Some((of, *name)));
        let heard = own.or_else(|| arms.iter().find(|arm| is_rest(tree, arm.pat)))?;
        if !asked.leads_from(id, tree.body.extent(heard.body), place) {
            return Some(tree.at(heard.body));
        }
    }
    None
}

/// `_`, `Some(_)`, `other`.
fn is_rest(tree: &Tree<'_>, pat: PatId) -> bool {
    match tree.body.pat(pat) {
        Pat::Wild | Pat::Bind(_, None) => true,
        Pat::TupleStruct(path, parts) if [Sym::new("Some"), OK, Sym::new("Ready")].contains(&path.last()) => {
            parts.len() == 1 && is_rest(tree, parts[0])
        }
        _ => false,
    }
}
