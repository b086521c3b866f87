//! What a function puts in and leaves to another to take out: `let id = hub.join(); serve(hub, id).await`, and `serve` takes
//! out at its end. A way out of that one which leads past its end leaves it there, since who called it takes nothing out.

use super::asked::{Asked, Place};
use super::paired::sites;
use super::tree::Tree;
use crate::lower::ir::{ExprId, ExprKind, LocalId, Range};
use crate::names::FnId;
use rustc_hash::{FxHashMap, FxHashSet};

/// How a function takes out at its end what it is given the key of.
pub(super) struct Ending {
    /// Which of its parameters, `self` first, say what is taken out.
    keys: Vec<usize>,
    /// A way out before that.
    pub(super) way: Option<Way>,
}

/// A way out of a function that ends something.
#[derive(Clone, Copy)]
pub(super) struct Way {
    pub(super) at: Range,
    /// Whether something is waited for before it.
    pub(super) waits: bool,
}

/// Functions that end what somebody else has put in, among those that `closers` are called by and these themselves.
pub(super) fn endings(
    asked: &Asked<'_, '_, '_>,
    place: &Place<'_, '_>,
    closers: &FxHashSet<FnId>,
    opens: &dyn Fn(FnId) -> bool,
) -> FxHashMap<FnId, Ending> {
    let around = asked.callers(closers).into_iter().chain(closers.iter().copied());
    let is_handed = |id: &FnId| !opens(*id) && asked.callers([id]).into_iter().any(opens);
    let handed = around.filter(is_handed);
    handed.filter_map(|id| Some((id, ending(asked, place, closers, id)?))).collect()
}

fn ending(
    asked: &Asked<'_, '_, '_>,
    place: &Place<'_, '_>,
    closers: &FxHashSet<FnId>,
    id: FnId,
) -> Option<Ending> {
    let tree = asked.tree(id)?;
    let own = place.keyed().filter(|site| site.id == id).map(|site| site.event.at);
    let is_last = |close: &ExprId| tree.arms(*close).is_empty() && tree.frame(*close).is_none();
    let closes = sites(asked, &tree, id, closers, own);
    let close = closes.iter().copied().find(is_last)?;
    let named: Vec<LocalId> = tree.args(close).iter().filter_map(|arg| tree.root(*arg)).collect();
    let keys: Vec<usize> = named.into_iter().filter_map(|local| tree.param(local)).collect();
    (!keys.is_empty()).then(|| Ending { keys, way: way_out(&tree, close, &closes) })
}

fn way_out(tree: &Tree<'_>, close: ExprId, closes: &[ExprId]) -> Option<Way> {
    let leaves = |(id, kind): &(ExprId, &ExprKind)| {
        let is_way = matches!(kind, ExprKind::Try(_) | ExprKind::Return(_));
        let closed = || closes.iter().any(|close| tree.is_before(*close, *id));
        is_way && *id < close && tree.frame(*id).is_none() && !closed()
    };
    let (way, _) = tree.exprs().find(leaves)?;
    let waits = tree.exprs().any(|(id, kind)| {
        matches!(kind, ExprKind::Await(_) | ExprKind::Select(_))
            && (id < way || tree.is_in(way, id))
            && tree.frame(id).is_none()
    });
    Some(Way { at: tree.at(way), waits })
}

impl Ending {
    /// Whether a call of the function names one of some locals, or what is made of one, where the key is expected.
    pub(super) fn is_given(&self, tree: &Tree<'_>, call: ExprId, names: &[LocalId]) -> bool {
        let made_of = |arg: ExprId| {
            let init = tree.root(arg).and_then(|local| tree.init(local));
            names.iter().any(|name| {
                tree.root(arg) == Some(*name)
                    || tree.mentions(arg, *name)
                    || init.is_some_and(|init| tree.mentions(init, *name))
            })
        };
        self.keys.iter().filter_map(|at| tree.passed(call, *at)).any(made_of)
    }
}
