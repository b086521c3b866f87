//! What children cost: little while they are idle, and nothing once they have ended.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use locus::alloc::{Counting, live_block_bytes};
use locus::prelude::*;

#[global_allocator]
static ALLOCATOR: Counting = Counting::new();

/// What an idle locus with one keyed subscription may cost beyond its own struct.
const IDLE_BYTES_MAX: usize = 200;

/// What the lists of a pool, which double, may hold beyond that, for each of so many.
const SLACK_BYTES_MAX: usize = 16;

const IDLE: usize = 100_000;

#[topic]
#[derive(Clone)]
pub struct Open {
    children: usize,
    short_lived: bool,
}

#[topic(key = to)]
#[derive(Clone)]
pub struct Hello {
    pub to: u64,
}

#[locus]
pub struct Conn {
    key: u64,
    short_lived: bool,
}

#[locus]
impl Conn {
    fn birth(&mut self, cx: &mut Cx<'_, Self>) {
        if self.short_lived {
            cx.terminate();
        }
    }

    #[on(key = self.key)]
    fn on_hello(&mut self, hello: &Hello) {
        assert_eq!(hello.to, self.key);
    }
}

#[topic(key = to)]
#[derive(Clone)]
pub struct Tick {
    pub to: u64,
}

#[topic(key = to)]
#[derive(Clone)]
pub struct Call {
    pub to: u64,
}

/// A child with a ring for each way of having one; it ends at its first message, with others behind it.
#[locus]
pub struct Buffered {
    key: u64,
}

#[locus]
impl Buffered {
    #[on(key = self.key, bounded = 4, on_full = drop_old)]
    fn on_hello(&mut self, _hello: &Hello, cx: &mut Cx<'_, Self>) {
        cx.terminate();
    }

    #[on(batch, key = self.key)]
    fn on_ticks(&mut self, _ticks: Batch<'_, Tick>) {}

    #[on(concurrent = 2, key = self.key)]
    async fn on_call(_run: Run<Self>, _call: Call) {}
}

#[topic]
#[derive(Clone)]
pub struct OpenBuffered {
    children: usize,
}

#[locus(children(Conn = resident, max = 1_000_000), children(Buffered = resident, max = 10_000), publishes(Hello, Tick))]
pub struct Server {
    opened: u64,
    done: Arc<AtomicUsize>,
}

#[locus]
impl Server {
    #[on]
    fn on_open(&mut self, open: &Open, cx: &mut Cx<'_, Self>) {
        for _ in 0..open.children {
            self.opened += 1;
            cx.spawn(Conn { key: self.opened, short_lived: open.short_lived }).unwrap();
        }
        self.done.fetch_add(1, Ordering::SeqCst);
    }

    #[on]
    fn on_open_buffered(&mut self, open: &OpenBuffered, cx: &mut Cx<'_, Self>) {
        for _ in 0..open.children {
            self.opened += 1;
            let to = self.opened;
            cx.spawn(Buffered { key: to }).unwrap();
            for _ in 0..3 {
                cx.publish(Hello { to });
                cx.publish(Tick { to });
            }
        }
        self.done.fetch_add(1, Ordering::SeqCst);
    }
}

#[locus(main)]
pub struct Web {
    server: Server,
}

/// What the program has allocated and not freed.
fn live() -> usize {
    usize::try_from(live_block_bytes().unwrap()).unwrap()
}

/// The same once what has ended is freed: when two looks in a row see no difference.
fn settled() -> usize {
    let mut last = live();
    for _ in 0..200 {
        std::thread::sleep(Duration::from_millis(5));
        let now = live();
        if now == last {
            break;
        }
        last = now;
    }
    last
}

struct Running {
    app: locus::App,
    done: Arc<AtomicUsize>,
    asked: usize,
}

impl Running {
    /// Lets the server open children, and waits until all of that is over.
    fn open(&mut self, children: usize, short_lived: bool) {
        self.asked += 1;
        self.app.topic::<Open>().publish_blocking(Open { children, short_lived }).unwrap();
        // The handler is over when the message behind it has been handled.
        self.asked += 1;
        self.app.topic::<Open>().publish_blocking(Open { children: 0, short_lived }).unwrap();
        while self.done.load(Ordering::SeqCst) < self.asked {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Both tests measure the whole process: one at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// How much stays in each of several windows of `ended` children, which `open` opens.
///
/// A buffer may double late, and one that is no longer wanted may go late: so one window without growth has to be among
/// them. What stays of each child leaves none.
fn check_that_nothing_stays(ended: usize, mut open: impl FnMut()) {
    let mut before = settled();
    let windows = [(); 4].map(|()| {
        open();
        let grown = settled().cast_signed() - before.cast_signed();
        before = before.saturating_add_signed(grown);
        grown
    });
    let least = windows.iter().min().copied().unwrap_or_default();
    assert!(
        least < ended.cast_signed(),
        "in windows of {ended} children that have ended, bytes left: {windows:?}"
    );
}

#[test]
fn ended_children_leave_nothing_of_their_rings() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut running = started();
    let mut opened = |children| {
        running.asked += 1;
        running.app.topic::<OpenBuffered>().publish_blocking(OpenBuffered { children }).unwrap();
        running.open(0, true);
    };
    (0..20).for_each(|_| opened(100));
    check_that_nothing_stays(5_000, || (0..50).for_each(|_| opened(100)));
}

fn started() -> Running {
    let done = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&done);
    let app = locus::start(move || Web { server: Server { opened: 0, done: Arc::clone(&counted) } }).unwrap();
    Running { app, done, asked: 0 }
}

#[test]
fn ended_children_leave_nothing() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut running = started();
    // What grows with the largest batch alone is there before the first look.
    (0..10).for_each(|_| running.open(4_000, true));
    check_that_nothing_stays(48_000, || (0..12).for_each(|_| running.open(4_000, true)));
}

#[test]
fn idle_children_are_small() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut running = started();
    (0..10).for_each(|_| running.open(4_000, true));
    let before = live();
    (0..IDLE / 4_000).for_each(|_| running.open(4_000, false));
    let own = size_of::<Conn>();
    let beyond = live().saturating_sub(before) / IDLE - own;
    let most = IDLE_BYTES_MAX + SLACK_BYTES_MAX;
    assert!(beyond <= most, "an idle child takes {beyond} bytes beyond its own {own}");
}
