//! A pool on its thread: turns inside a tokio current-thread runtime, and the parking in between.
//!
//! A turn through tokio costs far more than a turn, so turns run in an inner loop and tokio gets the thread when there is
//! nothing to do, or after a bounded time, for its I/O and timers.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::Sleep;

use crate::app::control::{Report, Reports};
use crate::app::plan::PoolPlan;
use crate::app::shared::AppShared;
use crate::locus::cell::Seat;
use crate::pool::PoolId;
use crate::pool::affinity;
use crate::pool::bell::Bell;
use crate::pool::core::Core;
use crate::pool::life::Life;
use crate::pool::residency::Held;
use crate::pool::task::Tasks;
use crate::pool::turn::{Env, Pool, Progress, Untold};
use crate::pool::waits::Waits;
use crate::watch::StackAccount;
use crate::watch::log::{self, Site};

/// Turns before tokio gets the thread: a pass through tokio costs a few hundred nanoseconds.
const TURNS_MAX: u32 = 64;

/// Time before tokio gets the thread, so that sockets are not kept waiting by long turns.
const TURNS_TIME_MAX: Duration = Duration::from_micros(50);

/// Pauses between the first looks: under a small bound both sides wait for each other all the time, and briefly.
const SPIN_PAUSES_MIN: u32 = 2;

/// So many looks are taken like that; then the pauses double.
const SPIN_LOOKS_AT_ONCE: u32 = 32;

/// The first looks for each of which the clock is read once: reading it takes as long as a few of them.
const SPIN_LOOKS_PER_CLOCK: u32 = 4;

/// Pauses between two looks in the end. Fewer would slow the producer down whose lines are looked at.
const SPIN_PAUSES_MAX: u32 = 64;

/// What an alarm is set to that is not to ring: longer than a program runs, and a time that clocks can tell.
const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// The world of a pool that runs on a thread.
struct Live {
    app: Arc<AppShared>,
}

impl Env for Live {
    fn now(&mut self) -> Instant {
        Instant::now()
    }

    fn ring(&mut self, pool: PoolId) {
        self.app.ring_behind_fence(pool);
    }
}

/// Runs a pool on the calling thread until it is told to stop.
pub(crate) fn run_pool(plan: PoolPlan, app: Arc<AppShared>, reports: Reports) {
    let path = app.pool_path(plan.id);
    let spin_time = plan.spin_time;
    let _stack = StackAccount::of_this_thread(path.clone());
    if let Some(core) = plan.core
        && let Err(error) = affinity::bind_to(core)
    {
        log::warn(Site::App, || format!("{path} runs unbound: core {core}: {error}"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return reports.send(Report::Died { text: format!("{path}: no I/O loop: {error}") }),
    };
    let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let bell = Arc::clone(&app.pools[usize::from(plan.id)].bell);
        let pool = make_pool(plan, &app, &reports);
        if !spin_time.is_zero() {
            pool.core.let_linger();
        }
        let entered = pool.core.enter();
        let live = Live { app: Arc::clone(&app) };
        let never = Instant::now() + NEVER;
        let mut looping = PoolLoop { pool, live, bell, sleep: None, never, spin_time };
        runtime.block_on(tokio::task::unconstrained(&mut looping));
        let mut pool = looping.pool;
        let accounts = pool.accounts();
        pool.discard_all();
        // Tasks that the loci spawned end before the thread forgets its core.
        drop(runtime);
        drop(entered);
        accounts
    }));
    match ran {
        Ok(accounts) => reports.send(Report::Stopped { accounts }),
        Err(panic) => {
            let text = crate::supervise::panic_text(panic.as_ref());
            reports.send(Report::Died { text: format!("{path}: the runtime failed: {text}") });
        }
    }
}

/// Makes the pool and the cells of its parts; nothing is built yet.
pub(crate) fn make_pool(plan: PoolPlan, app: &Arc<AppShared>, reports: &Reports) -> Pool {
    let core = Core::new(plan.id, Arc::clone(app), Instant::now());
    for part in plan.parts {
        let seat = Seat { id: core.next_cell(), stand: part.stand, path: Arc::from(part.path) };
        let cell = (part.make)(seat);
        core.add_cell(Rc::clone(&cell));
        cell.declare(&core);
    }
    let names: Vec<String> = app.pools.iter().map(|door| door.name.clone()).collect();
    Pool {
        tasks: Tasks::new(Arc::clone(core.slots.woken())),
        core,
        control: plan.control,
        lanes_in: plan.lanes_in,
        lanes_out: plan.lanes_out,
        life: Life::new(reports),
        held: Held::new(app.name, &plan.name, &names),
        untold: Untold::default(),
        sent_words: 0,
        received_words: 0,
        activity: 0,
        first_lane: 0,
        next_expiry: None,
        waits: Waits::default(),
    }
}

/// The pool as the one future of its thread's runtime.
struct PoolLoop {
    pool: Pool,
    live: Live,
    bell: Arc<Bell>,
    sleep: Option<Pin<Box<Sleep>>>,
    /// Later than any deadline.
    never: Instant,
    spin_time: Duration,
}

impl PoolLoop {
    /// Takes turns while there is work, for a bounded time. Returns the next deadline once there is none.
    fn take_turns(&mut self) -> Option<Option<Instant>> {
        let begun = Instant::now();
        for _ in 0..TURNS_MAX {
            let progress = self.take_turn();
            if self.pool.life.is_stopped {
                return None;
            }
            let now = Instant::now();
            if progress.worked {
                self.pool.core.load.entry.count_turn(now.duration_since(self.pool.core.now()));
            }
            if !progress.worked && !self.spin(now, progress.deadline) {
                return Some(progress.deadline);
            }
            if now.duration_since(begun) > TURNS_TIME_MAX {
                break;
            }
        }
        None
    }

    /// Looks for work for a moment before the thread parks; returns whether there is some.
    fn spin(&mut self, begun: Instant, deadline: Option<Instant>) -> bool {
        if self.pool.has_work() {
            return true;
        }
        if self.spin_time.is_zero() {
            return false;
        }
        let mut begun = Some(begun);
        let (mut looks, mut pauses) = (0, SPIN_PAUSES_MIN);
        loop {
            (0..pauses).for_each(|_| std::hint::spin_loop());
            if self.pool.has_work() {
                return true;
            }
            if self.pool.let_go() > 0 {
                // The moment begins anew, with the next look at the clock: reading it here would hold up what was let go.
                (begun, looks, pauses) = (None, 0, SPIN_PAUSES_MIN);
                continue;
            }
            self.pool.tell(&mut self.live);
            if self.pool.waits_for_more_than_credits() && self.take_turn().worked {
                return true;
            }
            looks += 1;
            if looks > SPIN_LOOKS_AT_ONCE || looks % SPIN_LOOKS_PER_CLOCK == 0 {
                let now = Instant::now();
                if now >= *begun.get_or_insert(now) + self.spin_time
                    || deadline.is_some_and(|deadline| now >= deadline)
                {
                    return false;
                }
            }
            if looks > SPIN_LOOKS_AT_ONCE {
                pauses = SPIN_PAUSES_MAX.min(2 * pauses);
            }
        }
    }

    /// Takes one more turn where messages wait for room; returns whether some went.
    fn finds_room(&mut self) -> bool {
        self.pool.waits_for_room() && self.take_turn().worked
    }

    fn take_turn(&mut self) -> Progress {
        self.pool.turn(&mut self.live)
    }

    /// Sets the alarm for the next deadline; returns whether it has passed already.
    fn is_due(&mut self, deadline: Option<Instant>, context: &mut Context<'_>) -> bool {
        // Without a deadline it is set to never: an alarm that is there need not be made when a wait for room begins.
        let deadline = deadline.unwrap_or(self.never).into();
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(context).is_ready()
    }
}

impl Future for PoolLoop {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let me = &mut *self;
        me.bell.awake(context.waker());
        loop {
            let Some(deadline) = me.take_turns() else {
                if me.pool.life.is_stopped {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                return Poll::Pending;
            };
            me.pool.look();
            me.pool.tell_waits();
            me.bell.park_begin();
            if me.pool.has_work() || me.finds_room() || me.is_due(deadline, context) {
                me.bell.park_cancel();
                continue;
            }
            return Poll::Pending;
        }
    }
}
