//! The rig's handlers, as the attribute macros would generate them: which method of [`Node`] takes what.

use std::future::Future;
use std::time::Duration;

use crate::arena::Scratch;
use crate::bus::subscribe::batch::Batch;
use crate::bus::subscribe::straight::{Inline, TakesInline};
use crate::locus::context::Cx;
use crate::locus::describe::{
    AsyncHandler, BatchHandler, CallHandler, Calls, Describe, Handler, Match, OnOptions, Outcome, ReceivedBy,
    Start,
};
use crate::locus::run::Run;
use crate::pool::rig::graph::node_at;
use crate::pool::rig::ledger;
use crate::pool::rig::message::{Message, STRAIGHT};
use crate::pool::rig::node::{MayFail, Node};
use crate::pool::rig::way::{Way, options, way_of};

/// How many calls of a handler run beside each other.
const fn calls_max(handler: usize) -> u32 {
    match way_of(handler) {
        Way::Beside(most) => most,
        _ => 1,
    }
}

/// When a call of a handler is cancelled.
const fn timeout(handler: usize) -> Option<Duration> {
    match way_of(handler) {
        Way::Waiting(timeout) => timeout,
        _ => None,
    }
}

macro_rules! key_and_missed {
    ($n:literal) => {
        const OPTIONS: OnOptions = options($n);

        fn key_of(me: &Self) -> Match<u8> {
            me.key_of($n)
        }

        fn missed(me: &mut Self, n: u64, cx: &mut Cx<'_, Self>) -> Outcome {
            me.missed($n, n, cx)
        }
    };
}

macro_rules! handlers {
    (
        plain { $($n:literal takes $k:literal,)* }
        straight { $($s:literal takes $sk:literal,)* }
        waiting { $($w:literal takes $wk:literal,)* }
        batch { $($b:literal takes $bk:literal,)* }
        beside { $($c:literal takes $ck:literal,)* }
        received { $($r:literal takes $rk:literal,)* }
    ) => {
        $(impl<const A: bool> Handler<$n> for Node<A> {
            type Topic = Message<$k>;
            key_and_missed!($n);

            fn handle(me: &mut Self, got: &Message<$k>, _promise: (), cx: &mut Cx<'_, Self>) -> Outcome {
                me.take($n, got, cx)
            }
        })*

        $(impl<const A: bool> Handler<$s> for Node<A> {
            type Topic = Message<$sk>;
            const INLINE: Option<Inline<Self, Message<$sk>>> = Some(Inline::HANDLER);
            key_and_missed!($s);

            fn handle(me: &mut Self, got: &Message<$sk>, _promise: (), _cx: &mut Cx<'_, Self>) -> Outcome {
                me.take_queued($s, got)
            }
        })*

        $(impl<const A: bool> Handler<$w> for Node<A> {
            type Topic = Message<$wk>;
            const START: Option<Start<Self, Message<$wk>>> = Some(Start::of::<$w>());
            key_and_missed!($w);
        }

        impl<const A: bool> AsyncHandler<$w> for Node<A> {
            const TIMEOUT: Option<Duration> = timeout($w);

            fn handle_async<'a>(
                me: &'a mut Self,
                got: &'a Message<$wk>,
                _promise: (),
                cx: &'a mut Cx<'a, Self>,
            ) -> impl Future<Output = Outcome> + 'a {
                me.take_waiting($w, got, cx)
            }
        })*

        $(impl<const A: bool> BatchHandler<$b> for Node<A> {
            type Topic = Message<$bk>;
            key_and_missed!($b);

            fn handle(me: &mut Self, items: Batch<'_, Message<$bk>>, cx: &mut Cx<'_, Self>) -> Outcome {
                me.take_batch($b, items, cx)
            }
        })*

        $(impl<const A: bool> Handler<$c> for Node<A> {
            type Topic = Message<$ck>;
            const CALLS: Option<Calls<Self, Message<$ck>>> = Some(Calls::of::<$c>(calls_max($c)));
            key_and_missed!($c);
        }

        impl<const A: bool> CallHandler<$c> for Node<A> {
            const TIMEOUT: Option<Duration> = timeout($c);

            fn call<'s>(
                run: Run<Self>,
                got: Message<$ck>,
                _promise: (),
                scratch: &'s Scratch,
            ) -> impl Future<Output = Outcome> + 's {
                Node::take_beside(run, $c, got, scratch)
            }
        })*

        $(impl<const A: bool> ReceivedBy<Node<A>> for Message<$rk> {
            const OPTIONS: OnOptions = options($r);

            fn key_of(me: &Node<A>) -> Match<u8> {
                me.key_of($r)
            }
        })*

        /// Lists a handler.
        pub(super) fn describe_handler<const A: bool>(describe: &mut Describe<Node<A>>, handler: usize) {
            match handler {
                $($n => describe.on::<$n>(),)*
                $($s => describe.on::<$s>(),)*
                $($w => describe.on::<$w>(),)*
                $($b => describe.on_batch::<$b>(),)*
                $($c => describe.on::<$c>(),)*
                $($r => describe.receives::<Message<$rk>>(),)*
                other => unreachable!("there is no handler {other}"),
            }
        }
    };
}

handlers! {
    plain {
        0 takes 0, 1 takes 1, 2 takes 2, 3 takes 3, 4 takes 4, 5 takes 5, 6 takes 6, 7 takes 7, 8 takes 8,
        9 takes 9, 10 takes 10, 11 takes 11, 14 takes 14, 15 takes 15, 16 takes 0, 17 takes 4, 18 takes 2,
        19 takes 5, 20 takes 1, 21 takes 3, 33 takes 3, 34 takes 5, 35 takes 1, 36 takes 4,
    }
    straight { 12 takes 12, 13 takes 13, }
    waiting { 22 takes 0, 23 takes 3, 24 takes 6, 25 takes 9, 26 takes 10, 27 takes 14, }
    batch { 28 takes 1, 29 takes 4, 30 takes 7, }
    beside { 31 takes 2, 32 takes 5, }
    received { 37 takes 8, 38 takes 5, }
}

impl<const K: usize, const A: bool> TakesInline<Message<K>> for Node<A> {
    const METHOD: &'static str = "on_inline";

    fn take_inline(me: &mut Self, got: &Message<K>) -> Outcome {
        let handler = STRAIGHT.into_iter().find(|kind| *kind == K).unwrap_or_default();
        me.take_straight(handler, got)
    }
}

/// Takes what is received in `run`, by the one of these handlers that does so, until nothing more comes.
pub(super) async fn receive_all<const A: bool>(run: &Run<Node<A>>, handlers: &[usize]) -> Outcome {
    for handler in handlers {
        match *handler {
            37 => return receive::<8, A>(run, 37).await,
            38 => return receive::<5, A>(run, 38).await,
            _ => {}
        }
    }
    Ok(())
}

async fn receive<const K: usize, const A: bool>(run: &Run<Node<A>>, handler: usize) -> Outcome
where
    Message<K>: ReceivedBy<Node<A>>,
{
    let node = node_at(&run.path());
    while let Some(got) = run.recv::<Message<K>>().await {
        let missed = run.missed::<Message<K>>();
        if missed > 0 {
            ledger::missed(node, handler, missed);
        }
        ledger::received(node, handler, got.sent());
        drop(got);
        run.with(|me, cx| me.act(cx, 2, MayFail::ByPanic)).await?;
    }
    Ok(())
}
