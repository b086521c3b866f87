//! 100,000 messages of 8 bytes to one subscriber: on one thread, and until the count is reached on two.

use crate::harness::{Contestant, NS_PER_MESSAGE, Peer, Shape, Target};
use crate::ours;
use crate::peers::{go, handler_map, sync_channel};

/// One pool, queued.
pub const QUEUED: Shape = Shape {
    name: "ticks-queued",
    unit: NS_PER_MESSAGE,
    messages: 100_000,
    ours: Contestant::new("locus", ours::ticks::queued),
    peers: &[
        go::channel(Target::AtLeast(8.0)),
        Peer::new("handler-map", handler_map::ticks, Target::AtLeast(4.0)),
    ],
};

/// Two pools.
pub const ACROSS_POOLS: Shape = Shape {
    name: "ticks-across-pools",
    unit: NS_PER_MESSAGE,
    messages: 100_000,
    ours: Contestant::new("locus", ours::ticks::across_pools),
    peers: &[
        go::channel_across(Target::AtLeast(4.0)),
        Peer::new("sync-channel-64", sync_channel::ticks, Target::AtLeast(10.0)),
    ],
};
