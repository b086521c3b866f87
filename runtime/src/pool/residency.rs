//! What a pool's queues and lanes hold, kept current for the residency report.

use crate::bus::lane::LaneWriter;
use crate::pool::core::Core;
use crate::watch::{Account, Kind};

/// Turns with work between two looks: the figures change only when a buffer grows.
const LOOK_EVERY: u64 = 32;

/// The accounts of one pool.
pub(crate) struct Held {
    path: String,
    queue: Account,
    outboxes: Vec<Account>,
    lanes: Vec<Account>,
    looked_at: u64,
}

impl Held {
    pub(crate) fn new(app: &str, pool: &str, others: &[String]) -> Self {
        let path = format!("{app}:{pool}");
        let account = |other: &String, kind| Account::new(format!("{path}>{other}"), kind);
        Self {
            queue: Account::new(path.clone(), Kind::Queue),
            outboxes: others.iter().map(|other| account(other, Kind::Outbox)).collect(),
            lanes: others.iter().map(|other| account(other, Kind::Lane)).collect(),
            looked_at: 0,
            path,
        }
    }

    /// Looks at the buffers, now and then.
    pub(crate) fn note(&mut self, core: &Core, lanes: &[Option<LaneWriter>], activity: u64) {
        if activity.wrapping_sub(self.looked_at) >= LOOK_EVERY {
            self.look(core, lanes);
            self.looked_at = activity;
        }
    }

    /// Looks at the buffers and copies the counts of every topic to where other threads read them.
    pub(crate) fn look(&mut self, core: &Core, lanes: &[Option<LaneWriter>]) {
        let bytes = core.queue.bytes();
        self.queue.set(bytes, usize::from(bytes > 0) * 2);
        for (pool, account) in self.outboxes.iter().enumerate() {
            let bytes = core.with_outbox(pool, |outbox| outbox.bytes());
            account.set(bytes, usize::from(bytes > 0));
        }
        for (account, lane) in self.lanes.iter().zip(lanes) {
            let bytes = lane.as_ref().map_or(0, |lane| lane.figures().bytes());
            account.set(usize::try_from(bytes).unwrap_or(usize::MAX), usize::from(bytes > 0));
        }
        core.tallies.borrow().iter().for_each(|tally| tally.look());
        core.stocks.borrow().iter().for_each(|stock| stock.look(&self.path));
        let mut depth = 0;
        core.routes.for_each(|_, route| route.export(&mut depth));
        core.load.entry.note_depth(depth);
    }
}
