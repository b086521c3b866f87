//! What the loci of a case did, as they saw it: kept outside of them, so that restarts and rollbacks do not touch it.
//!
//! What concerns the activation that runs belongs to its thread; the rest is the case's.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::locus::any_cell::AnyCell;
use crate::pool::rig::aside::{Aside, Kept};
use crate::pool::rig::graph::Circle;
use crate::pool::rig::node::Script;
use crate::pool::rig::random::Random;
use crate::pool::rig::shared::with_ledger as with;
use crate::pool::rig::way::{WAYS, way_of};

/// The publisher's number of what comes through gates; each kind has its own gate and order.
pub(super) const OUTSIDE: u32 = 1000;

/// Children have numbers from here on.
const CHILDREN_FROM: u32 = 2000;

/// A message that was published for good.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) number: u64,
    pub(super) publisher: u32,
    pub(super) kind: usize,
    pub(super) key: u8,
}

/// A message that a subscription got.
#[derive(Clone, Copy, Debug)]
pub(super) struct Got {
    pub(super) node: u32,
    pub(super) handler: usize,
    pub(super) sent: Sent,
}

/// What one activation will do.
pub(super) struct Decision {
    /// Kinds to publish, with keys.
    pub(super) messages: Vec<(usize, u8)>,
    pub(super) end: End,
}

/// How an activation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Success,
    Error,
    Panic,
}

/// How an activation may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MayFail {
    Yes,
    /// Its result is not the runtime's to judge.
    ByPanic,
    No,
}

/// How often things go wrong, in percent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rates {
    pub(super) error: usize,
    pub(super) panic: usize,
    /// A user's `Clone` or `Hash` panics inside an activation.
    pub(super) user_code: usize,
}

#[derive(Default)]
pub(super) struct Ledger {
    random: Option<Random>,
    rates: Rates,
    /// Messages that may still be published, so that fan-out ends.
    budget: usize,
    is_started: bool,
    pub(super) dissolved: HashSet<u32>,
    number: u64,
    /// Nodes whose handler waits: nothing else of theirs may run.
    busy: HashSet<u32>,
    pub(super) aside: Aside,
    pub(super) sent: Vec<Sent>,
    pub(super) got: Vec<Got>,
    /// Node, handler and count of what a ring lost, and how many messages had been taken by then.
    pub(super) missed: Vec<(u32, usize, u64, usize)>,
    /// Messages and children that have to meet.
    pub(super) expected: Vec<(u64, u32)>,
    pub(super) children_born: HashSet<u32>,
    /// How many children there were.
    pub(super) children: u32,
    pub(super) complaints: Vec<String>,
    /// Messages that were taken within their publish, and that were set aside.
    pub(super) straight: usize,
    pub(super) stashed: usize,
}

/// What one thread knows: of the activation that runs on it, and of the loci that live there.
#[derive(Default)]
struct Here {
    /// Published by the activation that runs.
    open: Vec<Sent>,
    running: Option<u32>,
    /// Messages and children that meet if it succeeds.
    expected: Vec<(u64, u32)>,
    /// What it asked to set aside.
    wish: Option<(u32, Kept)>,
    cells: Vec<(u32, Rc<dyn AnyCell>)>,
    /// Nodes, and how many messages circulate there that they have not taken.
    circling: HashMap<u32, usize>,
    /// Node and count of those that the activation that runs lets in, if it succeeds.
    let_in: Option<(u32, usize)>,
}

crate::sync::thread_local! {
    static HERE: RefCell<Here> = RefCell::default();
}

fn here<R>(look: impl FnOnce(&mut Here) -> R) -> R {
    HERE.with(|here| look(&mut here.borrow_mut()))
}

/// Begins a case.
pub(super) fn reset(random: Random, rates: Rates, budget: usize) {
    forget_here();
    with(|ledger| *ledger = Ledger { random: Some(random), rates, budget, ..Ledger::default() });
}

/// Forgets what this thread knows.
pub(super) fn forget_here() {
    drop(HERE.with(RefCell::take));
}

/// Names the cell of a node of this thread, so that the ledger can look at its state.
pub(super) fn add_cell(node: u32, cell: Rc<dyn AnyCell>) {
    here(|here| here.cells.push((node, cell)));
}

/// Writes down what must not be. Loci cannot assert: their panics are part of the case.
pub(super) fn complain(text: String) {
    with(|ledger| ledger.complaints.push(text));
}

/// The start is over: births are restarts from here on.
pub(super) fn started() {
    with(|ledger| ledger.is_started = true);
}

pub(super) fn is_started() -> bool {
    with(|ledger| ledger.is_started)
}

/// Whether no further messages may be published.
pub(super) fn is_dry() -> bool {
    with(|ledger| ledger.budget == 0)
}

/// A node says its last words.
pub(super) fn dissolved(node: u32) {
    with(|ledger| ledger.dissolved.insert(node));
}

/// No further messages: the sources dry up.
pub(super) fn dry_up() {
    with(|ledger| ledger.budget = 0);
}

/// Whether a message of the node waits for room.
fn has_staged(node: u32) -> bool {
    here(|here| {
        let cell = here.cells.iter().find(|(id, _)| *id == node);
        cell.is_some_and(|(_, cell)| cell.head().has_staged())
    })
}

/// An activation of `node` begins; says what it shall do.
pub(super) fn begin(script: &Script, messages_max: usize, may_fail: MayFail) -> Decision {
    let (node, publishes) = (script.id, &script.publishes);
    let is_waiting = has_staged(node);
    let other = here(|here| {
        here.open.clear();
        here.expected.clear();
        here.wish = None;
        here.let_in = None;
        here.running.replace(node)
    });
    with(|ledger| {
        let is_dissolved = ledger.dissolved.contains(&node);
        let mut complain = |is_wrong: bool, what: &str| {
            if is_wrong {
                ledger.complaints.push(format!("node {node} is activated {what}"));
            }
        };
        // The last words are said whatever waits: a program that is stopped is stopped.
        complain(is_waiting && !is_dissolved, "while a message of it waits for room");
        complain(other.is_some(), "while another node runs");
        complain(ledger.busy.contains(&node), "while its handler waits");
        complain(messages_max > 0 && is_dissolved, "after its dissolve");
        let end = ledger.decide(may_fail);
        let budget = ledger.budget;
        let Some(random) = &mut ledger.random else { return Decision { messages: Vec::new(), end } };
        let count = if publishes.is_empty() { 0 } else { random.within(0, messages_max) };
        let count = count.min(budget);
        ledger.budget -= count;
        let messages = (0..count).map(|_| (*random.pick(publishes), key(random))).collect();
        Decision { messages, end }
    })
}

impl Ledger {
    /// How many messages were taken in which way.
    pub(super) fn taken(&self) -> [usize; WAYS.len()] {
        let mut taken = [0; WAYS.len()];
        self.got.iter().for_each(|got| taken[way_of(got.handler).index()] += 1);
        taken
    }

    /// Draws how an activation ends.
    fn decide(&mut self, may_fail: MayFail) -> End {
        let rates = self.rates;
        match self.random.as_mut().map_or(100, |random| random.below(100)) {
            roll if roll < rates.error && may_fail == MayFail::Yes => End::Error,
            roll if (rates.error..rates.error + rates.panic).contains(&roll) && may_fail != MayFail::No => {
                End::Panic
            }
            _ => End::Success,
        }
    }

    /// A subscription gets a message: for the first time, or after it had set that aside.
    fn note(&mut self, got: Got) {
        match self.aside.is_due(got.node, (got.handler, got.sent.number)) {
            Ok(false) => self.got.push(got),
            Ok(true) => {}
            Err(complaint) => self.complaints.push(complaint),
        }
    }
}

/// Draws how something ends that is no activation.
pub(super) fn decide() -> End {
    with(|ledger| ledger.decide(MayFail::Yes))
}

/// True so many times out of a hundred.
pub(super) fn percent(percent: usize) -> bool {
    with(|ledger| ledger.random.as_mut().is_some_and(|random| random.percent(percent)))
}

/// A number below `end`.
pub(super) fn below(end: usize) -> usize {
    with(|ledger| ledger.random.as_mut().map_or(0, |random| random.below(end)))
}

fn key(random: &mut Random) -> u8 {
    u8::try_from(random.below(4)).unwrap_or_default()
}

/// The number of a message that is about to be published.
pub(super) fn number() -> u64 {
    with(|ledger| {
        ledger.number += 1;
        ledger.number
    })
}

/// A message is about to be published; gives it its number.
pub(super) fn attempt(publisher: u32, kind: usize, key: u8) -> u64 {
    let number = number();
    here(|here| here.open.push(Sent { number, publisher, kind, key }));
    number
}

/// The message that was attempted last came back.
pub(super) fn refused() {
    here(|here| here.open.pop());
}

/// The activation ends; what it published counts if it succeeded.
pub(super) fn end(end: End) {
    let (open, expected, wish) = here(|here| {
        here.running = None;
        (std::mem::take(&mut here.open), std::mem::take(&mut here.expected), here.wish.take())
    });
    let let_in = here(|here| here.let_in.take());
    if end != End::Success {
        return;
    }
    if let Some((node, count)) = let_in {
        here(|here| *here.circling.entry(node).or_default() += count);
    }
    with(|ledger| {
        ledger.sent.extend(open);
        ledger.expected.extend(expected);
        if let Some((node, kept)) = wish {
            ledger.stashed += 1;
            ledger.aside.put(node, kept);
        }
    });
}

/// The keys of messages that are to circulate now: that of one which is passed on, or those of some that are let in.
pub(super) fn circulating(node: u32, circle: Circle, passed: Option<u8>) -> Vec<u8> {
    let circling = here(|here| here.circling.get(&node).copied().unwrap_or_default());
    with(|ledger| {
        let Some(random) = &mut ledger.random else { return Vec::new() };
        let room = circle.messages_max.saturating_sub(circling);
        let count = match passed {
            Some(_) => usize::from(random.percent(95)),
            None if random.percent(40) => random.within(0, room),
            None => 0,
        };
        let count = if ledger.is_started { count.min(ledger.budget) } else { 0 };
        ledger.budget -= count;
        (0..count).map(|_| passed.unwrap_or_else(|| key(random))).collect()
    })
}

/// The activation that runs has published a message that circulates.
pub(super) fn let_in(node: u32) {
    here(|here| {
        let before = here.let_in.map_or(0, |(_, count)| count);
        here.let_in = Some((node, before + 1));
    });
}

/// A node has got a message that circulates there.
pub(super) fn let_out(node: u32) {
    here(|here| {
        let circling = here.circling.entry(node).or_default();
        *circling = circling.saturating_sub(1);
    });
}

/// A child is about to be spawned; gives it its number and key.
pub(super) fn child() -> (u32, u8) {
    with(|ledger| {
        ledger.children += 1;
        let key = ledger.random.as_mut().map_or(0, key);
        (CHILDREN_FROM + ledger.children, key)
    })
}

/// A child is born.
pub(super) fn child_born(child: u32) {
    with(|ledger| ledger.children_born.insert(child));
}

/// A message that the running activation publishes is to reach a child that it has spawned before.
pub(super) fn expect(number: u64, child: u32) {
    here(|here| here.expected.push((number, child)));
}

/// A message from outside was accepted at a gate.
pub(super) fn accept(kind: usize, key: u8, enter: impl FnOnce(u64) -> bool) {
    let number = number();
    if enter(number) {
        with(|ledger| ledger.sent.push(Sent { number, publisher: OUTSIDE, kind, key }));
    }
}

/// A handler got a message.
pub(super) fn got(node: u32, handler: usize, sent: Sent) {
    with(|ledger| ledger.note(Got { node, handler, sent }));
}

/// A node got a message beside its activations: in `run`, or in a call of a handler that runs beside others.
pub(super) fn received(node: u32, handler: usize, sent: Sent) {
    with(|ledger| ledger.got.push(Got { node, handler, sent }));
}

/// A handler got a message within the publish, which nothing takes back any more. Draws how the handler ends.
pub(super) fn got_straight(node: u32, handler: usize, sent: Sent) -> End {
    let is_waiting = has_staged(node);
    let (running, open) = here(|here| {
        let open = here.open.iter().position(|open| open.number == sent.number);
        (here.running, open.map(|open| here.open.remove(open)))
    });
    with(|ledger| {
        // A handler that waited for room publishes between two activations.
        let is_publishing =
            running.map_or(ledger.busy.contains(&sent.publisher), |node| node == sent.publisher);
        if !is_publishing || sent.publisher == node {
            ledger.complaints.push(format!("node {node} is called within {running:?} for {sent:?}"));
        }
        if ledger.busy.contains(&node) || is_waiting {
            ledger.complaints.push(format!("node {node} is called though it is not idle"));
        }
        ledger.note(Got { node, handler, sent });
        ledger.straight += 1;
        ledger.sent.extend(open);
        ledger.decide(MayFail::Yes)
    })
}

/// The activation that runs sets its message aside, if it succeeds.
pub(super) fn stashed(node: u32, handler: usize, sent: Sent) {
    here(|here| here.wish = Some((node, (handler, sent.number))));
}

/// A node takes back `count` messages that it had set aside.
pub(super) fn unstashed(node: u32, count: usize) {
    with(|ledger| {
        let known = ledger.aside.take_back(node);
        if known != count {
            ledger.complaints.push(format!("node {node} takes back {count} messages of {known}"));
        }
    });
}

/// A node is born, perhaps again: what its predecessor had set aside comes back.
pub(super) fn born(node: u32) {
    with(|ledger| ledger.aside.take_back(node));
}

/// A handler of a node that waits. While it lives, nothing else of the node may run.
pub(super) struct Busy {
    node: u32,
}

/// A handler begins that will wait.
pub(super) fn busy(node: u32) -> Busy {
    with(|ledger| {
        if !ledger.busy.insert(node) {
            ledger.complaints.push(format!("two handlers of node {node} wait at once"));
        }
    });
    Busy { node }
}

impl Busy {
    /// What the handler does between two waits.
    pub(super) fn goes_on<R>(&self, step: impl FnOnce() -> R) -> R {
        with(|ledger| ledger.busy.remove(&self.node));
        let result = step();
        with(|ledger| ledger.busy.insert(self.node));
        result
    }

    /// The handler published a message for which it had waited for room.
    pub(super) fn published(&self, sent: Sent) {
        with(|ledger| ledger.sent.push(sent));
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        with(|ledger| ledger.busy.remove(&self.node));
    }
}

/// Kind and key of a message that may be published; it is taken from what the case may publish.
pub(super) fn one_message(script: &Script) -> Option<(usize, u8)> {
    with(|ledger| {
        let random = ledger.random.as_mut().filter(|_| ledger.budget > 0 && !script.publishes.is_empty())?;
        ledger.budget -= 1;
        Some((*random.pick(&script.publishes), key(random)))
    })
}

/// A ring told of losses.
pub(super) fn missed(node: u32, handler: usize, count: u64) {
    with(|ledger| {
        let taken = ledger.got.len();
        ledger.missed.push((node, handler, count, taken));
    });
}

/// Foreign code runs inside the bus: within an activation it may panic, which is part of the case.
pub(super) fn user_code(what: &'static str) {
    let panics = here(|here| here.running.is_some())
        && with(|ledger| {
            ledger.is_started
                && ledger.random.as_mut().is_some_and(|random| random.percent(ledger.rates.user_code))
        });
    if panics {
        end(End::Panic);
        // Without the panic hook's output: thousands of these are part of the plan.
        std::panic::resume_unwind(Box::new(what));
    }
}
