//! What a running program says about itself: who holds which memory, how often something happened.
//!
//! Everything here observes; nothing changes how a program behaves.

mod account;
mod counter;
mod registry;

pub use account::{Account, Kind};
pub(crate) use counter::set_path_source;
pub use counter::{Counter, CounterReading, counters};
