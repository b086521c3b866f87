//! The pools of a case on threads, as they are in a program.
//!
//! A seed gives the same graph and the same decisions, and no more: which comes first is the machine's matter.

use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::app::control::{Control, Reports};
use crate::app::plan::PoolPlan;
use crate::app::shared::AppShared;
use crate::pool::PoolId;
use crate::pool::core::Core;
use crate::pool::rig::shared::{self, Case};
use crate::pool::rig::{fault, ledger};
use crate::pool::thread::run_pool;

/// How long a pool may take for anything: far more than any case needs, on the slowest machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// All pools of a case.
pub(super) struct Threads {
    threads: Vec<JoinHandle<()>>,
}

impl Threads {
    pub(super) fn new(
        pools: Vec<PoolPlan>,
        app: &Arc<AppShared>,
        reports: &Reports,
        case: &Arc<Case>,
    ) -> Self {
        let start = |mut pool: PoolPlan| {
            let (app, reports, case) = (Arc::clone(app), reports.clone(), Arc::clone(case));
            std::thread::spawn(move || {
                shared::enter(Some(case));
                fault::plant_from_env();
                // Every other one looks on for a moment before it parks.
                pool.spin_time = Duration::from_micros(u64::from(pool.id % 2) * 5);
                run_pool(pool, app, reports);
                shared::enter(None);
            })
        };
        Self { threads: pools.into_iter().map(start).collect() }
    }

    /// Does something on a pool's thread, and waits until it is done.
    pub(super) fn on_pool(app: &AppShared, pool: PoolId, call: impl FnOnce(&Core) + Send + 'static) {
        let (done, wait) = mpsc::channel();
        app.tell(
            pool,
            Box::new(move |core| {
                call(core);
                let _ = done.send(());
            }),
        );
        if wait.recv_timeout(PATIENCE).is_err() {
            ledger::complain(format!("pool {pool} does nothing any more"));
        }
    }

    /// Stops the pools.
    pub(super) fn end(self, app: &AppShared) {
        for pool in app.pool_ids() {
            Self::on_pool(app, pool, |_| ledger::forget_here());
            app.control(pool, Control::Stop);
        }
        let deadline = Instant::now() + PATIENCE;
        for thread in self.threads {
            while !thread.is_finished() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_micros(50));
            }
            if !thread.is_finished() {
                return ledger::complain("a pool does not stop".to_owned());
            }
            if thread.join().is_err() {
                ledger::complain("a pool's thread panicked".to_owned());
            }
        }
    }
}
