//! What must hold when a case has come to rest.

use std::collections::{HashMap, HashSet};

use crate::app::plan::Address;
use crate::bus::figures::DropReason;
use crate::bus::topic::OnFull;
use crate::locus::cell::State;
use crate::pool::PoolId;
use crate::pool::core::Core;
use crate::pool::rig::graph::Graph;
use crate::pool::rig::ledger::{self, Got, Ledger, OUTSIDE, Sent};
use crate::pool::rig::message::{KINDS, Message, bound, by_kind, policy};
use crate::pool::rig::node::{Script, Sub};
use crate::pool::rig::question;
use crate::pool::rig::way::{
    CHILD_HANDLER, CHILD_KIND, Losses, Way, is_ordered_by_itself, kind_of, losses_of, way_of,
};

/// A subscription of the graph.
#[derive(Clone, Copy, Debug)]
struct Taker {
    node: u32,
    pool: usize,
    handler: usize,
    key: Option<u8>,
    /// The first replica of those that divide the messages among themselves.
    share: Option<u32>,
}

impl Taker {
    fn wants(&self, message: &Sent) -> bool {
        self.share.is_none() && self.key.is_none_or(|key| key == message.key)
    }
}

/// The runtime's own counts of one kind, over all pools.
#[derive(Default)]
struct Counted {
    published: u64,
    delivered: u64,
    dropped: [u64; DropReason::ALL.len()],
    under_way: u64,
}

/// What the pools of a case say at its end.
#[derive(Default)]
pub(super) struct Facts {
    counted: [Counted; KINDS],
    /// Pool and cell of loci that ended for good.
    closed: HashSet<(PoolId, u32)>,
    questions_under_way: u64,
}

impl Facts {
    /// Adds what one pool says.
    pub(super) fn add(&mut self, core: &Core) {
        self.counted.iter_mut().zip(0..).for_each(|(counted, kind)| counted.add(core, kind));
        let cells = core.cells();
        let closed = cells.iter().map(|cell| cell.head()).filter(|head| head.state.get() == State::Closed);
        self.closed.extend(closed.map(|head| (core.id, head.id.index)));
        self.questions_under_way += question::under_way(core);
    }
}

impl Counted {
    fn add(&mut self, core: &Core, kind: usize) {
        by_kind!(kind, K => if let Some(route) = core.routes.of::<Message<K>>() {
            self.published += route.published();
            self.delivered += route.figures.delivered.get().wrapping_add(route.figures.straight.get());
            for (sum, reason) in self.dropped.iter_mut().zip(DropReason::ALL) {
                *sum += route.figures.dropped(reason);
            }
            self.under_way += route.under_way();
        });
    }

    fn dropped(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }
}

/// Everything that does not hold, in words.
pub(super) fn all(graph: &Graph, order: &[Address], facts: &Facts, ledger: &Ledger) -> Vec<String> {
    let mut complaints = Vec::new();
    let closed = closed(graph, order, facts);
    let got = once(ledger, &mut complaints);
    in_order(ledger, &mut complaints);
    for (node, count) in ledger.aside.still_due().filter(|(node, _)| !closed.contains(node)) {
        complaints.push(format!("node {node} has taken back {count} messages that never came"));
    }
    for (number, child) in &ledger.expected {
        let is_there = ledger.children_born.contains(child) && !ledger.dissolved.contains(child);
        if is_there && !got.contains(&(*number, *child, CHILD_HANDLER)) {
            complaints
                .push(format!("message {number} was published behind the spawn of {child}, and misses it"));
        }
    }
    for kind in 0..KINDS {
        let takers = takers(graph, kind);
        let sent: Vec<Sent> = ledger.sent.iter().copied().filter(|sent| sent.kind == kind).collect();
        let mut say = |text: String| complaints.push(format!("kind {kind}: {text}"));
        let counted = &facts.counted[kind];
        takers.iter().for_each(|taker| in_band(taker, &sent, ledger, &mut say));
        // Where a child may come, its pool is a subscriber of what it would take, and none of the kind may be born.
        let may_have_children = kind == CHILD_KIND && graph.scripts.iter().any(|script| script.spawns);
        if may_have_children || takers.iter().any(|taker| closed.contains(&taker.node)) {
            // What a locus that ended for good has lost depends on when; its credits must be back all the same.
            let ended: HashSet<u32> = takers
                .iter()
                .filter(|taker| closed.contains(&taker.node))
                .map(|taker| taker.share.unwrap_or(taker.node))
                .collect();
            let lasts = |taker: &Taker| !ended.contains(&taker.share.unwrap_or(taker.node));
            let lasting: Vec<Taker> = takers.iter().copied().filter(lasts).collect();
            tally(&lasting, &sent, &got, ledger, kind, &mut say);
            if counted.under_way != 0 {
                say(format!("{} credits under way after a locus ended", counted.under_way));
            }
            continue;
        }
        let tally = tally(&takers, &sent, &got, ledger, kind, &mut say);
        compare(&tally, counted, &mut say);
    }
    complaints
}

/// What does not hold of the questions.
pub(super) fn questions(graph: &Graph, order: &[Address], facts: &Facts) -> Vec<String> {
    question::check(&closed(graph, order, facts), facts.questions_under_way)
}

/// No more messages are under way from one pool to another than their topic allows; what a subscription's own ring bounds
/// is counted there.
pub(super) fn bounds(core: &Core) {
    for kind in (0..KINDS).filter(|kind| policy(*kind) != OnFull::DropOld) {
        let fullest = by_kind!(kind, K => core.routes.of::<Message<K>>().map_or(0, |route| route.fullest()));
        if fullest > u64::from(bound(kind)) {
            ledger::complain(format!("{fullest} messages of kind {kind} are under way at once"));
        }
    }
}

/// The subscriptions to a kind.
fn takers(graph: &Graph, kind: usize) -> Vec<Taker> {
    let taker = |script: &Script, sub: &Sub| {
        let divides = matches!(way_of(sub.handler), Way::Shard | Way::Any);
        Taker {
            node: script.id,
            pool: script.pool,
            handler: sub.handler,
            key: sub.key,
            share: script.replica.filter(|_| divides).map(|replica| replica.first),
        }
    };
    let all = graph.scripts.iter().flat_map(|script| script.subs.iter().map(move |sub| taker(script, sub)));
    all.filter(|taker| kind_of(taker.handler) == kind).collect()
}

/// The nodes that ended for good.
fn closed(graph: &Graph, order: &[Address], facts: &Facts) -> HashSet<u32> {
    let nodes = graph.scripts.iter().zip(order);
    let closed = nodes.filter(|(_, address)| facts.closed.contains(&(address.pool, address.cell)));
    closed.map(|(script, _)| script.id).collect()
}

/// Who got what, once each, and only what was published for good.
fn once(ledger: &Ledger, complaints: &mut Vec<String>) -> HashSet<(u64, u32, usize)> {
    let sent: HashSet<u64> = ledger.sent.iter().map(|sent| sent.number).collect();
    let mut seen = HashSet::new();
    for got in &ledger.got {
        if !sent.contains(&got.sent.number) {
            complaints.push(format!("{got:?} was taken back, and yet delivered"));
        }
        if !seen.insert((got.sent.number, got.node, got.handler)) {
            complaints.push(format!("{got:?} was delivered twice"));
        }
    }
    seen
}

/// Per publisher and subscriber, over all topics; a ring, and a gate, is ordered by itself.
fn in_order(ledger: &Ledger, complaints: &mut Vec<String>) {
    let mut latest: HashMap<(u32, usize, u32, usize), u64> = HashMap::new();
    for got in &ledger.got {
        let Sent { number, publisher, kind, .. } = got.sent;
        let ring = if is_ordered_by_itself(got.handler) { got.handler + 1 } else { 0 };
        let gate = if publisher == OUTSIDE { kind + 1 } else { 0 };
        let key = (publisher, gate, got.node, ring);
        if let Some(before) = latest.insert(key, number)
            && before > number
        {
            complaints.push(format!("{got:?} came after {before}"));
        }
    }
}

/// A ring that drops its oldest tells of losses right before the message that survived them. What it was offered, and
/// in which order, is known where one publisher alone sent.
fn in_band(taker: &Taker, sent: &[Sent], ledger: &Ledger, say: &mut impl FnMut(String)) {
    if losses_of(taker.handler) != Losses::Told(OnFull::DropOld)
        || sent.iter().any(|message| message.publisher != sent[0].publisher)
    {
        return;
    }
    let offered = sent.iter().filter(|message| taker.wants(message));
    let mut expected = offered.map(|message| message.number);
    let mut told = ledger
        .missed
        .iter()
        .filter(|(node, handler, ..)| (*node, *handler) == (taker.node, taker.handler))
        .peekable();
    let mine = |got: &&(usize, &Got)| got.1.node == taker.node && got.1.handler == taker.handler;
    for (taken, got) in ledger.got.iter().enumerate().collect::<Vec<_>>().iter().filter(mine) {
        while let Some((.., lost, _)) = told.next_if(|(.., before)| before <= taken) {
            for _ in 0..*lost {
                expected.next();
            }
        }
        let expected = expected.next();
        if expected != Some(got.sent.number) {
            return say(format!(
                "{taker:?} is told of its losses as if {expected:?} came next, and {got:?} did"
            ));
        }
    }
}

/// What the subscribers' own words say about one kind.
#[derive(Default)]
struct Tally {
    published: u64,
    /// Deliveries, and those of which only the runtime can know.
    delivered: u64,
    delivered_unknown: u64,
    full: u64,
    full_unknown: u64,
    unmatched: u64,
    unsubscribed: u64,
    overrun: u64,
    slow: u64,
    may_drop: bool,
}

fn tally(
    takers: &[Taker],
    sent: &[Sent],
    got: &HashSet<(u64, u32, usize)>,
    ledger: &Ledger,
    kind: usize,
    say: &mut impl FnMut(String),
) -> Tally {
    let pools: HashSet<usize> = takers.iter().map(|taker| taker.pool).collect();
    let may_drop = policy(kind) == OnFull::DropNew;
    let mut tally = Tally { published: sent.len() as u64, may_drop, ..Tally::default() };
    let mut offered: HashMap<(u32, usize), u64> = HashMap::new();
    for message in sent {
        tally.unsubscribed += u64::from(pools.is_empty());
        if !pools.is_empty() && !takers.iter().any(|taker| taker.wants(message) || taker.share.is_some()) {
            tally.unmatched += 1;
            tally.full_unknown += u64::from(may_drop);
        }
        for pool in &pools {
            let matching = |taker: &&Taker| taker.pool == *pool && taker.wants(message);
            let all: Vec<&Taker> = takers.iter().filter(matching).collect();
            let is_lossy = |taker: &&&Taker| losses_of(taker.handler) != Losses::None;
            let lossless = all.iter().filter(|taker| !is_lossy(taker)).count();
            let has = |taker: &&&Taker| got.contains(&(message.number, taker.node, taker.handler));
            let received = all.iter().filter(|taker| !is_lossy(taker) && has(taker)).count();
            if all.is_empty() {
                continue;
            } else if lossless == 0 && may_drop {
                tally.delivered_unknown += all.len() as u64;
                tally.full_unknown += 1;
            } else if received == lossless {
                tally.delivered += all.len() as u64;
                all.iter().filter(is_lossy).for_each(|taker| {
                    *offered.entry((taker.node, taker.handler)).or_default() += 1;
                });
            } else if received == 0 && may_drop {
                tally.full += 1;
            } else {
                say(format!("{message:?} reached {received} of {lossless} subscriptions on pool {pool}"));
            }
        }
    }
    shares(takers, sent, got, &mut tally, say);
    for taker in takers.iter().filter(|taker| losses_of(taker.handler) != Losses::None) {
        let mine = |one: &&(u32, usize, u64, usize)| one.0 == taker.node && one.1 == taker.handler;
        let missed: u64 = ledger.missed.iter().filter(mine).map(|(_, _, count, _)| count).sum();
        let received =
            got.iter().filter(|(_, node, handler)| (*node, *handler) == (taker.node, taker.handler));
        let received = received.count() as u64;
        let offered = offered.get(&(taker.node, taker.handler)).copied().unwrap_or_default();
        if losses_of(taker.handler) == Losses::Counted {
            tally.slow += offered.saturating_sub(received);
            continue;
        }
        tally.overrun += missed;
        if tally.delivered_unknown == 0 && received + missed != offered {
            say(format!("{taker:?}: {received} gotten and {missed} missed of {offered}"));
        }
    }
    tally
}

/// Of the replicas that divide a kind, one gets each message; the same one for each key, where they divide the keys.
fn shares(
    takers: &[Taker],
    sent: &[Sent],
    got: &HashSet<(u64, u32, usize)>,
    tally: &mut Tally,
    say: &mut impl FnMut(String),
) {
    let all: HashSet<(u32, usize)> =
        takers.iter().filter_map(|taker| Some((taker.share?, taker.handler))).collect();
    for (first, handler) in all {
        let replicas = takers.iter().filter(|taker| (taker.share, taker.handler) == (Some(first), handler));
        let replicas: Vec<u32> = replicas.map(|taker| taker.node).collect();
        let mut owners: HashMap<u8, u32> = HashMap::new();
        for message in sent {
            let has = |node: &&u32| got.contains(&(message.number, **node, handler));
            let having: Vec<u32> = replicas.iter().filter(has).copied().collect();
            let [only] = having[..] else {
                say(format!("{message:?} reached {having:?} of the replicas {replicas:?}"));
                continue;
            };
            tally.delivered += 1;
            if way_of(handler) == Way::Shard && *owners.entry(message.key).or_insert(only) != only {
                say(format!("{message:?} reached {only}, and its key belongs to another replica"));
            }
        }
    }
}

/// The runtime's counts against the subscribers' words.
fn compare(tally: &Tally, counted: &Counted, say: &mut impl FnMut(String)) {
    let mut equal = |what: &str, counted: u64, least: u64, most: u64| {
        if !(least..=most).contains(&counted) {
            say(format!("{what}: {counted} counted, {least} to {most} seen"));
        }
    };
    let dropped = |reason| counted.dropped(reason);
    equal("published", counted.published, tally.published, tally.published);
    // What a ring lost was not delivered.
    let lost = tally.overrun + tally.slow;
    let delivered_least = tally.delivered.saturating_sub(lost);
    let delivered_most = (tally.delivered + tally.delivered_unknown).saturating_sub(lost);
    equal("delivered", counted.delivered, delivered_least, delivered_most);
    equal("full", dropped(DropReason::Full), tally.full, tally.full + tally.full_unknown);
    let unmatched_least = if tally.may_drop { 0 } else { tally.unmatched };
    equal("unmatched", dropped(DropReason::Unmatched), unmatched_least, tally.unmatched);
    equal("no subscriber", dropped(DropReason::NoSubscriber), tally.unsubscribed, tally.unsubscribed);
    equal("overrun", dropped(DropReason::Overrun), tally.overrun, tally.overrun);
    equal("slow", dropped(DropReason::Slow), tally.slow, tally.slow);
    equal("closed", dropped(DropReason::Closed), 0, 0);
    equal("in a circle of waits", dropped(DropReason::WaitCycle), 0, 0);
    equal("credits under way", counted.under_way, 0, 0);
}
