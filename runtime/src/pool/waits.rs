//! A pool's look at its loci that wait for room: now and then while there are any, never otherwise.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use crate::pool::PoolId;
use crate::pool::core::Core;
use crate::pool::core::blocked::Doom;
use crate::pool::turn::Pool;
use crate::pool::wait::{Board, describe};

/// The longest time between two looks: a circle ends at the second look behind `block_timeout`.
const LOOK_EVERY_MAX: Duration = Duration::from_millis(200);

/// The shortest, for a timeout that is shorter than any service would set.
const LOOK_EVERY_MIN: Duration = Duration::from_millis(2);

/// What a pool remembers of its waits.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    next_look: Option<Instant>,
    /// Whether something of this pool is on the board.
    is_written: bool,
}

impl Pool {
    /// Looks at those who wait, if it is time; returns when to look again.
    pub(super) fn check_waits(&mut self, now: Instant) -> Option<Instant> {
        if self.core.blocked.borrow().is_empty() {
            self.core.end_contention();
            self.waits.next_look = None;
            if std::mem::take(&mut self.waits.is_written) {
                self.with_board(|board, pool| board.write(pool, Vec::new(), Vec::new()));
            }
            return None;
        }
        let every = (self.core.app().limits.block_timeout / 8).clamp(LOOK_EVERY_MIN, LOOK_EVERY_MAX);
        let next_look = *self.waits.next_look.get_or_insert(now + every);
        if next_look > now {
            return Some(next_look);
        }
        self.waits.next_look = Some(now + every);
        self.look_at_waits(now);
        self.waits.next_look
    }

    fn look_at_waits(&mut self, now: Instant) {
        let waiting = self.core.waiting();
        self.core.look_at_waits(&waiting);
        let timeout = self.core.app().limits.block_timeout;
        let is_overdue = waiting.iter().any(|one| now.saturating_duration_since(one.since) >= timeout);
        if !is_overdue {
            return;
        }
        let holding = self.core.holding();
        self.waits.is_written = true;
        let circle = self.with_board(|board, pool| {
            board.write(pool, waiting, holding);
            board.find_circle()
        });
        let Some(circle) = circle else { return };
        let doom = Doom::Circle { described: describe(&circle) };
        // Each pool that sees the circle names the same member, which fails once.
        if let Some(one) = circle.iter().min_by_key(|one| one.member) {
            let (member, since) = (one.member, one.since);
            let fail = move |core: &Core| core.fail_wait(member.cell, since, doom);
            self.core.app().tell(member.pool, Box::new(fail));
        }
    }

    fn with_board<R>(&self, look: impl FnOnce(&mut Board, PoolId) -> R) -> R {
        let mut board = self.core.app().waits.lock().unwrap_or_else(PoisonError::into_inner);
        look(&mut board, self.core.id)
    }
}
