//! As [`super::same_pool`], with four topics at random; order is kept over all of them.

use crate::harness::{Contestant, NS_PER_MESSAGE, Peer, Shape, Target};
use crate::ours;
use crate::peers::{actix, typed_outbox};

/// See the module.
pub const SHAPE: Shape = Shape {
    name: "four-topics",
    unit: NS_PER_MESSAGE,
    messages: 1_000_000,
    ours: Contestant::new("locus", ours::four_topics::run),
    peers: &[
        Peer::new("typed-outbox", typed_outbox::four_topics, Target::AtMost(4.0)),
        Peer::new("typed-outbox-in-order", typed_outbox::four_topics_in_order, Target::None),
        Peer::new("actix", actix::four_topics, Target::AtLeast(8.0)),
    ],
};
