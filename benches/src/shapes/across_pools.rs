//! Publish to handler across two pools on two cores, streamed: under the default bound, and under a user's bound of 64.

use crate::harness::{Contestant, NS_PER_MESSAGE, Peer, Shape, Target};
use crate::ours;
use crate::peers::{actix, crossbeam, kameo, line_stream, ractor, tokio_mpsc};

/// The default bound.
pub const SHAPE: Shape = Shape {
    name: "across-pools",
    unit: NS_PER_MESSAGE,
    messages: 1_000_000,
    ours: OURS,
    peers: &[
        Peer::new("line-stream", line_stream::across_pools, Target::AtMost(1.6)),
        Peer::new("crossbeam-channel", crossbeam::across_pools, Target::AtLeast(6.0)),
        Peer::new("tokio-mpsc", tokio_mpsc::across_pools, Target::AtLeast(30.0)),
        Peer::new("ractor", ractor::across_pools, Target::AtLeast(40.0)),
        Peer::new("kameo", kameo::across_pools, Target::AtLeast(60.0)),
        Peer::new("actix", actix::across_pools, Target::None),
    ],
};

/// The same stream under a bound of 64. "The same as without" leaves a tenth for the noise of a round.
pub const NARROW: Shape = Shape {
    name: "across-pools-bounded-64",
    unit: NS_PER_MESSAGE,
    messages: 1_000_000,
    ours: Contestant::new("locus-bounded-64", ours::across_pools::run_narrow),
    peers: &[
        Peer::new("line-window-64", line_stream::across_pools_window_64, Target::None),
        Peer::new("line-whole-window-64", line_stream::across_pools_whole_window_64, Target::None),
        Peer { contestant: OURS, target: Target::AtMost(1.1) },
        Peer::new("line-stream", line_stream::across_pools, Target::AtMost(1.6)),
        Peer::new("crossbeam-channel", crossbeam::across_pools, Target::AtLeast(6.0)),
    ],
};

const OURS: Contestant = Contestant::new("locus", ours::across_pools::run);
