//! The deterministic rig: several pools as plain values on one thread, under a virtual clock.
//!
//! A case follows from its seed alone: the graph, what its loci do, the order in which the pools take their turns, and
//! when they park. Pools park and wake by the protocol of [`super::thread`], so that a wake-up that is lost shows as a
//! case that never comes to rest. Messages to and from the pools are those of the control thread.
//!
//! What the loci saw is written down in [`ledger`], and [`check`] holds it against what the bus promises. [`fault`]
//! plants mistakes in the bus, each of which the checks must notice.
//!
//! It does not run threads: orderings between cores are the matter of loom (`sync::control`).

mod case;
mod check;
pub(crate) mod coverage;
pub(crate) mod fault;
mod graph;
mod handlers;
mod ledger;
mod message;
mod node;
mod question;
pub(crate) mod random;
mod sum;
mod tests;
mod way;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::app::control::{Control, Report, Reports};
use crate::app::plan::{Address, plan};
use crate::app::settings::Limits;
use crate::app::shared::AppShared;
use crate::locus::main::Part;
use crate::pool::PoolId;
use crate::pool::bell::Bell;
use crate::pool::rig::fault::Fault;
use crate::pool::rig::random::Random;
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
struct Seat {
    pool: Pool,
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

/// A program whose pools take turns on this thread.
struct Rig {
    app: Arc<AppShared>,
    order: Vec<Address>,
    seats: Vec<Seat>,
    reports: mpsc::UnboundedReceiver<Report>,
    now: Instant,
    random: Random,
}

impl Rig {
    fn new(parts: Vec<Part>, random: Random) -> Self {
        // Short, so that waits outlast it: no graph has a circle, and so nobody may be failed for one.
        let limits = Limits { block_timeout: Duration::from_millis(5), ..Limits::default() };
        let plan = plan("rig", parts, limits).expect("few pools");
        let (sender, reports) = mpsc::unbounded_channel();
        let sender = Reports(sender);
        let app = plan.app;
        let mut seats = Vec::new();
        for pool in plan.pools {
            let bell = Arc::clone(&app.pools[usize::from(pool.id)].bell);
            let awake = Arc::new(Awake(AtomicBool::new(true)));
            let waker = Waker::from(Arc::clone(&awake));
            let pool = make_pool(pool, &app, &sender);
            seats.push(Seat { pool, bell, awake, waker, deadline: None });
        }
        Self { app, order: plan.order, seats, reports, now: Instant::now(), random }
    }

    /// Lets one pool that is awake run. Without one, the clock goes to the next deadline; without that, all is at rest
    /// and the answer is false.
    fn step(&mut self) -> bool {
        if self.random.percent(10) {
            self.now += Duration::from_micros(self.random.next() % 2000);
        }
        let awake: Vec<usize> =
            (0..self.seats.len()).filter(|index| self.seats[*index].is_awake(self.now)).collect();
        if awake.is_empty() {
            self.complain_of_sleepers();
            let Some(next) = self.seats.iter().filter_map(|seat| seat.deadline).min() else { return false };
            self.now = self.now.max(next);
            return true;
        }
        let turns = self.random.within(1, 3);
        let index = *self.random.pick(&awake);
        self.seats[index].poll(&self.app, self.now, turns);
        check::bounds(&self.seats[index].pool.core);
        true
    }

    /// All pools have parked: none of them may have anything to do.
    fn complain_of_sleepers(&mut self) {
        for (seat, index) in self.seats.iter_mut().zip(0..) {
            let _entered = seat.pool.core.enter();
            if seat.pool.has_work() {
                ledger::complain(format!("pool {index} sleeps on work"));
            }
            let mut world = World { app: &self.app, now: self.now };
            if seat.pool.waits_for_room() && seat.pool.turn(&mut world).worked {
                ledger::complain(format!("pool {index} sleeps though there is room"));
            }
        }
    }

    fn tell(&self, pool: PoolId, control: Control) {
        self.app.control(pool, control);
    }

    /// Runs until there is a report; `None` when everything rests without one.
    fn next_report(&mut self, steps_max: usize) -> Option<Report> {
        for _ in 0..steps_max {
            match self.reports.try_recv() {
                // A locus ended for good, as its script has it.
                Ok(Report::RootFailure { .. }) => continue,
                Ok(report) => return Some(report),
                Err(_) => {}
            }
            if !self.step() {
                return self.reports.try_recv().ok();
            }
        }
        None
    }
}
