//! What the parts of the service tell each other.

use locus::prelude::*;

/// A device, as it names itself: any number, so a map keyed by it has no end.
pub type DeviceId = u64;

/// What a reading is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Degrees.
    Temperature,
    /// Percent.
    Humidity,
}

/// A device measured something.
#[topic]
#[derive(Clone, Debug)]
pub struct Reading {
    /// Who.
    pub device: DeviceId,
    /// Of what.
    pub kind: Kind,
    /// In its own words.
    pub text: String,
}

/// A device went away.
#[topic]
#[derive(Clone, Debug)]
pub struct Departed {
    /// Who.
    pub device: DeviceId,
}
