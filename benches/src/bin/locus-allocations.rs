//! Counts the allocations of ours between the first and the last measured message; `locus-benches` starts it.
//!
//! A program of its own, because the counting allocator would slow the peers that allocate. Each row has a peer
//! beside it that is known to allocate, so that a counter that counts nothing is seen.

use locus_benches::harness::{Contestant, Row, Target, Work};
use locus_benches::ours;
use locus_benches::peers::actix;

#[global_allocator]
static COUNTING: locus::alloc::Counting = locus::alloc::Counting;

/// What the promise speaks of.
const MESSAGES: u64 = 1_000_000;

fn main() {
    count(
        "same-pool",
        Contestant { name: "locus", run: ours::same_pool::run },
        Contestant { name: "actix", run: actix::same_pool },
    );
    count(
        "across-pools",
        Contestant { name: "locus", run: ours::across_pools::run },
        Contestant { name: "actix", run: actix::across_pools },
    );
}

fn count(shape: &'static str, ours: Contestant, peer: Contestant) {
    let work = Work::of(MESSAGES);
    let allocations = |contestant: Contestant| {
        let measured = (contestant.run)(work);
        measured.verify(work, contestant.name);
        measured.allocations as f64
    };
    let target = Target::AtMost(0.0);
    let (ours, reference_value) = (allocations(ours), allocations(peer));
    assert!(reference_value > 0.0, "{} allocates, and the counter did not see it", peer.name);
    Row {
        shape,
        unit: "allocations",
        ours,
        reference: peer.name,
        reference_value,
        ratio: ours / reference_value,
        target: target.to_string(),
        pass: target.is_met(ours / reference_value),
    }
    .print();
}
