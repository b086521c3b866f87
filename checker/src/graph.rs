//! The bus graph: who publishes and takes what, on which pool, and what each edge costs.
//!
//! `bus` holds what the source of the whole workspace says, and is what the rules about the bus read too; `collect` cuts
//! out of it the [`Wiring`] of one binary, as plain data; [`Graph`] places it on pools and says of each edge what it is;
//! `dot` and `json` write it down. All of it is pure and in the order of declarations.

mod bus;
mod circles;
mod collect;
mod dot;
mod edge;
mod json;
mod moves;
mod orphan;
mod pool;
mod wiring;

pub(crate) use bus::{Bus, Feed, Publish, is_locus_method, loci_in, named, topic_of};
pub(crate) use circles::circles;
pub(crate) use collect::wirings;
pub use dot::dot;
pub use edge::{Edge, Kind};
pub use json::{VERSION, json};
pub use moves::Moves;
pub use orphan::Orphan;
pub use pool::Pool;
pub use wiring::{By, Fed, Handler, Locus, Publisher, Taker, Topic, Wiring};

/// The bus of one binary, placed.
#[derive(Clone, Debug)]
pub struct Graph<'w> {
    /// What it was made of.
    pub wiring: &'w Wiring,
    /// Where each locus runs, by its index.
    pub pools: Vec<Pool>,
    /// By publisher and taker.
    pub edges: Vec<Edge>,
    /// What is missing of each topic, by its index.
    pub orphans: Vec<Option<Orphan>>,
}

impl<'w> Graph<'w> {
    /// Places `wiring` as its source and `moves` say.
    pub fn of(wiring: &'w Wiring, moves: &Moves) -> Self {
        let pools: Vec<Pool> = wiring.loci.iter().map(|locus| Pool::of(locus, moves)).collect();
        let edges = edge::edges(wiring, &pools);
        let orphans = (0..wiring.topics.len()).map(|topic| orphan::of_topic(wiring, topic)).collect();
        Self { wiring, pools, edges, orphans }
    }
}

#[cfg(test)]
mod tests;
