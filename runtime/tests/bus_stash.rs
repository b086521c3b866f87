//! `stash` and `unstash`: a message set aside by its handler comes back in order, before what is newer.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use locus::StashError;
use locus::prelude::*;
use locus::watch::{DropReason, TopicFigures, topics};

type Log = Arc<Mutex<Vec<(&'static str, u64)>>>;

/// Carries work for a session that may not be open.
#[topic(bounded = 16)]
#[derive(Clone)]
pub struct Work(u64);

/// The same, by a ring of the subscription's own.
#[topic]
#[derive(Clone)]
pub struct Ringed(u64);

#[topic]
#[derive(Clone)]
pub struct Open;

#[topic]
#[derive(Clone)]
pub struct Shut;

#[topic]
#[derive(Clone)]
pub struct Trip;

#[topic(reply = bool)]
#[derive(Clone)]
pub struct Ask;

#[topic]
#[derive(Clone)]
pub struct Burst(u64);

#[locus(publishes(Work, Ringed, Open, Shut, Trip, Ask))]
pub struct Source {
    log: Log,
}

#[locus]
impl Source {
    #[on]
    fn on_burst(&mut self, burst: &Burst, cx: &mut Cx<'_, Self>) {
        let publish = |cx: &mut Cx<'_, Self>, numbers: std::ops::Range<u64>| {
            numbers.for_each(|n| {
                cx.publish(Work(n));
                cx.publish(Ringed(n));
            });
        };
        match burst.0 {
            // Some before the session opens, some after, with one that shuts it in between.
            0 => {
                publish(cx, 0..20);
                cx.publish(Open);
                publish(cx, 20..25);
                cx.publish(Shut);
                publish(cx, 25..30);
                cx.publish(Open);
                publish(cx, 30..40);
            }
            // More than may be stashed.
            1 => publish(cx, 0..300),
            // A restart in between.
            2 => {
                publish(cx, 0..10);
                cx.publish(Trip);
            }
            _ => cx.ask(Ask).then(|me, stashed, _| {
                me.log.lock().unwrap().push(("asked", u64::from(stashed == Ok(true))));
            }),
        }
    }
}

#[locus]
pub struct Session {
    is_open: bool,
    log: Log,
}

impl Session {
    fn note(&self, what: &'static str, n: u64) {
        self.log.lock().unwrap().push((what, n));
    }
}

#[locus]
impl Session {
    fn birth(&mut self, cx: &mut Cx<'_, Self>) {
        assert_eq!(cx.stash(), Err(StashError::NoMessage));
        assert_eq!(cx.unstash(), 0);
    }

    #[on]
    fn on_work(&mut self, work: &Work, cx: &mut Cx<'_, Self>) -> Result<(), String> {
        if self.is_open {
            self.note("work", work.0);
            return Ok(());
        }
        if cx.stash() == Err(StashError::Full) {
            self.note("full", work.0);
        }
        // A failure keeps nothing.
        if work.0 == 7 { Err("on purpose".into()) } else { Ok(()) }
    }

    #[on(bounded = 64, on_full = block)]
    fn on_ringed(&mut self, ringed: &Ringed, cx: &mut Cx<'_, Self>) {
        if !self.is_open {
            if cx.stash() == Err(StashError::Full) {
                self.note("full", ringed.0);
            }
            return;
        }
        self.note("ringed", ringed.0);
    }

    #[on]
    fn on_open(&mut self, _open: &Open, cx: &mut Cx<'_, Self>) {
        self.is_open = true;
        let count = cx.unstash();
        self.note("opened with", count as u64);
    }

    #[on]
    fn on_shut(&mut self, _shut: &Shut) {
        self.is_open = false;
    }

    #[on]
    fn on_trip(&mut self, _trip: &Trip) {
        self.note("tripped", 0);
        panic!("on purpose");
    }

    #[on]
    fn on_ask(&mut self, _ask: &Ask, cx: &mut Cx<'_, Self>) -> bool {
        cx.stash().is_ok()
    }
}

/// Shares each message with the session, and keeps none.
#[locus]
pub struct Witness {
    log: Log,
}

#[locus]
impl Witness {
    #[on]
    fn on_work(&mut self, work: &Work) {
        self.log.lock().unwrap().push(("witness", work.0));
    }
}

#[locus(main)]
pub struct OnePool {
    source: Source,
    session: Session,
}

#[locus(main)]
pub struct TwoPools {
    #[place(pool = "a")]
    source: Source,
    #[place(pool = "b")]
    session: Session,
    #[place(pool = "b")]
    witness: Witness,
}

fn heard(log: &Log, who: &str) -> Vec<u64> {
    log.lock().unwrap().iter().filter(|(name, _)| *name == who).map(|(_, n)| *n).collect()
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn one_pool(log: &Log) -> locus::App {
    let log = Arc::clone(log);
    locus::start(move || OnePool {
        source: Source { log: Arc::clone(&log) },
        session: Session { is_open: false, log: Arc::clone(&log) },
    })
    .unwrap()
}

fn two_pools(log: &Log) -> locus::App {
    let log = Arc::clone(log);
    locus::start(move || TwoPools {
        source: Source { log: Arc::clone(&log) },
        session: Session { is_open: false, log: Arc::clone(&log) },
        witness: Witness { log: Arc::clone(&log) },
    })
    .unwrap()
}

fn figures(subject: &str) -> TopicFigures {
    topics().into_iter().find(|figures| figures.subject == subject).unwrap_or_default()
}

// One test: what topics carried is counted for the whole process.
#[test]
fn what_is_stashed_comes_back_in_order_before_what_is_newer() {
    for start in [one_pool, two_pools] {
        let log = Log::default();
        let app = start(&log);
        app.topic::<Burst>().publish_blocking(Burst(0)).unwrap();
        drop(app);
        let all: Vec<u64> = (0..40).filter(|n| *n != 7).collect();
        assert_eq!(heard(&log, "work"), all);
        let mut ringed = heard(&log, "ringed");
        // A ring is in order by itself, and `Open` in the order of the others.
        ringed.sort_unstable();
        assert_eq!(ringed, (0..40).collect::<Vec<_>>());
        assert!(heard(&log, "opened with").iter().sum::<u64>() >= 19 + 5);
    }

    let log = Log::default();
    let app = two_pools(&log);
    app.topic::<Burst>().publish_blocking(Burst(3)).unwrap();
    wait_until("a question is not stashed", || heard(&log, "asked") == [0]);
    app.topic::<Burst>().publish_blocking(Burst(1)).unwrap();
    wait_until("256 are stashed, the others are not", || heard(&log, "full").len() == 600 - 256 - 1);
    wait_until("others take them all the same", || heard(&log, "witness").len() == 300);
    drop(app);
    let (work, ringed) = (figures("work"), figures("ringed"));
    let closed = work.dropped(DropReason::Closed) + ringed.dropped(DropReason::Closed);
    assert_eq!(closed, 256, "what is stashed at the end is counted");

    let log = Log::default();
    let app = one_pool(&log);
    app.topic::<Burst>().publish_blocking(Burst(2)).unwrap();
    wait_until("tripped", || !heard(&log, "tripped").is_empty());
    app.topic::<Burst>().publish_blocking(Burst(0)).unwrap();
    wait_until("open in the end", || heard(&log, "work").contains(&39));
    drop(app);
    let before: Vec<u64> = (0..10).filter(|n| *n != 7).collect();
    assert_eq!(heard(&log, "work")[..9], before, "a restart keeps what was stashed");
}

/// As many as circulate at most.
#[topic(bounded = 2)]
#[derive(Clone)]
pub struct Own(u64);

/// Has a message stashed whose handler cannot succeed, and says then how many are.
#[topic]
#[derive(Clone)]
pub struct Keep;

#[topic]
#[derive(Clone)]
pub struct KeepRinged;

#[topic]
#[derive(Clone)]
pub struct Tell;

#[locus(publishes(Own))]
pub struct Loud {
    log: Log,
}

impl Loud {
    fn keep(cx: &mut Cx<'_, Self>) {
        assert_eq!(cx.stash(), Ok(()));
        (0..5).for_each(|n| cx.publish(Own(n)));
    }
}

#[locus]
impl Loud {
    #[on]
    fn on_keep(&mut self, _keep: &Keep, cx: &mut Cx<'_, Self>) {
        Self::keep(cx);
    }

    #[on(bounded = 4)]
    fn on_keep_ringed(&mut self, _keep: &KeepRinged, cx: &mut Cx<'_, Self>) {
        Self::keep(cx);
    }

    #[on]
    fn on_own(&mut self, own: &Own) {
        self.log.lock().unwrap().push(("own", own.0));
    }

    #[on]
    fn on_tell(&mut self, _tell: &Tell, cx: &mut Cx<'_, Self>) {
        self.log.lock().unwrap().push(("stashed", cx.unstash() as u64));
    }
}

#[locus(main)]
pub struct Noise {
    #[place(pool = "loud")]
    loud: Loud,
}

#[test]
fn what_cannot_leave_keeps_no_message_stashed() {
    let log = Log::default();
    let inner = Arc::clone(&log);
    let app = locus::start(move || Noise { loud: Loud { log: Arc::clone(&inner) } }).unwrap();
    app.topic::<Keep>().publish_blocking(Keep).unwrap();
    app.topic::<KeepRinged>().publish_blocking(KeepRinged).unwrap();
    app.topic::<Tell>().publish_blocking(Tell).unwrap();
    let account = pollster::block_on(app.drain());
    assert_eq!(account.loci.iter().map(|one| one.failed).sum::<u64>(), 2);
    assert_eq!(*log.lock().unwrap(), [("stashed", 0)]);
}
