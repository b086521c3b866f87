//! Keys: who gets which messages, here and across pools.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use locus::prelude::*;
use locus::watch::{TopicFigures, topics};

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

// ---- every type of key, each pool gets only what it takes --------------------------------------------------------

static CLONES: AtomicU64 = AtomicU64::new(0);

/// Counts its clones: a message that goes to one pool has none.
struct Payload(u64);

impl Clone for Payload {
    fn clone(&self) -> Self {
        CLONES.fetch_add(1, Ordering::Relaxed);
        Self(self.0)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Colour {
    Red,
    Green,
    Blue,
}

macro_rules! keyed_by {
    ($($topic:ident $key:ty;)*) => {
        $(
            #[topic(key = key)]
            #[derive(Clone)]
            pub struct $topic { key: $key, payload: Payload }
        )*
    };
}

keyed_by! {
    ByString String;
    ByText Text<8>;
    ByNumber u64;
    ByColour Colour;
}

#[topic(key = (name, number, colour))]
#[derive(Clone)]
pub struct ByAll {
    name: String,
    number: i16,
    colour: Colour,
    payload: Payload,
}

#[topic]
#[derive(Clone)]
pub struct Begin;

#[locus(publishes(ByString, ByText, ByNumber, ByColour, ByAll))]
pub struct Source {}

#[locus]
impl Source {
    #[on]
    fn on_begin(&mut self, _begin: &Begin, cx: &mut Cx<'_, Self>) {
        let colours = [Colour::Red, Colour::Green, Colour::Blue];
        for (n, colour) in (0..3).zip(colours) {
            let payload = || Payload(n);
            cx.publish(ByString { key: format!("key {n}"), payload: payload() });
            cx.publish(ByText { key: Text::try_from(&*format!("key {n}")).unwrap(), payload: payload() });
            cx.publish(ByNumber { key: u64::MAX - n, payload: payload() });
            cx.publish(ByColour { key: colour, payload: payload() });
            cx.publish(ByAll { name: format!("key {n}"), number: -5, colour, payload: payload() });
        }
    }
}

/// Takes the messages of one number, whatever the type of their key.
#[locus]
pub struct Taker {
    number: u64,
    colour: Colour,
    who: &'static str,
    log: Log,
}

#[locus]
impl Taker {
    fn name(&self) -> String {
        format!("key {}", self.number)
    }

    #[on(key = self.name())]
    fn by_string(&mut self, message: &ByString) {
        note(&self.log, self.who, message.payload.0);
    }

    #[on(key = Text::<8>::try_from(&*self.name()).unwrap())]
    fn by_text(&mut self, message: &ByText) {
        note(&self.log, self.who, message.payload.0);
    }

    #[on(key = u64::MAX - self.number)]
    fn by_number(&mut self, message: &ByNumber) {
        note(&self.log, self.who, message.payload.0);
    }

    #[on(key = self.colour)]
    fn by_colour(&mut self, message: &ByColour) {
        note(&self.log, self.who, message.payload.0);
    }

    #[on(key = (self.name(), -5, self.colour))]
    fn by_all(&mut self, message: &ByAll) {
        note(&self.log, self.who, message.payload.0);
    }
}

#[locus(main)]
pub struct Kinds {
    #[place(pool = "source")]
    source: Source,
    #[place(pool = "a")]
    first: Taker,
    #[place(pool = "b")]
    second: Taker,
    #[place(pool = "source")]
    third: Taker,
}

#[test]
fn messages_go_to_the_pools_that_take_their_key_and_to_no_other() {
    let log = Log::default();
    let inner = Arc::clone(&log);
    let app = locus::start(move || {
        let taker = |number, colour, who| Taker { number, colour, who, log: Arc::clone(&inner) };
        Kinds {
            source: Source {},
            first: taker(0, Colour::Red, "first"),
            second: taker(1, Colour::Green, "second"),
            third: taker(2, Colour::Blue, "third"),
        }
    });
    let app = app.unwrap();
    app.topic::<Begin>().publish_blocking(Begin).unwrap();
    drop(app);
    for (who, number) in [("first", 0), ("second", 1), ("third", 2)] {
        assert_eq!(heard(&log, who), [number; 5], "{who}");
    }
    assert_eq!(CLONES.load(Ordering::Relaxed), 0, "each message went to one pool");
    for subject in ["by_string", "by_text", "by_number", "by_colour", "by_all"] {
        let figures = figures(subject);
        assert_eq!((figures.published, figures.delivered), (3, 3), "{subject}");
        assert_eq!(figures.dropped.iter().sum::<u64>(), 0, "{subject}");
    }
}

// ---- `key = _` ----------------------------------------------------------------------------------------------------

#[topic(key = room)]
#[derive(Clone)]
pub struct Posted {
    room: u32,
}

#[locus(publishes(Posted))]
pub struct Poster {}

#[locus]
impl Poster {
    #[on]
    fn on_begin(&mut self, _begin: &Begin, cx: &mut Cx<'_, Self>) {
        (0..6).for_each(|room| cx.publish(Posted { room }));
    }
}

#[locus]
pub struct Room {
    room: u32,
    who: &'static str,
    log: Log,
}

#[locus]
impl Room {
    #[on(key = self.room)]
    fn on_post(&mut self, post: &Posted) {
        note(&self.log, self.who, post.room.into());
    }
}

#[locus(receives(Posted, key = _))]
pub struct Lost {
    who: &'static str,
    log: Log,
}

#[locus]
impl Lost {
    #[on(key = _)]
    fn on_post(&mut self, post: &Posted) {
        note(&self.log, self.who, post.room.into());
    }

    async fn run(run: Run<Self>) {
        while let Some(post) = run.recv::<Posted>().await {
            run.with(|me, _| note(&me.log, "received", post.room.into())).await;
        }
    }
}

#[locus]
pub struct Auditor {
    log: Log,
}

#[locus]
impl Auditor {
    #[on]
    fn on_post(&mut self, post: &Posted) {
        note(&self.log, "auditor", post.room.into());
    }
}

#[locus(main)]
pub struct Rooms {
    #[place(pool = "a")]
    poster: Poster,
    #[place(pool = "a")]
    here: Room,
    #[place(pool = "b")]
    there: Room,
    #[place(pool = "b")]
    lost: Lost,
    #[place(pool = "a")]
    lost_too: Lost,
    #[place(pool = "b")]
    auditor: Auditor,
}

#[test]
fn what_no_keyed_subscription_takes_on_any_pool_goes_to_the_unmatched() {
    let log = Log::default();
    let inner = Arc::clone(&log);
    let app = locus::start(move || {
        let log = || Arc::clone(&inner);
        Rooms {
            poster: Poster {},
            here: Room { room: 1, who: "here", log: log() },
            there: Room { room: 4, who: "there", log: log() },
            lost: Lost { who: "lost", log: log() },
            lost_too: Lost { who: "lost too", log: log() },
            auditor: Auditor { log: log() },
        }
    });
    let app = app.unwrap();
    app.topic::<Begin>().publish_blocking(Begin).unwrap();
    drop(app);
    assert_eq!(heard(&log, "here"), [1]);
    assert_eq!(heard(&log, "there"), [4]);
    assert_eq!(heard(&log, "lost"), [0, 2, 3, 5]);
    assert_eq!(heard(&log, "lost too"), [0, 2, 3, 5]);
    assert_eq!(heard(&log, "received").len(), 8);
    assert_eq!(heard(&log, "auditor"), [0, 1, 2, 3, 4, 5]);
}
