//! The pools of a case under shuttle: a thread each, which shuttle switches at every atomic operation of lanes, credits and
//! bells, by a schedule it draws.
//!
//! Every thread goes through [`Pool::turn`] and parks as [`crate::pool::thread`] does. Time stands still until all of them
//! have parked, so that whoever a deadline wakes must find nothing to do that a bell should have told it of.
//!
//! Shuttle knows one order of all atomic operations; weaker ones are loom's matter (`sync::control`).

use std::sync::{Arc, PoisonError};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use shuttle::sync::{Condvar, Mutex, MutexGuard};
use shuttle::thread::{self, JoinHandle};

use crate::app::control::{Control, Reports};
use crate::app::plan::PoolPlan;
use crate::app::shared::AppShared;
use crate::pool::PoolId;
use crate::pool::core::Core;
use crate::pool::rig::fault::{self, Fault};
use crate::pool::rig::ledger;
use crate::pool::thread::make_pool;
use crate::pool::turn::{Env, Pool};

/// Switches in which a pool must have done what it was told: far more than any schedule needs.
const STEPS_MAX: usize = 100_000;

/// What a parked pool waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wanted {
    /// It runs.
    #[default]
    Nothing,
    /// A bell, or the time if there is one.
    BellOr(Option<Instant>),
}

/// One pool, as the others see it.
#[derive(Default)]
struct Place {
    is_rung: bool,
    is_due: bool,
    wanted: Wanted,
    has_ended: bool,
}

/// What all threads of a case share: under one lock, so that "all have parked" is said of one moment.
pub(super) struct World {
    state: Mutex<Moment>,
    woken: Vec<Condvar>,
    /// Whoever was woken by the time has looked at what there is.
    looked: Condvar,
}

struct Moment {
    now: Instant,
    places: Vec<Place>,
}

impl World {
    fn moment(&self) -> MutexGuard<'_, Moment> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the pool's bell rings or its time has come; returns whether it was the bell.
    fn park(&self, pool: usize, deadline: Option<Instant>) -> bool {
        let mut moment = self.moment();
        moment.places[pool].wanted = Wanted::BellOr(deadline);
        while !moment.places[pool].is_rung && !moment.places[pool].is_due {
            moment = self.woken[pool].wait(moment).unwrap_or_else(PoisonError::into_inner);
        }
        moment.places[pool].wanted = Wanted::Nothing;
        std::mem::take(&mut moment.places[pool].is_rung)
    }

    /// The pool has seen what there was when it woke.
    fn has_looked(&self, pool: usize) {
        self.moment().places[pool].is_due = false;
        self.looked.notify_one();
    }

    /// Lets the time go on to the next deadline and wakes whose it is, if all pools have parked; false where there is none.
    fn go_on(&self) -> bool {
        let mut moment = self.moment();
        let runs = |place: &Place| {
            place.is_rung || place.is_due || (place.wanted == Wanted::Nothing && !place.has_ended)
        };
        if moment.places.iter().any(runs) {
            return true;
        }
        let deadline = |(pool, place): (usize, &Place)| match place.wanted {
            Wanted::BellOr(deadline) => deadline.map(|deadline| (deadline, pool)),
            Wanted::Nothing => None,
        };
        let first = moment.places.iter().enumerate().filter_map(deadline).min();
        let Some((first, pool)) = first else { return false };
        moment.now = moment.now.max(first);
        moment.places[pool].is_due = true;
        self.woken[pool].notify_one();
        // It is alone with what it finds: nobody is between making work for it and ringing its bell.
        while moment.places[pool].is_due {
            moment = self.looked.wait(moment).unwrap_or_else(PoisonError::into_inner);
        }
        true
    }
}

struct Ringer {
    world: Arc<World>,
    pool: usize,
}

impl Wake for Ringer {
    fn wake(self: Arc<Self>) {
        self.world.moment().places[self.pool].is_rung = true;
        self.world.woken[self.pool].notify_one();
    }
}

/// What a turn sees.
struct Seen<'a> {
    app: &'a AppShared,
    world: &'a World,
}

impl Env for Seen<'_> {
    fn now(&mut self) -> Instant {
        self.world.moment().now
    }

    fn ring(&mut self, pool: PoolId) {
        if !fault::is_planted(Fault::BellLost) {
            self.app.ring(pool);
        }
    }
}

/// Turns until the pool is told to stop, with parking in between.
fn run_pool(plan: PoolPlan, app: &Arc<AppShared>, reports: &Reports, world: &Arc<World>) {
    let bell = Arc::clone(&app.pools[usize::from(plan.id)].bell);
    let index = usize::from(plan.id);
    let waker = Waker::from(Arc::new(Ringer { world: Arc::clone(world), pool: index }));
    let mut pool = make_pool(plan, app, reports);
    let entered = pool.core.enter();
    let mut seen = Seen { app, world };
    let mut was_rung = true;
    loop {
        bell.awake(&waker);
        if !was_rung {
            if pool.has_work() {
                ledger::complain(format!("pool {index} sleeps on work"));
            }
            world.has_looked(index);
        }
        let progress = turn(&mut pool, &mut seen);
        if pool.life.is_stopped {
            break;
        }
        was_rung = true;
        if progress.worked {
            continue;
        }
        pool.tell_waits();
        bell.park_begin();
        let is_looked_at = !fault::is_planted(Fault::ParkedBlindly);
        if is_looked_at && (pool.has_work() || (pool.waits_for_room() && turn(&mut pool, &mut seen).worked)) {
            bell.park_cancel();
            continue;
        }
        was_rung = world.park(index, progress.deadline);
    }
    pool.discard_all();
    ledger::forget_here();
    drop(entered);
    drop(pool);
    world.moment().places[index].has_ended = true;
}

fn turn(pool: &mut Pool, seen: &mut Seen<'_>) -> crate::pool::turn::Progress {
    let progress = pool.turn(seen);
    progress
}

/// All pools of a case.
pub(super) struct Shuttled {
    threads: Vec<JoinHandle<()>>,
    world: Arc<World>,
}

impl Shuttled {
    pub(super) fn new(pools: Vec<PoolPlan>, app: &Arc<AppShared>, reports: &Reports) -> Self {
        let moment = Moment { now: Instant::now(), places: pools.iter().map(|_| Place::default()).collect() };
        let woken = pools.iter().map(|_| Condvar::new()).collect();
        let world = Arc::new(World { state: Mutex::new(moment), woken, looked: Condvar::new() });
        let start = |pool: PoolPlan| {
            let (app, reports, world) = (Arc::clone(app), reports.clone(), Arc::clone(&world));
            thread::spawn(move || run_pool(pool, &app, &reports, &world))
        };
        Self { threads: pools.into_iter().map(start).collect(), world }
    }

    /// Lets others run; false when all of them rest for good.
    pub(super) fn step(&self) -> bool {
        thread::yield_now();
        self.world.go_on()
    }

    /// Lets time pass, more than was asked for: a round of probes takes few turns here, and backoffs take seconds.
    pub(super) fn pass(&self, time: Duration) {
        self.world.moment().now += time * 20;
    }

    /// Does something on a pool's thread, and waits until it is done.
    pub(super) fn on_pool(app: &AppShared, pool: PoolId, call: impl FnOnce(&Core) + Send + 'static) {
        let (done, wait) = std::sync::mpsc::channel();
        app.tell(
            pool,
            Box::new(move |core| {
                call(core);
                let _ = done.send(());
            }),
        );
        for _ in 0..STEPS_MAX {
            if wait.try_recv().is_ok() {
                return;
            }
            thread::yield_now();
        }
        ledger::complain(format!("pool {pool} does nothing any more"));
    }

    /// Stops the pools.
    pub(super) fn end(self, app: &AppShared) {
        for pool in app.pool_ids() {
            app.control(pool, Control::Stop);
        }
        for thread in self.threads {
            if thread.join().is_err() {
                ledger::complain("a pool's thread panicked".to_owned());
            }
        }
    }
}

mod tests;
