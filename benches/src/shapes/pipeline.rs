//! Three stages on one thread: what one event costs from the feeder through all of them.

use crate::harness::{Contestant, Peer, Shape, Target};
use crate::ours;
use crate::peers::nested_calls;

/// See the module.
pub const SHAPE: Shape = Shape {
    name: "pipeline",
    unit: "ns/event",
    messages: 50_000,
    ours: Contestant::new("locus", ours::pipeline::run),
    peers: &[Peer::new("nested-calls", nested_calls::pipeline, Target::AtMost(4.0))],
};
