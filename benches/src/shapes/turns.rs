//! As [`super::same_pool`], in turns of 1, 10, 100 and 1,000: the price of a turn, and that there is no cliff.
//!
//! Each step stands beside the one before it, which it has to beat, and beside the typed outbox.

use crate::harness::{Contestant, Measured, NS_PER_MESSAGE, Peer, Shape, Target, Work};
use crate::ours;
use crate::peers::typed_outbox;

/// Turns of 1, 10, 100 and 1,000.
pub const SHAPES: [Shape; 4] = [
    Shape { messages: 200_000, ..shape("turns-of-1", OURS_1, &[FLOOR_1]) },
    shape("turns-of-10", OURS_10, &[cheaper_than(OURS_1), FLOOR_10]),
    shape("turns-of-100", OURS_100, &[cheaper_than(OURS_10), FLOOR_100]),
    shape("turns-of-1000", OURS_1000, &[cheaper_than(OURS_100), FLOOR_1000]),
];

const OURS_1: Contestant = Contestant::new("locus-by-1", ours::<1>);
const OURS_10: Contestant = Contestant::new("locus-by-10", ours::<10>);
const OURS_100: Contestant = Contestant::new("locus-by-100", ours::<100>);
const OURS_1000: Contestant = Contestant::new("locus-by-1000", ours::<1000>);

const FLOOR_1: Peer = Peer::new("typed-outbox", floor::<1>, Target::None);
const FLOOR_10: Peer = Peer::new("typed-outbox", floor::<10>, Target::None);
const FLOOR_100: Peer = Peer::new("typed-outbox", floor::<100>, Target::None);
const FLOOR_1000: Peer = Peer::new("typed-outbox", floor::<1000>, Target::None);

const fn shape(name: &'static str, ours: Contestant, peers: &'static [Peer]) -> Shape {
    Shape { name, unit: NS_PER_MESSAGE, messages: 1_000_000, ours, peers }
}

const fn cheaper_than(contestant: Contestant) -> Peer {
    Peer { contestant, target: Target::AtLeast(1.0) }
}

fn ours<const TURN: u64>(work: Work) -> Measured {
    ours::same_pool::run(work.in_turns_of(TURN))
}

fn floor<const TURN: u64>(work: Work) -> Measured {
    typed_outbox::same_pool(work.in_turns_of(TURN))
}
