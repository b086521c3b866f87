//! The pools of a case as plain values on one thread, under a virtual clock.
//!
//! Pools park and wake by the protocol of [`crate::pool::thread`], so that a wake-up that is lost shows as a case that never
//! comes to rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use crate::app::control::Reports;
use crate::app::plan::PoolPlan;
use crate::app::shared::AppShared;
use crate::pool::PoolId;
use crate::pool::bell::Bell;
use crate::pool::rig::fault::{self, Fault};
use crate::pool::rig::random::Random;
use crate::pool::rig::{check, ledger};
use crate::pool::thread::make_pool;
use crate::pool::turn::{Env, Pool};

/// The world of a rig's pools.
struct World<'a> {
    app: &'a AppShared,
    now: Instant,
}

impl Env for World<'_> {
    fn now(&mut self) -> Instant {
        self.now
    }

    fn ring(&mut self, pool: PoolId) {
        if !fault::is_planted(Fault::BellLost) {
            self.app.ring(pool);
        }
    }
}

/// What a pool's bell sets.
struct Awake(AtomicBool);

impl Wake for Awake {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One pool, and what its thread would know.
pub(super) struct Seat {
    pub(super) pool: Pool,
    bell: Arc<Bell>,
    awake: Arc<Awake>,
    waker: Waker,
    deadline: Option<Instant>,
}

impl Seat {
    fn is_awake(&self, now: Instant) -> bool {
        self.awake.0.load(Ordering::Relaxed) || self.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// One poll of the pool's future: some turns, and parking if there is nothing to do.
    fn poll(&mut self, app: &AppShared, now: Instant, turns: usize) {
        let _entered = self.pool.core.enter();
        self.awake.0.store(false, Ordering::Relaxed);
        self.bell.awake(&self.waker);
        let mut world = World { app, now };
        for _ in 0..turns {
            let progress = self.pool.turn(&mut world);
            self.deadline = progress.deadline;
            if progress.worked || self.pool.life.is_stopped {
                continue;
            }
            self.pool.tell_waits();
            self.bell.park_begin();
            let has_work = self.pool.has_work();
            if has_work || (self.pool.waits_for_room() && self.pool.turn(&mut world).worked) {
                self.bell.park_cancel();
                continue;
            }
            return;
        }
        self.awake.0.store(true, Ordering::Relaxed);
    }
}

/// All pools of a case.
pub(super) struct Stepped {
    pub(super) seats: Vec<Seat>,
    pub(super) now: Instant,
}

impl Stepped {
    pub(super) fn new(pools: Vec<PoolPlan>, app: &Arc<AppShared>, reports: &Reports) -> Self {
        let seat = |pool: PoolPlan| {
            let bell = Arc::clone(&app.pools[usize::from(pool.id)].bell);
            let awake = Arc::new(Awake(AtomicBool::new(true)));
            let waker = Waker::from(Arc::clone(&awake));
            Seat { pool: make_pool(pool, app, reports), bell, awake, waker, deadline: None }
        };
        Self { seats: pools.into_iter().map(seat).collect(), now: Instant::now() }
    }

    /// Lets one pool that is awake run. Without one, the clock goes to the next deadline; without that, all is at rest
    /// and the answer is false.
    pub(super) fn step(&mut self, app: &AppShared, random: &mut Random) -> bool {
        if random.percent(10) {
            self.now += Duration::from_micros(random.next() % 2000);
        }
        let awake: Vec<usize> =
            (0..self.seats.len()).filter(|index| self.seats[*index].is_awake(self.now)).collect();
        if awake.is_empty() {
            self.complain_of_sleepers(app);
            let Some(next) = self.seats.iter().filter_map(|seat| seat.deadline).min() else { return false };
            self.now = self.now.max(next);
            return true;
        }
        let turns = random.within(1, 3);
        let index = *random.pick(&awake);
        self.seats[index].poll(app, self.now, turns);
        check::bounds(&self.seats[index].pool.core);
        true
    }

    /// All pools have parked: none of them may have anything to do.
    fn complain_of_sleepers(&mut self, app: &AppShared) {
        for (seat, index) in self.seats.iter_mut().zip(0..) {
            let _entered = seat.pool.core.enter();
            if seat.pool.has_work() {
                ledger::complain(format!("pool {index} sleeps on work"));
            }
            let mut world = World { app, now: self.now };
            if seat.pool.waits_for_room() && seat.pool.turn(&mut world).worked {
                ledger::complain(format!("pool {index} sleeps though there is room"));
            }
        }
    }

    /// Lets the pools go; those that were not told to stop first drop what is under way.
    pub(super) fn end(self, is_orderly: bool) {
        for mut seat in self.seats {
            let _entered = seat.pool.core.enter();
            if is_orderly {
                seat.pool.discard_all();
            }
            drop(seat.pool);
        }
    }
}
