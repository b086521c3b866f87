//! Across two pools, each message with a `String` that its sender builds and its receiver's thread frees.

use crate::harness::{Contestant, NS_PER_MESSAGE, Peer, Shape, Target};
use crate::ours;
use crate::peers::string_lane;

/// See the module.
pub const SHAPE: Shape = Shape {
    name: "string-per-message",
    unit: NS_PER_MESSAGE,
    messages: 50_000,
    ours: Contestant::new("locus", ours::labels::run),
    peers: &[Peer::new("string-lane", string_lane::labels, Target::AtMost(1.1))],
};
