//! The bus: topics, routes, queues, lanes and the policies on them.
//!
//! A message goes `publish` → route → the pool's own queue, or the outbox of another pool → lane → that pool's route →
//! subscribers. See `ARCHITECTURE.md` for the drawing.

#[cfg(not(loom))]
#[expect(unsafe_code, reason = "takes answers out of records whose type the number fixes")]
pub(crate) mod answers;
#[cfg(not(loom))]
pub(crate) mod ask;
pub(crate) mod credit;
#[cfg(not(loom))]
#[expect(unsafe_code, reason = "lends messages where they lie")]
pub(crate) mod cursor;
#[cfg(not(loom))]
pub(crate) mod figures;
#[cfg(not(loom))]
pub(crate) mod gate;
#[cfg(not(loom))]
pub(crate) mod key;
#[expect(unsafe_code, reason = "a ring that two threads share without locks")]
pub(crate) mod lane;
#[expect(unsafe_code, reason = "gives records up to the lane")]
pub(crate) mod outbox;
#[cfg(not(loom))]
#[expect(unsafe_code, reason = "calls who takes a record through a pointer")]
pub(crate) mod pass;
#[cfg(not(loom))]
pub(crate) mod publish;
#[cfg(not(loom))]
#[expect(
    unsafe_code,
    reason = "two buffers behind a shared reference, one filled while the other is drained"
)]
pub(crate) mod queue;
#[expect(unsafe_code, reason = "messages of any type in flat memory")]
pub(crate) mod record;
#[cfg(not(loom))]
#[expect(unsafe_code, reason = "knows the type behind a topic number")]
pub(crate) mod route;
#[cfg(not(loom))]
#[expect(unsafe_code, reason = "routes found by number, without a check of their type per message")]
pub(crate) mod routes;
#[cfg(not(loom))]
#[expect(unsafe_code, reason = "takes messages out of records whose type the number fixes")]
pub(crate) mod side;
#[cfg(not(loom))]
#[expect(unsafe_code, reason = "takes messages out of records whose type the number fixes")]
pub(crate) mod subscribe;
#[cfg(not(loom))]
pub(crate) mod subscription;
#[cfg(not(loom))]
pub(crate) mod topic;
#[expect(unsafe_code, reason = "messages of any type in flat memory")]
pub(crate) mod words;

/// The number of a token: the record stands for a subscription's ring, named by the header's hash.
pub(crate) const TOKEN: u16 = 0xFFFE;

/// The number of a step in the life of a locus: its payload is a `LifeStep`.
pub(crate) const LIFE: u16 = 0xFFFC;
