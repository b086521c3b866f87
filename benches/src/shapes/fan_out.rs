//! One publisher, eight subscribers over two pools: what one publish costs until the slowest subscriber has it.

use crate::harness::{Contestant, Peer, Shape, Target};
use crate::ours;
use crate::peers::tokio_broadcast;

/// See the module.
pub const SHAPE: Shape = Shape {
    name: "fan-out-to-8",
    unit: "ns/publish",
    messages: 500_000,
    ours: Contestant::new("locus", ours::fan_out::to_four_per_pool),
    peers: &[
        Peer::new("locus-one-per-pool", ours::fan_out::to_one_per_pool, Target::AtMost(2.0)),
        Peer::new("tokio-broadcast", tokio_broadcast::fan_out, Target::AtLeast(10.0)),
    ],
};
