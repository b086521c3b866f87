//! Random graphs: pools, nodes, and which topics go between them.
//!
//! The kinds of a graph have an order, and a node publishes only kinds behind all those it subscribes to. So no locus
//! waits for itself, whatever the policies, and every case must come to rest.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::locus::any_cell::AnyCell;
use crate::locus::cell::LocusCell;
use crate::locus::main::{Part, Place};
use crate::pool::rig::ledger::Rates;
use crate::pool::rig::message::{KINDS, is_keyed};
use crate::pool::rig::node::{self, HANDLERS, Node, Script, Sub, kind_of};
use crate::pool::rig::random::Random;
use crate::supervise::Intensity;

const POOLS: [&str; 5] = [crate::app::plan::MAIN_POOL, "second", "third", "fourth", "fifth"];
const NODES: [&str; 16] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"];

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
        let is_small = cfg!(miri) || random.percent(25);
        let pools = if is_small { random.within(1, 3) } else { random.within(3, POOLS.len()) };
        let mut kinds: Vec<usize> = (0..KINDS).collect();
        for index in 0..KINDS {
            kinds.swap(index, random.within(index, KINDS - 1));
        }
        kinds.truncate(random.within(if is_small { 2 } else { 4 }, if is_small { 5 } else { 8 }));
        let nodes = if is_small { random.within(2, 7) } else { random.within(8, NODES.len()) };
        let mut scripts: Vec<Script> =
            (0..nodes).map(|index| script(random, index, pools, nodes, &kinds)).collect();
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
            others.iter_mut().for_each(|script| script.asks = random.percent(50));
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
        Self { scripts, gates, rates, messages_max, ending }
    }

    /// How many pools there are.
    pub(super) fn pools(&self) -> usize {
        self.scripts.iter().map(|script| script.pool + 1).max().unwrap_or_default()
    }

    /// The parts as `#[locus(main)]` would list them.
    pub(super) fn parts(&self) -> Vec<Part> {
        self.scripts.iter().map(part).collect()
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
        if place >= rank || !random.percent(if handler < KINDS { 60 } else { 45 }) {
            continue;
        }
        let key = (is_keyed(kind) && random.percent(60)).then(|| u8::try_from(random.below(3)).unwrap_or(0));
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
        steps: if is_source || random.percent(30) { random.within(12, 120) } else { 0 },
        run_fails: random.percent(30),
        birth_waits: random.percent(60).then(|| random.within(1, 40)),
        restarts_max: random.percent(20).then_some(1),
        asks: false,
        answers: false,
        birth_messages: if random.percent(40) { 3 } else { 0 },
        publishes,
    }
}

fn part(script: &Script) -> Part {
    if script.birth_waits.is_some() { part_of::<true>(script) } else { part_of::<false>(script) }
}

fn part_of<const A: bool>(script: &Script) -> Part {
    let name = NODES[script.id as usize];
    let place = Place::Pool(POOLS[script.pool].into());
    let topics = node::describe::<A>(script).topics;
    let subscribes = topics.iter().filter(|topic| topic.subscribe.is_some());
    let publishes = topics.iter().filter(|topic| topic.subscribe.is_none());
    let (subscribes, publishes) =
        (subscribes.map(|topic| topic.wish).collect(), publishes.map(|topic| topic.wish.number).collect());
    let script = Arc::new(script.clone());
    let make = Arc::new(move |seat| {
        let factory_script = Arc::clone(&script);
        let factory = Rc::new(move || Ok(Node::new(&factory_script)));
        let cell = LocusCell::<Node<A>>::part(seat, factory, node::describe(&script));
        if let Some(restarts) = script.restarts_max {
            let intensity = Intensity::new(restarts, Duration::from_secs(3600), &cell.head.path());
            cell.head.rare().intensity.replace(intensity);
        }
        cell as Rc<dyn AnyCell>
    });
    Part { name, place, make, subscribes, publishes }
}
