//! What is to be sent on is let go of only when sending it went well: as long as the other side is down it piles up.
//!
//! Either it is taken out behind a success alone, or it is taken out before, and put back where sending failed. Nothing else
//! takes anything out, and nothing says how much may wait: a comparison with a limit before something is put in is seen where
//! growth is weighed, and any other removal makes this silent. What waits in a loop until sending goes well takes nothing in
//! meanwhile.

use super::asked::{Asked, Forgets, Place};
use super::fails::{Fails, Named, put_back, sent};
use super::tree::Tree;
use crate::context::{Counter, Key, Site};
use crate::lower::ir::{ExprId, ExprKind, Pat, Range};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use std::collections::BTreeSet;

/// Collections without keys.
const LISTS: [Sym; 6] = syms(["Vec", "VecDeque", "String", "BytesMut", "LinkedList", "SmallVec"]);
/// What takes one out that somebody has named, or the one that came last: nobody sends things on in that order.
const PICKS: [Sym; 4] = syms(["retain", "retain_mut", "swap_remove", "pop"]);
/// What makes nothing of a failure.
const DROPS: [Sym; 4] = syms(["ok", "is_ok", "is_err", "unwrap_or_default"]);
/// Callers of callers that are asked whether they go on.
const DEPTH_MAX: u32 = 3;

pub(super) fn found<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    let named = match place.of.key {
        Key::Field(_, name) => Named::Field(name),
        Key::Local(_, local) => Named::Local(local),
        _ => return None,
    };
    let is_list = |site: &Site<'_>| LISTS.contains(&site.event.holder) && site.event.place.depth == 0;
    if !place.of.grows.iter().all(is_list) {
        return None;
    }
    let idle = [Counter::Unreachable, Counter::AtExit];
    let shrinks =
        place.of.shrinks.iter().filter(|(counter, _)| !idle.contains(counter)).map(|(_, site)| *site);
    let (mut ways, mut back) = (Vec::new(), BTreeSet::new());
    for site in shrinks {
        if PICKS.contains(&site.event.operation) {
            return None;
        }
        let (tree, call) = asked.stands(site).filter(|_| site.event.via.is_empty())?;
        let own = place.of.grows.iter().filter(|grow| grow.id == site.id);
        let own: Vec<(ExprId, Range)> =
            own.filter_map(|grow| Some((tree.call_at(grow.event.at)?, grow.event.at))).collect();
        let fails = match put_back(asked.judged.program, &tree, call, own.iter().map(|(grow, _)| *grow)) {
            Some((grow, fails)) => {
                back.extend(own.iter().filter(|(of, _)| *of == grow).map(|(_, at)| (site.id, *at)));
                fails
            }
            None => {
                let filled: Vec<ExprId> = own.iter().map(|(grow, _)| *grow).collect();
                sent(asked.judged.program, &tree, (named, &filled), call)?
            }
        };
        let fresh = own.iter().filter(|(_, at)| !back.contains(&(site.id, *at))).map(|(grow, _)| *grow);
        if !goes_on(asked, place, (site.id, &tree, call), &fails, &fresh.collect::<Vec<_>>()) {
            return None;
        }
        ways.push((site.id, tree.at(call), "only what has been sent"));
    }
    let is_fresh = |site: &&Site<'_>| site.event.via.is_empty() && !back.contains(&(site.id, site.event.at));
    let grow = place.of.grows.iter().find(is_fresh).filter(|_| !ways.is_empty())?;
    Some(Forgets::new(*grow, ways))
}

/// Whether more may come in after a failure.
fn goes_on(
    asked: &Asked<'_, '_, '_>,
    place: &Place<'_, '_>,
    (id, tree, call): (FnId, &Tree<'_>, ExprId),
    fails: &Fails,
    fresh: &[ExprId],
) -> bool {
    let loops = |at: ExprId| {
        let is_loop =
            |kind: &ExprKind| matches!(kind, ExprKind::Loop(..) | ExprKind::While(..) | ExprKind::For(..));
        tree.around(at).filter(|of| is_loop(tree.kind(*of))).collect::<Vec<_>>()
    };
    let around = loops(call);
    match fails {
        Fails::Behind => {
            let own = || fresh.iter().any(|grow| around.iter().all(|of| tree.is_in(*grow, *of)));
            let is_apart = || fresh.is_empty() && !is_filled_by_caller(asked, place, id, 0);
            around.is_empty() && fresh.is_empty() || own() || is_apart()
        }
        // It goes on behind the loop, unless the loop is what fills.
        Fails::Breaks => !fresh.iter().any(|grow| around.first().is_some_and(|of| tree.is_in(*grow, *of))),
        Fails::Returns { with_error } => {
            // What fills and sends in one loop is over.
            let is_over = fresh.iter().any(|grow| !loops(*grow).is_empty());
            !is_over && (!with_error || callers_go_on(asked, id, 0))
        }
    }
}

/// Whether who calls a function puts into the place.
fn is_filled_by_caller(asked: &Asked<'_, '_, '_>, place: &Place<'_, '_>, id: FnId, depth: u32) -> bool {
    depth < DEPTH_MAX
        && asked.callers([&id]).into_iter().any(|caller| {
            place.of.grows.iter().any(|grow| grow.id == caller)
                || is_filled_by_caller(asked, place, caller, depth + 1)
        })
}

/// Whether somebody who calls a function goes on when it fails.
fn callers_go_on(asked: &Asked<'_, '_, '_>, id: FnId, depth: u32) -> bool {
    let judged = asked.judged;
    let callers = judged.callers.of(id);
    if callers.is_empty() {
        return judged.context.runs[id.ix()].entry.is_some();
    }
    let goes_on = |caller: FnId, call: usize| {
        let site = &judged.summary.facts[caller.ix()].calls[call];
        let tree = asked.tree(caller).filter(|_| !site.is_callback)?;
        Some(match heeds(&tree, tree.call_at(site.at)?)? {
            Heeds::Goes => true,
            Heeds::Fails => depth < DEPTH_MAX && callers_go_on(asked, caller, depth + 1),
        })
    };
    callers.iter().any(|(caller, call)| goes_on(*caller, *call) == Some(true))
}

/// What a caller makes of a failure.
enum Heeds {
    /// It goes on.
    Goes,
    /// It fails, too.
    Fails,
}

fn heeds(tree: &Tree<'_>, call: ExprId) -> Option<Heeds> {
    let mut at = call;
    loop {
        let of = tree.parent(at)?;
        match tree.kind(of) {
            ExprKind::Await(_) => at = of,
            ExprKind::Try(_) | ExprKind::Return(_) => return Some(Heeds::Fails),
            ExprKind::Method(method) if method.recv == at && DROPS.contains(&method.name) => {
                return Some(Heeds::Goes);
            }
            ExprKind::Method(method) if method.recv == at && !is_fatal(method.name) => at = of,
            ExprKind::Match(on, arms) if *on == at => {
                let fails = arms.iter().find(|arm| is_failure(tree, arm.pat))?;
                return Some(if leaves(tree, fails.body) { Heeds::Fails } else { Heeds::Goes });
            }
            ExprKind::Let(pat, _) => {
                let ExprKind::If(_, then, _) = tree.kind(tree.parent(of)?) else { return None };
                let is_left = is_failure(tree, *pat) && leaves(tree, *then);
                return Some(if is_left { Heeds::Fails } else { Heeds::Goes });
            }
            ExprKind::Block(_, tail) if *tail == Some(at) => at = of,
            ExprKind::Block(..) => return Some(Heeds::Goes),
            _ => return None,
        }
    }
}

fn is_fatal(name: Sym) -> bool {
    ["unwrap", "expect"].iter().any(|fatal| Sym::new(fatal) == name)
}

fn is_failure(tree: &Tree<'_>, pat: crate::lower::ir::PatId) -> bool {
    matches!(tree.body.pat(pat), Pat::TupleStruct(path, _) if path.last() == Sym::new("Err"))
}

/// Whether a branch leads out.
fn leaves(tree: &Tree<'_>, body: ExprId) -> bool {
    let is_way =
        |kind: &ExprKind| matches!(kind, ExprKind::Return(_) | ExprKind::Break(..) | ExprKind::Try(_));
    tree.exprs().any(|(id, kind)| is_way(kind) && tree.is_in(id, body))
}
