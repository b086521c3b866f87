//! What is tried again without an end: what fails is counted and put back, and nothing compares the count. For as long as the
//! other side is down, or for good where it has gone, all that was meant for it stays.
//!
//! A comparison of the count anywhere in the package, of anything on the way to where it is put back, or of how much waits
//! makes it silent, and so does handing the count to whoever answers whether to go on.

use super::asked::{Asked, Forgets, Place};
use super::tree::Tree;
use crate::lower::ir::{BinOp, ExprId, ExprKind, LocalId, Range};
use crate::lower::sym::Sym;
use crate::names::FnId;
use crate::rules::judged::Judged;
use rustc_hash::FxHashSet;

/// Words in the names of what counts attempts.
const COUNTS: [&str; 8] =
    ["attempt", "attempts", "retry", "retries", "tries", "failures", "deliveries", "redeliveries"];

pub(super) fn found<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    place.works.first()?;
    // Few workspaces count attempts, and no body is opened for the others.
    if attempts(asked).is_empty() {
        return None;
    }
    let mut own = place.of.grows.iter().copied().filter(|site| site.event.via.is_empty());
    own.find_map(|site| {
        let callers = asked.judged.callers.of(site.id).iter();
        let calls = callers.map(|(id, call)| (*id, asked.judged.summary.facts[id.ix()].calls[*call].at));
        let (id, at) = std::iter::once((site.id, site.event.at))
            .chain(calls)
            .find_map(|(id, at)| Some((id, retried(asked, id, at)?)))?;
        Some(Forgets::new(site, vec![(id, at, "counted here, and compared with nothing")]))
    })
}

/// Where the attempts are counted of what a call in `id` puts back, if nobody asks how many there were.
fn retried(asked: &Asked<'_, '_, '_>, id: FnId, put: Range) -> Option<Range> {
    let counts = |kind: &ExprKind| matches!(kind, ExprKind::Field(_, name) if attempts(asked).contains(name));
    let body = asked.judged.program.names.body(id)?;
    if !body.exprs.iter().any(|expr| counts(&expr.kind)) {
        return None;
    }
    let tree = asked.tree(id)?;
    let put = tree.call_at(put)?;
    let (counted, name) = counted(asked, &tree, put)?;
    let compares = |cond: ExprId| tree.exprs().any(|(of, kind)| is_comparison(kind) && tree.is_in(of, cond));
    let is_limited = tree.conditions(put).into_iter().any(compares) || is_asked(asked, id, name);
    (!is_limited).then(|| tree.at(counted))
}

/// Where the attempts are counted of what is put back: `job.attempts += 1`, `Job { attempts: job.attempts + 1, .. }`.
fn counted(asked: &Asked<'_, '_, '_>, tree: &Tree<'_>, put: ExprId) -> Option<(ExprId, Sym)> {
    let is_count = |name: Sym| attempts(asked).contains(&name);
    let is_put = |local: LocalId| {
        let init = |arg: ExprId| tree.root(arg).and_then(|local| tree.init(local));
        let made_of = |arg: &ExprId| {
            tree.mentions(*arg, local) || init(*arg).is_some_and(|of| tree.mentions(of, local))
        };
        tree.args(put).iter().any(made_of)
    };
    tree.exprs().find_map(|(id, kind)| match kind {
        ExprKind::AssignOp(BinOp::Add, left, _) => {
            let ExprKind::Field(base, name) = tree.kind(*left) else { return None };
            let is_it = is_count(*name) && tree.is_before(id, put) && is_put(tree.root(*base)?);
            is_it.then_some((id, *name))
        }
        ExprKind::Struct(_, fields, _) => {
            let raised = |value: ExprId| match tree.kind(value) {
                ExprKind::Binary(BinOp::Add, left, _) => {
                    matches!(tree.kind(*left), ExprKind::Field(_, of) if is_count(*of))
                }
                _ => false,
            };
            let (name, value) = fields.iter().find(|(name, value)| is_count(*name) && raised(*value))?;
            let is_made = || tree.bound_by(id).is_some() && tree.names_of(id).into_iter().any(is_put);
            (tree.is_in(id, put) || tree.is_before(id, put) && is_made()).then_some((*value, *name))
        }
        _ => None,
    })
}

/// The fields of the workspace that count attempts, by name.
fn attempts<'r>(asked: &'r Asked<'_, '_, '_>) -> &'r FxHashSet<Sym> {
    asked.attempts.get_or_init(|| {
        let fields = asked.judged.program.fields.iter().flatten().flatten();
        fields.map(|(name, _)| *name).filter(|name| is_count(asked.judged, *name)).collect()
    })
}

fn is_count(judged: &Judged<'_, '_>, name: Sym) -> bool {
    judged.program.names.text(name).split('_').any(|word| COUNTS.contains(&word))
}

/// Whether somebody in the package asks how often something was tried, by that name or another one for it.
fn is_asked(asked: &Asked<'_, '_, '_>, of: FnId, name: Sym) -> bool {
    let judged = asked.judged;
    let package = judged.package_of(of);
    let mut others = judged.functions().filter(|id| judged.package_of(*id) == package);
    others.any(|id| asks(asked, id, name))
}

fn asks(asked: &Asked<'_, '_, '_>, id: FnId, name: Sym) -> bool {
    let Some(body) = asked.judged.program.names.body(id) else { return false };
    let counts = |kind: &ExprKind| match kind {
        ExprKind::Field(_, of) => *of == name,
        ExprKind::Local(local) => is_count(asked.judged, body.locals[local.0 as usize].name),
        _ => false,
    };
    // Most bodies name no count, and are not opened.
    if !body.exprs.iter().any(|expr| counts(&expr.kind)) {
        return false;
    }
    let Some(tree) = asked.tree(id) else { return true };
    tree.exprs().filter(|(_, kind)| counts(kind)).any(|(at, _)| {
        let mut below = at;
        tree.around(at).any(|of| {
            let asks = match tree.kind(of) {
                ExprKind::If(on, ..) | ExprKind::Match(on, _) | ExprKind::While(on, ..) => *on == below,
                ExprKind::Let(..) | ExprKind::Try(_) => true,
                kind => is_comparison(kind),
            };
            below = of;
            asks
        })
    })
}

fn is_comparison(kind: &ExprKind) -> bool {
    matches!(
        kind,
        ExprKind::Binary(BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge | BinOp::Eq | BinOp::Ne, ..)
    )
}
