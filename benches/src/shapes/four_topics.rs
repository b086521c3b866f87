//! As [`super::same_pool`], with four topics at random; order is kept over all of them.

use crate::harness::{Contestant, Peer, Shape, Target};
use crate::ours;
use crate::peers::{actix, typed_outbox};

/// See the module.
pub const SHAPE: Shape = Shape {
    name: "four-topics",
    messages: 1_000_000,
    ours: Contestant { name: "locus", run: ours::four_topics::run },
    peers: &[
        Peer {
            contestant: Contestant { name: "actix", run: actix::four_topics },
            target: Target::AtLeast(8.0),
        },
        Peer {
            contestant: Contestant { name: "typed-outbox", run: typed_outbox::four_topics },
            target: Target::AtMost(4.0),
        },
    ],
};
