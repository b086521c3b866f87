//! Mistakes that a test plants in the bus, to show that the rig's checks would notice them.

use std::cell::RefCell;

/// One mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A pool parks without another look for work.
    #[cfg(shuttle)]
    ParkedBlindly,
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
    /// What an activation publishes to another pool leaves before the activation is over.
    StageReleasedEarly,
    /// A mark in an outbox is used after its records were flushed.
    MarkOutlivesFlush,
    /// A message whose handler panics keeps its credit.
    CreditLostOnPanic,
    /// A handler is called at the publish while messages of the topic wait for it.
    InlineOvertakes,
    /// Other pools do not hear that a locus has subscribed to a key.
    ChangeLost,
    /// What a locus has stashed comes behind what waits for it.
    StashOvertaken,
    /// A locus waits for itself as soon as it finds no room, whatever comes back when its activation is over.
    DoomedTooSoon,
    /// What a run has taken makes room only when it is over.
    RoomKeptByRun,
    /// A message that falls to one replica is taken by each that sees it.
    ShareTakenByAll,
}

/// Names the environment variable that holds the fault to plant.
pub(super) const VARIABLE: &str = "LOCUS_RIG_FAULT";

thread_local! {
    static PLANTED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Plants what the environment names on this thread, or nothing.
pub(super) fn plant_from_env() {
    PLANTED.set(std::env::var(VARIABLE).ok());
}

/// Whether any is planted on this thread.
pub(super) fn is_any_planted() -> bool {
    PLANTED.with_borrow(Option::is_some)
}

/// Whether this fault is planted on this thread.
pub(crate) fn is_planted(fault: Fault) -> bool {
    PLANTED.with_borrow(|planted| planted.as_ref().is_some_and(|name| *name == format!("{fault:?}")))
}
