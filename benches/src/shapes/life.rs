//! What a locus costs that hardly lives, and what one that does nothing.

use crate::harness::{Contestant, Measured, Peer, Shape, Target};
use crate::ours;
use crate::peers::{actix, stakker};

/// Spawned, born, ended, released.
pub const SPAWN: Shape = Shape {
    name: "spawn-and-dissolve",
    unit: "ns/locus",
    messages: 200_000,
    ours: Contestant::new("locus", ours::spawn::run),
    peers: &[
        Peer::new("stakker", stakker::spawn, Target::AtMost(1.2)),
        Peer::new("actix", actix::life::spawn, Target::AtLeast(5.0)),
    ],
};

/// Heap behind each of 100,000 that are alive, beyond their own struct; where allocations are counted.
pub const IDLE: Shape = Shape {
    name: "idle-locus",
    unit: "bytes/locus",
    messages: 1,
    ours: Contestant::new("locus", ours::idle::run),
    peers: &[
        Peer::new("limit-of-200", |_| Measured::figure(200.0, None), Target::AtMost(1.0)),
        Peer::new("stakker", stakker::idle, Target::None),
        Peer::new("actix", actix::life::idle, Target::None),
    ],
};
