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

/// The 32 bits of a message's key that travel in its header.
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
    (hash ^ (hash >> 32)) as u32
}

/// The table's 64 bits from the header's 32: the table takes its tag from the top bits.
#[inline]
pub(crate) fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}
