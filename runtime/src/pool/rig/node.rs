//! The rig's locus: one type that plays every part of a graph, by its script.
//!
//! The attribute macros name the crate from outside, so what they would generate is written by hand, here and in
//! [`super::handlers`].

use std::sync::Arc;
use std::time::Duration;

use crate::arena::Scratch;
use crate::bus::subscribe::batch::Batch;
use crate::locus::context::Cx;
use crate::locus::describe::{
    Birth, Declared, Describe, Hooks, LocalBoxFuture, Locus, LocusOptions, Match, Outcome, Timer, Which,
};
use crate::locus::run::Run;
use crate::pool::core::stash::StashError;
use crate::pool::rig::child;
use crate::pool::rig::graph::{Circle, node_at};
use crate::pool::rig::handlers::{describe_handler, receive_all};
use crate::pool::rig::ledger::{self, Decision, End, Sent};
use crate::pool::rig::message::{Message, by_kind};
use crate::pool::rig::question;
use crate::pool::rig::shared::Alive;
use crate::pool::rig::way::CHILD_KIND;

pub(super) use crate::pool::rig::ledger::MayFail;

/// The period of a ticking node.
pub(super) const TICK: Duration = Duration::from_millis(3);

/// One subscription of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sub {
    pub(super) handler: usize,
    pub(super) key: Option<u8>,
}

/// The replicas of a part, of which a node is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Replica {
    /// The node that is the first of them.
    pub(super) first: u32,
    pub(super) count: usize,
}

/// What one node of a graph does.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    pub(super) id: u32,
    pub(super) pool: usize,
    /// Where it is one of several instances of a part.
    pub(super) replica: Option<Replica>,
    pub(super) subs: Vec<Sub>,
    pub(super) publishes: Vec<usize>,
    /// Whether it asks questions.
    pub(super) asks: bool,
    /// Whether it is the one that answers them.
    pub(super) answers: bool,
    /// Whether it sets messages aside and takes them back.
    pub(super) stashes: bool,
    /// Whether it has children.
    pub(super) spawns: bool,
    /// Whether it is asked before a child is born.
    pub(super) accepts: bool,
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
    /// What it takes and publishes again.
    pub(super) circle: Option<Circle>,
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

    pub(super) fn key_of(&self, handler: usize) -> Match<u8> {
        let sub = self.script.subs.iter().find(|sub| sub.handler == handler);
        sub.and_then(|sub| sub.key).map_or(Match::All, Match::Key)
    }

    /// One activation: publishes what the ledger says, and ends as it says.
    pub(super) fn act(&mut self, cx: &mut Cx<'_, Self>, messages_max: usize, may_fail: MayFail) -> Outcome {
        let decision = ledger::begin(&self.script, messages_max, may_fail);
        self.go_on(decision, None, cx)
    }

    /// What comes after the beginning of an activation; `passed` is the key of a message that circulates.
    fn go_on(&mut self, decision: Decision, passed: Option<u8>, cx: &mut Cx<'_, Self>) -> Outcome {
        question::begin();
        let note = cx.scratch().alloc_str("in scratch");
        for (kind, key) in decision.messages {
            let number = ledger::attempt(self.script.id, kind, key);
            let is_refused = cx.scoped(|cx| publish(cx, kind, number, self.script.id, key));
            if is_refused {
                ledger::refused();
            }
        }
        if let Some(circle) = self.script.circle {
            self.circulate(circle, passed, cx);
        }
        if self.script.spawns && !ledger::is_dry() && ledger::percent(8) {
            self.spawn(cx);
        }
        question::act(self.script.id, self.script.asks, cx);
        assert_eq!(note, "in scratch");
        ledger::end(decision.end);
        if decision.end == End::Success {
            question::commit();
        }
        as_decided(decision.end)
    }

    /// Passes on a message that circulates, or perhaps lets more of them in.
    fn circulate(&self, circle: Circle, passed: Option<u8>, cx: &mut Cx<'_, Self>) {
        for key in ledger::circulating(self.script.id, circle, passed) {
            let number = ledger::attempt(self.script.id, circle.kind, key);
            let is_refused = cx.scoped(|cx| publish(cx, circle.kind, number, self.script.id, key));
            if !is_refused {
                ledger::let_in(self.script.id);
                continue;
            }
            ledger::refused();
            if circle.is_alone {
                ledger::complain(format!("message {number} was refused, for which there was room"));
            }
        }
    }

    /// Spawns a child, and publishes something that reaches it.
    fn spawn(&self, cx: &mut Cx<'_, Self>) {
        let Some((child, key)) = child::spawn(cx) else { return };
        if self.script.publishes.contains(&CHILD_KIND) {
            let number = ledger::attempt(self.script.id, CHILD_KIND, key);
            if !self.script.accepts {
                ledger::expect(number, child);
            }
            publish(cx, CHILD_KIND, number, self.script.id, key);
        }
    }

    /// The activation of an answer, or of a question.
    pub(super) fn then(&mut self, cx: &mut Cx<'_, Self>) -> Outcome {
        self.unstash(cx);
        self.act(cx, 2, MayFail::Yes)
    }

    pub(super) fn missed(&mut self, handler: usize, n: u64, cx: &mut Cx<'_, Self>) -> Outcome {
        ledger::missed(self.script.id, handler, n);
        self.act(cx, 0, MayFail::Yes)
    }

    /// Takes a message, or sets it aside.
    pub(super) fn take<const K: usize>(
        &mut self,
        handler: usize,
        got: &Message<K>,
        cx: &mut Cx<'_, Self>,
    ) -> Outcome {
        ledger::got(self.script.id, handler, got.sent());
        let is_circling = self.script.circle.is_some_and(|circle| circle.kind == handler);
        if is_circling {
            ledger::let_out(self.script.id);
        }
        self.unstash(cx);
        let decision = ledger::begin(&self.script, 3, MayFail::Yes);
        if self.script.stashes && ledger::percent(12) {
            match cx.stash() {
                Ok(()) => ledger::stashed(self.script.id, handler, got.sent()),
                Err(StashError::Full) => {}
                Err(error) => ledger::complain(format!("handler {handler} cannot stash: {error}")),
            }
        }
        self.go_on(decision, is_circling.then_some(got.key), cx)
    }

    /// Perhaps takes back what has been set aside.
    fn unstash(&self, cx: &mut Cx<'_, Self>) {
        if self.script.stashes && ledger::percent(12) {
            ledger::unstashed(self.script.id, cx.unstash());
        }
    }

    /// Takes a message where its publisher is in the middle of its activation.
    pub(super) fn take_straight<const K: usize>(&mut self, handler: usize, got: &Message<K>) -> Outcome {
        as_decided(ledger::got_straight(self.script.id, handler, got.sent()))
    }

    /// Takes a message that was queued for the handler that takes others straight.
    pub(super) fn take_queued<const K: usize>(&mut self, handler: usize, got: &Message<K>) -> Outcome {
        ledger::got(self.script.id, handler, got.sent());
        let decision = ledger::begin(&self.script, 0, MayFail::Yes);
        ledger::end(decision.end);
        as_decided(decision.end)
    }

    /// Takes a batch: all of it is gone with the activation, also what it does not look at.
    pub(super) fn take_batch<const K: usize>(
        &mut self,
        handler: usize,
        mut items: Batch<'_, Message<K>>,
        cx: &mut Cx<'_, Self>,
    ) -> Outcome {
        items.iter().for_each(|got| ledger::got(self.script.id, handler, got.sent()));
        let looks_at = ledger::below(items.len() + 1);
        items.by_ref().take(looks_at).for_each(drop);
        if self.script.stashes && cx.stash() != Err(StashError::NoMessage) {
            ledger::complain("a batch was stashed".to_owned());
        }
        self.act(cx, 3, MayFail::Yes)
    }

    /// Takes a message and waits now and then: for a turn, for room, or for an answer.
    pub(super) async fn take_waiting<const K: usize>(
        &mut self,
        handler: usize,
        got: &Message<K>,
        cx: &mut Cx<'_, Self>,
    ) -> Outcome {
        ledger::got(self.script.id, handler, got.sent());
        let busy = ledger::busy(self.script.id);
        let note = cx.scratch().alloc_str("kept across awaits");
        for _ in 0..ledger::below(4) {
            busy.goes_on(|| self.act(cx, 2, MayFail::Yes))?;
            match ledger::below(5) {
                0 => publish_wait(&self.script, &busy, cx).await,
                1 if self.script.asks => question::ask_waiting(self.script.id, cx).await,
                _ => tokio::task::yield_now().await,
            }
        }
        assert_eq!(note, "kept across awaits");
        busy.goes_on(|| self.act(cx, 2, MayFail::Yes))
    }

    /// Takes a message beside whatever else the locus does.
    pub(super) async fn take_beside<const K: usize>(
        run: Run<Self>,
        handler: usize,
        got: Message<K>,
        scratch: &Scratch,
    ) -> Outcome {
        let note = scratch.alloc_str("kept across awaits");
        // The first poll, before anything is awaited, comes in the order of the messages.
        ledger::received(node_at(&run.path()), handler, got.sent());
        for _ in 0..ledger::below(3) {
            run.with(|me, cx| me.act(cx, 2, MayFail::ByPanic)).await?;
            tokio::task::yield_now().await;
        }
        assert_eq!(note, "kept across awaits");
        as_decided(ledger::decide())
    }
}

/// Ends an activation. A panic without the panic hook's output: thousands of these are part of the plan.
pub(super) fn as_decided(end: End) -> Outcome {
    match end {
        End::Success => Ok(()),
        End::Error => Err("as decided".into()),
        End::Panic => std::panic::resume_unwind(Box::new("as decided")),
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
    by_kind!(kind, K => cx.publish(Message::<K>::new(number, publisher, key)).is_err())
}

/// Waits for room for one message, and publishes it.
async fn publish_wait<const A: bool>(script: &Script, busy: &ledger::Busy, cx: &mut Cx<'_, Node<A>>) {
    let Some((kind, key)) = ledger::one_message(script) else { return tokio::task::yield_now().await };
    let number = ledger::number();
    by_kind!(kind, K => {
        cx.publish_wait(Message::<K>::new(number, script.id, key)).await;
    });
    busy.published(Sent { number, publisher: script.id, kind, key });
    tokio::task::yield_now().await;
}

impl<const A: bool> Timer<0> for Node<A> {
    const METHOD: &'static str = "tick";
    const PERIOD: Duration = TICK;

    fn fire(me: &mut Self, cx: &mut Cx<'_, Self>) -> Outcome {
        me.unstash(cx);
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
    ledger::born(me.script.id);
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

/// Asks for activations, one for each time it is polled, takes what is received here, and then returns or fails.
fn run<const A: bool>(run: Run<Node<A>>) -> LocalBoxFuture<'static, Outcome> {
    Box::pin(async move {
        let script = run.with(|me, _| Arc::clone(&me.script)).await;
        for _ in 0..script.steps {
            if ledger::is_dry() {
                break;
            }
            // `with` gives its result to `run` and so cannot fail, except by a panic.
            run.with(|me, cx| me.act(cx, 3, MayFail::ByPanic)).await?;
            tokio::task::yield_now().await;
        }
        if script.run_fails && !ledger::is_dry() {
            return Err("as scripted".into());
        }
        let handlers: Vec<usize> = script.subs.iter().map(|sub| sub.handler).collect();
        receive_all(&run, &handlers).await
    })
}

/// What the macros would list for a node with this script.
pub(super) fn describe<const A: bool>(script: &Script) -> Describe<Node<A>> {
    let mut describe = Describe { topics: Vec::new(), timers: Vec::new(), children: Vec::new() };
    for kind in script.publishes.iter().copied() {
        by_kind!(kind, K => describe.publishes::<Message<K>>());
    }
    if let Some(circle) = script.circle {
        by_kind!(circle.kind, K => describe.publishes::<Message<K>>());
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
    if script.spawns {
        child::describe(&mut describe, script.accepts);
    }
    describe
}
