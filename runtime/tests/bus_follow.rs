//! `#[on(keys, max = N)]`: keys followed and let go at run time, here and across pools.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use locus::prelude::*;
use locus::watch::{DropReason, TopicFigures, topics};

/// Who heard what.
type Log = Arc<Mutex<Vec<(&'static str, u64)>>>;

fn note(log: &Log, who: &'static str, n: u64) {
    log.lock().unwrap().push((who, n));
}

fn heard(log: &Log, who: &str) -> Vec<u64> {
    log.lock().unwrap().iter().filter(|(name, _)| *name == who).map(|(_, n)| *n).collect()
}

fn figures(subject: &str) -> TopicFigures {
    topics().into_iter().find(|figures| figures.subject == subject).unwrap_or_default()
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[topic(key = symbol, bounded = 64)]
#[derive(Clone)]
pub struct Tick {
    symbol: String,
    price: u64,
}

#[topic(reply = u64)]
#[derive(Clone)]
pub struct Snapshot {
    symbol: String,
}

#[topic]
#[derive(Clone)]
pub struct Follow(&'static str);

#[topic]
#[derive(Clone)]
pub struct Unfollow(&'static str);

/// Follows, and fails: the key is not followed.
#[topic]
#[derive(Clone)]
pub struct FollowAndFail(&'static str);

/// Restarts the follower.
#[topic]
#[derive(Clone)]
pub struct Trip;

/// Publishes one price after the other for as long as it lives.
#[locus(publishes(Tick))]
pub struct Exchange {
    price: u64,
}

#[locus]
impl Exchange {
    #[on]
    fn on_snapshot(&mut self, asked: &Snapshot) -> u64 {
        let _ = &asked.symbol;
        self.price
    }

    #[every("200us")]
    fn tick(&mut self, cx: &mut Cx<'_, Self>) {
        self.price += 1;
        for symbol in ["A", "B", "C", "D"] {
            cx.publish(Tick { symbol: symbol.to_owned(), price: self.price });
        }
    }
}

/// Follows symbols, each from a snapshot on.
#[locus(publishes(Snapshot))]
pub struct Follower {
    log: Log,
    /// The next price that each symbol must have.
    next: Vec<(String, u64)>,
}

impl Follower {
    fn expect(&mut self, tick: &Tick) {
        let known = self.next.iter_mut().find(|(symbol, _)| *symbol == tick.symbol);
        match known {
            // The snapshot may be newer than what was under way when it was taken.
            Some((_, next)) if tick.price < *next => {}
            Some((_, next)) => {
                if tick.price != *next {
                    note(&self.log, "gap", tick.price);
                }
                *next = tick.price + 1;
                note(&self.log, "tick", tick.price);
            }
            None => note(&self.log, "before the snapshot", tick.price),
        }
    }
}

#[locus]
impl Follower {
    fn birth(&mut self, cx: &mut Cx<'_, Self>) {
        cx.follow::<Tick>("D".to_owned()).unwrap();
    }

    #[on(keys, max = 2)]
    fn on_tick(&mut self, tick: &Tick) {
        match tick.symbol.as_str() {
            "D" => note(&self.log, "from birth", tick.price),
            _ => self.expect(tick),
        }
    }

    #[on]
    fn on_follow(&mut self, follow: &Follow, cx: &mut Cx<'_, Self>) {
        if let Err(locus::TooManyKeys(back)) = cx.follow::<Tick>(follow.0.to_owned()) {
            assert_eq!(back, follow.0);
            return note(&self.log, "refused", 0);
        }
        assert!(cx.follow::<Tick>(follow.0.to_owned()).is_ok(), "followed already");
        let symbol = follow.0;
        cx.ask(Snapshot { symbol: symbol.to_owned() }).then(move |me, answer, _| {
            if let Ok(price) = answer {
                me.next.push((symbol.to_owned(), price + 1));
                note(&me.log, "snapshot", price);
            }
        });
    }

    #[on]
    fn on_unfollow(&mut self, unfollow: &Unfollow, cx: &mut Cx<'_, Self>) {
        let was_followed = cx.unfollow::<Tick>(&unfollow.0.to_owned());
        assert!(!cx.unfollow::<Tick>(&unfollow.0.to_owned()));
        self.next.retain(|(symbol, _)| symbol != unfollow.0);
        note(&self.log, "unfollowed", was_followed.into());
    }

    #[on]
    fn on_follow_and_fail(&mut self, follow: &FollowAndFail, cx: &mut Cx<'_, Self>) -> Result<(), String> {
        cx.unfollow::<Tick>(&"D".to_owned());
        cx.follow::<Tick>(follow.0.to_owned()).unwrap();
        note(&self.log, "failed", 0);
        Err("on purpose".into())
    }

    #[on]
    fn on_trip(&mut self, _trip: &Trip) {
        note(&self.log, "tripped", 0);
        panic!("on purpose");
    }
}

#[locus(main)]
pub struct Market {
    #[place(pool = "exchange")]
    exchange: Exchange,
    #[place(pool = "follower")]
    follower: Follower,
}

#[locus(main)]
pub struct SmallMarket {
    exchange: Exchange,
    follower: Follower,
}

fn follow_a_market(start: impl Fn(Log) -> locus::App) {
    let log = Log::default();
    let app = start(Arc::clone(&log));
    let count = |who: &str| heard(&log, who).len();
    wait_until("`birth` follows from the start", || count("from birth") > 3);
    assert_eq!(heard(&log, "from birth")[0], 1, "not one is missed");

    app.topic::<Follow>().publish_blocking(Follow("A")).unwrap();
    wait_until("the snapshot, and what comes after it", || count("tick") > 20);
    app.topic::<Follow>().publish_blocking(Follow("B")).unwrap();
    wait_until("the ceiling is two", || count("refused") == 1);

    app.topic::<Unfollow>().publish_blocking(Unfollow("A")).unwrap();
    wait_until("unfollowed", || heard(&log, "unfollowed") == [1]);
    app.topic::<FollowAndFail>().publish_blocking(FollowAndFail("C")).unwrap();
    wait_until("failed", || count("failed") == 1);
    let before = count("from birth");
    wait_until("`D` is still followed", || count("from birth") > before + 10);

    // There is room again: the failure has followed nothing.
    app.topic::<Follow>().publish_blocking(Follow("B")).unwrap();
    let before = count("tick");
    wait_until("followed after another one was let go", || count("tick") > before + 10);

    app.topic::<Trip>().publish_blocking(Trip).unwrap();
    wait_until("tripped", || count("tripped") == 1);
    let before = count("from birth");
    wait_until("its birth follows again", || count("from birth") > before + 10);
    let ticks = count("tick");
    let births = count("from birth");
    wait_until("what the former one followed is let go", || count("from birth") > births + 20);
    assert_eq!(count("tick"), ticks);
    drop(app);
    assert_eq!(count("gap"), 0, "{:?}", heard(&log, "gap"));
    assert_eq!(count("refused"), 1);
    let from_birth = heard(&log, "from birth");
    assert!(
        from_birth.iter().zip(1..).all(|(price, expected)| *price == expected),
        "a key that is followed again after a restart misses nothing"
    );
}

#[test]
fn keys_are_followed_from_a_snapshot_on_without_a_gap() {
    let start = |log: Log| {
        let follower = move || Follower { log: Arc::clone(&log), next: Vec::new() };
        locus::start(move || Market { exchange: Exchange { price: 0 }, follower: follower() }).unwrap()
    };
    follow_a_market(start);
    let start = |log: Log| {
        let follower = move || Follower { log: Arc::clone(&log), next: Vec::new() };
        locus::start(move || SmallMarket { exchange: Exchange { price: 0 }, follower: follower() }).unwrap()
    };
    follow_a_market(start);
    let ticks = figures("tick");
    let dropped: u64 = ticks.dropped.iter().sum();
    assert_eq!(ticks.published, ticks.delivered + dropped, "{ticks:?}");
    assert_eq!(
        dropped,
        ticks.dropped(DropReason::Unmatched) + ticks.dropped(DropReason::Closed),
        "{ticks:?}"
    );
}

// ---- two ways to one key ------------------------------------------------------------------------------------------

#[topic(key = symbol)]
#[derive(Clone)]
pub struct Quote {
    symbol: String,
    price: u64,
}

/// Takes `A` by a key of its own and follows it too.
#[locus(publishes(Quote))]
pub struct Both {
    log: Log,
}

#[locus]
impl Both {
    #[on(key = "A".to_owned())]
    fn on_own(&mut self, quote: &Quote) {
        note(&self.log, "own", quote.price);
    }

    #[on(keys, max = 4)]
    fn on_followed(&mut self, quote: &Quote) {
        note(&self.log, "followed", quote.price);
    }

    #[on]
    fn on_follow(&mut self, follow: &Follow, cx: &mut Cx<'_, Self>) {
        cx.publish(Quote { symbol: "A".to_owned(), price: 1 });
        cx.follow::<Quote>(follow.0.to_owned()).unwrap();
        cx.publish(Quote { symbol: "A".to_owned(), price: 2 });
        cx.unfollow::<Quote>(&follow.0.to_owned());
        cx.publish(Quote { symbol: "A".to_owned(), price: 3 });
    }
}

#[locus(main)]
pub struct OnePool {
    both: Both,
}

#[test]
fn letting_a_key_go_takes_it_from_nobody_else() {
    let log = Log::default();
    let inner = Arc::clone(&log);
    let app = locus::start(move || OnePool { both: Both { log: Arc::clone(&inner) } }).unwrap();
    app.topic::<Follow>().publish_blocking(Follow("A")).unwrap();
    drop(app);
    assert_eq!(heard(&log, "own"), [1, 2, 3]);
    // Changes are in order with messages, here as elsewhere.
    assert_eq!(heard(&log, "followed"), [2]);
}
