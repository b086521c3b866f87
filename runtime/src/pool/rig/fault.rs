//! Mistakes that a test plants in the bus, to show that the rig's checks would notice them.

use std::cell::Cell;

/// One mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A pool that made work for another does not ring its bell.
    BellLost,
    /// A pool whose messages were taken does not hear that there is room.
    RoomUntold,
    /// A message that was taken keeps its credit.
    CreditKept,
    /// A message that a ring held keeps its credit.
    RingCreditKept,
    /// A message that a failed activation published keeps its credit.
    CreditLostInRollback,
    /// A message's credit returns with the first subscriber that kept it, not with the last.
    CreditReturnedEarly,
    /// What a failed activation published is sent.
    RollbackSkipped,
    /// What a failed activation published, and what waits for room, is sent.
    StageOutlivesFailure,
    /// Messages overtake those of the same activation that wait for room.
    StageOvertaken,
    /// A locus goes on while a message of it waits for room.
    BlockedRuns,
    /// A message overtakes those that were set aside for the same locus.
    AsideOvertaken,
    /// A ring that drops its oldest message tells nobody.
    MissedForgotten,
    /// A ring tells of its losses behind the next message.
    MissedLate,
}

thread_local! {
    static PLANTED: Cell<Option<Fault>> = const { Cell::new(None) };
}

/// Plants a fault on this thread, or none.
pub(super) fn plant(fault: Option<Fault>) {
    PLANTED.set(fault);
}

/// Whether this fault is planted on this thread.
pub(crate) fn is_planted(fault: Fault) -> bool {
    PLANTED.get() == Some(fault)
}
