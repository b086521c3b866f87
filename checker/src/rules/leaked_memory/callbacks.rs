//! Callbacks that own what keeps them: neither is dropped, whoever else lets go of it.
//!
//! A method of the workspace counts where it stores what it is given in a field of its own value, and nothing in the workspace
//! takes anything out of that field.

use super::{CALLBACK, RULE};
use crate::events::What;
use crate::events::seen::{Kept, Seen, Sight};
use crate::finding::{Confidence, Finding};
use crate::lower::ir::{ExprId, ExprKind, LocalId};
use crate::lower::sym::{Sym, syms};
use crate::names::{AdtId, FnId};
use crate::rules::judged::{Judged, Says};
use crate::rules::missed_cleanup::tree::Tree;

/// What keeps what it is given.
const KEEPS: [Sym; 6] = syms(["push", "push_back", "insert", "set", "replace", "get_or_insert"]);

/// Reports what is kept in what it owns, once for each message.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    for (id, seen) in judged.per_message(|sight| matches!(sight, Sight::OwnsItsOwner(_))) {
        let Sight::OwnsItsOwner(kept) = seen.sight else { continue };
        let field = match kept {
            Kept::In(field) => Some(field),
            Kept::By(param) => stored_by(judged, (id, seen), param).map(Some),
        };
        if field.is_none_or(|field| field.is_some_and(|field| is_emptied(judged, field))) {
            continue;
        }
        let says = Says::new(
            "a callback is kept in a value that it owns, so that neither is ever dropped",
            "holds a counted owner of what keeps it",
            "give it a `Weak`, `Arc::downgrade(..)`, and `upgrade` that when it is called",
        );
        let mut finding = judged.finding(id, seen.at, (&RULE, &CALLBACK), says);
        if judged.serves_with(id).is_none() {
            finding = judged.as_proved(finding, id, Confidence::Nursery);
        }
        let note = "looked in the workspace for what takes the callback out again: there is nothing";
        findings.push(judged.with_chain(finding, id).note(note));
    }
}

/// The field in which the method that is called there stores a parameter.
fn stored_by(judged: &Judged<'_, '_>, (id, seen): (FnId, &Seen), param: u32) -> Option<(AdtId, Sym)> {
    let calls = &judged.summary.facts[id.ix()].calls;
    let site = calls.iter().find(|site| site.at == seen.at && !site.is_callback)?;
    let [callee] = &site.callees[..] else { return None };
    let adt = judged.program.adt_of(*callee)?;
    let tree = Tree::of(judged.program, judged.insides, *callee)?;
    let mut given = Vec::new();
    tree.bound(*tree.body.params.get(param as usize)?, &mut given);
    let is_given = |value: ExprId| given.iter().any(|local| tree.mentions(value, *local));
    tree.exprs()
        .find_map(|(_, kind)| match kind {
            ExprKind::Method(call)
                if KEEPS.contains(&call.name) && call.args.iter().any(|arg| is_given(*arg)) =>
            {
                own_field(&tree, call.recv, 0)
            }
            ExprKind::Assign(left, right) if is_given(*right) => own_field(&tree, *left, 0),
            _ => None,
        })
        .map(|name| (adt, name))
}

/// The field of `self` that a value lies in.
fn own_field(tree: &Tree<'_>, id: ExprId, depth: u32) -> Option<Sym> {
    let is_self = |local: LocalId| tree.param(local) == Some(0);
    let below = |id: ExprId| own_field(tree, id, depth + 1);
    match tree.kind(id) {
        _ if depth > 12 => None,
        ExprKind::Field(inner, name) => match tree.kind(*inner) {
            ExprKind::Local(local) if is_self(*local) => Some(*name),
            _ => below(*inner),
        },
        ExprKind::Method(call) => below(call.recv),
        ExprKind::Ref(inner, _) | ExprKind::Deref(inner) | ExprKind::Try(inner) | ExprKind::Await(inner) => {
            below(*inner)
        }
        ExprKind::Local(local) => below(tree.init(*local)?),
        _ => None,
    }
}

/// Whether something is taken out of a field, or put in the place of what it held, but for such a callback.
fn is_emptied(judged: &Judged<'_, '_>, field: (AdtId, Sym)) -> bool {
    judged.functions().any(|of| {
        let facts = &judged.summary.facts[of.ix()];
        let fills = || {
            let kept = Kept::In(Some(field));
            facts.seen.iter().any(|seen| matches!(seen.sight, Sight::OwnsItsOwner(of) if of == kept))
        };
        facts.events.iter().filter(|event| event.place.field == Some(field)).any(|event| match event.what {
            What::Shrink | What::Clear => true,
            What::Replace => !fills(),
            _ => false,
        })
    })
}
