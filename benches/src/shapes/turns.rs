//! As [`super::same_pool`], in turns of 1, 10, 100 and 1,000: the price of a turn, and that there is no cliff.
//!
//! Each step stands beside the one before it, which it has to beat, and beside the typed outbox.

use crate::harness::{Contestant, Measured, Peer, Shape, Target, Work};
use crate::ours;
use crate::peers::typed_outbox;

/// Turns of 1, 10, 100 and 1,000.
pub const SHAPES: [Shape; 4] = [
    Shape {
        name: "turns-of-1",
        messages: 200_000,
        ours: OURS_1,
        peers: &[beside(Contestant { name: "typed-outbox", run: floor::<1> }, Target::None)],
    },
    Shape {
        name: "turns-of-10",
        messages: 1_000_000,
        ours: OURS_10,
        peers: &[
            beside(OURS_1, Target::AtLeast(1.0)),
            beside(Contestant { name: "typed-outbox", run: floor::<10> }, Target::None),
        ],
    },
    Shape {
        name: "turns-of-100",
        messages: 1_000_000,
        ours: OURS_100,
        peers: &[
            beside(OURS_10, Target::AtLeast(1.0)),
            beside(Contestant { name: "typed-outbox", run: floor::<100> }, Target::None),
        ],
    },
    Shape {
        name: "turns-of-1000",
        messages: 1_000_000,
        ours: Contestant { name: "locus-by-1000", run: ours::<1000> },
        peers: &[
            beside(OURS_100, Target::AtLeast(1.0)),
            beside(Contestant { name: "typed-outbox", run: floor::<1000> }, Target::None),
        ],
    },
];

const OURS_1: Contestant = Contestant { name: "locus-by-1", run: ours::<1> };
const OURS_10: Contestant = Contestant { name: "locus-by-10", run: ours::<10> };
const OURS_100: Contestant = Contestant { name: "locus-by-100", run: ours::<100> };

const fn beside(contestant: Contestant, target: Target) -> Peer {
    Peer { contestant, target }
}

fn ours<const TURN: u64>(work: Work) -> Measured {
    ours::same_pool::run(work.in_turns_of(TURN))
}

fn floor<const TURN: u64>(work: Work) -> Measured {
    typed_outbox::same_pool(work.in_turns_of(TURN))
}
