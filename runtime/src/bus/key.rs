//! Hashing keys: one seed per process, so that keys from the network cannot be chosen to collide.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::OnceLock;

use foldhash::fast::FixedState;

use super::topic::Topic;

static SEED: OnceLock<FixedState> = OnceLock::new();

fn state() -> &'static FixedState {
    SEED.get_or_init(|| {
        // The standard library's own per-process random keys.
        let random = std::hash::RandomState::new().hash_one(0x6C6F_6375_u32);
        FixedState::with_seed(random)
    })
}

/// The bits of a hash that travel in a message's header; the others say what the sender knows (`route::select`).
///
/// Of ten million keys four in a hundred then have another one's hash, and a lookup compares two keys.
pub(crate) const HASH_BITS: u32 = 28;

/// What a hash consists of.
pub(crate) const HASH_MASK: u32 = (1 << HASH_BITS) - 1;

/// The hash of a message's key.
#[inline]
pub(crate) fn hash_message<T: Topic>(message: &T) -> u32 {
    let mut hasher = state().build_hasher();
    message.hash_key(&mut hasher);
    fold(hasher.finish())
}

/// The same for a key by itself; equal for equal keys, as a tuple hashes as its fields in turn.
pub(crate) fn hash_key<K: Hash>(key: &K) -> u32 {
    fold(state().hash_one(key))
}

#[inline]
fn fold(hash: u64) -> u32 {
    (hash ^ (hash >> 32)) as u32 & HASH_MASK
}

/// A table's 64 bits from the hash: it takes places from the low bits and its tag from the top ones.
#[inline]
pub(crate) fn spread(hash: u32) -> u64 {
    u64::from(hash) << (64 - HASH_BITS) | u64::from(hash)
}
