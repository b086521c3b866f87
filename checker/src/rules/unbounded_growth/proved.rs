//! How far the shapes of growth have been right where no locus says who owns the place: on services that were not written
//! for the checker.
//!
//! What a message is seen to bring is told from what nobody knows; of both, what is close to who sends it has been right
//! most often. What lies further off has mostly turned out to choose among few.

use super::stores::are_the_data;
use super::{
    AT_EXIT, BUFFER, CAPACITY, FIELD, GETTER, HANDLES, INNER, LOCAL, ON_ERROR, OUTER_KEYS, SETS_OF_TASKS,
    STATE, STATIC, SUBSCRIBERS, callbacks,
};
use crate::context::{Brings, Growing, Key, Site, Witness};
use crate::events::seen::Sight;
use crate::finding::Confidence;
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::rule::Shape;
use crate::rules::judged::Judged;
use crate::rules::judged::asks::Asks;
use crate::rules::judged::ways::Ways;

/// What holds values by their place alone.
const LISTS: [Sym; 4] = syms(["Vec", "VecDeque", "SmallVec", "LinkedList"]);

/// How far a shape has been right where no locus says who owns the place.
pub(super) fn proved(
    judged: &Judged<'_, '_>,
    ways: &Ways<'_, '_, '_>,
    growing: &Growing<'_>,
    shape: &'static Shape,
) -> Confidence {
    let shape = if std::ptr::eq(shape, &CAPACITY) { plain(growing) } else { shape };
    let is = |shapes: &[&'static Shape]| shapes.iter().any(|one| std::ptr::eq(*one, shape));
    let holder = growing.grows[0].event.holder;
    // What the program sends to itself is known to it.
    let is_its_own = |told: Witness| told.what == Brings::Queued && ways.is_fed_from_afar(told.id, told.at);
    match growing.told {
        _ if matches!(growing.key, Key::Field(adt, _) if judged.is_locus(adt)) => Confidence::Certain,
        _ if are_the_data(judged, growing) => Confidence::Nursery,
        Some(_) if judged.is_of_operators(growing.grows[0].id) => Confidence::Likely,
        // Tasks end, and what failed is over, whoever told of them.
        Some(told) if is_its_own(told) && is(&[&HANDLES, &AT_EXIT, &ON_ERROR]) => Confidence::Likely,
        Some(told) if is_its_own(told) => Confidence::Nursery,
        // A set of tasks is filled where connections and messages come in, and so is any list of their handles where the
        // loop that fills it accepts.
        _ if is(&[&HANDLES, &AT_EXIT])
            && (SETS_OF_TASKS.contains(&holder)
                || growing.grows.iter().any(|site| is_accepted(judged, site))) =>
        {
            Confidence::Certain
        }
        Some(told) => proved_told(judged, ways, growing, (shape, told)),
        // What is to be called back has no key: each peer that comes leaves one.
        None if is(&[&STATIC, &FIELD])
            && callbacks::are_kept(judged, growing.key)
            && growing.grows.iter().any(|site| {
                LISTS.contains(&site.event.holder) && ways.is_driven(site.id, site.event.at, Asks::LEFT)
            }) =>
        {
            Confidence::Certain
        }
        // A list has no keys that might be few: each peer that comes adds one.
        None if is(&[&SUBSCRIBERS])
            && growing.grows.iter().any(|site| {
                LISTS.contains(&site.event.holder) && ways.is_driven(site.id, site.event.at, Asks::LEFT)
            }) =>
        {
            Confidence::Certain
        }
        None if is(&[&STATIC, &LOCAL, &SUBSCRIBERS]) => Confidence::Nursery,
        None if is(&[&FIELD, &STATE, &OUTER_KEYS, &GETTER, &INNER])
            && !may_be_many(judged, ways, growing) =>
        {
            Confidence::Nursery
        }
        _ => Confidence::Likely,
    }
}

/// The shape of a place, whatever room is reserved for it: that says nothing of how much comes.
fn plain(growing: &Growing<'_>) -> &'static Shape {
    match growing.key {
        _ if growing.grows[0].event.buffer => &BUFFER,
        Key::Static(_) => &STATIC,
        Key::Param(..) => &STATE,
        Key::Local(..) => &LOCAL,
        Key::Field(..) => &FIELD,
    }
}

/// Where a message is seen to bring what is added to a field, and what brings it is close, it is certain; so it is of a
/// static, but where it came through a queue. Locals of loops are mostly filled from what the program knows, however, and what
/// a keeper starts itself is no subscriber that hangs up.
fn proved_told(
    judged: &Judged<'_, '_>,
    ways: &Ways<'_, '_, '_>,
    growing: &Growing<'_>,
    (shape, told): (&'static Shape, Witness),
) -> Confidence {
    let is = |shapes: &[&'static Shape]| shapes.iter().any(|one| std::ptr::eq(*one, shape));
    let queued = told.what == Brings::Queued;
    let grows = |is: &dyn Fn(&Site<'_>) -> bool| growing.grows.iter().any(is);
    let near = |site: &Site<'_>, asks: Asks| ways.is_driven(site.id, site.event.at, asks.near());
    let is_close = || match grows(&|site| judged.is_close(site) || near(site, Asks::LEFT)) {
        true => Confidence::Certain,
        false => Confidence::Likely,
    };
    let is_list = grows(&|site| LISTS.contains(&site.event.holder));
    let is_told_there = grows(&|site| site.id == told.id);
    match () {
        () if is(&[&FIELD, &STATE, &OUTER_KEYS, &GETTER]) => is_close(),
        () if is(&[&SUBSCRIBERS]) && starts_a_task(judged, growing.grows[0].id) => Confidence::Nursery,
        () if is(&[&SUBSCRIBERS]) => is_close(),
        () if is(&[&STATIC]) && !queued => is_close(),
        () if is(&[&STATIC]) && !grows(&|site| near(site, Asks::SERVED)) => Confidence::Nursery,
        () if is(&[&LOCAL]) && !is_list && (queued || !is_told_there) => Confidence::Nursery,
        () => Confidence::Likely,
    }
}

/// Whether what is added may be many, where nothing was seen to bring it: a list gets one more each time, and keys are
/// mostly few unless those who ask are close.
fn may_be_many(judged: &Judged<'_, '_>, ways: &Ways<'_, '_, '_>, growing: &Growing<'_>) -> bool {
    growing.grows.iter().any(|site| match LISTS.contains(&site.event.holder) {
        true => ways.is_driven(site.id, site.event.at, Asks::UNDER_WAY),
        false => judged.serves_closely(site.id),
    })
}

/// Whether a growth stands in a loop that accepts, or is at most two calls away from one.
fn is_accepted(judged: &Judged<'_, '_>, site: &Site<'_>) -> bool {
    const CALLS_MAX: usize = 2;
    judged.accepts(site) || judged.serves_with(site.id).is_some_and(|calls| calls <= CALLS_MAX)
}

/// Whether a function starts a task, itself or in what it calls: what that reads from its keeper goes when this does.
fn starts_a_task(judged: &Judged<'_, '_>, id: FnId) -> bool {
    let facts = |id: FnId| &judged.summary.facts[id.ix()];
    let starts = |id: FnId| facts(id).seen.iter().any(|seen| matches!(seen.sight, Sight::Starts(_)));
    starts(id) || facts(id).calls.iter().flat_map(|site| &site.callees).any(|callee| starts(*callee))
}
