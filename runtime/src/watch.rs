//! What a running program says about itself: who holds which memory, how often something happened.
//!
//! Everything here observes; nothing changes how a program behaves.

mod account;

pub use account::{Account, Kind};
