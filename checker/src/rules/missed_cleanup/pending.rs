//! Requests that wait for their answer: the sending end of a channel lies in a collection until the answer comes, and who
//! asked goes away before that.
//!
//! Two ways lead there. What is sent may fail, with a `?` between the insertion and the wait. And who waits may give up,
//! with a time limit or in a `select!`, while only the answer takes the entry out.

use super::asked::{Asked, Contents, Forgets, Place};
use super::behind;
use super::tree::Tree;
use crate::context::Site;
use crate::events::{TIME_LIMITS, What};
use crate::finding::Confidence;
use crate::lower::ir::{ExprId, ExprKind, LocalId, Pat, Stmt};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::types::{Interner, Program, Ty, TyKind};

const SENDERS: [Sym; 3] = syms(["Sender", "UnboundedSender", "SyncSender"]);
const LIMITED: [Sym; 2] = syms(["recv_timeout", "recv_deadline"]);
/// What tells that nobody waits any more.
const GONE: [Sym; 3] = syms(["is_closed", "is_canceled", "poll_closed"]);
/// How functions begin that take back what was asked.
const TAKES_BACK: [&str; 5] = ["cancel", "unregister", "deregister", "forget", "abandon"];
const TIMES: [Sym; 4] = syms(["Instant", "Duration", "SystemTime", "DateTime"]);
const SENDER: Sym = Sym::new("Sender");
const ONESHOT: Sym = Sym::path("tokio::sync::oneshot::Sender");
const RECEIVER: Sym = Sym::path("tokio::sync::oneshot::Receiver");

/// Inserted, and a `?` before the wait.
pub(super) fn unsent<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    if place.works.iter().any(|site| sweeps(*site)) {
        return None;
    }
    let takers = place.takers();
    let grows = place.of.grows.iter().copied().filter(|site| site.event.via.is_empty());
    for grow in grows.filter(|grow| !asked.leads_to(grow.id, &takers)) {
        let Some((tree, call)) = asked.stands(grow) else { continue };
        let Some((sender, receiver)) = pair(&tree, call) else { continue };
        if has_deadline(&tree, call) {
            continue;
        }
        let is_way = |(id, kind): (ExprId, &ExprKind)| {
            let ExprKind::Try(inner) = kind else { return None };
            let is_left = tree.is_before(call, id)
                && !tree.mentions(*inner, receiver)
                && !tree.mentions(*inner, sender)
                && is_used_behind(&tree, receiver, id)
                && !is_handed_to_a_task(asked, &tree, receiver);
            is_left.then(|| tree.at(id))
        };
        if let Some(way) = tree.exprs().find_map(is_way) {
            return Some(Forgets::new(grow, vec![(grow.id, way, "leaves it there when this fails")]));
        }
    }
    None
}

/// Whoever asked gives up, and only the answer takes it out.
pub(super) fn given_up<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    if !place.goes_by_key() {
        return None;
    }
    asked.contents(place.of.key, |types, held| answers(asked.judged.program, types, held.values?, 0))?;
    let grow = place.first()?;
    let takers = place.takers();
    let backs: Vec<FnId> = takers.iter().copied().filter(|taker| takes_back(asked, *taker)).collect();
    let near = near(asked, place);
    // Who calls the one that waits may take it out for it.
    let is_left = |id: &FnId| !behind::is_closed_by_caller(asked, place, *id);
    near.into_iter().filter(is_left).find_map(|id| {
        // What takes back for this one alone is seen where it is called.
        let is_own = |back: &FnId| asked.callers([back]).into_iter().eq([id]);
        let tree = asked.tree(id).filter(|_| backs.iter().all(is_own))?;
        let way = gives_up(asked, place, &tree).or_else(|| dropped_by_caller(asked, place, id, &tree))?;
        if takes_out(asked, &tree, way) || behind::leads_out(asked, place, (id, &tree), way) {
            return None;
        }
        let ways = vec![(id, tree.at(way), "whoever waits gives up here, and leaves it there")];
        let forgets = Forgets::new(grow, ways);
        let is_sure = grow.id == id && is_limited(&tree, way) && asked.judged.serves_with(id).is_some();
        Some(if is_sure { forgets.proved(Confidence::Certain) } else { forgets })
    })
}

/// Whether a body takes an entry with the way of an answer out of some table, whatever the table goes by there.
fn takes_out(asked: &Asked<'_, '_, '_>, tree: &Tree<'_>, wait: ExprId) -> bool {
    const TAKES: [Sym; 3] = syms(["remove", "remove_entry", "swap_remove"]);
    let program = asked.judged.program;
    let holds = |id: ExprId| answers(program, &tree.inferred.types, tree.inferred.expr(id), 0).is_some();
    tree.exprs().any(|(id, kind)| match kind {
        ExprKind::Method(call) => {
            TAKES.contains(&call.name) && holds(call.recv) && !behind::is_over(tree, id, wait)
        }
        _ => false,
    })
}

/// Whether a removal is made for those who give up: by its name, or because it asks who is still there.
fn takes_back(asked: &Asked<'_, '_, '_>, taker: FnId) -> bool {
    let names = &asked.judged.program.names;
    let name = names.text(names.function(taker).name);
    let asks = |tree: &Tree<'_>| {
        tree.exprs().any(|(_, kind)| matches!(kind, ExprKind::Method(call) if GONE.contains(&call.name)))
    };
    TAKES_BACK.iter().any(|word| name.starts_with(word)) || asked.tree(taker).is_some_and(|tree| asks(&tree))
}

/// Whether something goes through all entries.
fn sweeps(site: Site<'_>) -> bool {
    site.event.what == What::Shrink && site.event.operation == Sym::new("retain")
}

/// The channel whose sender a call is given.
fn pair(tree: &Tree<'_>, call: ExprId) -> Option<(LocalId, LocalId)> {
    let lets = tree.exprs().filter_map(|(_, kind)| match kind {
        ExprKind::Block(stmts, _) => Some(stmts.iter()),
        _ => None,
    });
    lets.flatten().find_map(|stmt| {
        let Stmt::Let(pat, _, Some(_), _) = stmt else { return None };
        let Pat::Tuple(parts) = tree.body.pat(*pat) else { return None };
        let [sender, receiver] = parts.as_ref() else { return None };
        let (Pat::Bind(sender, None), Pat::Bind(receiver, None)) =
            (tree.body.pat(*sender), tree.body.pat(*receiver))
        else {
            return None;
        };
        let is_given = tree.args(call).iter().any(|arg| tree.mentions(*arg, *sender));
        (is_sender(&tree.inferred.types, tree.inferred.local(*sender)) && is_given)
            .then_some((*sender, *receiver))
    })
}

/// Whether the same key is put somewhere else too, with the time at which somebody looks after it.
fn has_deadline(tree: &Tree<'_>, call: ExprId) -> bool {
    let Some(key) = tree.args(call).first().and_then(|key| tree.root(*key)) else { return false };
    tree.exprs().any(|(id, kind)| {
        let ExprKind::Method(other) = kind else { return false };
        let is_time = |arg: &ExprId| {
            matches!(tree.inferred.types.kind(tree.inferred.expr(*arg)), TyKind::Foreign(foreign, _)
                if TIMES.contains(&foreign.last))
        };
        id != call
            && other.name == Sym::new("insert")
            && other.args.iter().any(is_time)
            && other.args.iter().any(|arg| tree.root(*arg) == Some(key))
    })
}

fn is_sender(types: &dyn Interner, ty: Ty) -> bool {
    matches!(types.kind(ty), TyKind::Foreign(foreign, _) if SENDERS.contains(&foreign.last))
}

/// Whether who waits is a task that is started for it: what ends that is no answer.
fn is_handed_to_a_task(asked: &Asked<'_, '_, '_>, tree: &Tree<'_>, local: LocalId) -> bool {
    let names = &asked.judged.program.names;
    let starts = |at: ExprId| {
        let calls = matches!(tree.kind(at), ExprKind::Call(..) | ExprKind::Method(_));
        calls && names.text(tree.called(at)).starts_with("spawn")
    };
    tree.exprs()
        .any(|(id, kind)| matches!(kind, ExprKind::Local(of) if *of == local) && tree.around(id).any(starts))
}

fn is_used_behind(tree: &Tree<'_>, local: LocalId, at: ExprId) -> bool {
    tree.exprs().any(|(id, kind)| id > at && matches!(kind, ExprKind::Local(of) if *of == local))
}

/// Whether a value holds the sender of one answer.
fn answers(program: &Program<'_>, types: &dyn Interner, ty: Ty, depth: u32) -> Option<()> {
    let is_it = match types.kind(ty) {
        _ if depth > 3 => false,
        TyKind::Foreign(foreign, args) if foreign.last == SENDER => {
            args.first() != Some(&Ty::UNIT) && foreign.path == ONESHOT
        }
        TyKind::Foreign(_, args) | TyKind::Tuple(args) => {
            args.iter().any(|arg| answers(program, types, *arg, depth + 1).is_some())
        }
        TyKind::Adt(adt, _) if !program.names.adt(*adt).is_enum => {
            let mut fields = program.fields[adt.ix()].iter().flatten();
            fields.any(|(_, ty)| answers(program, &program.types, *ty, depth + 2).is_some())
        }
        _ => false,
    };
    is_it.then_some(())
}

/// Functions that may be those who ask: in the files of the insertions, or on the way to them.
fn near(asked: &Asked<'_, '_, '_>, place: &Place<'_, '_>) -> Vec<FnId> {
    let judged = asked.judged;
    let grows: Vec<FnId> = place.of.grows.iter().map(|site| site.id).collect();
    let file = |id: FnId| judged.program.names.function(id).file;
    let files: Vec<_> = grows.iter().map(|id| file(*id)).collect();
    let callers = asked.callers(&grows);
    let around = asked.callers(&callers);
    judged
        .functions()
        .filter(|id| files.contains(&file(*id)) || callers.contains(id) || around.contains(id))
        .collect()
}

/// Where a function that asks, and waits for the answer as long as it takes, is called and dropped before it comes; told by
/// its own wait.
fn dropped_by_caller(
    asked: &Asked<'_, '_, '_>,
    place: &Place<'_, '_>,
    id: FnId,
    tree: &Tree<'_>,
) -> Option<ExprId> {
    let grow = place.of.grows.iter().find(|site| site.id == id && site.event.via.is_empty())?;
    let (_, receiver) = pair(tree, tree.call_at(grow.event.at)?)?;
    let wait = tree.exprs().find_map(|(at, kind)| match kind {
        ExprKind::Await(inner) => (tree.root(*inner) == Some(receiver)).then_some(at),
        _ => None,
    })?;
    let is_limited = |caller: FnId| {
        let calls = asked.judged.summary.facts[caller.ix()].calls.iter();
        let calls = calls.filter(|site| site.callees.contains(&id)).map(|site| site.at);
        let Some(tree) = asked.tree(caller) else { return false };
        let limits = |at: ExprId| {
            matches!(tree.kind(at), ExprKind::Call(..)) && TIME_LIMITS.contains(&tree.called(at))
        };
        calls.filter_map(|at| tree.call_at(at)).any(|call| tree.around(call).any(limits))
    };
    asked.callers([&id]).into_iter().any(is_limited).then_some(wait)
}

/// Where a wait for an answer of that kind ends before it comes.
fn gives_up(asked: &Asked<'_, '_, '_>, place: &Place<'_, '_>, tree: &Tree<'_>) -> Option<ExprId> {
    let of = |id: ExprId| {
        let local = tree.root(id)?;
        let types = &tree.inferred.types;
        let TyKind::Foreign(foreign, args) = types.kind(tree.inferred.local(local)) else { return None };
        let is_answer = foreign.path == RECEIVER
            && asked.contents(place.of.key, |held_types, held: Contents| {
                carries(asked.judged.program, held_types, held.values?, (types, *args.first()?), 0)
            })?;
        is_answer.then_some(local)
    };
    // `timeout(limit, async { .. rx.await .. })`.
    let is_waited_for_in = |arg: ExprId| {
        matches!(tree.kind(arg), ExprKind::Async(_))
            && tree.exprs().any(|(id, kind)| {
                matches!(kind, ExprKind::Await(inner) if of(*inner).is_some()) && tree.is_in(id, arg)
            })
    };
    tree.exprs().find_map(|(id, kind)| {
        let waits = match kind {
            ExprKind::Call(..) if TIME_LIMITS.contains(&tree.called(id)) => {
                tree.args(id).iter().any(|arg| of(*arg).is_some() || is_waited_for_in(*arg))
            }
            ExprKind::Method(call) if LIMITED.contains(&call.name) || TIME_LIMITS.contains(&call.name) => {
                of(call.recv).is_some()
            }
            ExprKind::Select(arms) => {
                let waits = arms.iter().any(|arm| arm.future.is_some_and(|future| of(future).is_some()));
                arms.len() > 1 && waits && !is_in_loop(tree, id)
            }
            _ => false,
        };
        waits.then_some(id)
    })
}

/// Whether a wait is given up when its time is over, and not for something else that comes first.
fn is_limited(tree: &Tree<'_>, wait: ExprId) -> bool {
    match tree.kind(wait) {
        ExprKind::Call(..) | ExprKind::Method(_) => true,
        ExprKind::Select(arms) => arms
            .iter()
            .filter_map(|arm| arm.future)
            .any(|future| [Sym::new("sleep"), Sym::new("sleep_until")].contains(&tree.called(future))),
        _ => false,
    }
}

fn is_in_loop(tree: &Tree<'_>, id: ExprId) -> bool {
    let frame = tree.frame(id);
    let mut around = tree.around(id).take_while(|at| Some(*at) != frame);
    around.any(|at| matches!(tree.kind(at), ExprKind::Loop(..) | ExprKind::While(..) | ExprKind::For(..)))
}

/// Whether the sender in `held` sends what `wanted` is; what is not known may be it.
fn carries(
    program: &Program<'_>,
    types: &dyn Interner,
    held: Ty,
    wanted: (&dyn Interner, Ty),
    depth: u32,
) -> Option<bool> {
    let is_it = match types.kind(held) {
        _ if depth > 3 => false,
        TyKind::Foreign(foreign, args) if foreign.last == SENDER => {
            args.first().is_some_and(|sent| is_same((types, *sent), wanted, 0))
        }
        TyKind::Foreign(_, args) | TyKind::Tuple(args) => {
            args.iter().any(|arg| carries(program, types, *arg, wanted, depth + 1) == Some(true))
        }
        TyKind::Adt(adt, _) if !program.names.adt(*adt).is_enum => {
            let mut fields = program.fields[adt.ix()].iter().flatten();
            fields.any(|(_, ty)| carries(program, &program.types, *ty, wanted, depth + 2) == Some(true))
        }
        _ => false,
    };
    Some(is_it)
}

fn is_same(one: (&dyn Interner, Ty), other: (&dyn Interner, Ty), depth: u32) -> bool {
    let all = |ones: &[Ty], others: &[Ty]| {
        ones.len() == others.len()
            && ones.iter().zip(others).all(|(a, b)| is_same((one.0, *a), (other.0, *b), depth + 1))
    };
    match (one.0.kind(one.1), other.0.kind(other.1)) {
        _ if depth > 6 => true,
        (TyKind::Unknown | TyKind::Var(_) | TyKind::Param(_), _)
        | (_, TyKind::Unknown | TyKind::Var(_) | TyKind::Param(_)) => true,
        (TyKind::Adt(a, ones), TyKind::Adt(b, others)) => a == b && all(ones, others),
        (TyKind::Foreign(a, ones), TyKind::Foreign(b, others)) => a == b && all(ones, others),
        (TyKind::Tuple(ones), TyKind::Tuple(others)) => all(ones, others),
        (TyKind::Seq(a), TyKind::Seq(b)) => all(&[*a], &[*b]),
        (a, b) => a == b,
    }
}
