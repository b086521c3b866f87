//! A pool: one OS thread that runs many loci, or one.
//!
//! [`turn`] is the scheduler, plain and sync; [`thread`] puts it inside a tokio current-thread runtime, which parks the
//! thread and polls its I/O.

#[cfg(not(loom))]
#[expect(unsafe_code, reason = "asks the kernel for cores")]
pub(crate) mod affinity;
pub(crate) mod bell;
#[cfg(not(loom))]
#[expect(
    unsafe_code,
    reason = "gives records up to their routes, and ends scratches whose borrowers are gone"
)]
pub(crate) mod core;
#[cfg(not(loom))]
#[expect(unsafe_code, reason = "gives records up to their routes")]
mod discard;
#[cfg(not(loom))]
pub(crate) mod life;
#[cfg(not(loom))]
pub(crate) mod load;
#[cfg(not(loom))]
pub(crate) mod residency;
#[cfg(all(test, not(loom)))]
pub(crate) mod rig;
#[cfg(not(loom))]
#[expect(unsafe_code, reason = "futures of any type in flat memory, which borrow their locus across polls")]
pub(crate) mod slot;
#[cfg(not(loom))]
pub(crate) mod task;
#[cfg(not(loom))]
pub(crate) mod thread;
#[cfg(not(loom))]
pub(crate) mod timers;
#[cfg(not(loom))]
#[expect(unsafe_code, reason = "reads lanes where they lie")]
pub(crate) mod turn;
#[cfg(not(loom))]
pub(crate) mod wait;
#[cfg(not(loom))]
pub(crate) mod waits;
#[cfg(not(loom))]
pub(crate) mod woken;

/// The index of a pool in its app; at most [`POOLS_MAX`].
pub(crate) type PoolId = u16;

/// Pools in one app: sets of them are one word.
pub(crate) const POOLS_MAX: usize = 64;
