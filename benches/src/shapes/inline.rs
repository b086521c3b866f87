//! Handlers called at the publish itself, in turns of 1,000: nothing waits for the end of a turn, which is no part of
//! what is measured.

use crate::harness::{Contestant, Measured, NS_PER_MESSAGE, Peer, Shape, Target, Work};
use crate::ours;
use crate::peers::{calls, go};

const TURN: u64 = 1000;

/// `#[on(inline)]`
pub const THROUGH_ROUTE: Shape = Shape {
    name: "inline",
    unit: NS_PER_MESSAGE,
    messages: 1_000_000,
    ours: Contestant::new("locus", |work| in_turns(ours::inline::through_route, work)),
    peers: &[Peer::new("dyn-call", |work| in_turns(calls::dynamic, work), Target::AtMost(1.5))],
};

/// `#[topic(to = ..)]`
pub const ON_TYPE: Shape = Shape {
    name: "inline-to",
    unit: NS_PER_MESSAGE,
    messages: 1_000_000,
    ours: Contestant::new("locus", |work| in_turns(ours::inline::on_type, work)),
    peers: &[Peer::new("method-call", |work| in_turns(calls::method, work), Target::AtMost(1.2))],
};

/// `#[topic(to = ..)]` with 100,000 messages of 8 bytes.
pub const TICKS: Shape = Shape {
    name: "ticks-static",
    unit: NS_PER_MESSAGE,
    messages: 100_000,
    ours: Contestant::new("locus", |work| in_turns(ours::inline::ticks, work)),
    peers: &[go::handlers(Target::AtLeast(2.0))],
};

fn in_turns(run: fn(Work) -> Measured, work: Work) -> Measured {
    run(work.in_turns_of(TURN))
}
