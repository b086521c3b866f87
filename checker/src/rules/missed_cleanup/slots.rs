//! Slots that are counted: a number that threads share is raised where work begins and lowered where it ends, and a `?` or `return`
//! between the two leaves it raised. Where the number is compared with a limit, each such way costs a slot for good.
//!
//! Raising and lowering may each be a call of a function that does it. Speaks where nothing else brings the number back: no
//! destructor or closure that lowers it, nothing that sets it, no caller that lowers it after an error.

mod permits;

use super::asked::Asked;
use super::tree::Tree;
use super::{RULE, SLOT};
use crate::context::{Key, Often};
use crate::events::seen::{Counts, Sight};
use crate::events::{BAILS, CallSite};
use crate::finding::{Confidence, Finding, Label};
use crate::lower::ir::{ExprId, ExprKind, LocalId, Range, Stmt};
use crate::lower::sym::Sym;
use crate::names::FnId;
use crate::rules::judged::Says;
use crate::rules::judged::asks::Asks;
use rustc_hash::FxHashSet;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

const DROP: Sym = Sym::new("drop");

/// Where a number is raised and lowered.
#[derive(Default)]
struct Counter {
    up: Vec<(FnId, Range)>,
    down: Vec<(FnId, Range)>,
    /// Something gives it a value of its own.
    is_set: bool,
}

/// A way out that leaves a number raised.
struct Slot {
    taken: Range,
    way: Range,
    given: Range,
    /// Who takes a slot may be refused one.
    is_limited: bool,
}

/// Reports ways out between raising and lowering.
pub(super) fn check(asked: &Asked<'_, '_, '_>, findings: &mut Vec<Finding>) {
    let judged = asked.judged;
    for counter in counters(asked).into_values() {
        if counter.is_set || counter.up.is_empty() || counter.down.is_empty() || is_guarded(asked, &counter) {
            continue;
        }
        let (up, down) = (ids(&counter.up), ids(&counter.down));
        let is_often = |id: &FnId| judged.context.runs[id.ix()].often == Some(Often::PerMessage);
        for id in lowering(asked, &counter).into_iter().filter(is_often) {
            let Some(slot) = kept(asked, &counter, id, (&up, &down)) else { continue };
            // Who asks this opens bodies: few programs get that far.
            if is_deferred(asked, &counter) {
                break;
            }
            let says = Says::new(
                "what is counted up here stays so when a way out leads past where it is counted down",
                "counted up here",
                "count down in a guard that is dropped on every way out, or before looking at what may fail",
            );
            let mut finding = judged.finding(id, slot.taken, (&RULE, &SLOT), says);
            let is_near =
                judged.serves_with(id).is_some() || asked.ways().is_driven(id, slot.taken, Asks::LEFT.near());
            if !slot.is_limited || !is_near {
                finding.confidence = Confidence::Likely;
            }
            let finding = finding.label(Label::new(judged.span(id, slot.way), "leaves it as it is"));
            let finding =
                finding.label(Label::new(judged.span(id, slot.given), "counted down here, behind that"));
            let note =
                "looked for a guard, for a caller that counts down, and for whatever sets it: there is none";
            findings.push(judged.with_chain(finding, id).note(note));
        }
    }
    permits::check(asked, findings);
}

/// All numbers that are counted with, by where they live.
fn counters(asked: &Asked<'_, '_, '_>) -> BTreeMap<Key, Counter> {
    let judged = asked.judged;
    let mut all: BTreeMap<Key, Counter> = BTreeMap::new();
    for (id, seen) in judged.sights() {
        let Sight::Counts(place, counts) = seen.sight else { continue };
        let Some(key) = Key::of(id, place) else { continue };
        let counter = all.entry(judged.keys.find(key)).or_default();
        match counts {
            Counts::Up => counter.up.push((id, seen.at)),
            Counts::Down => counter.down.push((id, seen.at)),
            Counts::Set => counter.is_set = true,
        }
    }
    all
}

fn ids(sites: &[(FnId, Range)]) -> FxHashSet<FnId> {
    sites.iter().map(|(id, _)| *id).collect()
}

/// Whether a destructor lowers the number.
fn is_guarded(asked: &Asked<'_, '_, '_>, counter: &Counter) -> bool {
    let judged = asked.judged;
    lowering(asked, counter)
        .into_iter()
        .any(|id| judged.context.runs[id.ix()].only_in_drop || judged.program.names.function(id).name == DROP)
}

/// Whether a closure lowers the number, which somebody may call on every way out.
fn is_deferred(asked: &Asked<'_, '_, '_>, counter: &Counter) -> bool {
    let (up, down) = (ids(&counter.up), ids(&counter.down));
    lowering(asked, counter).into_iter().any(|id| in_closure(asked, counter, id, (&up, &down)))
}

/// The functions that lower the number, and those that call them.
fn lowering(asked: &Asked<'_, '_, '_>, counter: &Counter) -> BTreeSet<FnId> {
    let down = ids(&counter.down);
    let callers = asked.callers(&down);
    callers.into_iter().chain(down).collect()
}

/// Whether `id` lowers the number in a closure that does not raise it.
fn in_closure(
    asked: &Asked<'_, '_, '_>,
    counter: &Counter,
    id: FnId,
    (up, down): (&FxHashSet<FnId>, &FxHashSet<FnId>),
) -> bool {
    let Some(tree) = asked.tree(id) else { return true };
    let closure = |at: &Range| {
        let frame = tree.call_at(*at).and_then(|call| tree.frame(call));
        frame.filter(|frame| matches!(tree.kind(*frame), ExprKind::Closure(_, _, false)))
    };
    let raised: Vec<Option<ExprId>> = sites(asked, &counter.up, id, up).iter().map(closure).collect();
    let lowered = sites(asked, &counter.down, id, down);
    lowered.iter().any(|at| closure(at).is_some_and(|frame| !raised.contains(&Some(frame))))
}

/// Where `id` does something to the number, itself or by calling one of those that do.
fn sites(asked: &Asked<'_, '_, '_>, own: &[(FnId, Range)], id: FnId, does: &FxHashSet<FnId>) -> Vec<Range> {
    let calls = asked.judged.summary.facts[id.ix()].calls.iter();
    let calls = calls.filter(|site| site.callees.iter().any(|callee| *callee != id && does.contains(callee)));
    calls.map(|site| site.at).chain(own.iter().filter(|(of, _)| *of == id).map(|(_, at)| *at)).collect()
}

/// What `id` raises, lowers behind that, and leaves raised on a way out between the two.
fn kept(
    asked: &Asked<'_, '_, '_>,
    counter: &Counter,
    id: FnId,
    (up, down): (&FxHashSet<FnId>, &FxHashSet<FnId>),
) -> Option<Slot> {
    let lowers = |callee: &FnId| asked.leads_to(*callee, down);
    let calls = &asked.judged.summary.facts[id.ix()].calls;
    // A function that does both of them raises in the end: it takes back what was too many.
    let raises =
        |site: &&CallSite| matches!(&site.callees[..], [callee] if up.contains(callee) && *callee != id);
    let gives = |site: &&CallSite| !raises(site) && site.callees.iter().any(lowers);
    let own = |sites: &[(FnId, Range)]| {
        let own = sites.iter().filter(|(of, _)| *of == id);
        own.map(|(_, at)| *at).collect::<Vec<Range>>()
    };
    let taken: Vec<Range> = calls.iter().filter(raises).map(|site| site.at).chain(own(&counter.up)).collect();
    let given: Vec<Range> =
        calls.iter().filter(gives).map(|site| site.at).chain(own(&counter.down)).collect();
    if taken.is_empty() || given.is_empty() || is_given_by_caller(asked, id, &lowers) {
        return None;
    }
    let tree = asked.tree(id)?;
    let exprs = |sites: Vec<Range>| {
        let mut found: Vec<ExprId> = sites.into_iter().filter_map(|at| tree.call_at(at)).collect();
        found.sort_unstable();
        found
    };
    let (taken, given) = (exprs(taken), exprs(given));
    taken.iter().find_map(|taken| past(&tree, *taken, &given))
}

/// A way out behind `taken` and before where all that goes on lowers.
fn past(tree: &Rc<Tree<'_>>, taken: ExprId, given: &[ExprId]) -> Option<Slot> {
    let (frame, around) = (tree.frame(taken), tree.arms(taken));
    let is_last = |given: &&ExprId| {
        taken < **given
            && tree.frame(**given) == frame
            && receiver(tree, **given) == receiver(tree, taken)
            && tree.arms(**given).iter().all(|arm| around.contains(arm))
    };
    let last = *given.iter().find(is_last)?;
    let is_way = |(id, kind): &(ExprId, &ExprKind)| {
        let leaves = match kind {
            ExprKind::Try(_) | ExprKind::Return(_) => true,
            ExprKind::Macro(name, _) => BAILS.contains(name),
            _ => false,
        };
        let is_given = |by: &ExprId| taken < *by && (tree.is_before(*by, *id) || tree.is_in(*by, *id));
        leaves
            && *id < last
            && tree.frame(*id) == frame
            && tree.may_follow(taken, *id)
            && !is_of(tree, *id, taken)
            && !given.iter().any(is_given)
    };
    let (way, _) = tree.exprs().find(is_way)?;
    Some(Slot {
        taken: tree.at(taken),
        way: tree.at(way),
        given: tree.at(last),
        is_limited: is_asked(tree, taken),
    })
}

/// The local below what a function is called on.
fn receiver(tree: &Tree<'_>, call: ExprId) -> Option<LocalId> {
    match tree.kind(call) {
        ExprKind::Method(call) => tree.root(call.recv),
        _ => tree.args(call).first().and_then(|first| tree.root(*first)),
    }
}

/// `if !enter() { return .. }`, `enter()?`, `match enter() { None => return, .. }`: who is refused has taken nothing.
fn is_of(tree: &Tree<'_>, way: ExprId, taken: ExprId) -> bool {
    let looks = |on: ExprId| tree.is_in(taken, on);
    tree.is_in(taken, way)
        || tree.arms(way).iter().any(|arm| match tree.kind(arm.of) {
            ExprKind::If(cond, ..) => looks(*cond),
            ExprKind::Match(on, _) => looks(*on),
            _ => false,
        })
        || otherwise(tree, taken).is_some_and(|otherwise| tree.is_in(way, otherwise))
}

/// The `else` of the `let` that a value is taken apart by.
fn otherwise(tree: &Tree<'_>, value: ExprId) -> Option<ExprId> {
    let lets = tree.exprs().filter_map(|(_, kind)| match kind {
        ExprKind::Block(stmts, _) => Some(stmts.iter()),
        _ => None,
    });
    lets.flatten().find_map(|stmt| match stmt {
        Stmt::Let(_, _, Some(init), otherwise) => otherwise.filter(|_| tree.is_in(value, *init)),
        _ => None,
    })
}

/// Whether what raising gives decides how it goes on.
fn is_asked(tree: &Tree<'_>, taken: ExprId) -> bool {
    let mut at = taken;
    for around in tree.around(taken).take(5) {
        match tree.kind(around) {
            ExprKind::If(cond, ..) => return *cond == at,
            ExprKind::Match(on, _) => return *on == at,
            ExprKind::Try(_) => return true,
            ExprKind::Not(_) | ExprKind::Binary(..) | ExprKind::Method(_) | ExprKind::Await(_) => at = around,
            _ => break,
        }
    }
    otherwise(tree, taken).is_some()
}

/// Whether who calls the function lowers behind it.
fn is_given_by_caller(asked: &Asked<'_, '_, '_>, id: FnId, lowers: &dyn Fn(&FnId) -> bool) -> bool {
    asked.callers([&id]).into_iter().any(|caller| {
        let calls = &asked.judged.summary.facts[caller.ix()].calls;
        calls.iter().flat_map(|site| site.callees.iter()).any(|callee| *callee != id && lowers(callee))
    })
}
