//! What the loci of a case did, as they saw it: kept outside of them, so that restarts and rollbacks do not touch it.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use crate::locus::any_cell::AnyCell;
use crate::pool::rig::node::Script;
use crate::pool::rig::random::Random;

/// The publisher's number of what comes through gates; each kind has its own gate and order.
pub(super) const OUTSIDE: u32 = 1000;

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
    dissolved: HashSet<u32>,
    number: u64,
    /// Published by the activation that runs.
    open: Vec<Sent>,
    running: Option<u32>,
    cells: Vec<Option<Rc<dyn AnyCell>>>,
    pub(super) sent: Vec<Sent>,
    pub(super) got: Vec<Got>,
    /// Node, handler and count of what a ring lost, and how many messages had been taken by then.
    pub(super) missed: Vec<(u32, usize, u64, usize)>,
    pub(super) complaints: Vec<String>,
}

thread_local! {
    static LEDGER: RefCell<Ledger> = RefCell::default();
}

fn with<R>(look: impl FnOnce(&mut Ledger) -> R) -> R {
    LEDGER.with_borrow_mut(look)
}

/// Begins a case.
pub(super) fn reset(random: Random, rates: Rates, budget: usize, nodes: usize) {
    let cells = (0..nodes).map(|_| None).collect();
    let fresh = Ledger { random: Some(random), rates, budget, cells, ..Ledger::default() };
    drop(with(|ledger| std::mem::replace(ledger, fresh)));
}

/// Lends what was written so far.
pub(super) fn read<R>(look: impl FnOnce(&Ledger) -> R) -> R {
    with(|ledger| look(ledger))
}

/// Ends a case and hands out what was written.
pub(super) fn close() -> Ledger {
    with(|ledger| {
        ledger.cells.clear();
        std::mem::take(ledger)
    })
}

/// Names the cell of a node, so that the ledger can look at its state.
pub(super) fn add_cell(node: u32, cell: Rc<dyn AnyCell>) {
    with(|ledger| ledger.cells[node as usize] = Some(cell));
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

/// An activation of `node` begins; says what it shall do.
pub(super) fn begin(script: &Script, messages_max: usize, may_fail: MayFail) -> Decision {
    let (node, publishes) = (script.id, &script.publishes);
    let is_waiting = with(|ledger| ledger.cells.get(node as usize).cloned().flatten())
        .is_some_and(|cell| cell.head().has_staged());
    // The last words are said whatever waits: a program that is stopped is stopped.
    if is_waiting && !read(|ledger| ledger.dissolved.contains(&node)) {
        complain(format!("node {node} is activated while a message of it waits for room"));
    }
    with(|ledger| {
        if let Some(other) = ledger.running.replace(node) {
            ledger.complaints.push(format!("node {node} is activated while node {other} runs"));
        }
        if messages_max > 0 && ledger.dissolved.contains(&node) {
            ledger.complaints.push(format!("node {node} is activated after its dissolve"));
        }
        ledger.open.clear();
        let rates = ledger.rates;
        let Some(random) = &mut ledger.random else {
            return Decision { messages: Vec::new(), end: End::Success };
        };
        let end = match random.below(100) {
            roll if roll < rates.error && may_fail == MayFail::Yes => End::Error,
            roll if (rates.error..rates.error + rates.panic).contains(&roll) && may_fail != MayFail::No => {
                End::Panic
            }
            _ => End::Success,
        };
        let count = if publishes.is_empty() { 0 } else { random.within(0, messages_max) };
        let count = count.min(ledger.budget);
        ledger.budget -= count;
        let messages = (0..count).map(|_| (*random.pick(publishes), key(random))).collect();
        Decision { messages, end }
    })
}

fn key(random: &mut Random) -> u8 {
    u8::try_from(random.below(4)).unwrap_or_default()
}

/// A message is about to be published; gives it its number.
pub(super) fn attempt(publisher: u32, kind: usize, key: u8) -> u64 {
    with(|ledger| {
        ledger.number += 1;
        let number = ledger.number;
        ledger.open.push(Sent { number, publisher, kind, key });
        number
    })
}

/// The message that was attempted last came back.
pub(super) fn refused() {
    with(|ledger| {
        ledger.open.pop();
    });
}

/// The activation ends; what it published counts if it succeeded.
pub(super) fn end(end: End) {
    with(|ledger| {
        let open = std::mem::take(&mut ledger.open);
        if end == End::Success {
            ledger.sent.extend(open);
        }
        ledger.running = None;
    });
}

/// A message from outside was accepted at a gate.
pub(super) fn accept(kind: usize, key: u8, enter: impl FnOnce(u64) -> bool) {
    let number = with(|ledger| {
        ledger.number += 1;
        ledger.number
    });
    if enter(number) {
        with(|ledger| ledger.sent.push(Sent { number, publisher: OUTSIDE, kind, key }));
    }
}

/// A subscription got a message.
pub(super) fn got(node: u32, handler: usize, sent: Sent) {
    with(|ledger| ledger.got.push(Got { node, handler, sent }));
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
    let panics = with(|ledger| {
        ledger.running.is_some()
            && ledger.is_started
            && ledger.random.as_mut().is_some_and(|random| random.percent(ledger.rates.user_code))
    });
    if panics {
        end(End::Panic);
        // Without the panic hook's output: thousands of these are part of the plan.
        std::panic::resume_unwind(Box::new(what));
    }
}
