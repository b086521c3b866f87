//! What must hold when a case has come to rest.

use std::collections::{HashMap, HashSet};

use crate::bus::figures::DropReason;
use crate::bus::topic::OnFull;
use crate::locus::cell::State;
use crate::pool::core::Core;
use crate::pool::rig::Rig;
use crate::pool::rig::graph::Graph;
use crate::pool::rig::ledger::{Got, Ledger, OUTSIDE, Sent};
use crate::pool::rig::message::{KINDS, Message, policy};
use crate::pool::rig::node::{drops_of, kind_of, ring_of};
use crate::pool::rig::question;

/// A subscription of the graph.
#[derive(Clone, Copy, Debug)]
struct Taker {
    node: u32,
    pool: usize,
    handler: usize,
    key: Option<u8>,
}

/// The runtime's own counts of one kind, over all pools.
#[derive(Default)]
struct Counted {
    published: u64,
    delivered: u64,
    dropped: [u64; DropReason::ALL.len()],
    under_way: u64,
}

impl Counted {
    fn of(rig: &Rig, kind: usize) -> Self {
        let mut counted = Self::default();
        for seat in &rig.seats {
            counted.add(&seat.pool.core, kind);
        }
        counted
    }

    fn add(&mut self, core: &Core, kind: usize) {
        macro_rules! by_kind {
            ($($k:literal)*) => {
                match kind {
                    $($k => if let Some(route) = core.routes.of::<Message<$k>>() {
                        self.published += route.published();
                        self.delivered += route.figures.delivered.get();
                        for (sum, reason) in self.dropped.iter_mut().zip(DropReason::ALL) {
                            *sum += route.figures.dropped(reason);
                        }
                        self.under_way += route.under_way();
                    },)*
                    _ => {}
                }
            };
        }
        by_kind!(0 1 2 3 4 5 6 7 8 9 10 11);
    }

    fn dropped(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }
}

/// Everything that does not hold, in words.
pub(super) fn all(graph: &Graph, rig: &Rig, ledger: &Ledger) -> Vec<String> {
    let mut complaints = Vec::new();
    let closed = closed(graph, rig);
    let got = once(ledger, &mut complaints);
    order(ledger, &mut complaints);
    complaints.extend(question::check(&closed, rig.seats.iter().map(|seat| &*seat.pool.core)));
    for kind in 0..KINDS {
        let takers: Vec<Taker> = graph
            .scripts
            .iter()
            .flat_map(|script| {
                script.subs.iter().map(|sub| Taker {
                    node: script.id,
                    pool: script.pool,
                    handler: sub.handler,
                    key: sub.key,
                })
            })
            .filter(|taker| kind_of(taker.handler) == kind)
            .collect();
        let sent: Vec<Sent> = ledger.sent.iter().copied().filter(|sent| sent.kind == kind).collect();
        let mut say = |text: String| complaints.push(format!("kind {kind}: {text}"));
        let counted = Counted::of(rig, kind);
        takers.iter().for_each(|taker| in_band(taker, &sent, ledger, &mut say));
        if takers.iter().any(|taker| closed.contains(&taker.node)) {
            // What a locus that ended for good has lost depends on when; its credits must be back all the same.
            let lasting: Vec<Taker> =
                takers.iter().copied().filter(|taker| !closed.contains(&taker.node)).collect();
            tally(&lasting, &sent, &got, ledger, kind, &mut say);
            if counted.under_way != 0 {
                say(format!("{} credits under way after a locus ended", counted.under_way));
            }
            continue;
        }
        let tally = tally(&takers, &sent, &got, ledger, kind, &mut say);
        compare(&tally, &counted, &mut say);
    }
    complaints
}

/// The nodes that ended for good.
fn closed(graph: &Graph, rig: &Rig) -> HashSet<u32> {
    let nodes = graph.scripts.iter().zip(&rig.order);
    let state = |pool: u16, cell| {
        let cell = rig.seats[usize::from(pool)].pool.core.cell(cell);
        cell.map(|cell| cell.head().state.get())
    };
    let closed = nodes.filter(|(_, address)| state(address.pool, address.cell) == Some(State::Closed));
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
fn order(ledger: &Ledger, complaints: &mut Vec<String>) {
    let mut latest: HashMap<(u32, usize, u32, usize), u64> = HashMap::new();
    for got in &ledger.got {
        let Sent { number, publisher, kind, .. } = got.sent;
        let ring = if ring_of(got.handler).is_some() { got.handler + 1 } else { 0 };
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
    if drops_of(taker.handler) != Some(OnFull::DropOld)
        || sent.iter().any(|message| message.publisher != sent[0].publisher)
    {
        return;
    }
    let offered = sent.iter().filter(|message| taker.key.is_none_or(|key| key == message.key));
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
        if !pools.is_empty() && !takers.iter().any(|taker| taker.key.is_none_or(|key| key == message.key)) {
            tally.unmatched += 1;
            tally.full_unknown += u64::from(may_drop);
        }
        for pool in &pools {
            let matching =
                |taker: &&Taker| taker.pool == *pool && taker.key.is_none_or(|key| key == message.key);
            let all: Vec<&Taker> = takers.iter().filter(matching).collect();
            let is_lossy = |taker: &&&Taker| ring_of(taker.handler) == Some(true);
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
    for taker in takers.iter().filter(|taker| ring_of(taker.handler) == Some(true)) {
        let mine = |one: &&(u32, usize, u64, usize)| one.0 == taker.node && one.1 == taker.handler;
        let missed: u64 = ledger.missed.iter().filter(mine).map(|(_, _, count, _)| count).sum();
        let received =
            got.iter().filter(|(_, node, handler)| (*node, *handler) == (taker.node, taker.handler));
        let received = received.count() as u64;
        let offered = offered.get(&(taker.node, taker.handler)).copied().unwrap_or_default();
        tally.overrun += missed;
        if tally.delivered_unknown == 0 && received + missed != offered {
            say(format!("{taker:?}: {received} gotten and {missed} missed of {offered}"));
        }
    }
    tally
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
    let delivered_least = tally.delivered.saturating_sub(tally.overrun);
    let delivered_most = (tally.delivered + tally.delivered_unknown).saturating_sub(tally.overrun);
    equal("delivered", counted.delivered, delivered_least, delivered_most);
    equal("full", dropped(DropReason::Full), tally.full, tally.full + tally.full_unknown);
    let unmatched_least = if tally.may_drop { 0 } else { tally.unmatched };
    equal("unmatched", dropped(DropReason::Unmatched), unmatched_least, tally.unmatched);
    equal("no subscriber", dropped(DropReason::NoSubscriber), tally.unsubscribed, tally.unsubscribed);
    equal("overrun", dropped(DropReason::Overrun), tally.overrun, tally.overrun);
    equal("closed", dropped(DropReason::Closed), 0, 0);
    equal("in a circle of waits", dropped(DropReason::WaitCycle), 0, 0);
    equal("credits under way", counted.under_way, 0, 0);
}
