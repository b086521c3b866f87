//! Publish to handler within one pool: queued, one topic, turns of 64.

use crate::harness::{Contestant, NS_PER_MESSAGE, Peer, Shape, Target};
use crate::ours;
use crate::peers::{actix, crossbeam, kameo, ractor, stakker, tokio_mpsc, typed_outbox};

/// See the module.
pub const SHAPE: Shape = Shape {
    name: "same-pool",
    unit: NS_PER_MESSAGE,
    messages: 1_000_000,
    ours: Contestant::new("locus", ours::same_pool::run),
    peers: &[
        Peer::new("typed-outbox", typed_outbox::same_pool, Target::AtMost(1.8)),
        Peer::new("stakker", stakker::same_pool, Target::AtLeast(2.0)),
        Peer::new("actix", actix::same_pool, Target::AtLeast(20.0)),
        Peer::new("ractor", ractor::same_pool, Target::AtLeast(50.0)),
        Peer::new("kameo", kameo::same_pool, Target::AtLeast(70.0)),
        Peer::new("tokio-mpsc", tokio_mpsc::same_pool, Target::None),
        Peer::new("crossbeam-channel", crossbeam::same_pool, Target::None),
    ],
};
