//! What is pending belongs to a peer, a connection or a session; the end of the owner takes out the owner and leaves what
//! was pending for it, which only its own answer takes out.

use super::asked::{Asked, Forgets, Place, is_keyed};
use super::siblings::siblings;
use crate::context::{Growing, Key, Site};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::types::{Interner, Program, Ty, TyKind};

/// Types that many unrelated things are keyed by.
const PLAIN: [Sym; 8] = syms(["String", "Bytes", "Vec", "PathBuf", "Instant", "Duration", "Arc", "Cow"]);

/// Parts of the names of what waits for an answer.
const WAITS: [&str; 7] = ["pending", "flight", "wait", "outstanding", "request", "unanswered", "asked"];
/// Parts of the names of functions that are told of somebody's end.
const GONE: [&str; 11] = [
    "closed",
    "on_close",
    "disconnect",
    "leave",
    "gone",
    "logout",
    "ended",
    "remove_client",
    "remove_peer",
    "remove_session",
    "unregister",
];

pub(super) fn found<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    if !place.goes_by_key() {
        return None;
    }
    let program = asked.judged.program;
    let text = |name: Sym| program.names.text(name);
    if !matches!(place.of.key, Key::Field(_, name) if WAITS.iter().any(|part| text(name).contains(part))) {
        return None;
    }
    let is_told = |id: FnId| GONE.iter().any(|part| text(program.names.function(id).name).contains(part));
    let held = asked.contents(place.of.key, |_, held| Some(held))?;
    let takers = place.takers();
    for other in siblings(asked, place) {
        let Some(owners) = asked.contents(other.key, |_, held| Some(held.keys)) else { continue };
        if owners == held.keys || !is_owner(program, owners) || !names(program, held, owners) {
            continue;
        }
        if let Some(site) = ends(other).find(|site| is_told(site.id) && !asked.leads_to(site.id, &takers)) {
            let ways =
                vec![(site.id, site.event.at, "its owner goes here, and what is pending for it stays")];
            return Some(Forgets::new(place.first()?, ways));
        }
    }
    None
}

/// Where an owner is taken out by its key.
fn ends<'o, 's>(other: &'o Growing<'s>) -> impl Iterator<Item = Site<'s>> + 'o {
    let keyed = other.shrinks.iter().map(|(_, site)| *site).filter(is_keyed);
    keyed.filter(|site| site.event.via.is_empty())
}

fn is_owner(program: &Program<'_>, ty: Ty) -> bool {
    match program.types.kind(ty) {
        TyKind::Adt(..) => true,
        TyKind::Foreign(foreign, _) => !PLAIN.contains(&foreign.last),
        _ => false,
    }
}

/// Whether the entries name their owner.
fn names(program: &Program<'_>, held: super::asked::Contents, owner: Ty) -> bool {
    let part = |ty: Ty| match program.types.kind(ty) {
        TyKind::Tuple(parts) => parts.contains(&owner),
        TyKind::Adt(adt, _) if !program.names.adt(*adt).is_enum => {
            program.fields[adt.ix()].iter().flatten().any(|(_, ty)| *ty == owner)
        }
        _ => false,
    };
    part(held.keys) || held.values.is_some_and(|values| values == owner || part(values))
}
