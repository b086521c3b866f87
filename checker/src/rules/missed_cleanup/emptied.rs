//! What stays when it is empty. A collection of collections: one function takes the last out of an entry and the entry with it,
//! `leave` the room without members, and another one takes out of an entry and leaves it, however empty it is.

use super::asked::{Asked, Forgets, Place};
use super::index::is_cleaned_by_caller;
use super::tree::Tree;
use crate::context::{Key, Often, Site};
use crate::events::What;
use crate::lower::ir::{BinOp, ExprId, ExprKind, Lit};
use crate::lower::sym::Sym;
use crate::models::Models;
use crate::names::AdtId;
use crate::types::{Callee, Interner, Ty, TyKind};

const IS_EMPTY: Sym = Sym::new("is_empty");
const LEN: Sym = Sym::new("len");

/// What an entry holds that is asked whether it is empty.
enum Held {
    /// These fields of its type.
    Fields(AdtId, Vec<Sym>),
    /// The entry is the collection.
    All,
}

pub(super) fn found<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    if !place.goes_by_key() {
        return None;
    }
    let takers = place.works.iter().map(|site| site.id).collect();
    let (tidy, held) = place.keyed().find_map(|site| Some((site, held(asked, place, site)?)))?;
    let empties = |site: &Site<'s>| {
        site.event.what == What::Shrink
            && site.event.via.is_empty()
            && site.id != tidy.id
            && asked.judged.context.runs[site.id.ix()].often == Some(Often::PerMessage)
            && !asked.leads_to(site.id, &takers)
            && !is_cleaned_by_caller(asked, (site.id, site.event.at), &takers, 0)
    };
    let site = match held {
        Held::All => {
            let inner = place.of.shrinks.iter().map(|(_, site)| *site);
            inner.filter(|site| site.event.place.depth > 0).find(empties)
        }
        Held::Fields(adt, names) => {
            let inner = asked.fields(adt).iter().filter(|(key, _)| match key {
                Key::Field(of, name) => *of == adt && names.contains(name),
                _ => false,
            });
            let inner: Vec<Site<'s>> = inner.map(|(_, site)| *site).collect();
            let refills =
                |site: &Site<'s>| inner.iter().any(|other| other.id == site.id && other.event.what.grows());
            inner.iter().copied().find(|site| empties(site) && !refills(site))
        }
    }?;
    let way = (site.id, site.event.at, "what this may leave empty stays where it is");
    Some(Forgets::new(place.first()?, vec![way]))
}

/// What is asked to be empty before an entry is taken out.
fn held(asked: &Asked<'_, '_, '_>, place: &Place<'_, '_>, site: Site<'_>) -> Option<Held> {
    let (tree, call) = asked.stands(site)?;
    // `remove_if(key, |_, entry| entry.is_empty())`
    let all: Vec<ExprId> = tree.conditions(call).into_iter().chain(tree.args(call).iter().copied()).collect();
    let is_asked = |id: ExprId| all.iter().any(|cond| tree.is_in(id, *cond));
    tree.exprs().filter(|(id, _)| is_asked(*id)).find_map(|(id, kind)| match kind {
        ExprKind::Method(of) if of.name == IS_EMPTY && of.args.is_empty() => {
            of_entry(asked, place, &tree, (id, of.recv))
        }
        ExprKind::Binary(BinOp::Eq, left, right) => {
            let ExprKind::Method(of) = tree.kind(*left) else { return None };
            let is_none = of.name == LEN && matches!(tree.kind(*right), ExprKind::Lit(Lit::Int(0, _)));
            is_none.then(|| of_entry(asked, place, &tree, (*left, of.recv))).flatten()
        }
        _ => None,
    })
}

/// What of an entry is asked, where it is one of the place.
fn of_entry(
    asked: &Asked<'_, '_, '_>,
    place: &Place<'_, '_>,
    tree: &Tree<'_>,
    (call, of): (ExprId, ExprId),
) -> Option<Held> {
    let models = asked.judged.program.models;
    let types = &tree.inferred.types;
    let asks = |id: ExprId| below(models, types, tree.inferred.expr(id));
    let entry = asked.contents(place.of.key, |types, held| Some(below(models, types, held.values?)))?;
    let TyKind::Adt(entry, _) = *types.kind(entry) else {
        return (asks(of) == entry).then_some(Held::All);
    };
    let is_entry = |id: ExprId| matches!(*types.kind(asks(id)), TyKind::Adt(of, _) if of == entry);
    let fields = match tree.kind(of) {
        ExprKind::Field(base, name) if is_entry(*base) => vec![*name],
        _ if is_entry(of) => {
            let Some(Callee::Fns(fns)) = tree.inferred.callees.get(&call) else { return None };
            let inside = asked.tree(*fns.first()?)?;
            let named = inside.exprs().filter_map(|(_, kind)| match kind {
                ExprKind::Field(_, name) => Some(*name),
                _ => None,
            });
            named.collect()
        }
        _ => return None,
    };
    Some(Held::Fields(entry, fields))
}

/// The type behind pointers, locks and guards, which are no collections.
fn below(models: &Models, types: &dyn Interner, mut ty: Ty) -> Ty {
    for _ in 0..8 {
        match types.kind(ty) {
            TyKind::Foreign(of, args) if args.len() == 1 => {
                if models.type_at(*of).is_some_and(|model| models.ty(model).grows) {
                    break;
                }
                ty = args[0];
            }
            _ => break,
        }
    }
    ty
}
