//! Questions in the rig: asked in any activation, answered at once, later and from elsewhere, or never.
//!
//! One node of a graph answers, the last, which publishes nothing: so no question can be part of a circle. A reply that
//! is kept is sent by whatever locus acts next, on its own pool, or from outside once the sources have dried up.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::hash::Hasher;
use std::time::Duration;

use crate::bus::ask::{AskError, Reply};
use crate::bus::publish::{PublishedBy, Publisher};
use crate::bus::topic::{Full, OnFull, Promise, Topic, TopicNumber, TopicSpec};
use crate::locus::context::Cx;
use crate::locus::describe::{Describe, Handler, Match, OnOptions, Outcome, Which};
use crate::pool::core::Core;
use crate::pool::rig::ledger;

use crate::pool::rig::node::Node;
use crate::pool::rig::random::Random;
use crate::pool::rig::shared::{Alive, with_desk as with};

/// Policies and bounds of the kinds of questions.
const SPECS: [(OnFull, u32, &str); 3] =
    [(OnFull::Block, 2, "rig.ask.0"), (OnFull::Fail, 1, "rig.ask.1"), (OnFull::DropNew, 2, "rig.ask.2")];

static NUMBERS: [TopicNumber; SPECS.len()] = [const { TopicNumber::new() }; SPECS.len()];

/// A question of one kind; its answer is its number.
pub(super) struct Question<const Q: usize> {
    number: u64,
    _alive: Alive,
}

impl<const Q: usize> Topic for Question<Q> {
    type Key = ();
    type Reply = u64;
    type Promise = Option<Reply<u64>>;
    type Sent = Result<(), Full<Self>>;
    const SPEC: TopicSpec = TopicSpec {
        subject: SPECS[Q].2,
        keyed: false,
        bound: Some(SPECS[Q].1),
        on_full: SPECS[Q].0,
        single: false,
        per_locus: None,
        on_slow: OnFull::DropNew,
    };

    fn number() -> &'static TopicNumber {
        &NUMBERS[Q]
    }

    fn hash_key<H: Hasher>(&self, _state: &mut H) {}

    fn is_key(&self, _key: &()) -> bool {
        true
    }

    fn key(&self) {}

    fn duplicate(&self) -> Self {
        Self { number: self.number, _alive: Alive::new() }
    }

    fn sent(result: Result<(), Full<Self>>) -> Self::Sent {
        result
    }
}

impl<const Q: usize, const A: bool> PublishedBy<Node<A>> for Question<Q> {
    type Sent = Result<(), Full<Self>>;

    fn __send(self, to: &mut Publisher<'_>) -> Self::Sent {
        to.send(self)
    }
}

/// How questions can end in the rig, as figures list them.
pub(super) const ENDS: [&str; 5] = ["answered", "full", "timeout", "unanswered", "failed"];

fn end_of(result: Result<u64, AskError>) -> Option<usize> {
    match result {
        Ok(_) => Some(0),
        Err(AskError::Full) => Some(1),
        Err(AskError::Timeout) => Some(2),
        Err(AskError::Unanswered) => Some(3),
        Err(AskError::Failed) => Some(4),
        Err(_) => None,
    }
}

/// What was asked and what came of it.
#[derive(Default)]
pub(super) struct Desk {
    random: Option<Random>,
    number: u64,
    asked: Vec<(u64, u32)>,
    heard: Vec<(u64, Result<u64, AskError>)>,
    held: Vec<(Reply<u64>, u64)>,
}

crate::sync::thread_local! {
    /// Asked by the activation that runs on this thread.
    static OPEN: RefCell<Vec<(u64, u32)>> = RefCell::default();
}

fn percent(percent: usize) -> bool {
    with(|desk| desk.random.as_mut().is_some_and(|random| random.percent(percent)))
}

/// Begins a case.
pub(super) fn reset(seed: u64) {
    clear();
    with(|desk| desk.random = Some(Random::new(!seed)));
}

/// Ends a case: replies that are still kept are dropped.
pub(super) fn clear() {
    drop(with(std::mem::take));
}

/// An activation begins.
pub(super) fn begin() {
    OPEN.with(|open| open.borrow_mut().clear());
}

/// It succeeds: what it asked is asked.
pub(super) fn commit() {
    let open = OPEN.with(RefCell::take);
    with(|desk| desk.asked.extend(open));
}

/// Perhaps asks something in this activation, and perhaps answers what another locus was asked.
pub(super) fn act<const A: bool>(asker: u32, asks: bool, cx: &mut Cx<'_, Node<A>>) {
    if percent(30) {
        answer_one();
    }
    if !asks || ledger::is_dry() || !percent(25) {
        return;
    }
    match with(|desk| desk.random.as_mut().map_or(0, |random| random.below(SPECS.len()))) {
        0 => ask::<0, A>(asker, cx),
        1 => ask::<1, A>(asker, cx),
        _ => ask::<2, A>(asker, cx),
    }
}

fn number() -> u64 {
    with(|desk| {
        desk.number += 1;
        desk.number
    })
}

fn ask<const Q: usize, const A: bool>(asker: u32, cx: &mut Cx<'_, Node<A>>) {
    let number = number();
    OPEN.with(|open| open.borrow_mut().push((number, asker)));
    let within = if percent(15) { Duration::from_millis(3) } else { Duration::from_secs(3600) };
    let question = Question::<Q> { number, _alive: Alive::new() };
    cx.ask(question).within(within).then(move |me: &mut Node<A>, answer, cx: &mut Cx<'_, Node<A>>| {
        with(|desk| desk.heard.push((number, answer)));
        me.then(cx)
    });
}

/// Asks something in a handler that waits for the answer.
pub(super) async fn ask_waiting<const A: bool>(asker: u32, cx: &mut Cx<'_, Node<A>>) {
    if ledger::is_dry() {
        return tokio::task::yield_now().await;
    }
    let number = number();
    let question = Question::<0> { number, _alive: Alive::new() };
    let answer = cx.ask(question).within(Duration::from_secs(3600)).await;
    with(|desk| {
        desk.asked.push((number, asker));
        desk.heard.push((number, answer));
    });
}

/// Sends the reply that has been kept longest.
fn answer_one() -> bool {
    let held = with(|desk| if desk.held.is_empty() { None } else { Some(desk.held.remove(0)) });
    held.map(|(reply, number)| reply.send(number)).is_some()
}

/// Sends every reply that was kept.
pub(super) fn answer_all() {
    while answer_one() {}
}

/// What the node that answers does with a question.
fn take(number: u64, reply: Reply<u64>) {
    if ledger::is_dry() || percent(60) {
        reply.send(number);
    } else if percent(60) {
        with(|desk| desk.held.push((reply, number)));
    } else {
        drop(reply);
    }
}

macro_rules! answers {
    ($($n:literal answers $q:literal,)*) => {
        $(impl<const A: bool> Handler<$n> for Node<A> {
            type Topic = Question<$q>;
            const OPTIONS: OnOptions =
                OnOptions { method: "on_question", bounded: None, on_full: None, missed: false, which: Which::All };

            fn key_of(_me: &Self) -> Match<()> {
                Match::All
            }

            fn handle(
                me: &mut Self,
                got: &Question<$q>,
                promise: Option<Reply<u64>>,
                cx: &mut Cx<'_, Self>,
            ) -> Outcome {
                Promise::with_reply(promise, |reply| {
                    take(got.number, reply);
                    me.then(cx)
                })
            }
        })*

        /// Lists the questions of a node that asks, or those of the one that answers.
        pub(super) fn describe<const A: bool>(describe: &mut Describe<Node<A>>, asks: bool, answers: bool) {
            $(
                if asks {
                    describe.publishes::<Question<$q>>();
                }
                if answers {
                    describe.on::<$n>();
                }
            )*
        }

        /// Credits of questions under way on one pool.
        pub(super) fn under_way(core: &Core) -> u64 {
            let mut sum = 0;
            $(
                if let Some(route) = core.routes.of::<Question<$q>>() {
                    sum += route.under_way();
                }
            )*
            sum
        }
    };
}

answers! { 60 answers 0, 61 answers 1, 62 answers 2, }

/// What does not hold of the questions: each ends once, with its own answer, unless its asker has ended for good; and
/// their credits are back.
pub(super) fn check(closed: &HashSet<u32>, credits: u64) -> Vec<String> {
    let mut complaints = Vec::new();
    if credits != 0 {
        complaints.push(format!("{credits} credits of questions under way"));
    }
    with(|desk| {
        let mut heard: HashMap<u64, Vec<Result<u64, AskError>>> = HashMap::new();
        for (number, result) in &desk.heard {
            heard.entry(*number).or_default().push(*result);
        }
        for (number, asker) in &desk.asked {
            let results = heard.remove(number).unwrap_or_default();
            if results.len() > 1 || (results.is_empty() && !closed.contains(asker)) {
                complaints.push(format!("question {number} of {asker} ended as {results:?}"));
            }
            if results.iter().any(|result| result.is_ok_and(|answer| answer != *number)) {
                complaints.push(format!("question {number} got the answer of another: {results:?}"));
            }
        }
        let unasked = heard.keys().map(|number| format!("question {number} was taken back, and yet ended"));
        complaints.extend(unasked);
    });
    complaints
}

/// How many questions ended in which way.
pub(super) fn ends() -> [usize; ENDS.len()] {
    let mut counts = [0; ENDS.len()];
    with(|desk| desk.heard.iter().filter_map(|(_, result)| end_of(*result)).for_each(|end| counts[end] += 1));
    counts
}
