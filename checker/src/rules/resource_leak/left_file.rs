//! A file that a function makes and removes at its end, and a way out between the two leaves on the disk, under a name that no
//! other call has: nobody comes back for it.
//!
//! A value that is made with its name may remove it when it is dropped, and whoever sweeps folders with messages or on a
//! clock may find it: both make this silent.

use crate::events::BAILS;
use crate::events::seen::Sight;
use crate::lower::ir::{ExprId, ExprKind, LocalId, Range};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::rules::judged::Judged;
use crate::rules::missed_cleanup::tree::{Arm, Tree};
use crate::types::Callee;

/// Beginnings of the names of calls that make what they are given the name of.
const MAKES: [&str; 9] =
    ["write", "create", "copy", "save", "store", "persist", "download", "extract", "unpack"];
/// What puts a name together.
const FORMATS: [Sym; 2] = syms(["format", "concat"]);

/// Something that a way out leaves on the disk.
pub(super) struct LeftFile {
    pub(super) made: Range,
    pub(super) way: Range,
    pub(super) removed: Range,
}

/// All that ways out leave on the disk.
pub(super) fn left_files(judged: &Judged<'_, '_>) -> Vec<(FnId, LeftFile)> {
    let mut removals = judged.per_message(|sight| matches!(sight, Sight::RemovesFile)).peekable();
    if removals.peek().is_none() {
        return Vec::new();
    }
    let removals: Vec<(FnId, Range, bool)> =
        removals.map(|(id, seen)| (id, seen.at, seen.in_loop.is_some())).collect();
    if removals.iter().any(|(.., in_loop)| *in_loop) {
        return Vec::new();
    }
    let left = removals.iter().filter_map(|(id, at, _)| {
        let tree = Tree::of(judged.program, judged.insides, *id)?;
        Some((*id, left(judged, &tree, tree.call_at(*at)?)?))
    });
    left.collect()
}

fn left(judged: &Judged<'_, '_>, tree: &Tree<'_>, removal: ExprId) -> Option<LeftFile> {
    if !tree.arms(removal).is_empty() {
        return None;
    }
    let name = tree.args(removal).first().and_then(|arg| tree.root(*arg))?;
    if !is_new(tree, tree.init(name)?) || is_guarded(tree, name, removal) {
        return None;
    }
    let frame = tree.frame(removal);
    let is_here = |id: ExprId| tree.frame(id) == frame && tree.arms(id).is_empty();
    let calls = tree.exprs().filter(|(_, kind)| matches!(kind, ExprKind::Call(..) | ExprKind::Method(_)));
    let mut calls = calls.map(|(id, _)| id).filter(|id| *id < removal && is_here(*id));
    let made = calls.find(|id| makes(judged, tree, *id, name))?;
    let ways = tree.exprs().filter_map(|(id, kind)| {
        let leaves = match kind {
            ExprKind::Try(_) | ExprKind::Return(_) => true,
            ExprKind::Macro(name, _) => BAILS.contains(name),
            _ => false,
        };
        (leaves && made < id && id < removal && tree.frame(id) == frame).then_some(id)
    });
    // Who removes it before leaving, there or in a helper, names it.
    let is_left = |way: &ExprId| {
        let around = tree.arms(*way);
        let names = |id: ExprId, kind: &ExprKind| {
            let is_it = matches!(kind, ExprKind::Local(local) if *local == name);
            let beside = tree.arms(id).first().is_some_and(|arm| around.contains(arm));
            // The `else` of a `let` is no arm.
            is_it && (beside || tree.leaves_with(id, removal) && tree.leaves_with(*way, removal))
        };
        let is_of = |arm: &Arm| match tree.kind(arm.of) {
            ExprKind::If(on, ..) | ExprKind::Match(on, _) => tree.is_in(made, *on),
            _ => false,
        };
        // What could not be made is not there.
        let is_refused = tree.is_in(made, *way) || around.iter().any(is_of);
        !is_refused && !tree.exprs().any(|(id, kind)| id < *way && names(id, kind))
    };
    let way = ways.into_iter().find(is_left)?;
    Some(LeftFile { made: tree.at(made), way: tree.at(way), removed: tree.at(removal) })
}

/// Whether a path is put together of something that only this call has.
fn is_new(tree: &Tree<'_>, init: ExprId) -> bool {
    tree.exprs().any(|(id, kind)| {
        matches!(kind, ExprKind::Macro(name, _) if FORMATS.contains(name)) && tree.is_in(id, init)
    })
}

/// Whether a call makes the file whose path a local holds.
fn makes(judged: &Judged<'_, '_>, tree: &Tree<'_>, call: ExprId, name: LocalId) -> bool {
    let called = judged.program.names.text(tree.called(call));
    let is_named = MAKES.iter().any(|part| called.starts_with(part));
    is_named && tree.args(call).iter().any(|arg| tree.root(*arg) == Some(name))
}

/// Whether a value of the workspace, or a closure, gets the path: its destructor may remove the file.
fn is_guarded(tree: &Tree<'_>, name: LocalId, removal: ExprId) -> bool {
    tree.exprs().any(|(id, kind)| {
        let holds = match kind {
            ExprKind::Struct(..) | ExprKind::Closure(..) => true,
            ExprKind::Call(..) => {
                let is_made = matches!(tree.inferred.callees.get(&id), Some(Callee::Ctor(_)));
                let called = tree.called(id);
                is_made || [Sym::new("new"), Sym::new("guard"), Sym::new("from")].contains(&called)
            }
            _ => false,
        };
        holds && id < removal && tree.mentions(id, name)
    })
}
