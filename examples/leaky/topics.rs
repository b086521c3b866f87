//! What the parts of the service tell each other.

use locus::prelude::*;

/// A device, as it names itself: any number, so a map keyed by it has no end.
pub(crate) type DeviceId = u64;

/// What a reading is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Degrees.
    Temperature,
    /// Percent.
    Humidity,
}

/// A device measured something.
#[topic]
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// Who.
    pub(crate) device: DeviceId,
    /// Of what.
    pub(crate) kind: Kind,
    /// In its own words.
    pub(crate) text: String,
}

/// A device went away.
#[topic]
#[derive(Clone, Debug)]
pub(crate) struct Departed {
    /// Who.
    pub(crate) device: DeviceId,
}
