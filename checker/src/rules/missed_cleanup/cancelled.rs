//! What would end a task is kept under a key, and taken out only by who ends it: a task that ends by itself leaves it.

use super::asked::{Asked, Contents, Forgets, Place};
use super::tree::Tree;
use crate::lower::ir::{ExprId, ExprKind};
use crate::lower::sym::{Sym, syms};
use crate::types::{Interner, Program, Ty, TyKind};

const ENDS: [Sym; 4] = syms(["cancel", "abort", "abort_all", "shutdown"]);
/// Parts of the names of functions that end work: others answer with an empty message.
const STOPS: [&str; 6] = ["cancel", "abort", "stop", "shut", "kill", "interrupt"];
const HANDLES: [Sym; 4] = syms(["CancellationToken", "AbortHandle", "JoinHandle", "AbortOnDropHandle"]);

const SENDER: Sym = Sym::new("Sender");
const ONESHOT: Sym = Sym::path("tokio::sync::oneshot::Sender");

pub(super) fn found<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    if !place.goes_by_key() {
        return None;
    }
    let is_handle = |types: &dyn Interner, held: Contents| {
        ends_work(asked.judged.program, types, held.values?, 0).then_some(())
    };
    asked.contents(place.of.key, is_handle)?;
    let mut ways = Vec::new();
    for site in place.keyed() {
        let (tree, call) = asked.stands(site)?;
        let name = asked.judged.program.names.function(site.id).name;
        let text = asked.judged.program.names.text(name);
        let is_end = STOPS.iter().any(|part| text.contains(part));
        let end = end_of(&tree, call, is_end)?;
        ways.push((site.id, tree.at(end), "only who ends it takes it out"));
    }
    let grow = place.first()?;
    (!asked.starts_endless(grow)).then_some(Forgets::new(grow, ways))
}

/// Whether a value ends a task: its token, handle, or the sender whose receiver it waits for.
fn ends_work(program: &Program<'_>, types: &dyn Interner, ty: Ty, depth: u32) -> bool {
    match types.kind(ty) {
        _ if depth > 3 => false,
        TyKind::Foreign(foreign, _) if HANDLES.contains(&foreign.last) => true,
        TyKind::Foreign(foreign, args) if foreign.last == SENDER => {
            args.first() == Some(&Ty::UNIT) && foreign.path == ONESHOT
        }
        TyKind::Foreign(_, args) | TyKind::Tuple(args) => {
            args.iter().any(|arg| ends_work(program, types, *arg, depth + 1))
        }
        TyKind::Adt(adt, _) if !program.names.adt(*adt).is_enum => {
            let mut fields = program.fields[adt.ix()].iter().flatten();
            fields.any(|(_, ty)| ends_work(program, &program.types, *ty, depth + 2))
        }
        _ => false,
    }
}

/// The call that ends the task whose handle `taken` gives; one that sends nothing ends it only where `sends`.
fn end_of(tree: &Tree<'_>, taken: ExprId, sends: bool) -> Option<ExprId> {
    let names = tree.names_of(taken);
    let ends = |(id, kind): (ExprId, &ExprKind)| {
        let ExprKind::Method(call) = kind else { return None };
        let sends_nothing = || {
            let nothing =
                |arg: &ExprId| matches!(tree.kind(*arg), ExprKind::Tuple(parts) if parts.is_empty());
            call.name == Sym::new("send") && call.args.len() == 1 && call.args.iter().all(nothing)
        };
        let is_end = ENDS.contains(&call.name) || sends && sends_nothing();
        let is_it = || {
            tree.is_in(taken, call.recv) || tree.root(call.recv).is_some_and(|local| names.contains(&local))
        };
        (is_end && is_it()).then_some(id)
    };
    tree.exprs().find_map(ends)
}
