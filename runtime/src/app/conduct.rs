//! The control thread: births in order, signals, heartbeats, and the way into the drain.
//!
//! It has a thread of its own so that no pool, however busy, keeps a second signal from ending the process.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};

use crate::app::control::{Control, LocusAccount, Report};
use crate::app::exit::{Exit, StartError};
use crate::app::plan::Address;
use crate::app::settings::Limits;
use crate::app::shared::AppShared;
use crate::watch::log::{self, Site};
use crate::watch::{ResidencyMode, TopicFigures, dump_arena_residency, dump_pool_residency, topics};

/// What the owner of an app asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    HandleSignals,
    Drain,
}

/// How a program ended, and what it did.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The exit code it would have had.
    pub exit: Exit,
    /// What each locus did.
    pub loci: Vec<LocusAccount>,
    /// What each topic carried.
    pub topics: Vec<TopicFigures>,
}

impl Default for Ended {
    fn default() -> Self {
        Self { exit: Exit::Drained, loci: Vec::new(), topics: Vec::new() }
    }
}

/// The control thread's state.
pub(crate) struct Conductor {
    pub(crate) app: Arc<AppShared>,
    /// Parts in declaration order.
    pub(crate) order: Vec<Address>,
    pub(crate) reports: mpsc::UnboundedReceiver<Report>,
    pub(crate) requests: mpsc::UnboundedReceiver<Request>,
    pub(crate) ready: watch::Sender<Option<Result<(), StartError>>>,
    pub(crate) ended: watch::Sender<Option<Ended>>,
    pub(crate) residency: ResidencyMode,
    pub(crate) pool_residency: ResidencyMode,
    pub(crate) limits: Limits,
    /// When a drain under way loses its patience with handlers that wait.
    pub(crate) cancels_at: Option<Instant>,
    /// Whether this is `run`: then signals are handled from the start, and a program that will not stop is ended.
    pub(crate) owns_process: bool,
}

/// The signals that end a program, once asked for.
#[derive(Default)]
struct Signals {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    report: Option<Signal>,
}

impl Signals {
    fn install() -> Self {
        let listen = |kind| {
            signal(kind)
                .inspect_err(|error| log::warn(Site::App, || format!("no signal handler: {error}")))
                .ok()
        };
        Self {
            interrupt: listen(SignalKind::interrupt()),
            terminate: listen(SignalKind::terminate()),
            report: listen(SignalKind::user_defined1()),
        }
    }

    /// Waits for a signal that ends the program; returns the exit code a second one has.
    async fn ending(&mut self) -> i32 {
        tokio::select! {
            biased;
            () = next(&mut self.interrupt) => 130,
            () = next(&mut self.terminate) => 143,
        }
    }
}

async fn next(signal: &mut Option<Signal>) {
    let heard = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if heard.is_none() {
        pending().await
    }
}

impl Conductor {
    /// Runs the program from the first birth to the last thread.
    pub(crate) fn run(mut self) -> Exit {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                self.stop_pools();
                self.ready.send_replace(Some(Err(StartError::thread(error))));
                return Exit::StartRefused;
            }
        };
        let _ = self.app.clock.set(runtime.handle().clone());
        runtime.block_on(async {
            let mut signals = if self.owns_process { Signals::install() } else { Signals::default() };
            let exit = self.conduct(&mut signals).await;
            let loci = self.stop(exit).await;
            self.ended.send_replace(Some(Ended { exit, loci, topics: topics() }));
            exit
        })
    }

    async fn conduct(&mut self, signals: &mut Signals) -> Exit {
        let started = tokio::select! {
            biased;
            _ = signals.ending() => Err((self.order.len(), StartError::Interrupted)),
            started = self.start() => started,
        };
        if let Err((born, error)) = started {
            self.dissolve(born).await;
            if self.owns_process {
                eprintln!("locus: {error}");
            }
            self.ready.send_replace(Some(Err(error)));
            return Exit::StartRefused;
        }
        self.ready.send_replace(Some(Ok(())));
        let why = self.watch_over(signals).await;
        if self.owns_process
            && let Some(why) = &why
        {
            eprintln!("locus: {why}");
        }
        let drained = tokio::select! {
            biased;
            code = signals.ending() => std::process::exit(code),
            drained = self.drain() => drained,
        };
        if why.is_some() { Exit::RootFailure } else { drained }
    }

    /// Bears every locus, in declaration order. On failure, says how many were born.
    async fn start(&mut self) -> Result<(), (usize, StartError)> {
        for index in 0..self.order.len() {
            let Address { pool, cell, ref path } = self.order[index];
            self.app.control(pool, Control::Birth { cell });
            let deadline = Instant::now() + self.limits.start_timeout;
            match timeout_at(deadline, self.reports.recv()).await {
                Ok(Some(Report::Born { result: Ok(()) })) => {}
                Ok(Some(Report::Born { result: Err(reason) })) => {
                    return Err((index, StartError::Birth(reason)));
                }
                Ok(Some(Report::Died { text } | Report::RootFailure { cause: text })) => {
                    return Err((index, StartError::Pool(text)));
                }
                Ok(_) => return Err((index, StartError::Ended)),
                Err(_) => {
                    return Err((
                        index,
                        StartError::BirthTimeout { path: path.clone(), after: self.limits.start_timeout },
                    ));
                }
            }
        }
        for pool in self.app.pool_ids() {
            self.app.control(pool, Control::Go);
        }
        Ok(())
    }

    /// Waits for the end of the program's normal life; returns what went wrong, if anything.
    async fn watch_over(&mut self, signals: &mut Signals) -> Option<String> {
        let mut heartbeat = beat(self.residency);
        let mut pool_heartbeat = beat(self.pool_residency);
        loop {
            let Signals { interrupt, terminate, report } = &mut *signals;
            tokio::select! {
                biased;
                () = next(interrupt) => return None,
                () = next(terminate) => return None,
                () = next(report) => {
                    dump_arena_residency();
                    if self.pool_residency != ResidencyMode::Off {
                        dump_pool_residency();
                    }
                }
                () = tick(&mut heartbeat) => dump_arena_residency(),
                () = tick(&mut pool_heartbeat) => dump_pool_residency(),
                request = self.requests.recv() => match request {
                    Some(Request::HandleSignals) => *signals = Signals::install(),
                    Some(Request::Drain) => return None,
                    // `run` drops its end only after this thread; an `App` asks for the drain first.
                    None => return None,
                },
                report = self.reports.recv() => match report {
                    Some(Report::RootFailure { cause }) => return Some(cause),
                    Some(Report::Died { text }) => return Some(text),
                    Some(_) => {}
                    None => return Some("all pools are gone".to_owned()),
                },
            }
        }
    }

    /// Ends the pools' threads and collects what their loci did.
    async fn stop(&mut self, exit: Exit) -> Vec<LocusAccount> {
        self.stop_pools();
        let deadline = Instant::now() + Duration::from_secs(1);
        let mut loci = Vec::new();
        let mut left = self.app.pools.len();
        while left > 0 {
            match timeout_at(deadline, self.reports.recv()).await {
                Ok(Some(Report::Stopped { accounts })) => {
                    loci.extend(accounts);
                    left -= 1;
                }
                Ok(Some(Report::Died { .. })) => left -= 1,
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => break,
            }
        }
        if left > 0 && self.owns_process {
            // A pool that never returns from a handler would keep the process for ever.
            eprintln!("locus: {left} pools did not stop");
            std::process::exit(i32::from(exit.code().max(Exit::DrainTimeout.code())));
        }
        loci
    }

    fn stop_pools(&self) {
        for pool in self.app.pool_ids() {
            self.app.control(pool, Control::Stop);
        }
    }
}

/// The heartbeat of a report, if it has one.
fn beat(mode: ResidencyMode) -> Option<tokio::time::Interval> {
    match mode {
        ResidencyMode::Heartbeat(period) => Some(tokio::time::interval(period)),
        _ => None,
    }
}

async fn tick(interval: &mut Option<tokio::time::Interval>) {
    match interval {
        Some(interval) => drop(interval.tick().await),
        None => pending().await,
    }
}
