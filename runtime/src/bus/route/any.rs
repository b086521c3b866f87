//! A route without the type of its topic: what a pool asks of every route alike.
//!
//! Answers and changes of subscriptions have routes of their own, which need little of it: so most of it may be left out.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use crate::bus::figures::DropReason;
use crate::bus::pass::Pass;
use crate::bus::record::Word;
use crate::bus::side::Side;
use crate::locus::cell::{CellHead, CellId};
use crate::pool::PoolId;
use crate::pool::core::Core;

/// A route as the pool's queues see it, whatever its topic.
pub(crate) trait AnyRoute {
    /// Handles the next record, and as many of the same topic behind it as go the same way.
    fn dispatch(&self, pass: &mut Pass<'_>);
    /// Delivers the oldest message that was set aside for a locus.
    fn replay(&self, core: &Core, side: &RefCell<Side>);
    /// Sends the oldest message that waits with its publisher; false if there is still no room.
    fn release(&self, core: &Core, head: &CellHead) -> bool;
    /// Drops a message that a failed activation published; `pool` is where it was going.
    ///
    /// # Safety
    /// `payload` is that of a record of this route which the caller gives up.
    unsafe fn take_back(&self, core: &Core, payload: *mut Word, pool: PoolId, local: bool);
    /// Drops a staged message of a failed activation.
    ///
    /// # Safety
    /// `payload` is that of a staged record of this route which the caller gives up.
    unsafe fn take_back_staged(&self, payload: *mut Word);
    /// Drops a message that will not be delivered.
    ///
    /// # Safety
    /// `payload` is that of a queued record of this route which the caller gives up.
    unsafe fn discard(&self, payload: *mut Word, reason: DropReason);
    /// Drops a staged message that will not be sent.
    ///
    /// # Safety
    /// `payload` is that of a staged record of this route which the caller gives up.
    unsafe fn discard_staged(&self, payload: *mut Word, reason: DropReason);
    /// Counts a message from `source` as taken by all its subscribers here.
    fn acked(&self, _core: &Core, _source: PoolId) {}
    /// Returns counted credits to their publishers.
    fn return_credits(&self) {}
    /// Notes in `wake` which publishers wait for a credit that was returned. To be called behind a fence.
    fn settle(&self, _wake: &mut u64) {}
    /// Says to the consumers of which it waits for credits; the pool is about to park.
    fn tell_wait(&self) {}
    /// Lets messages find children that are not born yet.
    fn expect(&self) {}
    /// Takes the subscriptions of a cell back, to every message or to the keys with this hash.
    fn leave(&self, _core: &Core, _cell: CellId, _hash: Option<u32>) {}
    /// Copies the counts to where other threads read them; adds how many messages lie in the pool's queue to `depth`.
    fn export(&self, _depth: &mut u64) {}
    /// Forgets what a failed activation left beside its messages: its questions, and counts.
    fn forget(&self, _core: &Core, _activation: u64) {}
    /// The pools at which the oldest message that waits with its publisher finds no room, one bit each.
    fn without_room(&self, _core: &Core, _head: &CellHead) -> u64 {
        0
    }
    /// Whether what a locus has just published of it to itself finds room only once that locus takes something, which it
    /// does not before.
    fn waits_for_itself(&self, _core: &Core, _head: &CellHead) -> bool {
        false
    }
    /// Whether a locus that waits for room on its own pool keeps every credit there itself.
    fn is_held_by(&self, _core: &Core, _head: &CellHead) -> bool {
        false
    }
    /// What reports call the topic, and its bound.
    fn subject_and_bound(&self) -> (&'static str, u32) {
        ("", 0)
    }
    /// Counts time that a publisher has waited for room.
    fn count_wait(&self, _time: Duration) {}
    /// A locus begins to wait for the topic: others wait behind it.
    fn begin_contention(&self, _core: &Core) {}
    /// Nobody waits behind others until waits have been gone through anew.
    fn end_contention(&self) {}
    /// Answers questions whose time is up.
    fn expire(&self, _core: &Core, _now: Instant) {}
}
