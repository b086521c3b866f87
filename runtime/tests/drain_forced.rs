//! A drain whose time is over while pools still publish to each other: they go one after the other, and every message
//! that is on its way to one that is gone is dropped, and counted.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![allow(unsafe_code, reason = "sets the environment of a test that runs alone in its process")]

use std::sync::Arc;

use locus::prelude::*;
use locus::watch::{TopicFigures, topics};

/// Stops, each of which catches the pools somewhere else.
const REPEATS: usize = 20;

/// What one activation publishes: nearly all of it has to wait for room.
const BURST: usize = 2000;

/// Has as many owners as there are messages, and one more.
#[topic(bounded = 64)]
#[derive(Clone)]
pub struct Ball {
    pub token: Arc<()>,
}

#[locus(publishes(Ball))]
pub struct Source {
    token: Arc<()>,
}

#[locus]
impl Source {
    /// Goes on whatever it is told.
    async fn run(run: Run<Self>) {
        loop {
            run.with(|me, cx| (0..BURST).for_each(|_| cx.publish(Ball { token: Arc::clone(&me.token) })))
                .await;
        }
    }
}

#[locus]
pub struct Sink;

#[locus]
impl Sink {
    #[on]
    fn on_ball(&mut self, _ball: &Ball) {}
}

#[locus(main)]
pub struct Court {
    #[place(pool = "near")]
    near: Source,
    #[place(pool = "far")]
    far: Sink,
}

fn counted() -> TopicFigures {
    topics().into_iter().find(|figures| figures.subject == "ball").unwrap()
}

// One test: the environment belongs to the process.
#[test]
fn what_is_on_its_way_to_a_pool_that_is_gone_is_dropped_and_counted() {
    let file = std::env::temp_dir().join(format!("locus-drain-forced-{}.toml", std::process::id()));
    std::fs::write(&file, "[limits]\ndrain_timeout = \"30ms\"\n").unwrap();
    // SAFETY: this test is alone in its process, and no other thread runs now.
    unsafe { std::env::set_var("LOCUS_CONFIG", &file) };
    for repeat in 0..REPEATS {
        let token = Arc::new(());
        let inner = Arc::clone(&token);
        let make = move || Court { near: Source { token: Arc::clone(&inner) }, far: Sink };
        let app = locus::start(make).unwrap();
        pollster::block_on(app.ready()).unwrap();
        assert_eq!(pollster::block_on(app.drain()).exit, Exit::DrainTimeout);
        assert_eq!(Arc::strong_count(&token), 1, "messages are left after stop {repeat}");
    }
    let all = counted();
    assert_eq!(all.published, all.delivered + all.dropped.iter().sum::<u64>(), "{all:?}");
    std::fs::remove_file(&file).unwrap();
}
