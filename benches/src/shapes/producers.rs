//! Four producers on threads of their own, one consumer.

use crate::harness::{Contestant, NS_PER_MESSAGE, Peer, Shape, Target};
use crate::ours;
use crate::peers::crossbeam;

/// See the module.
pub const SHAPE: Shape = Shape {
    name: "four-producers",
    unit: NS_PER_MESSAGE,
    messages: 1_000_000,
    ours: Contestant::new("locus", ours::producers::run),
    peers: &[Peer::new("crossbeam-channel", crossbeam::producers, Target::AtLeast(4.0))],
};
