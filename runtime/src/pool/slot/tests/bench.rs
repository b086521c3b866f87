//! One pool with one locus, by hand: what the macros would generate, and a clock that stands still.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::hash::Hasher;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::app::control::{Control, Report, Reports};
use crate::app::plan::plan;
use crate::app::settings::Limits;
use crate::app::shared::AppShared;
use crate::arena::Scratch;
use crate::bus::topic::{Full, NoReply, OnFull, Topic, TopicNumber, TopicSpec};
use crate::locus::any_cell::AnyCell;
use crate::locus::cell::{CellHead, LocusCell, Seat, State};
use crate::locus::context::Cx;
use crate::locus::describe::{
    AsyncHandler, Birth, CallHandler, Calls, Declared, Describe, Handler, Hooks, LocalBoxFuture, Locus,
    LocusOptions, Match, OnOptions, Outcome, Start, Which,
};
use crate::locus::main::{Part, Place};
use crate::locus::run::Run;
use crate::pool::PoolId;
use crate::pool::thread::make_pool;
use crate::pool::turn::{Env, Pool};

/// What a handler does with its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Ready,
    Wait,
    /// For the handler with a large future.
    Large,
    Fail,
    FailLater,
    Panic,
    PanicLater,
    DropPanics,
    /// For the plain handler.
    Look,
    /// For the one that runs beside others.
    Beside,
    BesidePanics,
}

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static NOTES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static PERMITS: Cell<u32> = const { Cell::new(0) };
    static WAITING: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
    static RUN_FAILS: Cell<bool> = const { Cell::new(false) };
}

/// How many messages, loci and futures exist on this thread.
pub(super) fn live() -> isize {
    LIVE.get()
}

/// What was noted since the last call.
pub(super) fn notes() -> Vec<String> {
    NOTES.take()
}

fn note(line: String) {
    NOTES.with_borrow_mut(|notes| notes.push(line));
}

/// Lets `permits` waits end.
pub(super) fn open_gate(permits: u32) {
    PERMITS.set(PERMITS.get() + permits);
    wake_all();
}

/// Wakes everybody who ever waited.
pub(super) fn wake_all() {
    WAITING.with_borrow(|waiting| waiting.iter().for_each(Waker::wake_by_ref));
}

struct Permit;

impl Future for Permit {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if let Some(left) = PERMITS.get().checked_sub(1) {
            PERMITS.set(left);
            return Poll::Ready(());
        }
        WAITING.with_borrow_mut(|waiting| waiting.push(context.waker().clone()));
        Poll::Pending
    }
}

/// Ends when it is woken.
struct Nudge(bool);

impl Future for Nudge {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        WAITING.with_borrow_mut(|waiting| waiting.push(context.waker().clone()));
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Counts what it belongs to, on the heap so that miri sees a second drop.
struct Live(Box<bool>);

impl Live {
    fn new(panics: bool) -> Self {
        LIVE.set(LIVE.get() + 1);
        Self(Box::new(panics))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        LIVE.set(LIVE.get() - 1);
        if *self.0 {
            std::panic::resume_unwind(Box::new("a destructor"));
        }
    }
}

/// The messages of one handler.
pub(super) struct Job<const N: usize> {
    what: What,
    live: Live,
}

static NUMBERS: [TopicNumber; 4] = [const { TopicNumber::new() }; 4];

impl<const N: usize> Topic for Job<N> {
    type Key = ();
    type Reply = NoReply;
    type Promise = ();
    type Sent = ();
    const SPEC: TopicSpec = TopicSpec {
        subject: ["slot.small", "slot.large", "slot.look", "slot.beside"][N],
        keyed: false,
        bound: None,
        on_full: OnFull::Block,
        per_locus: None,
        on_slow: OnFull::DropNew,
        single: false,
    };
    fn number() -> &'static TopicNumber {
        &NUMBERS[N]
    }
    fn hash_key<H: Hasher>(&self, _state: &mut H) {}
    fn is_key(&self, _key: &()) -> bool {
        true
    }
    fn key(&self) {}
    fn duplicate(&self) -> Self {
        Self { what: self.what, live: Live::new(*self.live.0) }
    }
    fn sent(_result: Result<(), Full<Self>>) {}
}

struct Worker {
    jobs: Vec<What>,
    _live: Live,
}

impl Worker {
    async fn on_small<'s>(&mut self, job: &Job<0>, cx: &mut Cx<'s, Self>) -> Outcome {
        self.jobs.push(job.what);
        let count = self.jobs.len();
        let text = cx.scratch().format(format_args!("begin {count}"));
        let held = Live::new(job.what == What::DropPanics);
        note(text.to_owned());
        match job.what {
            What::Wait | What::DropPanics => Permit.await,
            What::Fail => return Err("at once".into()),
            What::FailLater => {
                Permit.await;
                return Err("later".into());
            }
            What::Panic => std::panic::resume_unwind(Box::new("at once")),
            What::PanicLater => {
                Permit.await;
                cx.scoped(|_| std::panic::resume_unwind(Box::new("later")))
            }
            _ => {}
        }
        assert_eq!(text, format!("begin {}", self.jobs.len()));
        assert_eq!((self.jobs.last(), *held.0), (Some(&job.what), *job.live.0));
        note(format!("end {count}"));
        Ok(())
    }

    async fn on_large(&mut self, job: &Job<1>) {
        #[repr(align(256))]
        struct Wide([u8; 8192]);
        self.jobs.push(job.what);
        let mut wide = Wide([0; 8192]);
        wide.0[4000] = 7;
        Permit.await;
        assert!(std::ptr::from_ref(&wide).is_aligned());
        note(format!("large {}", wide.0[4000]));
    }
}

const PLAIN: OnOptions =
    OnOptions { method: "on_job", bounded: None, on_full: None, missed: false, which: Which::All };

macro_rules! handler {
    ($n:literal, $body:item) => {
        impl Handler<$n> for Worker {
            type Topic = Job<$n>;
            const OPTIONS: OnOptions = PLAIN;
            fn key_of(_me: &Self) -> Match<()> {
                Match::All
            }
            $body
        }
    };
}

handler!(0, const START: Option<Start<Self, Job<0>>> = Some(Start::of::<0>()););
handler!(1, const START: Option<Start<Self, Job<1>>> = Some(Start::of::<1>()););
handler!(
    2,
    fn handle(_me: &mut Self, _job: &Job<2>, (): (), _cx: &mut Cx<'_, Self>) -> Outcome {
        note("look".to_owned());
        Ok(())
    }
);

handler!(3, const CALLS: Option<Calls<Self, Job<3>>> = Some(Calls::of::<3>(2)););

impl CallHandler<3> for Worker {
    const TIMEOUT: Option<Duration> = Some(Duration::from_secs(5));
    async fn call(run: Run<Self>, message: Job<3>, (): (), scratch: &Scratch) -> Outcome {
        let text = scratch.format(format_args!("call {}", *message.live.0));
        let count = run
            .with(|me, _| {
                me.jobs.push(message.what);
                me.jobs.len()
            })
            .await;
        note(format!("begin {count}"));
        if message.what == What::BesidePanics {
            Nudge(false).await;
            std::panic::resume_unwind(Box::new("a call"));
        }
        Permit.await;
        run.with(|_, _| note(format!("end {count}"))).await;
        assert_eq!(text, "call false");
        Ok(())
    }
}

impl AsyncHandler<0> for Worker {
    const TIMEOUT: Option<Duration> = Some(Duration::from_secs(5));
    async fn handle_async<'a>(
        me: &'a mut Self,
        message: &'a Job<0>,
        (): (),
        cx: &'a mut Cx<'a, Self>,
    ) -> Outcome {
        me.on_small(message, cx).await
    }
}

impl AsyncHandler<1> for Worker {
    const TIMEOUT: Option<Duration> = None;
    async fn handle_async<'a>(
        me: &'a mut Self,
        message: &'a Job<1>,
        (): (),
        _cx: &'a mut Cx<'a, Self>,
    ) -> Outcome {
        me.on_large(message).await;
        Ok(())
    }
}

impl Declared for Worker {
    const NAME: &'static str = "Worker";
    const OPTIONS: LocusOptions = LocusOptions { restarts: 100, ..LocusOptions::DEFAULT };
    fn declare(_describe: &mut Describe<Self>) {}
}

impl Locus for Worker {
    const HOOKS: Hooks<Self> =
        Hooks { birth: Birth::None, run: Some(run), drain: None, dissolve: None, on_failure: None };
    fn describe(describe: &mut Describe<Self>) {
        describe.on::<0>();
        describe.on::<1>();
        describe.on::<2>();
        describe.on::<3>();
    }
}

/// Fails when it is told to.
fn run(_run: Run<Worker>) -> LocalBoxFuture<'static, Outcome> {
    Box::pin(std::future::poll_fn(|context| {
        if RUN_FAILS.take() {
            return Poll::Ready(Err("as told".into()));
        }
        WAITING.with_borrow_mut(|waiting| waiting.push(context.waker().clone()));
        Poll::Pending
    }))
}

struct World(Instant);

impl Env for World {
    fn now(&mut self) -> Instant {
        self.0
    }
    fn ring(&mut self, _pool: PoolId) {}
}

/// The pool, and the other ends of its channels.
pub(super) struct Bench {
    pool: Pool,
    app: Arc<AppShared>,
    reports: mpsc::UnboundedReceiver<Report>,
    world: World,
}

impl Bench {
    /// A pool whose locus is born and runs.
    pub(super) fn start() -> Self {
        WAITING.take();
        PERMITS.set(0);
        let make = Arc::new(|seat: Seat| {
            let build = || Ok(Worker { jobs: Vec::new(), _live: Live::new(false) });
            LocusCell::<Worker>::part(seat, Rc::new(build), Describe::of()) as Rc<dyn AnyCell>
        });
        let subscribes = Describe::<Worker>::of().topics.iter().map(|topic| topic.wish).collect();
        let place = Place::Pool("main".into());
        let part = Part { name: "worker", place, make, subscribes, publishes: Vec::new() };
        let mut plan = plan("slots", vec![part], Limits::default()).expect("one pool");
        let (sender, reports) = mpsc::unbounded_channel();
        let pool = make_pool(plan.pools.remove(0), &plan.app, &Reports(sender));
        let mut bench = Self { pool, app: plan.app, reports, world: World(Instant::now()) };
        bench.control(Control::Birth { cell: 0 });
        assert!(matches!(bench.report(), Some(Report::Born { result: Ok(()) })));
        bench.control(Control::Go);
        notes();
        bench
    }

    /// Turns until there is nothing left to do.
    pub(super) fn turn(&mut self) {
        let _entered = self.pool.core.enter();
        while self.pool.turn(&mut self.world).worked {}
    }

    /// Lets time pass.
    pub(super) fn advance(&mut self, by: Duration) {
        self.world.0 += by;
        self.turn();
    }

    pub(super) fn control(&mut self, control: Control) {
        self.app.control(0, control);
        self.turn();
    }

    pub(super) fn report(&mut self) -> Option<Report> {
        self.reports.try_recv().ok()
    }

    /// Publishes a message from outside.
    pub(super) fn tell(&mut self, what: What) {
        let live = Live::new(false);
        let is_accepted = match what {
            What::Look => self.app.handle().try_publish(Job::<2> { what, live }).is_ok(),
            What::Beside | What::BesidePanics => {
                self.app.handle().try_publish(Job::<3> { what, live }).is_ok()
            }
            What::Large => self.app.handle().try_publish(Job::<1> { what, live }).is_ok(),
            _ => self.app.handle().try_publish(Job::<0> { what, live }).is_ok(),
        };
        assert!(is_accepted);
        self.turn();
    }

    pub(super) fn fail_run(&mut self) {
        RUN_FAILS.set(true);
        wake_all();
    }

    pub(super) fn state(&self) -> State {
        self.head(|head| head.state.get())
    }

    pub(super) fn failed(&self) -> u64 {
        self.head(CellHead::failed)
    }

    fn head<R>(&self, look: impl FnOnce(&CellHead) -> R) -> R {
        look(self.pool.core.cell(0).expect("there is one").head())
    }

    /// How many frames lie in slots.
    pub(super) fn waiting(&self) -> usize {
        self.pool.core.slots.live().len()
    }

    /// How many slots there are.
    pub(super) fn slots(&self) -> usize {
        self.pool.core.slots.count.get()
    }
}
