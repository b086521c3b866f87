//! The rig: random programs of loci, run as plain values on one thread or on threads of their own, and held against what
//! the bus promises.
//!
//! A case follows from its seed: the graph, what its loci do and, on one thread, the order in which the pools take their
//! turns and when they park. One case in ten runs on threads. Messages to and from the pools are those of the control
//! thread.
//!
//! What the loci saw is written down in [`ledger`], and [`check`] holds it against what the bus promises. [`fault`]
//! plants mistakes in the bus, each of which the checks must notice.
//!
//! Orderings between cores are the matter of loom (`sync::control`).

mod aside;
mod case;
mod check;
mod child;
pub(crate) mod coverage;
pub(crate) mod fault;
mod graph;
mod handlers;
mod ledger;
mod message;
mod node;
mod question;
pub(crate) mod random;
mod shared;
#[cfg(shuttle)]
mod shuttled;
mod stepped;
mod sum;
mod tests;
mod threads;
mod way;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::app::control::{Control, Report, Reports};
use crate::app::plan::{Address, plan};
use crate::app::settings::Limits;
use crate::app::shared::AppShared;
use crate::locus::main::Part;
use crate::pool::PoolId;
use crate::pool::core::Core;
use crate::pool::rig::case::Threading;
use crate::pool::rig::check::Facts;
use crate::pool::rig::random::Random;
use crate::pool::rig::shared::Case;
use crate::pool::rig::stepped::Stepped;
use crate::pool::rig::threads::{PATIENCE, Threads};

/// What makes the pools run.
enum Drive {
    Stepped(Stepped),
    Threads(Threads),
    #[cfg(shuttle)]
    Shuttled(shuttled::Shuttled),
}

/// A program, and its control thread's place.
struct Rig {
    app: Arc<AppShared>,
    order: Vec<Address>,
    drive: Drive,
    reports: mpsc::UnboundedReceiver<Report>,
    random: Random,
}

impl Rig {
    fn new(parts: Vec<Part>, random: Random, case: &Arc<Case>, threading: Threading) -> Self {
        // Short, so that waits outlast it: no graph has a circle, and so nobody may be failed for one.
        let limits = Limits { block_timeout: Duration::from_millis(5), ..Limits::default() };
        let plan = plan("rig", parts, limits).expect("few pools");
        let (sender, reports) = mpsc::unbounded_channel();
        let sender = Reports(sender);
        let app = plan.app;
        let drive = match threading {
            Threading::Stepped => Drive::Stepped(Stepped::new(plan.pools, &app, &sender)),
            Threading::Threads => Drive::Threads(Threads::new(plan.pools, &app, &sender, case)),
            #[cfg(shuttle)]
            Threading::Shuttled => Drive::Shuttled(shuttled::Shuttled::new(plan.pools, &app, &sender)),
        };
        Self { app, order: plan.order, drive, reports, random }
    }

    /// Lets a pool that is awake run; false if none ever will again.
    fn step(&mut self) -> bool {
        match &mut self.drive {
            Drive::Stepped(stepped) => stepped.step(&self.app, &mut self.random),
            Drive::Threads(_) => {
                std::thread::sleep(Duration::from_micros(20));
                true
            }
            #[cfg(shuttle)]
            Drive::Shuttled(shuttled) => shuttled.step(),
        }
    }

    /// Lets some time pass.
    fn pass(&mut self, time: Duration) {
        match &mut self.drive {
            Drive::Stepped(stepped) => stepped.now += time,
            Drive::Threads(_) => std::thread::sleep(time),
            #[cfg(shuttle)]
            Drive::Shuttled(shuttled) => shuttled.pass(time),
        }
    }

    fn tell(&self, pool: PoolId, control: Control) {
        self.app.control(pool, control);
    }

    /// Shows the cell of a node to the ledger of its thread.
    fn name_cell(&self, node: u32, address: &Address) {
        let index = address.cell;
        self.on_pool(address.pool, move |core| {
            core.cell(index).into_iter().for_each(|cell| ledger::add_cell(node, cell));
        });
    }

    /// Does something on the thread of a pool, and waits until it is done.
    fn on_pool(&self, pool: PoolId, call: impl FnOnce(&Core) + Send + 'static) {
        match &self.drive {
            Drive::Stepped(stepped) => call(&stepped.seats[usize::from(pool)].pool.core),
            Drive::Threads(_) => Threads::on_pool(&self.app, pool, call),
            #[cfg(shuttle)]
            Drive::Shuttled(_) => shuttled::Shuttled::on_pool(&self.app, pool, call),
        }
    }

    /// What the pools say now.
    fn facts(&self) -> Facts {
        let facts = Arc::new(Mutex::new(Facts::default()));
        for pool in self.app.pool_ids() {
            let facts = Arc::clone(&facts);
            self.on_pool(pool, move |core| {
                facts.lock().unwrap_or_else(PoisonError::into_inner).add(core);
            });
        }
        std::mem::take(&mut *facts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs until there is a report; `None` when everything rests without one.
    fn next_report(&mut self, steps_max: usize) -> Option<Report> {
        let deadline = Instant::now() + PATIENCE;
        for step in 0.. {
            if let Some(report) = self.report() {
                return Some(report);
            }
            let is_over = match self.drive {
                Drive::Threads(_) => Instant::now() > deadline,
                _ => step >= steps_max,
            };
            if is_over || !self.step() {
                break;
            }
        }
        self.report()
    }

    /// A report that is there. One that a locus ended for good is none: its script has it so.
    fn report(&mut self) -> Option<Report> {
        loop {
            match self.reports.try_recv() {
                Ok(Report::RootFailure { .. }) => {}
                report => return report.ok(),
            }
        }
    }
}
