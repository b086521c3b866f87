//! Resource ceilings: what a program may use at most, held in a file beside the code.
//!
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
}

impl Key {
    /// Every key, in the order of reports.
    pub const ALL: [Self; 9] = [
        Self::PinnedThreads,
        Self::CooperativePools,
        Self::BusSubjects,
        Self::FdOpenSites,
        Self::Replicas,
        Self::Listeners,
        Self::Timers,
        Self::ChildrenMax,
        Self::QueueMessagesMax,
    ];

    /// As written in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PinnedThreads => "pinned_threads",
            Self::CooperativePools => "cooperative_pools",
            Self::BusSubjects => "bus_subjects",
            Self::FdOpenSites => "fd_open_sites",
            Self::Replicas => "replicas",
            Self::Listeners => "listeners",
            Self::Timers => "timers",
            Self::ChildrenMax => "children_max",
            Self::QueueMessagesMax => "queue_messages_max",
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
            Self::Replicas => "replica",
            Self::Listeners => "listener",
            Self::Timers => "timer",
            Self::ChildrenMax => {
                return format!("room for {n} {}", if n == 1 { "child" } else { "children" });
            }
            Self::QueueMessagesMax => "queued message",
        };
        format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
