//! A question and its answer, one under way at a time: the median of single round trips.

use crate::harness::{Contestant, Peer, Shape, Target};
use crate::ours;
use crate::peers::{park_hops, tokio_oneshot};

const UNIT: &str = "ns/round trip, p50";

/// On one thread, reading the clock would weigh as much as a question: the figure is a mean over this many.
pub(crate) const ROUND_TRIPS_PER_LAP_NEAR: u64 = 64;
/// Between threads, each is timed by itself.
pub(crate) const ROUND_TRIPS_PER_LAP_ACROSS: u64 = 1;

/// Asker and responder on one thread. "At most an eighth" is said as "at least eight times as fast".
pub const SAME_POOL: Shape = Shape {
    name: "ask-same-pool",
    unit: UNIT,
    messages: 200_000,
    ours: Contestant::new("locus", ours::ask::same_pool),
    peers: &[Peer::new("tokio-oneshot", tokio_oneshot::ask_same_pool, Target::AtLeast(8.0))],
};

/// Asker and responder on two.
pub const ACROSS_POOLS: Shape = Shape {
    name: "ask-across-pools",
    unit: UNIT,
    messages: 20_000,
    ours: Contestant::new("locus", ours::ask::across_pools),
    peers: &[Peer::new("park-hops", park_hops::ask_across_pools, Target::AtMost(1.1))],
};
