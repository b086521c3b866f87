//! A child that is killed and that nobody waits for: it stays in the process table until its parent ends.
//!
//! Who kills may wait himself, behind that or in the next turn of a loop, and so may who lent him the child. A child in a field
//! may be waited for by whoever names the field. Whoever else gets the child makes this silent.

use crate::events::seen::Sight;
use crate::lower::ir::{ExprId, ExprKind, LocalId, Range};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::rules::judged::Judged;
use crate::rules::missed_cleanup::tree::Tree;
use crate::types::Callee;

/// What ends a child as far as its parent goes.
pub(super) const REAPS: [Sym; 3] = syms(["wait", "wait_with_output", "try_wait"]);
/// What is done with a child that does not reap it.
pub(super) const ASKS: [Sym; 2] = syms(["id", "kill"]);
/// What it writes to and reads from.
pub(super) const PIPES: [Sym; 3] = syms(["stdin", "stdout", "stderr"]);
/// Calls up to whoever owns the child.
const CALLS_MAX: u32 = 3;

/// Where children are killed that nobody waits for.
pub(super) fn killed<'j>(judged: &'j Judged<'_, '_>) -> impl Iterator<Item = (FnId, Range)> + 'j {
    let kills = judged.per_message(|sight| matches!(sight, Sight::KillsChild));
    kills.map(|(id, seen)| (id, seen.at)).filter(|(id, at)| {
        let tree = Tree::of(judged.program, judged.insides, *id);
        tree.is_some_and(|tree| tree.call_at(*at).is_some_and(|kill| is_left(judged, &tree, *id, kill)))
    })
}

fn is_left(judged: &Judged<'_, '_>, tree: &Tree<'_>, id: FnId, kill: ExprId) -> bool {
    let ExprKind::Method(call) = tree.kind(kill) else { return false };
    let Some(child) = child(tree, call.recv) else { return false };
    let killed = Killed { judged, field: child.field };
    killed.is_dropped(tree, (id, kill), child.local, 0).unwrap_or_else(|| {
        // Who owns it is not seen from here.
        child.field.is_some_and(|name| !is_reaped(judged, name))
    })
}

/// What holds a child that something is done to: a local, or a field of one.
struct Child {
    local: LocalId,
    field: Option<Sym>,
}

fn child(tree: &Tree<'_>, of: ExprId) -> Option<Child> {
    match tree.kind(of) {
        ExprKind::Local(local) => Some(Child { local: *local, field: None }),
        ExprKind::Field(base, name) => match tree.kind(*base) {
            ExprKind::Local(local) => Some(Child { local: *local, field: Some(*name) }),
            _ => None,
        },
        ExprKind::Ref(inner, _) | ExprKind::Deref(inner) => child(tree, *inner),
        _ => None,
    }
}

struct Killed<'j, 'a, 'w> {
    judged: &'j Judged<'a, 'w>,
    /// The field that holds the child, of whatever a local is.
    field: Option<Sym>,
}

impl Killed<'_, '_, '_> {
    /// Whether what a local holds goes with nobody waiting for the child behind `from`; none where that is not seen.
    fn is_dropped(
        &self,
        tree: &Tree<'_>,
        (id, from): (FnId, ExprId),
        local: LocalId,
        depth: u32,
    ) -> Option<bool> {
        let leaves = leaves_behind(tree, from);
        let is_in_turn =
            |other: ExprId| !leaves && tree.around(from).any(|at| is_loop(tree, at) && tree.is_in(other, at));
        let named = tree.exprs().filter(|(_, kind)| matches!(kind, ExprKind::Local(of) if *of == local));
        for (at, _) in named.filter(|(at, _)| !tree.is_in(*at, from)) {
            let reached = tree.may_follow(from, at) || is_in_turn(at);
            if reached && !self.only_looks(tree, at) {
                return Some(false);
            }
        }
        match (tree.param(local), tree.init(local)) {
            (Some(param), _) if depth < CALLS_MAX => self.is_dropped_by_callers(id, param, depth),
            (Some(_), _) => None,
            (None, Some(init)) => Some(self.makes(tree, init)),
            (None, None) => Some(false),
        }
    }

    /// Whether nothing is done with what holds the child, where it is named, that reaps the child or hands it on.
    fn only_looks(&self, tree: &Tree<'_>, named: ExprId) -> bool {
        let Some(of) = tree.parent(named) else { return false };
        match tree.kind(of) {
            ExprKind::Field(_, name) if self.field == Some(*name) => only_asks(tree, of),
            ExprKind::Field(_, name) => self.field.is_some() || PIPES.contains(name),
            ExprKind::Method(call) if call.recv == named && self.field.is_some() => {
                matches!(tree.inferred.callees.get(&of), Some(Callee::Fns(fns)) if !fns.iter().any(|of| self.may_reap(*of)))
            }
            _ => only_asks(tree, named),
        }
    }

    /// Whether a function, or one that it calls, waits for some child.
    fn may_reap(&self, of: FnId) -> bool {
        let calls = &self.judged.summary.facts[of.ix()].calls;
        let all = calls.iter().flat_map(|site| &site.callees).chain([&of]);
        all.filter_map(|id| self.judged.program.names.body(*id)).any(|body| {
            let reaps =
                |kind: &ExprKind| matches!(kind, ExprKind::Method(call) if REAPS.contains(&call.name));
            body.exprs.iter().any(|expr| reaps(&expr.kind))
        })
    }

    /// Whether what a local begins as holds a child of its own, not one that is lent: started here, or taken out of where it
    /// was.
    fn makes(&self, tree: &Tree<'_>, init: ExprId) -> bool {
        const OWNS: [Sym; 4] = syms(["spawn", "take", "remove", "pop"]);
        let is_whole = self.field.is_some() && matches!(tree.kind(init), ExprKind::Struct(..));
        is_whole || tree.exprs().any(|(id, _)| OWNS.contains(&tree.called(id)) && tree.is_in(id, init))
    }

    /// Whether all who lend a function what holds the child drop it then.
    fn is_dropped_by_callers(&self, id: FnId, param: usize, depth: u32) -> Option<bool> {
        let judged = self.judged;
        let callers = judged.callers.of(id);
        let drops = |caller: FnId, call: usize| {
            let at = judged.summary.facts[caller.ix()].calls[call].at;
            let tree = Tree::of(judged.program, judged.insides, caller)?;
            let call = tree.call_at(at)?;
            let lent = child(&tree, tree.passed(call, param)?).filter(|lent| lent.field.is_none())?;
            self.is_dropped(&tree, (caller, call), lent.local, depth + 1)
        };
        if callers.is_empty() {
            return None;
        }
        callers.iter().try_fold(true, |all, (caller, call)| Some(all && drops(*caller, *call)?))
    }
}

fn is_loop(tree: &Tree<'_>, at: ExprId) -> bool {
    matches!(tree.kind(at), ExprKind::Loop(..) | ExprKind::While(..) | ExprKind::For(..))
}

/// Whether a way out stands behind `from` that each way from there comes to.
fn leaves_behind(tree: &Tree<'_>, from: ExprId) -> bool {
    let around = tree.arms(from);
    tree.exprs().any(|(id, kind)| {
        matches!(kind, ExprKind::Return(_) | ExprKind::Break(..))
            && from < id
            && tree.frame(id) == tree.frame(from)
            && tree.arms(id).iter().all(|arm| around.contains(arm))
    })
}

/// Whether nothing is done with a child where it is named that reaps it or hands it on.
fn only_asks(tree: &Tree<'_>, named: ExprId) -> bool {
    let Some(of) = tree.parent(named) else { return false };
    match tree.kind(of) {
        ExprKind::Method(call) if call.recv == named => ASKS.contains(&call.name),
        ExprKind::Field(_, name) => PIPES.contains(name),
        ExprKind::Macro(..) => true,
        _ => false,
    }
}

/// Whether somebody waits for a child in a field of that name, or takes it out.
fn is_reaped(judged: &Judged<'_, '_>, name: Sym) -> bool {
    const TAKES: [Sym; 4] = syms(["take", "replace", "into_inner", "unwrap"]);
    let mut bodies = judged.functions().filter_map(|id| judged.program.names.body(id));
    bodies.any(|body| {
        body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::Method(call) => {
                let is_it = matches!(&body.expr(call.recv).kind, ExprKind::Field(_, of) if *of == name);
                is_it && (REAPS.contains(&call.name) || TAKES.contains(&call.name))
            }
            _ => false,
        })
    })
}
