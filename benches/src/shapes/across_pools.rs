//! Publish to handler across two pools on two cores, streamed.

use crate::harness::{Contestant, Peer, Shape, Target};
use crate::ours;
use crate::peers::{actix, crossbeam, kameo, line_stream, ractor, tokio_mpsc};

/// See the module.
pub const SHAPE: Shape = Shape {
    name: "across-pools",
    messages: 1_000_000,
    ours: Contestant { name: "locus", run: ours::across_pools::run },
    peers: &[
        Peer {
            contestant: Contestant { name: "crossbeam-channel", run: crossbeam::across_pools },
            target: Target::AtLeast(3.0),
        },
        Peer {
            contestant: Contestant { name: "tokio-mpsc", run: tokio_mpsc::across_pools },
            target: Target::None,
        },
        Peer { contestant: Contestant { name: "actix", run: actix::across_pools }, target: Target::None },
        Peer { contestant: Contestant { name: "kameo", run: kameo::across_pools }, target: Target::None },
        Peer { contestant: Contestant { name: "ractor", run: ractor::across_pools }, target: Target::None },
        Peer {
            contestant: Contestant { name: "line-stream", run: line_stream::across_pools },
            target: Target::None,
        },
    ],
};
