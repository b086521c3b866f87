//! A shape: one kind of work, ours, the peers that do it too, and what the ratio to each has to be.

use super::{Measured, Work};

/// Somebody who can do the work of a shape.
#[derive(Clone, Copy, Debug)]
pub struct Contestant {
    /// As it appears in rows.
    pub name: &'static str,
    /// Does the work once, from nothing: starts what it needs, and has stopped it on return.
    pub run: fn(Work) -> Measured,
    /// Says what this machine lacks for it, if anything.
    pub lacks: fn() -> Option<String>,
}

impl Contestant {
    /// One that needs nothing but this program.
    #[must_use]
    pub const fn new(name: &'static str, run: fn(Work) -> Measured) -> Self {
        Self { name, run, lacks: || None }
    }
}

/// What a ratio has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// Reference over ours is at least this: how many times faster ours is.
    AtLeast(f64),
    /// Ours over reference is at most this: how much longer ours takes.
    AtMost(f64),
    /// Printed as reference over ours; nothing is promised.
    None,
}

impl Target {
    /// The ratio this target speaks of.
    #[must_use]
    pub fn ratio(self, ours: f64, reference: f64) -> f64 {
        match self {
            Self::AtLeast(_) | Self::None => reference / ours,
            Self::AtMost(_) => ours / reference,
        }
    }

    /// Whether `ratio` keeps the promise.
    #[must_use]
    pub fn is_met(self, ratio: f64) -> bool {
        match self {
            Self::AtLeast(least) => ratio >= least,
            Self::AtMost(most) => ratio <= most,
            Self::None => true,
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, ">= {least}"),
            Self::AtMost(most) => write!(f, "<= {most}"),
            Self::None => f.write_str("none"),
        }
    }
}

/// A peer and what is promised beside it.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Who.
    pub contestant: Contestant,
    /// What the ratio has to be.
    pub target: Target,
}

impl Peer {
    /// A peer that needs nothing but this program.
    #[must_use]
    pub const fn new(name: &'static str, run: fn(Work) -> Measured, target: Target) -> Self {
        Self { contestant: Contestant::new(name, run), target }
    }
}

/// One kind of work and everybody who does it.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// A filter on the command line is a part of it.
    pub name: &'static str,
    /// Of every figure of the shape.
    pub unit: &'static str,
    /// Measured messages per round.
    pub messages: u64,
    /// Ours.
    pub ours: Contestant,
    /// The peers, each a row.
    pub peers: &'static [Peer],
}

/// The unit of a shape that streams.
pub const NS_PER_MESSAGE: &str = "ns/message";
