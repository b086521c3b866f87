//! Permits of a semaphore that are forgotten, and given back by number where the work ends: a way out before that keeps one for
//! good, until nobody gets any more.
//!
//! The end may stand in the function that forgets or in who calls it, in a task that it starts or a function that it calls
//! behind that, or in a destructor: then ways out count up to where its value is made.

use super::super::asked::Asked;
use super::super::tree::Tree;
use super::super::{RULE, SLOT};
use super::DROP;
use crate::events::BAILS;
use crate::events::seen::Sight;
use crate::finding::{Confidence, Finding, Label};
use crate::lower::ir::{ExprId, ExprKind, Range};
use crate::lower::sym::Sym;
use crate::names::{AdtId, FnId};
use crate::rules::judged::{Judged, Says};
use crate::types::{Interner, Ty, TyKind};
use rustc_hash::FxHashSet;

/// Who gives permits back by number.
struct Giving {
    sites: Vec<(FnId, Range)>,
    fns: FxHashSet<FnId>,
    /// Types whose destructors do.
    guards: FxHashSet<AdtId>,
}

/// A way out, and what it leads past.
struct Past {
    way: (FnId, Range),
    given: (FnId, Range),
}

/// Reports ways out between forgetting a permit and giving it back.
pub(super) fn check(asked: &Asked<'_, '_, '_>, findings: &mut Vec<Finding>) {
    let judged = asked.judged;
    let mut forgotten = judged.sights().filter(|(_, seen)| matches!(seen.sight, Sight::Forgets)).peekable();
    if forgotten.peek().is_none() {
        return;
    }
    let giving = Giving::of(judged);
    for (id, seen) in forgotten.filter(|(id, seen)| judged.is_per_message(*id, seen)) {
        let Some(past) = giving.kept(asked, id, seen.at) else { continue };
        let says = Says::new(
            "a permit that is forgotten here stays taken when a way out leads past where it is given back",
            "no destructor gives it back from here on",
            "hand the permit itself to whoever works under it, so that it is given back when that is dropped",
        );
        let mut finding = judged.finding(id, seen.at, (&RULE, &SLOT), says);
        finding.confidence = Confidence::Likely;
        let way = Label::new(judged.span(past.way.0, past.way.1), "leaves it taken");
        let given = Label::new(judged.span(past.given.0, past.given.1), "given back here, behind that");
        let note = "looked for a guard, and for a caller that gives it back: there is none";
        findings.push(judged.with_chain(finding.label(way).label(given), id).note(note));
    }
}

impl Giving {
    fn of(judged: &Judged<'_, '_>) -> Giving {
        let sites = judged.sights().filter(|(_, seen)| matches!(seen.sight, Sight::AddsPermits));
        let sites: Vec<(FnId, Range)> = sites.map(|(id, seen)| (id, seen.at)).collect();
        let is_drop = |id: &FnId| judged.program.names.function(*id).name == DROP;
        let (drops, fns): (Vec<FnId>, Vec<FnId>) = sites.iter().map(|(id, _)| *id).partition(is_drop);
        let guards = drops.into_iter().filter_map(|id| judged.program.adt_of(id)).collect();
        Giving { sites, fns: fns.into_iter().collect(), guards }
    }

    /// A way out that keeps what is forgotten at `at` in `id`, there or in who calls it for that.
    fn kept(&self, asked: &Asked<'_, '_, '_>, id: FnId, at: Range) -> Option<Past> {
        self.kept_there(asked, id, at).or_else(|| {
            let callers = asked.judged.callers.of(id).iter();
            callers.clone().find_map(|(caller, call)| {
                let at = asked.judged.summary.facts[caller.ix()].calls[*call].at;
                let tree = asked.tree(*caller)?;
                let (way, given) = past(&tree, Some(tree.call_at(at)?), &self.own(asked, *caller, &tree))?;
                Some(Past { way: (*caller, tree.at(way)), given: (*caller, tree.at(given)) })
            })
        })
    }

    fn kept_there(&self, asked: &Asked<'_, '_, '_>, id: FnId, at: Range) -> Option<Past> {
        if self.is_given_by_caller(asked, id, id) {
            return None;
        }
        let tree = asked.tree(id)?;
        let forgotten = tree.call_at(at)?;
        let own = self.own(asked, id, &tree);
        let here = past(&tree, Some(forgotten), &own);
        let here = here.map(|(way, given)| Past { way: (id, tree.at(way)), given: (id, tree.at(given)) });
        here.or_else(|| {
            let calls = asked.judged.summary.facts[id.ix()].calls.iter();
            let ends = calls.filter_map(|site| match &site.callees[..] {
                [callee] if *callee != id && self.fns.contains(callee) => {
                    let call = tree.call_at(site.at)?;
                    (forgotten < call && is_run(&tree, forgotten, call)).then_some(*callee)
                }
                _ => None,
            });
            ends.into_iter().find_map(|end| self.kept_by(asked, end, id))
        })
    }

    /// A way out of a function that gives back a permit which its caller has forgotten.
    fn kept_by(&self, asked: &Asked<'_, '_, '_>, id: FnId, from: FnId) -> Option<Past> {
        if self.is_given_by_caller(asked, id, from) || self.sites.iter().any(|(of, _)| *of == from) {
            return None;
        }
        let tree = asked.tree(id)?;
        let own = self.own(asked, id, &tree);
        let (way, given) = past(&tree, None, &own)?;
        Some(Past { way: (id, tree.at(way)), given: (id, tree.at(given)) })
    }

    /// Whether who calls a function gives permits back behind that.
    fn is_given_by_caller(&self, asked: &Asked<'_, '_, '_>, id: FnId, from: FnId) -> bool {
        asked.callers([&id]).into_iter().any(|caller| {
            let calls = &asked.judged.summary.facts[caller.ix()].calls;
            let called =
                calls.iter().filter(|site| site.callees.contains(&id)).map(|site| site.at.start).min();
            let behind = calls.iter().filter(|site| called.is_some_and(|called| called < site.at.start));
            let mut callees = behind.flat_map(|site| site.callees.iter());
            caller != from && self.fns.contains(&caller)
                || callees.any(|callee| *callee != id && self.fns.contains(callee))
        })
    }

    /// Where a body gives permits back, calls what does, or makes what does when it is dropped.
    fn own(&self, asked: &Asked<'_, '_, '_>, id: FnId, tree: &Tree<'_>) -> Vec<ExprId> {
        let facts = &asked.judged.summary.facts;
        let makes = |of: &FnId| facts[of.ix()].makes.iter().any(|(adt, _)| self.guards.contains(adt));
        let ends = |callee: &FnId| *callee != id && (self.fns.contains(callee) || makes(callee));
        let calls = facts[id.ix()].calls.iter().filter(|site| site.callees.iter().any(ends));
        let sites = self.sites.iter().filter(|(of, _)| *of == id).map(|(_, at)| *at);
        let calls = calls.map(|site| site.at).chain(sites).filter_map(|at| tree.call_at(at));
        let is_guard = |ty: Ty| match tree.inferred.types.kind(ty) {
            TyKind::Adt(adt, _) => self.guards.contains(adt),
            _ => false,
        };
        let made = tree.exprs().filter(|(of, kind)| {
            matches!(kind, ExprKind::Struct(..) | ExprKind::Call(..)) && is_guard(tree.inferred.expr(*of))
        });
        let mut own: Vec<ExprId> = calls.chain(made.map(|(of, _)| of)).collect();
        own.sort_unstable();
        own
    }
}

/// Whether what stands behind something runs wherever that has been done: in the same frame, or in a task that begins there.
fn is_run(tree: &Tree<'_>, first: ExprId, second: ExprId) -> bool {
    tree.runs_with(first, second) && {
        let around = tree.arms(first);
        let frame = tree.frame(second);
        frame != tree.frame(first) || tree.arms(second).iter().all(|arm| around.contains(arm))
    }
}

/// A way out behind `forgotten`, or from the beginning on, and before where all that goes on gives back; and where that is.
fn past(tree: &Tree<'_>, forgotten: Option<ExprId>, given: &[ExprId]) -> Option<(ExprId, ExprId)> {
    let is_end = |end: &ExprId| match forgotten {
        Some(forgotten) => forgotten < *end && is_run(tree, forgotten, *end),
        None => tree.frame(*end).is_none_or(|frame| is_all(tree, frame)) && tree.arms(*end).is_empty(),
    };
    let end = given.iter().copied().find(is_end)?;
    let taking = forgotten.map(|of| tree.frame(of));
    // Whoever leaves the loop that takes permits takes no more of them.
    let turns = forgotten.and_then(|of| turning(tree, of));
    let way = tree.exprs().find(|(id, kind)| {
        let frame = tree.frame(*id);
        let in_turn = turns.is_some() && taking == Some(frame);
        let leaves = match kind {
            ExprKind::Continue(Sym::NONE) => in_turn && turning(tree, *id) == turns,
            ExprKind::Try(_) | ExprKind::Return(_) => !in_turn,
            ExprKind::Macro(name, _) => !in_turn && BAILS.contains(name),
            _ => false,
        };
        let is_given = |by: &ExprId| {
            forgotten.is_none_or(|of| of < *by) && (tree.is_before(*by, *id) || tree.is_in(*by, *id))
        };
        let follows = |of: ExprId| of < *id && (tree.frame(of) != frame || tree.may_follow(of, *id));
        leaves
            && *id < end
            && forgotten.is_none_or(|of| !tree.is_in(of, *id))
            && (frame == tree.frame(end) || taking == Some(frame))
            && forgotten.is_none_or(follows)
            && !given.iter().any(is_given)
    });
    way.map(|(way, _)| (way, end))
}

/// The loop around an expression, in the frame where it runs.
fn turning(tree: &Tree<'_>, id: ExprId) -> Option<ExprId> {
    let frame = tree.frame(id);
    let mut around = tree.around(id).take_while(|at| Some(*at) != frame);
    around.find(|at| matches!(tree.kind(*at), ExprKind::Loop(..) | ExprKind::While(..) | ExprKind::For(..)))
}

/// Whether an async block is all that a function consists of.
fn is_all(tree: &Tree<'_>, frame: ExprId) -> bool {
    matches!(tree.kind(frame), ExprKind::Async(_))
        && tree.frame(frame).is_none()
        && tree.body.root.is_some_and(|root| match tree.kind(root) {
            ExprKind::Block(_, Some(tail)) => *tail == frame,
            _ => root == frame,
        })
}
