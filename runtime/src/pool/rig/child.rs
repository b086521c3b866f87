//! Children in the rig: spawned in any activation, asked for and mourned by their parents, gone when they like.
//!
//! A child takes one kind by its key. Who gets what else of that kind depends on when it lives, so of the runtime's counts
//! of the kind only the credits are looked at where there may be children. What its parent publishes behind its spawn has
//! to reach it, unless that is to be asked first: it may be busy then.

use std::sync::Arc;

use crate::locus::children::{ChildKind, ChildOf, Refused};
use crate::locus::context::Cx;
use crate::locus::describe::{
    Birth, Declared, Describe, Handler, Hooks, Locus, LocusOptions, Match, OnOptions, Outcome,
};
use crate::pool::rig::ledger::{self, MayFail};
use crate::pool::rig::message::Message;
use crate::pool::rig::node::{Node, Script, as_decided};
use crate::pool::rig::shared::Alive;
use crate::pool::rig::way::{CHILD_HANDLER, CHILD_KIND, options};

/// Children of one node at a time.
const CHILDREN_MAX: u32 = 4;

/// Children with this many messages behind them may end themselves, in percent.
const ENDS_PERCENT: usize = 10;

/// A child.
pub(super) struct Leaf {
    script: Arc<Script>,
    key: u8,
    _alive: Alive,
}

impl Leaf {
    fn new(id: u32, key: u8) -> Self {
        let script = Arc::new(Script { id, ..Script::default() });
        Self { script, key, _alive: Alive::new() }
    }
}

impl Drop for Leaf {
    fn drop(&mut self) {
        ledger::dissolved(self.script.id);
    }
}

impl<const A: bool> ChildOf<Node<A>> for Leaf {
    const KIND: ChildKind = ChildKind::Resident;
    const MAX: u32 = CHILDREN_MAX;
}

impl Declared for Leaf {
    const NAME: &'static str = "Leaf";
    const OPTIONS: LocusOptions = LocusOptions::DEFAULT;

    fn declare(_describe: &mut Describe<Self>) {}
}

impl Locus for Leaf {
    const HOOKS: Hooks<Self> =
        Hooks { birth: Birth::Sync(birth), run: None, drain: None, dissolve: None, on_failure: None };

    fn describe(describe: &mut Describe<Self>) {
        describe.on::<CHILD_HANDLER>();
    }
}

fn birth(me: &mut Leaf, _cx: &mut Cx<'_, Leaf>) -> Outcome {
    ledger::child_born(me.script.id);
    Ok(())
}

impl Handler<CHILD_HANDLER> for Leaf {
    type Topic = Message<CHILD_KIND>;
    const OPTIONS: OnOptions = options(CHILD_HANDLER);

    fn key_of(me: &Self) -> Match<u8> {
        Match::Key(me.key)
    }

    fn handle(me: &mut Self, got: &Message<CHILD_KIND>, _promise: (), cx: &mut Cx<'_, Self>) -> Outcome {
        ledger::got(me.script.id, CHILD_HANDLER, got.sent());
        let decision = ledger::begin(&me.script, 0, MayFail::Yes);
        if ledger::percent(ENDS_PERCENT) {
            cx.terminate();
        }
        ledger::end(decision.end);
        as_decided(decision.end)
    }
}

/// Spawns a child in the running activation, if there may be one more; returns its number and key.
pub(super) fn spawn<const A: bool>(cx: &mut Cx<'_, Node<A>>) -> Option<(u32, u8)> {
    let (id, key) = ledger::child();
    let is_spawned = if ledger::percent(50) {
        cx.spawn(Leaf::new(id, key)).is_ok()
    } else {
        cx.spawn_with(move || Leaf::new(id, key)).is_ok()
    };
    is_spawned.then_some((id, key))
}

/// Lists children among what a node has; it may want to be asked for each.
pub(super) fn describe<const A: bool>(describe: &mut Describe<Node<A>>, accepts: bool) {
    describe.child::<Leaf>();
    describe.release::<Leaf>(|me, _, cx| me.act(cx, 1, MayFail::Yes));
    if !accepts {
        return;
    }
    describe.accept::<Leaf>(|me, _, cx| {
        if ledger::percent(10) {
            return Err(Refused::because("as decided"));
        }
        // Nothing goes wrong in it, as it would refuse the child.
        let _ = me.act(cx, 1, MayFail::No);
        Ok(())
    });
}
