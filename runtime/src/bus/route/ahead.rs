//! Messages for many keys: their subscribers are looked up some messages ahead.
//!
//! Where the index and the loci behind it outgrow the processor's caches, each message waits for the index's slot, and
//! then for its locus. So the slots for a few messages are looked up one right after the other, which lets the waits
//! overlap, and the memory of the loci is asked for; handlers run behind that. Where everything fits the caches nothing is
//! won, and messages are looked up one by one.
//!
//! A message that was looked at ahead is found again where it was: the subscriptions of a topic change between its runs
//! alone, and the index is borrowed meanwhile.

use std::rc::Rc;

use super::takers::Takers;
use super::{KeyEntry, Route};
use crate::bus::key;
use crate::bus::pass::Pass;
use crate::bus::subscribe::Subscriber;
use crate::bus::topic::{Packet, Topic};
use crate::sync::prefetch::prefetch;

/// How many messages are looked up at once: more than the lines that a processor core fetches at a time, so that it never
/// waits for the next look.
const AHEAD: usize = 16;

/// From so many keys on: below, a run over random keys meets lines that are in the caches still. In tests both ways are
/// taken.
const KEYS_MIN: usize = if cfg!(test) { 2 } else { 4096 };

impl<T: Topic> Route<T> {
    /// Whether messages are to be looked up ahead.
    #[inline]
    pub(super) fn looks_ahead(&self) -> bool {
        T::SPEC.keyed && !self.is_mixed.get() && self.keyed.borrow().len() >= KEYS_MIN
    }

    /// Handles the records of this topic that come next.
    pub(super) fn dispatch_ahead(&self, pass: &mut Pass<'_>) {
        let keyed = self.keyed.borrow();
        let mut found: [Option<&KeyEntry<T>>; AHEAD] = [None; AHEAD];
        loop {
            let mut count = 0;
            let look = |bits: u32, packet: &Packet<T>| {
                let hash = bits & key::HASH_MASK;
                let entry =
                    keyed.find(key::spread(hash), |e| e.hash == hash && packet.message.is_key(&e.key));
                if let Some(KeyEntry { subscribers: Takers::One(only), .. }) = entry {
                    prefetch(&**only);
                }
                found[count] = entry;
                count += 1;
            };
            // SAFETY: a record under this number holds a `Packet<T>` (`cursor` I2).
            unsafe { pass.cursor.look_ahead::<Packet<T>>(self.kind(), AHEAD, look) };
            if count == 0 {
                return;
            }
            for entry in &found[..count] {
                // SAFETY: as above; the record was looked at.
                let packet = unsafe { pass.cursor.take::<Packet<T>>() };
                let with_key: &[Rc<dyn Subscriber<T>>] = entry.map_or(&[], |entry| &entry.subscribers);
                self.deliver_to(pass.core, packet, with_key, pass.source);
            }
        }
    }
}
