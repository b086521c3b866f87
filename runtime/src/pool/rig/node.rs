//! The rig's locus: one type that plays every part of a graph, by its script.
//!
//! The attribute macros name the crate from outside, so what they would generate is written by hand here.

use std::sync::Arc;
use std::time::Duration;

use crate::bus::topic::OnFull;
use crate::locus::context::Cx;
use crate::locus::describe::{
    Birth, Declared, Describe, Handler, Hooks, LocalBoxFuture, Locus, LocusOptions, Match, OnOptions,
    Outcome, Timer, Which,
};
use crate::locus::run::Run;
use crate::pool::rig::ledger::{self, End, MayFail, Sent};
use crate::pool::rig::message::{self, Alive, KINDS, Message};
use crate::pool::rig::question;

/// The period of a ticking node.
pub(super) const TICK: Duration = Duration::from_millis(3);

/// One subscription of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sub {
    pub(super) handler: usize,
    pub(super) key: Option<u8>,
}

/// What one node of a graph does.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    pub(super) id: u32,
    pub(super) pool: usize,
    pub(super) subs: Vec<Sub>,
    pub(super) publishes: Vec<usize>,
    /// Whether it asks questions.
    pub(super) asks: bool,
    /// Whether it is the one that answers them.
    pub(super) answers: bool,
    pub(super) ticks: bool,
    /// Activations that its `run` asks for.
    pub(super) steps: usize,
    /// Whether its `run` fails in the end, and so restarts it.
    pub(super) run_fails: bool,
    /// How often its birth waits, where it is `async`.
    pub(super) birth_waits: Option<usize>,
    /// Restarts after which it ends for good.
    pub(super) restarts_max: Option<u32>,
    /// Messages that its birth may publish.
    pub(super) birth_messages: usize,
}

/// Kind, ring and policy of a handler: the first [`KINDS`] take their kind straight, the others have rings.
pub(super) const RINGS: [(usize, u32, OnFull); 6] = [
    (0, 3, OnFull::Block),
    (4, 2, OnFull::Block),
    (2, 2, OnFull::DropOld),
    (5, 1, OnFull::DropOld),
    (1, 1, OnFull::DropNew),
    (3, 2, OnFull::DropNew),
];

/// How many handlers there are to choose from.
pub(super) const HANDLERS: usize = KINDS + RINGS.len();

/// The kind that a handler takes.
pub(super) fn kind_of(handler: usize) -> usize {
    if handler < KINDS { handler } else { RINGS[handler - KINDS].0 }
}

/// The policy of a handler's own ring, if it has one.
pub(super) fn drops_of(handler: usize) -> Option<OnFull> {
    if handler >= KINDS {
        return Some(RINGS[handler - KINDS].2);
    }
    (message::policy(handler) == OnFull::DropOld).then_some(OnFull::DropOld)
}

/// Whether a handler has a ring of its own, and whether that ring loses messages.
pub(super) fn ring_of(handler: usize) -> Option<bool> {
    drops_of(handler).map(|on_full| on_full != OnFull::Block)
}

const fn options(handler: usize) -> OnOptions {
    let which = Which::All;
    let plain = OnOptions { method: "on_message", bounded: None, on_full: None, missed: true, which };
    if handler < KINDS {
        return plain;
    }
    let (_, bound, on_full) = RINGS[handler - KINDS];
    OnOptions { bounded: Some(bound), on_full: Some(on_full), ..plain }
}

/// A locus that follows a script; `A` says whether its birth is `async`.
pub(super) struct Node<const A: bool> {
    script: Arc<Script>,
    _alive: Alive,
}

impl<const A: bool> Node<A> {
    pub(super) fn new(script: &Arc<Script>) -> Self {
        Self { script: Arc::clone(script), _alive: Alive::new() }
    }

    /// One activation: publishes what the ledger says, and ends as it says.
    fn act(&mut self, cx: &mut Cx<'_, Self>, messages_max: usize, may_fail: MayFail) -> Outcome {
        let decision = ledger::begin(&self.script, messages_max, may_fail);
        question::begin();
        let note = cx.scratch().alloc_str("in scratch");
        for (kind, key) in decision.messages {
            let number = ledger::attempt(self.script.id, kind, key);
            let is_refused = cx.scoped(|cx| publish(cx, kind, number, self.script.id, key));
            if is_refused {
                ledger::refused();
            }
        }
        question::act(self.script.id, self.script.asks, cx);
        assert_eq!(note, "in scratch");
        ledger::end(decision.end);
        if decision.end == End::Success {
            question::commit();
        }
        match decision.end {
            End::Success => Ok(()),
            End::Error => Err("as decided".into()),
            // Without the panic hook's output: thousands of these are part of the plan.
            End::Panic => std::panic::resume_unwind(Box::new("as decided")),
        }
    }

    /// The activation of an answer, or of a question.
    pub(super) fn then(&mut self, cx: &mut Cx<'_, Self>) -> Outcome {
        self.act(cx, 2, MayFail::Yes)
    }

    fn take<const K: usize>(&mut self, handler: usize, got: &Message<K>, cx: &mut Cx<'_, Self>) -> Outcome {
        let sent = Sent { number: *got.number, publisher: got.publisher, kind: K, key: got.key };
        ledger::got(self.script.id, handler, sent);
        self.act(cx, 3, MayFail::Yes)
    }
}

/// Publishes; returns whether the message came back.
fn publish<const A: bool>(
    cx: &mut Cx<'_, Node<A>>,
    kind: usize,
    number: u64,
    publisher: u32,
    key: u8,
) -> bool {
    macro_rules! by_kind {
        ($($k:literal)*) => {
            match kind {
                $($k => cx.publish(Message::<$k>::new(number, publisher, key)).is_err(),)*
                _ => false,
            }
        };
    }
    by_kind!(0 1 2 3 4 5 6 7 8 9 10 11)
}

macro_rules! handlers {
    ($($n:literal takes $k:literal,)*) => {
        $(impl<const A: bool> Handler<$n> for Node<A> {
            type Topic = Message<$k>;
            const OPTIONS: OnOptions = options($n);

            fn key_of(me: &Self) -> Match<u8> {
                let sub = me.script.subs.iter().find(|sub| sub.handler == $n);
                sub.and_then(|sub| sub.key).map_or(Match::All, Match::Key)
            }

            fn handle(me: &mut Self, got: &Message<$k>, _promise: (), cx: &mut Cx<'_, Self>) -> Outcome {
                me.take($n, got, cx)
            }

            fn missed(me: &mut Self, n: u64, cx: &mut Cx<'_, Self>) -> Outcome {
                ledger::missed(me.script.id, $n, n);
                me.act(cx, 0, MayFail::Yes)
            }
        })*

        fn describe_handler<const A: bool>(describe: &mut Describe<Node<A>>, handler: usize) {
            match handler {
                $($n => describe.on::<$n>(),)*
                _ => unreachable!("there are {HANDLERS} handlers"),
            }
        }
    };
}

handlers! {
    0 takes 0, 1 takes 1, 2 takes 2, 3 takes 3, 4 takes 4, 5 takes 5,
    6 takes 6, 7 takes 7, 8 takes 8, 9 takes 9, 10 takes 10, 11 takes 11,
    12 takes 0, 13 takes 4, 14 takes 2, 15 takes 5, 16 takes 1, 17 takes 3,
}

impl<const A: bool> Timer<0> for Node<A> {
    const METHOD: &'static str = "tick";
    const PERIOD: Duration = TICK;

    fn fire(me: &mut Self, cx: &mut Cx<'_, Self>) -> Outcome {
        me.act(cx, 4, MayFail::Yes)
    }
}

impl<const A: bool> Declared for Node<A> {
    const NAME: &'static str = "Node";
    /// What a script says instead is set on the cell.
    const OPTIONS: LocusOptions =
        LocusOptions { restarts: u32::MAX, within: Duration::from_secs(1), scratch_bytes_max: 16 << 20 };

    /// Nothing for the type: each node's script says it.
    fn declare(_describe: &mut Describe<Self>) {}
}

impl<const A: bool> Locus for Node<A> {
    const HOOKS: Hooks<Self> = Hooks {
        birth: if A { Birth::Async(birth_async) } else { Birth::Sync(birth) },
        run: Some(run),
        drain: Some(drain),
        dissolve: Some(dissolve),
        on_failure: None,
    };

    fn describe(_describe: &mut Describe<Self>) {}
}

fn birth<const A: bool>(me: &mut Node<A>, cx: &mut Cx<'_, Node<A>>) -> Outcome {
    let messages_max = me.script.birth_messages;
    // The first birth must succeed, or the program would not start.
    me.act(cx, messages_max, if ledger::is_started() { MayFail::Yes } else { MayFail::No })
}

/// Waits a little, and then does what the other birth does.
fn birth_async<'a, const A: bool>(
    me: &'a mut Node<A>,
    cx: &'a mut Cx<'a, Node<A>>,
) -> LocalBoxFuture<'a, Outcome> {
    Box::pin(async move {
        for _ in 0..me.script.birth_waits.unwrap_or_default() {
            tokio::task::yield_now().await;
        }
        birth(me, cx)
    })
}

fn drain<const A: bool>(me: &mut Node<A>, cx: &mut Cx<'_, Node<A>>) -> Outcome {
    me.act(cx, 2, MayFail::Yes)
}

fn dissolve<const A: bool>(me: &mut Node<A>, cx: &mut Cx<'_, Node<A>>) -> Outcome {
    ledger::dissolved(me.script.id);
    me.act(cx, 0, MayFail::Yes)
}

/// Asks for activations, one for each time it is polled, and then returns or fails.
fn run<const A: bool>(run: Run<Node<A>>) -> LocalBoxFuture<'static, Outcome> {
    Box::pin(async move {
        let (steps, fails) = run.with(|me, _| (me.script.steps, me.script.run_fails)).await;
        for _ in 0..steps {
            if ledger::is_dry() {
                return Ok(());
            }
            // `with` gives its result to `run` and so cannot fail, except by a panic.
            run.with(|me, cx| me.act(cx, 3, MayFail::ByPanic)).await?;
            tokio::task::yield_now().await;
        }
        if fails && !ledger::is_dry() { Err("as scripted".into()) } else { Ok(()) }
    })
}

/// What the macros would list for a node with this script.
pub(super) fn describe<const A: bool>(script: &Script) -> Describe<Node<A>> {
    macro_rules! by_kind {
        ($describe:ident, $kind:ident, $($k:literal)*) => {
            match $kind {
                $($k => $describe.publishes::<Message<$k>>(),)*
                _ => unreachable!("there are {KINDS} kinds"),
            }
        };
    }
    let mut describe = Describe { topics: Vec::new(), timers: Vec::new(), children: Vec::new() };
    for kind in script.publishes.iter().copied() {
        by_kind!(describe, kind, 0 1 2 3 4 5 6 7 8 9 10 11);
    }
    for sub in &script.subs {
        describe_handler(&mut describe, sub.handler);
        // Whether a handler has a key is a matter of the script here, so the plan hears it from there.
        if let Some(last) = describe.topics.last_mut()
            && sub.key.is_some()
        {
            last.wish.which = Which::Key;
        }
    }
    question::describe(&mut describe, script.asks, script.answers);
    if script.ticks {
        describe.every::<0>();
    }
    describe
}
