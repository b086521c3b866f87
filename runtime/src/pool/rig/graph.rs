//! Random graphs: pools, nodes, and which topics go between them.
//!
//! The kinds of a graph have an order, and a node publishes only kinds behind all those it subscribes to, but for one that
//! may circulate. So no locus waits for itself in vain, whatever the policies, and every case must come to rest.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::bus::topic::OnFull;
use crate::locus::any_cell::AnyCell;
use crate::locus::cell::{LocusCell, Seat};
use crate::locus::children::Topics;
use crate::locus::main::{Part, Place};
use crate::pool::rig::ledger::Rates;
use crate::pool::rig::message::{KINDS, STRAIGHT, bound, is_keyed, per_locus, policy};
use crate::pool::rig::node::{self, Node, Replica, Script, Sub};
use crate::pool::rig::random::Random;
use crate::pool::rig::way::{CHILD_KIND, HANDLERS, Way, kind_of, way_of};
use crate::supervise::Intensity;

const POOLS: [&str; 8] =
    [crate::app::plan::MAIN_POOL, "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"];

/// Pools of a graph, those of replicas not counted.
const SHARED_POOLS_MAX: usize = POOLS.len() - REPLICAS_MAX;
const NODES: [&str; 19] =
    ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s"];

/// A case with no more messages than this is small in every way.
pub(super) const SMALL_MESSAGES_MAX: usize = 20;

/// Nodes of a graph, replicas not counted.
const PARTS_MAX: usize = 16;

/// Replicas of a part.
const REPLICAS_MAX: usize = 3;

/// The number of the node at a path: that of its part, and of the replica.
pub(super) fn node_at(path: &str) -> u32 {
    let name = path.rsplit('/').next().unwrap_or_default();
    let (name, replica) = name.trim_end_matches(']').split_once('[').unwrap_or((name, "0"));
    let first = NODES.iter().position(|node| *node == name).expect("a node's path");
    u32::try_from(first).unwrap_or_default() + replica.parse::<u32>().expect("a replica's number")
}

/// One case: who there is, and how much goes wrong.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) scripts: Vec<Script>,
    /// Kinds that come in through gates.
    pub(super) gates: Vec<usize>,
    pub(super) rates: Rates,
    pub(super) messages_max: usize,
    pub(super) ending: Ending,
}

impl fmt::Display for Graph {
    /// A line each, short enough to be read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.scripts.iter().try_for_each(|script| writeln!(f, "{script:?}"))?;
        writeln!(f, "gates {:?}, {:?}, {:?}", self.gates, self.rates, self.ending)
    }
}

/// How a case ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It drains, and everything is checked.
    Drained,
    /// It is stopped in the middle: nothing may be left.
    Stopped,
    /// Its pools are let go as after a failure of their thread: nothing may be left.
    Failed,
}

impl Graph {
    pub(super) fn draw(random: &mut Random, messages_max: usize) -> Self {
        // A case in four is small: what goes wrong there is easier to read.
        let is_small = messages_max <= SMALL_MESSAGES_MAX || random.percent(25);
        let pools = if is_small { random.within(1, 3) } else { random.within(3, SHARED_POOLS_MAX) };
        let mut kinds: Vec<usize> = (0..KINDS).collect();
        for index in 0..KINDS {
            kinds.swap(index, random.within(index, KINDS - 1));
        }
        kinds.truncate(random.within(if is_small { 2 } else { 4 }, if is_small { 5 } else { 8 }));
        let nodes = if is_small { random.within(2, 7) } else { random.within(8, PARTS_MAX) };
        let mut scripts: Vec<Script> =
            (0..nodes).map(|index| script(random, index, pools, nodes, &kinds)).collect();
        keep_straight_kinds_single(random, &mut scripts);
        if scripts.len() > 2 && random.percent(40) {
            replicate(random, &mut scripts);
        }
        // Pools are numbered as they are met, and a pool that nobody is placed on does not exist.
        let mut met = vec![0];
        for script in &mut scripts {
            if !met.contains(&script.pool) {
                met.push(script.pool);
            }
            script.pool = met.iter().position(|pool| *pool == script.pool).unwrap_or_default();
        }
        // The last one publishes nothing, so whoever waits for it waits in no circle.
        if random.percent(50)
            && let Some((last, others)) = scripts.split_last_mut()
        {
            (last.answers, last.restarts_max) = (true, None);
            let mut asks = false;
            for script in others {
                let is_later_replica = script.replica.is_some_and(|replica| replica.first != script.id);
                script.asks = if is_later_replica { asks } else { random.percent(50) };
                asks = script.asks;
            }
        }
        let gates = kinds.iter().copied().filter(|_| random.percent(25)).collect();
        let rates = match random.below(3) {
            0 => Rates::default(),
            1 => Rates { error: 10, panic: 0, user_code: 0 },
            _ => Rates { error: 5, panic: random.within(1, 8), user_code: random.within(0, 2) },
        };
        let ending = match random.below(10) {
            0 => Ending::Stopped,
            1 => Ending::Failed,
            _ => Ending::Drained,
        };
        let mut graph = Self { scripts, gates, rates, messages_max, ending };
        // From a stream of its own, so that the other draws are what they would be without it.
        let mut random = random.clone();
        if random.percent(40) {
            draw_circle(&mut random, &mut graph, &kinds);
        }
        graph
    }

    /// How many pools there are.
    pub(super) fn pools(&self) -> usize {
        self.scripts.iter().map(|script| script.pool + 1).max().unwrap_or_default()
    }

    /// The parts as `#[locus(main)]` would list them.
    pub(super) fn parts(&self) -> Vec<Part> {
        let is_first = |script: &&Script| script.replica.is_none_or(|replica| replica.first == script.id);
        let replicas = |first: &Script| {
            let count = first.replica.map_or(1, |replica| replica.count);
            self.scripts[first.id as usize..first.id as usize + count].to_vec()
        };
        self.scripts.iter().filter(is_first).map(|script| part(&replicas(script))).collect()
    }
}

/// Messages go straight only where their kind has one subscription: as a rule all but one are taken away.
fn keep_straight_kinds_single(random: &mut Random, scripts: &mut [Script]) {
    for kind in STRAIGHT {
        let takes = |script: &Script| script.subs.iter().any(|sub| kind_of(sub.handler) == kind);
        let takers: Vec<u32> =
            scripts.iter().filter(|script| takes(script)).map(|script| script.id).collect();
        if takers.len() < 2 || random.percent(20) {
            continue;
        }
        let only = *random.pick(&takers);
        let others = scripts.iter_mut().filter(|script| script.id != only);
        others.for_each(|script| script.subs.retain(|sub| kind_of(sub.handler) != kind));
        // What comes from its own pool goes straight, so somebody there publishes it, where the order of kinds allows.
        let pool = scripts.iter().find(|script| script.id == only).map(|script| script.pool);
        if let (Some(pool), Some(source)) =
            (pool, scripts.iter_mut().find(|one| one.publishes.contains(&kind)))
        {
            source.pool = pool;
        }
    }
}

/// A kind that circulates at one node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circle {
    pub(super) kind: usize,
    /// The most messages of it that the node has not taken.
    pub(super) messages_max: usize,
    /// Whether nobody else takes it.
    pub(super) is_alone: bool,
}

/// The most messages of a kind that find room wherever they circulate: where none may wait, the one that is handled counts
/// beside the one that is published.
fn messages_max(kind: usize) -> usize {
    let bound = bound(kind) as usize;
    let may_circulate = !STRAIGHT.contains(&kind) && kind != CHILD_KIND && per_locus(kind).is_none();
    match policy(kind) {
        OnFull::Block if may_circulate => bound,
        OnFull::Fail | OnFull::DropNew if may_circulate => bound - 1,
        _ => 0,
    }
}

/// Lets a kind circulate at some node, which publishes what it takes: as many messages as the bound allows, of which none is
/// lost. It is the last that its node takes, and nobody else publishes it: so what the node publishes waits, if at all, for
/// those behind it, or for what it takes itself, and the case comes to rest all the same. `kinds` are in their order, in which no node publishes what comes before what it takes.
fn draw_circle(random: &mut Random, graph: &mut Graph, kinds: &[usize]) {
    let place = |sub: &Sub| kinds.iter().position(|kind| *kind == kind_of(sub.handler));
    let chosen = graph.scripts.iter().filter(|script| script.replica.is_none() && !script.answers);
    let chosen = chosen.filter_map(|script| {
        let kind = kinds[script.subs.iter().filter_map(place).max()?];
        let plain = script.subs.iter().any(|sub| sub.handler == kind);
        (plain && messages_max(kind) > 0).then_some((script.id, kind))
    });
    let chosen: Vec<(u32, usize)> = chosen.collect();
    if chosen.is_empty() {
        return;
    }
    let (node, kind) = *random.pick(&chosen);
    graph.gates.retain(|gate| *gate != kind);
    let takes = |subs: &[Sub]| subs.iter().any(|sub| kind_of(sub.handler) == kind);
    let is_alone = !graph.scripts.iter().any(|script| script.id != node && takes(&script.subs));
    for script in &mut graph.scripts {
        script.publishes.retain(|published| *published != kind);
        if script.id == node {
            script.subs.retain(|sub| sub.handler == kind || kind_of(sub.handler) != kind);
            script.subs.iter_mut().filter(|sub| sub.handler == kind).for_each(|sub| sub.key = None);
            // What is set aside holds no credit: taken again, it would bring one more into the circle.
            script.stashes = false;
            script.restarts_max = None;
            script.circle = Some(Circle { kind, messages_max: messages_max(kind), is_alone });
        }
    }
}

/// Makes several instances of one part, each on a pool of its own.
fn replicate(random: &mut Random, scripts: &mut Vec<Script>) {
    let part = random.within(1, scripts.len() - 2);
    let count = random.within(2, REPLICAS_MAX);
    let first = scripts[part].id;
    let pools = scripts.iter().map(|script| script.pool + 1).max().unwrap_or_default();
    let mut replicas = vec![scripts[part].clone(); count];
    for (script, index) in replicas.iter_mut().zip(0..) {
        script.pool = pools + index;
        script.replica = Some(Replica { first, count });
    }
    scripts.splice(part..=part, replicas);
    for (script, id) in scripts.iter_mut().zip(0..) {
        script.id = id;
    }
}

fn script(random: &mut Random, index: usize, pools: usize, nodes: usize, kinds: &[usize]) -> Script {
    // The first is a source and the last a sink, so that something happens.
    let rank = match index {
        0 => 0,
        last if last + 1 == nodes => kinds.len(),
        _ => random.within(0, kinds.len()),
    };
    let mut subs: Vec<Sub> = Vec::new();
    for handler in 0..HANDLERS {
        let kind = kind_of(handler);
        let Some(place) = kinds.iter().position(|one| *one == kind) else { continue };
        let is_likely = random.percent(if handler < KINDS { 60 } else { 40 });
        let is_received = |sub: &Sub| matches!(way_of(sub.handler), Way::Received(_));
        if way_of(handler) == Way::Child
            || place >= rank
            || !is_likely
            || (matches!(way_of(handler), Way::Received(_)) && subs.iter().any(is_received))
        {
            continue;
        }
        let divides = matches!(way_of(handler), Way::Shard | Way::Any);
        let key = (is_keyed(kind) && !divides && random.percent(60))
            .then(|| u8::try_from(random.below(3)).unwrap_or(0));
        subs.push(Sub { handler, key });
    }
    let publishes: Vec<usize> =
        kinds[rank..].iter().copied().filter(|_| rank == 0 || random.percent(60)).collect();
    let is_source = subs.is_empty();
    Script {
        id: u32::try_from(index).unwrap_or_default(),
        pool: random.below(pools),
        subs,
        ticks: random.percent(if is_source { 70 } else { 20 }),
        steps: if is_source || random.percent(30) { random.within(16, 160) } else { 0 },
        run_fails: random.percent(30),
        birth_waits: random.percent(60).then(|| random.within(1, 40)),
        restarts_max: random.percent(20).then_some(1),
        asks: false,
        stashes: random.percent(35),
        accepts: random.percent(50),
        spawns: kinds.contains(&CHILD_KIND) && random.percent(40),
        replica: None,
        answers: false,
        circle: None,
        birth_messages: if random.percent(40) { 3 } else { 0 },
        publishes,
    }
}

fn part(replicas: &[Script]) -> Part {
    if replicas[0].birth_waits.is_some() { part_of::<true>(replicas) } else { part_of::<false>(replicas) }
}

fn part_of<const A: bool>(replicas: &[Script]) -> Part {
    let first = &replicas[0];
    let place = match first.replica {
        None => Place::Pool(POOLS[first.pool].into()),
        Some(_) => Place::Pinned { core: None, cores: None, replicas: replicas.len() },
    };
    let described = node::describe::<A>(first);
    let topics = &described.topics;
    let subscribes = topics.iter().filter(|topic| topic.subscribe.is_some());
    let publishes = topics.iter().filter(|topic| topic.subscribe.is_none());
    let publishes = publishes.map(|topic| topic.wish.number).collect();
    let mut of_children = Topics::default();
    described.children.iter().for_each(|child| (child.topics)(&mut of_children));
    let subscribes = subscribes.map(|topic| topic.wish).chain(of_children.subscribes).collect();
    let scripts: Vec<Arc<Script>> = replicas.iter().cloned().map(Arc::new).collect();
    let make = Arc::new(move |seat: Seat| {
        let script = Arc::clone(&scripts[seat.stand.replica as usize]);
        let restarts_max = script.restarts_max;
        let described = node::describe(&script);
        let factory = Rc::new(move || Ok(Node::new(&script)));
        let cell = LocusCell::<Node<A>>::part(seat, factory, described);
        if let Some(restarts) = restarts_max {
            let intensity = Intensity::new(restarts, Duration::from_secs(3600), &cell.head.path());
            cell.head.rare().intensity.replace(intensity);
        }
        cell as Rc<dyn AnyCell>
    });
    Part { name: NODES[first.id as usize], place, make, subscribes, publishes }
}
