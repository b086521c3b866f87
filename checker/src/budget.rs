//! Resource ceilings: what a program may use at most, held in a file beside the code.
//!
//! Beside the keys there is one table, [`FD_KINDS`]: ceilings for the open sites of single kinds of descriptors.
//! `file` reads and validates the ceilings, `count` counts what each binary declares and opens, `check`
//! compares the two, `dump` prints the counts. Every binary is counted and held to account by itself.

use std::fmt;

mod check;
mod count;
mod dump;
mod file;

pub use check::{check, loose};
pub use count::{Count, CountedSite, Counts, count};
pub use dump::{ceilings, json, text};
pub use file::{Budget, Ceiling, Ceilings, parse};

/// Name of the table with ceilings for single kinds of descriptors.
pub const FD_KINDS: &str = "fd_open_sites_by_kind";

/// What can be given a ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Threads of pinned parts, one for each replica.
    PinnedThreads,
    /// Pools named in `#[place(pool = ..)]`.
    CooperativePools,
    /// Topics that what runs publishes or handles.
    BusSubjects,
    /// Calls in the source that open a file descriptor.
    FdOpenSites,
    /// Calls in the source that start a task, a thread or a process.
    SpawnSites,
    /// Threads of pools of workers.
    WorkerThreads,
    /// Instances of parts with more than one.
    Replicas,
    /// Calls that bind what others can reach.
    Listeners,
    /// `#[every]` timers.
    Timers,
    /// Children that may be alive at once, by the ceilings of their parents' declarations.
    ChildrenMax,
    /// Messages that may wait, by the bounds of the topics.
    QueueMessagesMax,
    /// Bytes of scratch that one activation may take: the largest ceiling of a locus.
    ScratchBytesMax,
    /// Calls in the source that make a queue without a limit.
    UnboundedChannels,
    /// Statics that the code adds to.
    GrowingStatics,
    /// Allows that give a reason.
    AllowReasons,
}

impl Key {
    /// Every key, in the order of reports.
    pub const ALL: [Self; 15] = [
        Self::PinnedThreads,
        Self::CooperativePools,
        Self::BusSubjects,
        Self::FdOpenSites,
        Self::SpawnSites,
        Self::WorkerThreads,
        Self::Replicas,
        Self::Listeners,
        Self::Timers,
        Self::ChildrenMax,
        Self::QueueMessagesMax,
        Self::ScratchBytesMax,
        Self::UnboundedChannels,
        Self::GrowingStatics,
        Self::AllowReasons,
    ];

    /// As written in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PinnedThreads => "pinned_threads",
            Self::CooperativePools => "cooperative_pools",
            Self::BusSubjects => "bus_subjects",
            Self::FdOpenSites => "fd_open_sites",
            Self::SpawnSites => "spawn_sites",
            Self::WorkerThreads => "worker_threads",
            Self::Replicas => "replicas",
            Self::Listeners => "listeners",
            Self::Timers => "timers",
            Self::ChildrenMax => "children_max",
            Self::QueueMessagesMax => "queue_messages_max",
            Self::ScratchBytesMax => "scratch_bytes_max",
            Self::UnboundedChannels => "unbounded_channels",
            Self::GrowingStatics => "growing_statics",
            Self::AllowReasons => "allow_reasons",
        }
    }

    /// The key called `name`.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.as_str() == name)
    }

    /// `n` of what the key counts, in words.
    pub fn counted(self, n: u64) -> String {
        let noun = match self {
            Self::PinnedThreads => "pinned thread",
            Self::CooperativePools => "cooperative pool",
            Self::BusSubjects => "bus subject",
            Self::FdOpenSites => "fd open site",
            Self::SpawnSites => "spawn site",
            Self::WorkerThreads => "worker thread",
            Self::Replicas => "replica",
            Self::Listeners => "listener",
            Self::Timers => "timer",
            Self::ChildrenMax => {
                return format!("room for {n} {}", if n == 1 { "child" } else { "children" });
            }
            Self::QueueMessagesMax => "queued message",
            Self::ScratchBytesMax => {
                return format!("{n} byte{} of scratch an activation", if n == 1 { "" } else { "s" });
            }
            Self::UnboundedChannels => "unbounded channel",
            Self::GrowingStatics => "growing static",
            Self::AllowReasons => {
                return format!("{n} allow{} with a reason", if n == 1 { "" } else { "s" });
            }
        };
        format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
