//! `missed-cleanup`: something is taken out again, but not on every way.

mod abandoned;
mod alone;
mod asked;
mod behind;
mod cancelled;
mod disarmed;
mod emptied;
mod expired;
mod fails;
mod handed;
mod index;
mod kept;
mod narrow;
mod outcome;
mod owner;
mod paired;
mod pending;
mod raced;
mod requests;
mod retried;
mod say;
mod siblings;
mod slots;
mod tombstone;
pub(super) mod tree;

use crate::context::{Entry, Growing, Key, Site};
use crate::declare_rule;
use crate::events::FnFacts;
use crate::finding::{Confidence, Finding, Label};
use crate::lower::ir::{ExprId, Range};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::rule::{Level, Shape};
use crate::rules::judged::{Judged, Says};
use crate::rules::unbounded_growth::place_name;
use asked::{Asked, Forgets, Place, is_keyed};
use tree::Tree;

/// A way out between insertion and removal.
pub static EARLY: Shape =
    Shape::likely("inserted-then-way-out", "something is inserted, and a `?` leads past its removal");

/// Expired entries go only when somebody asks for them.
pub static EXPIRED: Shape =
    Shape::likely("expired-only-on-access", "entries expire, but only one that is asked for is removed");

/// Expired entries do not go at all.
pub static REFUSED: Shape = Shape::likely(
    "expired-and-kept",
    "who asks for an entry that has expired is refused, and nothing takes it out for that",
);

/// Begun by one request and ended by another.
pub static ABANDONED: Shape = Shape::likely(
    "ended-by-request-only",
    "what a request begins, which carries its time, is taken out only when another request ends it",
);

/// Removed when it went well.
pub static ONE_OUTCOME: Shape = Shape::likely(
    "one-outcome-only",
    "something is removed again when the call succeeds, and not when it fails",
);

/// Let go of when it was sent.
pub static KEPT: Shape = Shape::likely(
    "kept-while-sending-fails",
    "what is to be sent on is let go of only when that went well, and nothing limits how much waits",
);

/// Counted up and not down.
pub static SLOT: Shape = Shape::certain(
    "slot-kept-by-a-way-out",
    "a function counts down at its end what it counted up, and a `?` or `return` leads past that",
);

/// Removed from its siblings.
pub static SIBLINGS: Shape = Shape::nursery(
    "removed-from-siblings",
    "a key is removed from the collections beside this one, and not from this one",
);

/// An index of what has ended.
pub static INDEX: Shape = Shape::likely(
    "left-in-the-index",
    "what ends is taken out of one collection, and an index that is filled beside it keeps its key",
);

/// A room without members.
pub static EMPTIED: Shape = Shape::likely(
    "emptied-and-left",
    "an entry goes with the last of what it holds, and another way takes that out and leaves the entry",
);

/// Work that is tried again and again.
pub static RETRIED: Shape = Shape::likely(
    "retried-without-end",
    "what fails is counted and put back to be tried again, and the count is compared with nothing",
);

/// A queue of what may have been cancelled.
pub static LAZY: Shape =
    Shape::nursery("lazy-deletion", "what is cancelled stays in its queue until its time comes");

/// The handle of work that ends by itself.
pub static CANCELLED: Shape = Shape::nursery(
    "cancelled-only",
    "what would end a task is taken out by who ends it, and not when the task ends by itself",
);

/// What waits for somebody who has gone.
pub static OWNER: Shape = Shape::nursery(
    "owner-gone",
    "what is pending for a peer stays when the peer goes, because only its answer takes it out",
);

/// A request that was never sent.
pub static UNSENT: Shape = Shape::likely(
    "pending-not-sent",
    "who waits for an answer is noted, and a `?` leaves before the question is out",
);

/// A request whose asker has gone.
pub static GIVEN_UP: Shape = Shape::likely(
    "pending-given-up",
    "who waits for an answer gives up, and only the answer takes the entry out",
);

/// Opened and closed in one function.
pub static PAIRED: Shape = Shape::nursery(
    "way-out-without-closing",
    "a function closes at its end what it opened, and a way out between the two does not",
);

/// A guard that was told not to.
pub static DISARMED: Shape = Shape::likely(
    "guard-disarmed",
    "only a guard takes something out when it is dropped, and somebody tells it not to",
);

/// A future that does not get to its end.
pub static RACED: Shape = Shape::likely(
    "dropped-before-closing",
    "a future takes out at its end what it put in, and a `select!` or a time limit drops it before",
);

/// A sweep of all but one.
pub static UNSWEPT: Shape = Shape::nursery(
    "left-out-of-the-sweep",
    "the collections beside this one are swept by their keys, and this one is not",
);

/// Marks of what was cancelled.
pub static TOMBSTONE: Shape = Shape::likely(
    "mark-of-what-has-ended",
    "a mark is set for whatever is cancelled, and only work that is still under way takes it off",
);

/// An arm that reaps one outcome.
pub static NARROW: Shape =
    Shape::nursery("reaps-one-outcome", "an arm of a `select!` reaps only what ended in one way");

declare_rule! {
    pub static RULE = {
        name: "missed-cleanup",
        summary: "something is taken out again, but one way leads past that",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [
            &EARLY, &EXPIRED, &ONE_OUTCOME, &SIBLINGS, &LAZY, &CANCELLED, &OWNER, &UNSENT, &GIVEN_UP, &PAIRED,
            &UNSWEPT, &TOMBSTONE, &NARROW, &DISARMED, &RACED, &ABANDONED, &KEPT, &SLOT, &INDEX,
            &EMPTIED, &RETRIED, &REFUSED,
        ],
        doc: include_str!("../../../docs/rules/missed-cleanup.md"),
    }
}

const POPS: [Sym; 3] = syms(["pop", "pop_front", "pop_first"]);

/// How a shape looks for a way that forgets.
type Look = for<'s> fn(&Asked<'_, 's, '_>, &Place<'_, 's>) -> Option<Forgets<'s>>;

/// The shapes, the surest first: a place is told once.
static LOOKS: [(&Shape, Look); 20] = [
    (&EARLY, early),
    (&NARROW, narrow::found),
    (&GIVEN_UP, pending::given_up),
    (&UNSENT, pending::unsent),
    (&CANCELLED, cancelled::found),
    (&PAIRED, paired::found),
    (&RACED, raced::found),
    (&ONE_OUTCOME, outcome::found),
    (&TOMBSTONE, tombstone::found),
    (&UNSWEPT, siblings::unswept),
    (&OWNER, owner::found),
    (&EXPIRED, expired::found),
    (&LAZY, lazy),
    (&INDEX, index::found),
    (&EMPTIED, emptied::found),
    (&SIBLINGS, siblings::left_out),
    (&ABANDONED, abandoned::found),
    (&KEPT, kept::found),
    (&RETRIED, retried::found),
    (&REFUSED, expired::refused),
];

/// What is asked of a place that a destructor takes out of.
static GUARDED: [(&Shape, Look); 1] = [(&DISARMED, disarmed::found)];

/// Looks at what shrinks, for ways that lead past it.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let asked = Asked::of(judged);
    let lent = |of: &&Growing<'_>| matches!(of.key, Key::Param(..));
    for of in judged.balanced.iter().chain(judged.loose.iter().filter(|of| !lent(of))) {
        let place = Place::of(of);
        let looks = if asked.has_guard(&place) { &GUARDED[..] } else { &LOOKS[..] };
        let found = looks.iter().find_map(|(shape, look)| Some((*shape, look(&asked, &place)?)));
        if let Some((shape, forgets)) = found {
            findings.push(told(judged, &place, shape, forgets));
        }
    }
    slots::check(&asked, findings);
}

/// `insert(..); work()?; remove(..)`.
fn early<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    let mut ways = Vec::new();
    for site in &place.works {
        let facts = &asked.judged.summary.facts[site.id.ix()];
        let (put_at, put_in) = before(place.of, facts, *site).filter(|_| is_keyed(site))?;
        // An actor whose handler fails ends, and its state with it.
        let runs = &asked.judged.context.runs[site.id.ix()];
        if runs.entry == Some(Entry::Message) && !runs.kept.is_empty() {
            return None;
        }
        let straight = !site.event.under.on_error && site.event.under.in_loop == put_in;
        let between =
            |way: &&Range| way.end > put_at.end && way.end <= site.event.at.start && way.start >= put_at.end;
        let tree = asked.tree(site.id)?;
        let put = tree.call_at(put_at)?;
        let is_own = place.of.grows.iter().any(|grow| grow.id == site.id && grow.event.at == put_at);
        if !is_own && !is_same_key(&tree, put, tree.call_at(site.event.at)?) {
            return None;
        }
        let is_left = |way: &Range| {
            let removals = place.keyed().filter(|other| other.id == site.id);
            let mut removals = removals.filter_map(|other| tree.call_at(other.event.at));
            tree.try_at(*way)
                .is_some_and(|way| tree.may_follow(put, way) && !removals.any(|of| tree.is_before(of, way)))
        };
        let mut leaving = facts.tries.iter().filter(between).filter(|way| is_left(way));
        let way = leaving.next().filter(|_| straight)?;
        ways.push((site.id, *way, "leaves it there when this fails"));
    }
    Some(Forgets::new(place.of.grows[0], ways))
}

/// Whether a call is handed the key that a removal names: it puts in what that takes out, and not what it knows itself.
fn is_same_key(tree: &Tree<'_>, put: ExprId, removal: ExprId) -> bool {
    let key = tree.args(removal).first().and_then(|key| tree.root(*key));
    key.is_some() && tree.args(put).iter().any(|arg| tree.root(*arg) == key)
}

fn lazy<'s>(asked: &Asked<'_, 's, '_>, place: &Place<'_, 's>) -> Option<Forgets<'s>> {
    let is_queue = place.of.grows[0].event.holder == Sym::new("BinaryHeap");
    let is_due = |site: &Site<'_>| POPS.contains(&site.event.operation) && site.event.under.timed;
    if !is_queue || !place.works.iter().all(is_due) {
        return None;
    }
    let mut cancels = siblings::siblings(asked, place).flat_map(|other| &other.shrinks).map(|(_, site)| site);
    let cancel = cancels.find(|site| is_keyed(site))?;
    let ways = vec![(cancel.id, cancel.event.at, "what is cancelled here stays in the queue")];
    Some(Forgets::new(place.of.grows[0], ways))
}

/// A growth of the place in the same function, before `site`, or the call of one that does nothing but that; and the loop
/// around it.
fn before(place: &Growing<'_>, facts: &FnFacts, site: Site<'_>) -> Option<(Range, Option<u32>)> {
    let is_before = |at: Range| at.end <= site.event.at.start;
    let own = place.grows.iter().find(|grow| grow.id == site.id && is_before(grow.event.at));
    let own = own.map(|grow| (grow.event.at, grow.event.under.in_loop));
    own.or_else(|| {
        let grows = |callee: &FnId| place.grows.iter().any(|grow| grow.id == *callee);
        let mut calls = facts.calls.iter().filter(|call| !call.is_callback && is_before(call.at));
        let call = calls.find(|call| matches!(&call.callees[..], [callee] if grows(callee)))?;
        Some((call.at, call.under.in_loop))
    })
}

fn told(
    judged: &Judged<'_, '_>,
    place: &Place<'_, '_>,
    shape: &'static Shape,
    forgets: Forgets<'_>,
) -> Finding {
    let name = place_name(judged, place.of.key);
    let (message, help, about) = say::words(shape, &name);
    let grow = forgets.grow;
    let says = Says::new(message, "put in here", help);
    let mut finding = judged.finding(grow.id, grow.event.at, (&RULE, shape), says);
    finding.confidence = forgets.proved.unwrap_or(finding.confidence.max(Confidence::Likely));
    finding.subject.place = format!("{}::{name}", judged.crate_name(grow.id));
    for (id, at, text) in &forgets.ways {
        finding = finding.label(Label::new(judged.span(*id, *at), *text));
    }
    let is_told =
        |site: &&Site<'_>| forgets.ways.iter().all(|(id, at, _)| (*id, *at) != (site.id, site.event.at));
    for site in place.works.iter().filter(is_told).take(3) {
        finding = finding.label(Label::new(judged.span(site.id, site.event.at), about));
    }
    judged.with_chain(finding, grow.id).note(format!(
        "looked in the workspace for another removal from `{name}`, a sweep or a guard that removes on every way: there is none"
    ))
}
