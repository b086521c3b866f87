//! What one request begins and only another one ends: a session, an upload, a hold. Whoever began it may never come back.
//!
//! That it is to end shows in its time: when it began, was seen last, or is over. It shows, too, in a descriptor that it keeps
//! open under a name that is drawn for it. What has neither may be the data itself, which stays until somebody deletes it. One
//! that is also taken out when it is asked for too late is no better off.

use super::asked::{Asked, Forgets, Place, is_keyed};
use super::requests::Requests;
use super::tree::Tree;
use crate::context::{self, Key, Site};
use crate::lower::ir::{ExprId, ExprKind, Range};
use crate::lower::sym::{Sym, syms};
use crate::models::Resource;
use crate::names::FnId;
use crate::types::{Interner, Program, Ty, TyKind};

/// A time that means nothing outside of its process.
const CLOCK: Sym = Sym::new("Instant");
const TIMES: [Sym; 4] = syms(["SystemTime", "DateTime", "OffsetDateTime", "Timestamp"]);
/// Names of fields that hold the time when something is over.
const ENDS: [&str; 6] = ["expire", "expiry", "expiration", "deadline", "valid_until", "ttl"];
/// What a time may stand in.
const AROUND: [Sym; 8] = syms(["Option", "Box", "Arc", "Rc", "Mutex", "RwLock", "Cell", "RefCell"]);
/// Deepest type that is looked at.
const DEPTH_MAX: u32 = 5;

pub(super) fn found<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    let of_locus = matches!(place.of.key, Key::Field(adt, _) if asked.judged.is_locus(adt));
    let is_to_end = || is_dated(asked, place) || is_opened_under_a_drawn_key(asked, place);
    if of_locus || !place.works.iter().all(is_keyed) || !is_to_end() {
        return None;
    }
    let begins: Vec<Requests> =
        place.of.grows.iter().map(|grow| Requests::of(asked, *grow, false)).collect::<Option<_>>()?;
    for site in &place.works {
        let ends = Requests::of(asked, *site, true)?;
        let is_other = |begin: &Requests| begin.is_apart(asked, &ends, site.event.under.timed);
        if !begins.iter().all(is_other) || site.event.under.timed && !brings_its_key(asked, *site) {
            return None;
        }
    }
    let grow = place.of.grows.iter().copied().find(|grow| brings_its_key(asked, *grow))?;
    Some(Forgets::new(grow, Vec::new()))
}

/// Whether what a place holds carries a time.
fn is_dated(asked: &Asked<'_, '_, '_>, place: &Place<'_, '_>) -> bool {
    let program = asked.judged.program;
    asked.contents(place.of.key, |types, held| Some(carries_time(program, types, held.values?, 0)))
        == Some(true)
}

fn carries_time(program: &Program<'_>, types: &dyn Interner, ty: Ty, depth: u32) -> bool {
    let inside = |ty: &Ty| carries_time(program, types, *ty, depth + 1);
    match types.kind(ty) {
        _ if depth > DEPTH_MAX => false,
        TyKind::Foreign(foreign, args) => {
            foreign.last == CLOCK || AROUND.contains(&foreign.last) && args.iter().any(inside)
        }
        TyKind::Tuple(parts) => parts.iter().any(inside),
        TyKind::Adt(adt, _) => program.fields[adt.ix()].iter().flatten().any(|(name, ty)| {
            let name = program.names.text(*name);
            let ends = ENDS.iter().any(|part| name.starts_with(part));
            ends && is_time(program, *ty) || carries_time(program, &program.types, *ty, depth + 1)
        }),
        _ => false,
    }
}

fn is_time(program: &Program<'_>, ty: Ty) -> bool {
    matches!(program.types.kind(ty), TyKind::Foreign(foreign, _) if TIMES.contains(&foreign.last))
}

/// Whether what is put in owns a descriptor, and each time goes by a name that nobody has chosen.
fn is_opened_under_a_drawn_key(asked: &Asked<'_, '_, '_>, place: &Place<'_, '_>) -> bool {
    !place.of.grows.is_empty()
        && place.of.grows.iter().all(|grow| {
            let opens = grow.event.holds == Some(Resource::Fd);
            opens && asked.stands(*grow).is_some_and(|(tree, call)| is_drawn(&tree, call))
        })
}

/// Whether the key that a call puts in is made by a call that is given nothing: `Uuid::new_v4()`, `random()`.
fn is_drawn(tree: &Tree<'_>, call: ExprId) -> bool {
    let Some(mut at) = tree.args(call).first().copied() else { return false };
    for _ in 0..DEPTH_MAX {
        at = match tree.kind(at) {
            ExprKind::Ref(inner, _) => *inner,
            ExprKind::Local(local) => match tree.init(*local) {
                Some(init) => init,
                None => return false,
            },
            ExprKind::Method(call) if call.args.is_empty() => call.recv,
            ExprKind::Call(_, args) => return args.is_empty(),
            _ => return false,
        };
    }
    false
}

/// Whether a message brings the key that is put in, or it is drawn for each.
fn brings_its_key(asked: &Asked<'_, '_, '_>, grow: Site<'_>) -> bool {
    let Some((tree, call)) = asked.stands(grow) else { return false };
    let judged = asked.judged;
    let keys: Vec<(FnId, Range)> =
        tree.args(call).first().map(|key| (grow.id, tree.body.expr(*key).at)).into_iter().collect();
    let told = context::told(judged.program, judged.insides, judged.callers, judged.context, &keys);
    told.contains(&true)
}
