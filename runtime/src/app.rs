//! The app: from a constructor to running pools and back to an exit code.
//!
//! [`run`] owns the process: it uses the calling thread as pool `main`, installs signal handlers and returns the exit
//! code. [`start`] sits beside a `main` and a runtime of the user's own.

pub(crate) mod conduct;
pub(crate) mod control;
pub(crate) mod drain;
mod exit;
pub(crate) mod plan;
pub(crate) mod settings;
pub(crate) mod shared;
mod spin;
mod wait;

use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, watch};

pub use self::control::LocusAccount;
pub use self::exit::{Exit, StartError};
pub(crate) use self::wait::{block_on, timeout};

use self::conduct::{Conductor, Ended, Request};
use self::control::Reports;
use self::plan::{Plan, PoolPlan};
use self::shared::AppShared;
use crate::bus::gate::TopicHandle;
use crate::bus::topic::Topic;
use crate::locus::main::{Constructor, Main, Parts};
use crate::pool::core::outside;
use crate::pool::thread::run_pool;
use crate::watch::{self as report, ResidencyMode, ResidencyModeError};

/// Runs a program until a signal, and returns how it ended.
///
/// The calling thread becomes pool `main`. Ctrl-C and SIGTERM drain; a second signal exits at once.
///
/// # Errors
/// As an exit code: see [`Exit`]. Inside another runtime's thread it refuses to start and names [`start`].
pub fn run<C: Constructor>(make: C) -> Exit {
    if tokio::runtime::Handle::try_current().is_ok() {
        return Exit::refused(&StartError::InsideRuntime);
    }
    let (mut plan, reported) = match prepare(make) {
        Ok(prepared) => prepared,
        Err(error) => return Exit::refused(&error),
    };
    let main = plan.pools.remove(0);
    let app = Arc::clone(&plan.app);
    let threads = match launch(plan, reported, true) {
        Ok(threads) => threads,
        Err(error) => return Exit::refused(&error),
    };
    run_pool(main, app, threads.reports.clone());
    threads.join()
}

/// Starts a program beside the caller's own `main`; does not wait for the births ([`App::ready`] does).
///
/// # Errors
/// [`StartError`] when the pools cannot be laid out or their threads not be made.
pub fn start<C: Constructor>(make: C) -> Result<App, StartError> {
    let (plan, reported) = prepare(make)?;
    let app = Arc::clone(&plan.app);
    let threads = launch(plan, reported, false)?;
    Ok(App { app, threads: Some(threads) })
}

/// Which reports are printed when.
struct Reported {
    arenas: ResidencyMode,
    pools: ResidencyMode,
}

fn prepare<C: Constructor>(make: C) -> Result<(Plan, Reported), StartError> {
    if cfg!(panic = "abort") {
        return Err(StartError::PanicAborts);
    }
    let understood = |mode: Result<_, ResidencyModeError>| {
        mode.map_err(|error| StartError::Environment(error.to_string()))
    };
    let residency = understood(ResidencyMode::from_env())?;
    let pool_residency = understood(ResidencyMode::of_pools_from_env())?;
    report::mark_start(residency);
    report::set_path_source(outside::running_path);
    let mut parts = Parts::of(make);
    let limits = settings::apply(&mut parts)?;
    let mut plan = plan::plan(<C::Main as Main>::NAME, parts, limits)?;
    spin::share_out(&mut plan.pools, plan.limits.spin_time);
    if std::env::var_os("LOCUS_PLACEMENT").is_some_and(|value| value == "1") {
        eprint!("{}", plan.placement());
    }
    Ok((plan, Reported { arenas: residency, pools: pool_residency }))
}

/// The threads of an app.
struct Threads {
    pools: Vec<JoinHandle<()>>,
    control: JoinHandle<Exit>,
    reports: Reports,
    requests: mpsc::UnboundedSender<Request>,
    ready: watch::Receiver<Option<Result<(), StartError>>>,
    ended: watch::Receiver<Option<Ended>>,
}

impl Threads {
    fn join(self) -> Exit {
        for pool in self.pools {
            // A pool thread reports its own panics.
            let _ = pool.join();
        }
        self.control.join().unwrap_or(Exit::RootFailure)
    }
}

fn launch(plan: Plan, reported: Reported, owns_process: bool) -> Result<Threads, StartError> {
    let (reports, inbox) = mpsc::unbounded_channel();
    let reports = Reports(reports);
    let (requests, requested) = mpsc::unbounded_channel();
    let (ready_sender, ready) = watch::channel(None);
    let (ended_sender, ended) = watch::channel(None);
    let limits = plan.limits;
    let conductor = Conductor {
        app: Arc::clone(&plan.app),
        order: plan.order,
        reports: inbox,
        requests: requested,
        ready: ready_sender,
        ended: ended_sender,
        residency: reported.arenas,
        pool_residency: reported.pools,
        limits,
        cancels_at: None,
        owns_process,
    };
    let control = spawn(format!("{}:control", plan.app.name), move || conductor.run())?;
    let mut pools = Vec::new();
    for pool in plan.pools {
        pools.push(spawn_pool(pool, &plan.app, &reports)?);
    }
    Ok(Threads { pools, control, reports, requests, ready, ended })
}

fn spawn_pool(pool: PoolPlan, app: &Arc<AppShared>, reports: &Reports) -> Result<JoinHandle<()>, StartError> {
    let (app, reports) = (Arc::clone(app), reports.clone());
    spawn(app.pool_path(pool.id), move || run_pool(pool, app, reports))
}

fn spawn<R: Send + 'static>(
    name: String,
    run: impl FnOnce() -> R + Send + 'static,
) -> Result<JoinHandle<R>, StartError> {
    std::thread::Builder::new().name(name).spawn(run).map_err(StartError::thread)
}

/// A running program beside the caller's own `main`. Dropping it drains.
pub struct App {
    app: Arc<AppShared>,
    threads: Option<Threads>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("name", &self.app.name).finish_non_exhaustive()
    }
}

impl App {
    /// Waits until every locus is born and messages flow.
    ///
    /// # Errors
    /// [`StartError::Birth`] when one failed; the others were dissolved then.
    pub async fn ready(&self) -> Result<(), StartError> {
        let Some(threads) = &self.threads else { return Err(StartError::Ended) };
        let mut ready = threads.ready.clone();
        match ready.wait_for(Option::is_some).await {
            Ok(result) => result.clone().unwrap_or(Err(StartError::Ended)),
            Err(_) => Err(StartError::Ended),
        }
    }

    /// A handle to publish, ask and subscribe from any thread or executor.
    #[must_use]
    pub fn topic<T: Topic>(&self) -> TopicHandle<T> {
        self.app.handle()
    }

    /// Lets Ctrl-C and SIGTERM drain the program, as under [`run`].
    pub fn handle_signals(&self) {
        self.request(Request::HandleSignals);
    }

    /// Drains and waits for the end.
    pub async fn drain(mut self) -> Ended {
        self.request(Request::Drain);
        let Some(threads) = self.threads.take() else { return Ended::default() };
        self.wait(threads).await
    }

    /// Waits for the end, whatever brings it about.
    pub async fn ended(mut self) -> Ended {
        let Some(threads) = self.threads.take() else { return Ended::default() };
        self.wait(threads).await
    }

    async fn wait(&self, threads: Threads) -> Ended {
        let mut ended = threads.ended.clone();
        let account = ended.wait_for(Option::is_some).await.ok().and_then(|ended| ended.clone());
        account.unwrap_or_default()
    }

    fn request(&self, request: Request) {
        if let Some(threads) = &self.threads {
            // An error means that the program has ended, and with it the need.
            let _ = threads.requests.send(request);
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.request(Request::Drain);
        let Some(threads) = self.threads.take() else { return };
        // A runtime's thread may be the one that has to empty a subscription: it is not kept waiting.
        if tokio::runtime::Handle::try_current().is_err() {
            threads.join();
        }
    }
}
