//! What a running program says about itself: who holds which memory, how often something happened.
//!
//! Everything here observes; nothing changes how a program behaves.

mod account;
mod counter;
pub(crate) mod log;
mod mode;
mod pools;
#[allow(unsafe_code, reason = "asks the C library for its allocator's figures, where it has some")]
mod process;
mod registry;
mod residency;
#[allow(unsafe_code, reason = "asks the C library where a thread's stack is, where it can tell")]
mod stack;

pub use crate::bus::figures::{DropReason, TopicFigures, topics};
pub use account::{Account, Kind};
pub(crate) use counter::set_path_source;
pub use counter::{Counter, CounterReading, counters};
pub use mode::{ResidencyMode, ResidencyModeError};
pub(crate) use pools::PoolEntry;
pub use pools::{LongActivation, PoolResidency, dump_pool_residency, pool_residency};
pub use residency::{
    AccountResidency, Residency, arena_residency, arena_residency_trimmed, dump_arena_residency,
    dump_arena_residency_trimmed, mark_start,
};
pub use stack::StackAccount;
