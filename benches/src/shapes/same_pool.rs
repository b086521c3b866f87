//! Publish to handler within one pool: queued, one topic, turns of 64.

use crate::harness::{Contestant, Peer, Shape, Target};
use crate::ours;
use crate::peers::{actix, crossbeam, kameo, ractor, stakker, tokio_mpsc, typed_outbox};

/// See the module.
pub const SHAPE: Shape = Shape {
    name: "same-pool",
    messages: 1_000_000,
    ours: Contestant { name: "locus", run: ours::same_pool::run },
    peers: &[
        Peer {
            contestant: Contestant { name: "actix", run: actix::same_pool },
            target: Target::AtLeast(10.0),
        },
        Peer { contestant: Contestant { name: "kameo", run: kameo::same_pool }, target: Target::None },
        Peer { contestant: Contestant { name: "ractor", run: ractor::same_pool }, target: Target::None },
        Peer { contestant: Contestant { name: "stakker", run: stakker::same_pool }, target: Target::None },
        Peer {
            contestant: Contestant { name: "tokio-mpsc", run: tokio_mpsc::same_pool },
            target: Target::None,
        },
        Peer {
            contestant: Contestant { name: "crossbeam-channel", run: crossbeam::same_pool },
            target: Target::None,
        },
        Peer {
            contestant: Contestant { name: "typed-outbox", run: typed_outbox::same_pool },
            target: Target::None,
        },
    ],
};
