//! Counts the allocations of ours between the first and the last measured message; `locus-benches` starts it.
//!
//! A program of its own, because the counting allocator would slow the peers that allocate. Each row has a peer
//! beside it that is known to allocate, so that a counter that counts nothing is seen.

use locus_benches::harness::{Contestant, Row, Shape, Target, Work};
use locus_benches::shapes::{across_pools, same_pool};

#[global_allocator]
static COUNTING: locus::alloc::Counting = locus::alloc::Counting::new();

/// What the promise speaks of.
const MESSAGES: u64 = 1_000_000;
/// Who stands beside ours: two allocations a message.
const ALLOCATING_PEER: &str = "actix";

fn main() {
    for shape in [same_pool::SHAPE, across_pools::SHAPE] {
        count(shape);
    }
}

fn count(shape: Shape) {
    let peer = shape.peers.iter().find(|peer| peer.contestant.name == ALLOCATING_PEER);
    let peer = peer.expect("the allocating peer takes part").contestant;
    let (ours, reference_value) = (allocations(shape.ours), allocations(peer));
    assert!(reference_value > 0.0, "{ALLOCATING_PEER} allocates, and the counter did not see it");
    let (target, ratio) = (Target::AtMost(0.0), ours / reference_value);
    Row {
        shape: shape.name,
        unit: "allocations",
        ours,
        reference: peer.name,
        reference_value,
        ratio,
        target: target.to_string(),
        pass: target.is_met(ratio),
    }
    .print();
}

fn allocations(contestant: Contestant) -> f64 {
    let measured = (contestant.run)(Work::of(MESSAGES));
    measured.verify(contestant.name);
    measured.allocations as f64
}
