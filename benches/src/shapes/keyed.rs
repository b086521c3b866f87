//! A million keys, one subscriber each, messages for them at random.

use crate::harness::{Contestant, NS_PER_MESSAGE, Peer, Shape, Target};
use crate::ours;
use crate::peers::keyed_outbox;

/// See the module.
pub const SHAPE: Shape = Shape {
    name: "keyed-1-million",
    unit: NS_PER_MESSAGE,
    messages: 1_000_000,
    ours: Contestant::new("locus", ours::keyed::run),
    peers: &[Peer::new("keyed-outbox", keyed_outbox::run, Target::AtMost(2.0))],
};
