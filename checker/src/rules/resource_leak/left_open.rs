//! What a function opens and closes by itself, and a way out between the two leaves open: raw descriptors, and children that
//! are waited for at the end.
//!
//! Speaks of a value that nobody else gets: it is given to calls that look at it, compared, printed, and closed. One that is
//! kept, returned, or given to code that may close it is left alone. A way out that asks whether it could be opened leaves
//! nothing.

use super::killed::{ASKS, PIPES, REAPS};
use crate::events::BAILS;
use crate::events::seen::Sight;
use crate::lower::ir::{ExprId, ExprKind, LocalId, Pat, PatId, Range, Stmt};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::rules::judged::Judged;
use crate::rules::missed_cleanup::tree::Tree;
use crate::types::{Callee, Interner, TyKind};

/// What is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    /// A raw descriptor.
    Number,
    /// A child process.
    Child,
}

/// Something that a way out leaves open.
pub(super) struct LeftOpen {
    pub(super) what: Opened,
    /// Where it is opened.
    pub(super) opened: Range,
    /// The way out.
    pub(super) way: Range,
    /// Where it is closed on the others.
    pub(super) closed: Range,
}

/// What passes on what a call gave.
const PASSES: [Sym; 5] = syms(["unwrap", "expect", "map_err", "context", "with_context"]);
const OPENS: [Sym; 9] = syms([
    "open",
    "openat",
    "socket",
    "dup",
    "accept",
    "accept4",
    "eventfd",
    "memfd_create",
    "epoll_create1",
]);
const COMMAND: Sym = Sym::path("std::process::Command");
const SPAWN: Sym = Sym::new("spawn");
const CLOSE: Sym = Sym::new("close");

/// All that ways out of a function leave open.
pub(super) fn left_open(judged: &Judged<'_, '_>, id: FnId) -> Vec<LeftOpen> {
    let Some(tree) = may_open(judged, id).then(|| Tree::of(judged.program, judged.insides, id)).flatten()
    else {
        return Vec::new();
    };
    let lets = tree.exprs().filter_map(|(_, kind)| match kind {
        ExprKind::Block(stmts, _) => Some(stmts.iter()),
        _ => None,
    });
    let opened = lets.flatten().filter_map(|stmt| match stmt {
        Stmt::Let(pat, _, Some(init), None) => Some((bound(&tree, *pat)?, *init, opens(&tree, *init)?)),
        _ => None,
    });
    opened.filter_map(|(local, init, what)| left(judged, &tree, local, init, what)).collect()
}

/// Whether a function closes a descriptor by its number, or starts a child: few do, and only the bodies of these are looked
/// into, which a run with a store reads one by one.
fn may_open(judged: &Judged<'_, '_>, id: FnId) -> bool {
    let facts = &judged.summary.facts[id.ix()];
    facts.opens.iter().any(|open| &*open.kind == "child")
        || facts.seen.iter().any(|seen| matches!(seen.sight, Sight::ClosesByNumber))
}

fn bound(tree: &Tree<'_>, pat: PatId) -> Option<LocalId> {
    match tree.body.pat(pat) {
        Pat::Bind(local, None) => Some(*local),
        _ => None,
    }
}

/// What a value opens: `unsafe { libc::open(..) }`, `file.into_raw_fd()`, `command.spawn()?`.
fn opens(tree: &Tree<'_>, mut id: ExprId) -> Option<Opened> {
    for _ in 0..6 {
        id = match tree.kind(id) {
            ExprKind::Try(inner) => *inner,
            ExprKind::Block(stmts, Some(value)) if stmts.is_empty() => *value,
            ExprKind::Method(call) if PASSES.contains(&call.name) => call.recv,
            ExprKind::Method(call) if call.name == SPAWN => {
                let of = tree.inferred.types.kind(tree.inferred.expr(call.recv));
                return matches!(of, TyKind::Foreign(of, _) if of.path == COMMAND).then_some(Opened::Child);
            }
            ExprKind::Method(call) => {
                let takes = call.name == Sym::new("into_raw_fd") && call.args.is_empty();
                return takes.then_some(Opened::Number);
            }
            ExprKind::Call(callee, _) => {
                let ExprKind::Path(path) = tree.kind(*callee) else { return None };
                let raw = path.segments.first() == Some(&Sym::new("libc")) && OPENS.contains(&path.last());
                return raw.then_some(Opened::Number);
            }
            _ => return None,
        }
    }
    None
}

/// A way out behind the opening that nothing has closed on.
fn left(
    judged: &Judged<'_, '_>,
    tree: &Tree<'_>,
    local: LocalId,
    opened: ExprId,
    what: Opened,
) -> Option<LeftOpen> {
    let mut closes = Vec::new();
    for (id, kind) in tree.exprs() {
        if matches!(kind, ExprKind::Local(of) if *of == local) && id > opened {
            match use_of(judged, tree, id, what)? {
                Use::Looks => {}
                Use::Closes(by) => closes.push(by),
            }
        }
    }
    let last = *closes.last()?;
    let frame = tree.frame(opened);
    let is_closed = |way: ExprId| closes.iter().any(|by| tree.is_before(*by, way) || tree.is_in(*by, way));
    let way = tree.exprs().find_map(|(id, kind)| {
        let leaves = match kind {
            ExprKind::Try(_) | ExprKind::Return(_) => true,
            ExprKind::Macro(name, _) => BAILS.contains(name),
            _ => false,
        };
        // Where the last closing is no part of a branch, each way that goes on comes to it.
        let is_left = leaves
            && opened < id
            && id < last
            && !tree.is_in(opened, id)
            && tree.frame(id) == frame
            && tree.may_follow(opened, id)
            && !is_closed(id)
            && !is_in_arm_that_closes(tree, &closes, id)
            && !asks_whether_open(tree, local, id);
        is_left.then_some(id)
    })?;
    (frame == tree.frame(last)).then(|| LeftOpen {
        what,
        opened: tree.at(opened),
        way: tree.at(way),
        closed: tree.at(last),
    })
}

/// What is done with an opened value where it is named.
enum Use {
    Looks,
    Closes(ExprId),
}

fn use_of(judged: &Judged<'_, '_>, tree: &Tree<'_>, named: ExprId, what: Opened) -> Option<Use> {
    let mut at = named;
    for _ in 0..3 {
        let of = tree.parent(at)?;
        match tree.kind(of) {
            ExprKind::Ref(..) | ExprKind::Cast(..) => at = of,
            ExprKind::Binary(..) | ExprKind::Neg(_) => return Some(Use::Looks),
            ExprKind::Macro(name, _) if !BAILS.contains(name) => return Some(Use::Looks),
            ExprKind::Field(_, name) if what == Opened::Child => {
                return PIPES.contains(name).then_some(Use::Looks);
            }
            ExprKind::Method(call) if what == Opened::Child && call.recv == at => {
                return match () {
                    () if REAPS.contains(&call.name) => Some(Use::Closes(of)),
                    () if ASKS.contains(&call.name) => Some(Use::Looks),
                    () => None,
                };
            }
            ExprKind::Call(callee, args) if what == Opened::Number => {
                return given(judged, tree, of, *callee, args.iter().position(|arg| *arg == at)?);
            }
            _ => return None,
        }
    }
    None
}

/// What a call does with a descriptor's number: a foreign one that is not known to close it looks at it.
fn given(judged: &Judged<'_, '_>, tree: &Tree<'_>, call: ExprId, callee: ExprId, at: usize) -> Option<Use> {
    const FOREIGN: [Sym; 3] = syms(["libc", "nix", "rustix"]);
    if let Some(Callee::Fns(fns)) = tree.inferred.callees.get(&call) {
        let looks = |of: &FnId| is_only_looked_at(judged, *of, at, 0);
        return (!fns.is_empty() && fns.iter().all(looks)).then_some(Use::Looks);
    }
    let ExprKind::Path(path) = tree.kind(callee) else { return None };
    match () {
        () if path.last() == CLOSE => Some(Use::Closes(call)),
        () if path.segments.first().is_some_and(|of| FOREIGN.contains(of)) => Some(Use::Looks),
        () => None,
    }
}

/// Whether a function of the workspace only gives the number in a parameter to calls that look at it.
fn is_only_looked_at(judged: &Judged<'_, '_>, of: FnId, at: usize, depth: u32) -> bool {
    let Some(tree) = (depth < 3).then(|| Tree::of(judged.program, judged.insides, of)).flatten() else {
        return false;
    };
    let param = tree.body.params.get(at).and_then(|pat| bound(&tree, *pat));
    param.is_some_and(|local| {
        let mut named = tree.exprs().filter(|(_, kind)| matches!(kind, ExprKind::Local(of) if *of == local));
        named.all(|(id, _)| matches!(use_of(judged, &tree, id, Opened::Number), Some(Use::Looks)))
    })
}

/// Whether a way out stands in an arm in which something is closed before it.
fn is_in_arm_that_closes(tree: &Tree<'_>, closes: &[ExprId], way: ExprId) -> bool {
    let arms = tree.arms(way);
    closes.iter().any(|by| *by < way && tree.arms(*by).first().is_some_and(|arm| arms.contains(arm)))
        && !arms.is_empty()
}

/// `if fd < 0 { return Err(..) }`: there is nothing to close.
fn asks_whether_open(tree: &Tree<'_>, local: LocalId, way: ExprId) -> bool {
    tree.arms(way).iter().any(|arm| match tree.kind(arm.of) {
        ExprKind::If(cond, ..) => tree.mentions(*cond, local),
        ExprKind::Match(on, _) => tree.mentions(*on, local),
        _ => false,
    })
}
