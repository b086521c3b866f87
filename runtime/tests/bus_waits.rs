//! Waits for room: circles end in a failure, a locus that waits for itself fails at once, and a wait that only takes long
//! goes on. The waits last as long as `block_timeout` is by default.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use locus::prelude::*;
use locus::watch::{DropReason, TopicFigures, topics};

const BLOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// How much longer a circle may last, on a machine that does other things too.
const GRACE: Duration = Duration::from_secs(1);

fn figures(subject: &str) -> TopicFigures {
    topics().into_iter().find(|figures| figures.subject == subject).unwrap_or_default()
}

fn wait_until(limit: Duration, what: &str, is_so: impl Fn() -> bool) -> Duration {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    began.elapsed()
}

/// Balls that each peer throws to the next, and how many may be on their way.
const BALLS: u64 = 6;
const BOUND: u64 = 2;

/// The peers of circles of two, three and four: each throws to the next of its circle.
macro_rules! circle {
    ($module:ident, $subject:literal, [$($peer:ident in $pool:literal to $to:literal),+], $members:literal) => {
        mod $module {
            use super::*;

            #[topic(subject = $subject, key = to, bounded = 2)]
            #[derive(Clone)]
            pub(super) struct Ball {
                pub(super) to: usize,
            }

            #[locus(publishes(Ball))]
            pub(super) struct Peer {
                number: usize,
                to: usize,
                all_throw: Arc<Barrier>,
                taken: Arc<AtomicU64>,
            }

            #[locus]
            impl Peer {
                async fn run(run: Run<Self>) {
                    // Nobody takes a ball before all have thrown: each holds its thread until then.
                    run.with(|me, cx| {
                        me.all_throw.wait();
                        (0..BALLS).for_each(|_| cx.publish(Ball { to: me.to }));
                    })
                    .await;
                }

                #[on(key = self.number)]
                fn on_ball(&mut self, _ball: &Ball) {
                    self.taken.fetch_add(1, Relaxed);
                }
            }

            /// Somebody else on a pool of the circle.
            #[locus]
            pub(super) struct Bystander {
                ticks: Arc<AtomicU64>,
            }

            #[locus]
            impl Bystander {
                #[every("10ms")]
                fn tick(&mut self) {
                    self.ticks.fetch_add(1, Relaxed);
                }
            }

            #[locus(main)]
            pub(super) struct Circle {
                $(#[place(pool = $pool)] $peer: Peer,)+
                #[place(pool = "a")]
                bystander: Bystander,
            }

            static ASKED: AtomicU64 = AtomicU64::new(0);

            #[locus]
            impl Circle {
                fn on_failure(failure: &Failure) -> Decision {
                    assert!(failure.cause().contains("waits in a circle"), "{}", failure.cause());
                    ASKED.fetch_add(1, Relaxed);
                    Decision::Resume
                }
            }

            #[test]
            fn ends_in_the_failure_of_one_while_nobody_else_stalls() {
                let (taken, ticks) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
                let all_throw = Arc::new(Barrier::new($members));
                let (inner_taken, inner_ticks) = (Arc::clone(&taken), Arc::clone(&ticks));
                let app = locus::start(move || {
                    let mut number = 0;
                    let mut peer = |to| {
                        number += 1;
                        let (all_throw, taken) = (Arc::clone(&all_throw), Arc::clone(&inner_taken));
                        Peer { number: number - 1, to, all_throw, taken }
                    };
                    Circle { $($peer: peer($to),)+ bystander: Bystander { ticks: Arc::clone(&inner_ticks) } }
                })
                .unwrap();
                pollster::block_on(app.ready()).unwrap();
                // The circle takes what it can and then stands still; its end frees everybody.
                let lost = BALLS - BOUND;
                let all = $members * BALLS - lost;
                let lasted = wait_until(BLOCK_TIMEOUT + GRACE, "the end", || taken.load(Relaxed) == all);
                assert!(lasted > BLOCK_TIMEOUT - GRACE, "it ended before its time: {lasted:?}");
                assert!(ticks.load(Relaxed) > 100, "the bystander ticked {ticks:?} times in {lasted:?}");
                let account = pollster::block_on(app.drain());
                assert_eq!(account.exit, locus::Exit::Drained);
                let failed: u64 = account.loci.iter().map(|one| one.failed).sum();
                assert_eq!(failed, 1, "one of them failed: {account:?}");
                assert_eq!(ASKED.load(Relaxed), 1, "and main was asked what becomes of it");
                let figures = figures($subject);
                assert_eq!(figures.dropped(DropReason::WaitCycle), lost, "and what waited of it is counted");
                assert_eq!((figures.published, figures.delivered), ($members * BALLS, all));
                assert!(figures.blocked >= BLOCK_TIMEOUT * ($members - 1), "{:?}", figures.blocked);
            }
        }
    };
}

circle!(two, "circle.two", [first in "a" to 1, second in "b" to 0], 2);
circle!(three, "circle.three", [first in "a" to 1, second in "b" to 2, third in "c" to 0], 3);
circle!(four, "circle.four", [first in "a" to 1, second in "b" to 2, third in "c" to 3, fourth in "d" to 0], 4);

#[topic(bounded = 4)]
#[derive(Clone)]
pub struct ToMyself {
    pub left: u64,
}

#[locus(publishes(ToMyself))]
pub struct Loop {
    handled: Arc<AtomicU64>,
}

#[locus]
impl Loop {
    #[on]
    fn on_to_myself(&mut self, message: &ToMyself, cx: &mut Cx<'_, Self>) {
        self.handled.fetch_add(1, Relaxed);
        (0..message.left).for_each(|_| cx.publish(ToMyself { left: 0 }));
    }
}

#[locus(main)]
pub struct Alone {
    #[place(pool = "a")]
    alone: Loop,
}

#[test]
fn a_locus_that_waits_for_itself_fails_at_once_and_goes_on() {
    let handled = Arc::new(AtomicU64::new(0));
    let inner = Arc::clone(&handled);
    let app = locus::start(move || Alone { alone: Loop { handled: Arc::clone(&inner) } }).unwrap();
    let handle = app.topic::<ToMyself>();
    // As many as there is room for beside the one that is handled: it is taken when its handler returns.
    for (left, sum) in [(3, 4), (10, 5), (3, 9)] {
        handle.publish_blocking(ToMyself { left }).unwrap();
        wait_until(GRACE, "all that can be handled", || handled.load(Relaxed) == sum);
    }
    let account = pollster::block_on(app.drain());
    assert_eq!(account.exit, locus::Exit::Drained);
    assert_eq!(account.loci.iter().map(|one| (one.handled, one.failed)).collect::<Vec<_>>(), [(9, 1)]);
    let figures = figures("to_myself");
    assert_eq!((figures.published, figures.delivered), (9, 9), "what failed published nothing");
}

#[topic(bounded = 4)]
#[derive(Clone)]
pub struct Slowly(u64);

#[topic]
#[derive(Clone)]
pub struct Pour {}

#[locus(publishes(Slowly))]
pub struct Eager {}

#[locus]
impl Eager {
    #[on]
    fn on_pour(&mut self, _pour: &Pour, cx: &mut Cx<'_, Self>) {
        (0..20).for_each(|n| cx.publish(Slowly(n)));
    }
}

#[locus(receives(Slowly, bounded = 4, on_full = block))]
pub struct Lazy {
    taken: Arc<AtomicU64>,
}

#[locus]
impl Lazy {
    async fn run(run: Run<Self>) {
        let taken = run.with(|me, _| Arc::clone(&me.taken)).await;
        // Longer than any circle may last.
        tokio::time::sleep(BLOCK_TIMEOUT + GRACE).await;
        while let Some(Slowly(n)) = run.recv::<Slowly>().await {
            assert_eq!(taken.fetch_add(1, Relaxed), n, "in order");
        }
    }
}

#[locus(main)]
pub struct Patient {
    #[place(pool = "a")]
    eager: Eager,
    #[place(pool = "b")]
    lazy: Lazy,
}

#[test]
fn a_wait_that_only_takes_long_goes_on_and_is_counted() {
    let taken = Arc::new(AtomicU64::new(0));
    let inner = Arc::clone(&taken);
    let app =
        locus::start(move || Patient { eager: Eager {}, lazy: Lazy { taken: Arc::clone(&inner) } }).unwrap();
    app.topic::<Pour>().publish_blocking(Pour {}).unwrap();
    wait_until(BLOCK_TIMEOUT + GRACE * 10, "everything", || taken.load(Relaxed) == 20);
    let account = pollster::block_on(app.drain());
    assert_eq!(account.loci.iter().map(|one| one.failed).sum::<u64>(), 0);
    let figures = figures("slowly");
    assert_eq!((figures.published, figures.delivered, figures.dropped.iter().sum::<u64>()), (20, 20, 0));
    assert!(figures.blocked >= BLOCK_TIMEOUT, "{:?}", figures.blocked);
}

#[topic(subject = "beside.job", bounded = 2)]
#[derive(Clone)]
pub struct Job {
    takes: Duration,
    called: Arc<AtomicU64>,
}

/// Has the desk publish jobs that take so long.
#[topic]
#[derive(Clone)]
pub struct Assign(Vec<Duration>);

/// Sees each job itself, and does one after the other beside that.
#[locus(publishes(Job))]
pub struct Desk {
    seen: Arc<AtomicU64>,
    called: Arc<AtomicU64>,
}

#[locus]
impl Desk {
    #[on]
    fn on_assign(&mut self, assign: &Assign, cx: &mut Cx<'_, Self>) {
        assign.0.iter().for_each(|takes| cx.publish(Job { takes: *takes, called: Arc::clone(&self.called) }));
    }

    #[on]
    fn on_job(&mut self, _job: &Job) {
        self.seen.fetch_add(1, Relaxed);
    }

    #[on(concurrent = 1)]
    async fn do_job(_run: Run<Self>, job: Job) {
        tokio::time::sleep(job.takes).await;
        job.called.fetch_add(1, Relaxed);
    }
}

#[locus(main)]
pub struct Office {
    #[place(pool = "a")]
    desk: Desk,
}

#[test]
fn a_wait_that_calls_beside_the_locus_end_goes_on() {
    let (seen, called) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (inner_seen, inner_called) = (Arc::clone(&seen), Arc::clone(&called));
    let app = locus::start(move || Office {
        desk: Desk { seen: Arc::clone(&inner_seen), called: Arc::clone(&inner_called) },
    })
    .unwrap();
    let assign = app.topic::<Assign>();
    // Longer than any circle may last. The second waits for the first, with its credit.
    assign.publish_blocking(Assign(vec![BLOCK_TIMEOUT + GRACE, Duration::ZERO])).unwrap();
    wait_until(GRACE, "both", || seen.load(Relaxed) == 2);
    // One finds room, and the other once the second call begins.
    assign.publish_blocking(Assign(vec![Duration::ZERO; 2])).unwrap();
    wait_until(BLOCK_TIMEOUT + GRACE * 10, "everything", || {
        seen.load(Relaxed) == 4 && called.load(Relaxed) == 4
    });
    let account = pollster::block_on(app.drain());
    assert_eq!(account.loci.iter().map(|one| one.failed).sum::<u64>(), 0);
    let figures = figures("beside.job");
    assert_eq!((figures.published, figures.dropped.iter().sum::<u64>()), (4, 0));
    assert!(figures.blocked >= BLOCK_TIMEOUT, "{:?}", figures.blocked);
}

#[topic(subject = "returns.job", bounded = 2)]
#[derive(Clone)]
pub struct Again {}

/// Has somebody publish so many.
#[topic]
#[derive(Clone)]
pub struct Start(u64);

/// Does jobs beside what it does itself, and needs itself for each.
#[locus(publishes(Again))]
pub struct Needed {
    done: Arc<AtomicU64>,
}

#[locus]
impl Needed {
    #[on]
    fn on_start(&mut self, start: &Start, cx: &mut Cx<'_, Self>) {
        (0..start.0).for_each(|_| cx.publish(Again {}));
    }

    #[on(concurrent = 1)]
    async fn do_again(run: Run<Self>, _again: Again) {
        run.with(|me, _| me.done.fetch_add(1, Relaxed)).await;
    }
}

#[locus(main)]
pub struct Needs {
    needed: Needed,
}

#[test]
fn calls_that_wait_for_their_locus_end_no_wait_of_it() {
    let done = Arc::new(AtomicU64::new(0));
    let inner = Arc::clone(&done);
    let app = locus::start(move || Needs { needed: Needed { done: Arc::clone(&inner) } }).unwrap();
    // One is called, two wait for the call to end, and the call for the locus, which waits for room for the others.
    app.topic::<Start>().publish_blocking(Start(6)).unwrap();
    let lasted = wait_until(BLOCK_TIMEOUT + GRACE, "the end", || done.load(Relaxed) == 3);
    assert!(lasted > BLOCK_TIMEOUT - GRACE, "it ended before its time: {lasted:?}");
    let account = pollster::block_on(app.drain());
    assert_eq!(account.loci.iter().map(|one| one.failed).sum::<u64>(), 1);
    assert_eq!(figures("returns.job").dropped(DropReason::WaitCycle), 3);
}

#[topic(subject = "late.note", bounded = 2)]
#[derive(Clone)]
pub struct Note {
    read: Arc<AtomicU64>,
}

/// Has the sleeper publish so many notes to itself.
#[topic]
#[derive(Clone)]
pub struct Write(u64);

#[locus(publishes(Note), receives(Note, on_full = block))]
pub struct Sleeper {
    read: Arc<AtomicU64>,
}

#[locus]
impl Sleeper {
    async fn run(run: Run<Self>) {
        // Longer than any circle may last.
        tokio::time::sleep(BLOCK_TIMEOUT + GRACE).await;
        while let Some(note) = run.recv::<Note>().await {
            note.read.fetch_add(1, Relaxed);
        }
    }

    #[on]
    fn on_write(&mut self, write: &Write, cx: &mut Cx<'_, Self>) {
        (0..write.0).for_each(|_| cx.publish(Note { read: Arc::clone(&self.read) }));
    }
}

#[locus(main)]
pub struct Sleeps {
    sleeper: Sleeper,
}

#[test]
fn a_wait_that_the_own_run_ends_goes_on() {
    let read = Arc::new(AtomicU64::new(0));
    let inner = Arc::clone(&read);
    let app = locus::start(move || Sleeps { sleeper: Sleeper { read: Arc::clone(&inner) } }).unwrap();
    app.topic::<Write>().publish_blocking(Write(5)).unwrap();
    wait_until(BLOCK_TIMEOUT + GRACE * 10, "everything", || read.load(Relaxed) == 5);
    let account = pollster::block_on(app.drain());
    assert_eq!(account.loci.iter().map(|one| one.failed).sum::<u64>(), 0);
    assert_eq!(figures("late.note").dropped.iter().sum::<u64>(), 0);
}
