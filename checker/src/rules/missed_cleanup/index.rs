//! An index that keeps the key of what has ended. Two collections are filled together, or one notes the keys of the other; one
//! function takes out of both, and another one throws away what it takes out of the first and leaves the second as it is.
//!
//! What is not thrown away may go on elsewhere, and its key with it.

use super::asked::{Asked, Forgets, Place, is_keyed, owners};
use super::tree::Tree;
use crate::context::{Key, Site};
use crate::events::{KEY_COPIES, LOOKS};
use crate::lower::ir::{Arm, ExprId, ExprKind, LocalId, Pat, Range, Stmt};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::summary::Turns;
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;

/// Calls from where it ends up to who may take it out of the index.
const CALLS_MAX: u32 = 3;
/// Removals whose worth is what they leave.
const SWEEPS: [Sym; 2] = syms(["retain", "retain_mut"]);
/// Removals of whatever is next.
const POPS: [Sym; 4] = syms(["pop", "pop_front", "pop_back", "pop_first"]);
/// What gives the entry of a key.
const ROW: [Sym; 6] =
    syms(["entry", "or_default", "or_insert", "or_insert_with", "or_insert_with_key", "and_modify"]);
/// What only asks whether there was something.
const ASKS: [Sym; 2] = syms(["is_some", "is_none"]);

pub(super) fn found<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    let is_index = place.of.shrinks.iter().all(|(_, site)| is_keyed(site)) && !place.works.is_empty();
    if !is_index {
        return None;
    }
    let grow = place.first()?;
    let takers = place.takers();
    let mut beside: BTreeMap<Key, Vec<Site<'s>>> = BTreeMap::new();
    for adt in owners(place.of) {
        for (key, site) in asked.fields(adt) {
            beside.entry(*key).or_default().push(*site);
        }
    }
    let own = beside.remove(&place.of.key)?;
    let notes: Vec<Site<'s>> = own.into_iter().filter(|site| site.event.what.grows()).collect();
    beside.iter().find_map(|(key, other)| {
        let takes = |site: &&Site<'s>| !site.event.what.grows() && !site.event.under.on_error;
        let mut ends = other.iter().filter(takes).filter(|site| !takers.contains(&site.id)).peekable();
        ends.peek()?;
        let is_together = || {
            let takes_both = other.iter().filter(takes).any(|site| takers.contains(&site.id));
            takes_both && are_filled_together(asked, &notes, other)
        };
        if !(is_together() || notes_keys(asked, &notes, *key)) {
            return None;
        }
        let end = ends.find(|site| {
            throws_away(asked, **site) == Some(true)
                && !is_put_back(asked, **site, notes.iter().chain(other))
                && !asked.leads_to(site.id, &takers)
                && !is_cleaned_by_caller(asked, (site.id, site.event.at), &takers, 0)
        })?;
        let way = (end.id, end.event.at, "what has ended is taken out here, and its key stays in the index");
        Some(Forgets::new(grow, vec![way]))
    })
}

/// The arguments of all calls in a row, the key first: `all.entry(key).or_default().push(value)`.
fn given(tree: &Tree<'_>, mut call: ExprId) -> Vec<ExprId> {
    while let ExprKind::Method(of) = tree.kind(call)
        && let ExprKind::Method(before) = tree.kind(of.recv)
        && ROW.contains(&before.name)
    {
        call = of.recv;
    }
    let on_it = tree.around(call).take_while(|of| matches!(tree.kind(*of), ExprKind::Method(_)));
    std::iter::once(call).chain(on_it).flat_map(|call| tree.args(call)).copied().collect()
}

/// What is put in, but for the key that it is put under: two that are keyed alike may each hold a part of something, and
/// no part is the whole.
fn noted(tree: &Tree<'_>, site: Site<'_>, call: ExprId) -> Vec<ExprId> {
    let (all, own) = (given(tree, call), tree.args(call));
    // `let ids = all.get_mut(key)?; ids.insert(id)`: the key stands elsewhere.
    let is_inside = site.event.place.depth > 0 && all.len() == own.len() && !ROW.contains(&tree.called(call));
    all.into_iter().skip(usize::from(!is_inside)).collect()
}

/// Locals that these are, or are parts of.
fn named(tree: &Tree<'_>, call: ExprId) -> Vec<LocalId> {
    given(tree, call).into_iter().filter_map(|arg| tree.root(arg)).collect()
}

/// The local and the fields of it that an expression is, however it is borrowed or copied.
fn path(tree: &Tree<'_>, id: ExprId) -> Option<(LocalId, Vec<Sym>)> {
    match tree.kind(id) {
        ExprKind::Local(local) => Some((*local, Vec::new())),
        ExprKind::Field(inner, name) => {
            let (local, mut fields) = path(tree, *inner)?;
            fields.push(*name);
            Some((local, fields))
        }
        ExprKind::Ref(inner, _) | ExprKind::Deref(inner) => path(tree, *inner),
        ExprKind::Method(call) if KEY_COPIES.contains(&call.name) && call.args.is_empty() => {
            path(tree, call.recv)
        }
        _ => None,
    }
}

/// Whether a function puts in what it has taken out: under the same key, so that nothing has ended.
fn is_put_back<'x, 's: 'x>(
    asked: &Asked<'_, 's, '_>,
    end: Site<'s>,
    all: impl Iterator<Item = &'x Site<'s>>,
) -> bool {
    let Some((tree, call)) = asked.stands(end) else { return true };
    let is_pop = POPS.contains(&end.event.operation);
    let names = named(&tree, call);
    let mut grows = all.filter(|site| site.id == end.id && site.event.what.grows());
    grows.any(|grow| {
        let put = tree.call_at(grow.event.at);
        let is_same = |put: ExprId| named(&tree, put).iter().any(|local| names.contains(local));
        !is_pop && (names.is_empty() || put.is_none_or(is_same))
    })
}

/// Whether a function puts the key of one thing into both, itself or through a call, or a thing into the other and its key
/// into the index.
fn are_filled_together(asked: &Asked<'_, '_, '_>, notes: &[Site<'_>], other: &[Site<'_>]) -> bool {
    let fills = || other.iter().filter(|grow| grow.event.what.grows());
    notes.iter().any(|one| {
        fills().any(|beside| {
            if beside.id != one.id {
                return notes_through_a_call(asked, *one, *beside) == Some(true);
            }
            let both = || Some((asked.stands(*one)?, asked.stands(*beside)?));
            both().is_some_and(|((tree, at), (_, beside))| {
                let (index, held) = (given(&tree, at), given(&tree, beside));
                let noted = noted(&tree, *one, at);
                let key = held.first().and_then(|key| path(&tree, *key));
                let is_noted = |key: &_| noted.iter().any(|arg| path(&tree, *arg).as_ref() == Some(key));
                let name = index.first().and_then(|key| path(&tree, *key));
                let holds = |arg: &ExprId| match (path(&tree, *arg), &name) {
                    (Some((whole, fields)), Some((of, _))) => fields.is_empty() && whole == *of,
                    _ => false,
                };
                key.as_ref().is_some_and(is_noted) || held.iter().any(holds)
            })
        })
    })
}

/// Whether who fills the other calls a function that notes the key: `trips.insert(id, trip); self.index(region, id)`.
fn notes_through_a_call(asked: &Asked<'_, '_, '_>, one: Site<'_>, beside: Site<'_>) -> Option<bool> {
    let calls = &asked.judged.summary.facts[beside.id.ix()].calls;
    let mut notes = calls.iter().filter(|site| site.callees.contains(&one.id)).peekable();
    notes.peek()?;
    let (tree, at) = asked.stands(one)?;
    let noted = noted(&tree, one, at).into_iter().filter_map(|arg| tree.root(arg));
    let noted: Vec<usize> = noted.filter_map(|local| tree.param(local)).collect();
    let (tree, beside) = asked.stands(beside)?;
    let key = path(&tree, *given(&tree, beside).first()?)?;
    Some(notes.filter_map(|site| tree.call_at(site.at)).any(|call| {
        let mut passed = noted.iter().filter_map(|param| tree.passed(call, *param));
        passed.any(|arg| path(&tree, arg).as_ref() == Some(&key))
    }))
}

/// Whether what is put in was looked up in the other, by its key: `clients.get(&id)?; topics.entry(topic).insert(id)`.
fn notes_keys(asked: &Asked<'_, '_, '_>, notes: &[Site<'_>], other: Key) -> bool {
    let Key::Field(_, field) = other else { return false };
    notes.iter().any(|site| {
        let Some((tree, one)) = asked.stands(*site) else { return false };
        let noted: Vec<LocalId> =
            noted(&tree, *site, one).into_iter().filter_map(|arg| tree.root(arg)).collect();
        tree.exprs().any(|(id, kind)| match kind {
            ExprKind::Method(call) if LOOKS.contains(&call.name) => {
                id < one
                    && is_field(&tree, call.recv, field)
                    && named(&tree, id).iter().any(|local| noted.contains(local))
            }
            _ => false,
        })
    })
}

fn is_field(tree: &Tree<'_>, id: ExprId, name: Sym) -> bool {
    match tree.kind(id) {
        ExprKind::Field(_, of) => *of == name,
        ExprKind::Ref(inner, _) | ExprKind::Deref(inner) => is_field(tree, *inner, name),
        ExprKind::Method(call) if call.args.is_empty() => is_field(tree, call.recv, name),
        _ => false,
    }
}

/// Whether nobody looks at what a removal gives.
fn throws_away(asked: &Asked<'_, '_, '_>, site: Site<'_>) -> Option<bool> {
    if SWEEPS.contains(&site.event.operation) {
        return Some(true);
    }
    let (tree, mut call) = asked.stands(site)?;
    loop {
        let of = tree.parent(call)?;
        match tree.kind(of) {
            ExprKind::Method(asks) if ASKS.contains(&asks.name) => return Some(true),
            ExprKind::Call(..) => return Some(tree.called(of) == Sym::new("drop")),
            ExprKind::Await(_) => call = of,
            ExprKind::Block(stmts, _) => {
                return Some(stmts.iter().any(|stmt| match stmt {
                    Stmt::Expr(id) => *id == call,
                    Stmt::Let(pat, _, Some(id), _) => *id == call && matches!(tree.body.pat(*pat), Pat::Wild),
                    Stmt::Let(..) => false,
                }));
            }
            _ => return Some(false),
        }
    }
}

/// Whether who calls a function takes out of the index on its way there, or behind it.
pub(super) fn is_cleaned_by_caller(
    asked: &Asked<'_, '_, '_>,
    (id, at): (FnId, Range),
    takers: &FxHashSet<FnId>,
    calls: u32,
) -> bool {
    let facts = &asked.judged.summary.facts;
    if calls > 0 {
        let Some(tree) = asked.tree(id) else { return true };
        let Some(end) = tree.call_at(at) else { return true };
        let takes = facts[id.ix()].calls.iter().filter(|site| {
            let leads = |callee: &FnId| leads_straight_to(asked, *callee, takers, 0);
            site.at != at && !site.is_callback && site.callees.iter().any(leads)
        });
        let mut takes = takes.map(|site| tree.call_at(site.at));
        if takers.contains(&id) || takes.any(|take| take.is_none_or(|take| goes_with(&tree, take, end))) {
            return true;
        }
    }
    let callers = asked.judged.callers.of(id).iter();
    calls < CALLS_MAX
        && callers.clone().any(|(caller, call)| {
            let at = facts[caller.ix()].calls[*call].at;
            is_cleaned_by_caller(asked, (*caller, at), takers, calls + 1)
        })
}

/// Whether a function leads to one of `to` whatever comes: not in a loop over messages, which may bring what leads there.
fn leads_straight_to(asked: &Asked<'_, '_, '_>, id: FnId, to: &FxHashSet<FnId>, depth: u32) -> bool {
    let summary = asked.judged.summary;
    let in_turn = |mut in_loop: Option<u32>| {
        let loops = &summary.facts[id.ix()].loops;
        while let Some(at) = in_loop {
            if summary.loops[id.ix()].get(at as usize) != Some(&Turns::Input) {
                return true;
            }
            in_loop = loops.get(at as usize).and_then(|one| one.parent);
        }
        false
    };
    to.contains(&id)
        || depth < CALLS_MAX
            && summary.facts[id.ix()].calls.iter().any(|site| {
                let straight = !site.is_callback && !in_turn(site.under.in_loop);
                straight && site.callees.iter().any(|of| leads_straight_to(asked, *of, to, depth + 1))
            })
}

/// Whether the way to `end` may lead by `take`: that is not what is done with one kind of message, or in a turn of a loop
/// before.
fn goes_with(tree: &Tree<'_>, take: ExprId, end: ExprId) -> bool {
    let around = tree.arms(end);
    let is_apart = tree.arms(take).iter().any(|arm| {
        let is_of_match = matches!(tree.kind(arm.of), ExprKind::Match(..)) && !around.contains(arm);
        is_of_match || around.iter().any(|of| of.of == arm.of && of.index != arm.index)
    });
    let is_elsewhere = tree.around(take).any(|of| match tree.kind(of) {
        ExprKind::Loop(..) | ExprKind::While(..) => !tree.is_in(end, of),
        // The condition of an arm that was not taken.
        ExprKind::Match(_, arms) => {
            let asks = |arm: &Arm| arm.guard.is_some_and(|guard| tree.is_in(take, guard));
            arms.iter().any(asks) && tree.is_in(end, of)
        }
        _ => false,
    });
    !is_apart && !is_elsewhere && tree.frame(take) == tree.frame(end)
}
