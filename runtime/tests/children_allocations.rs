//! Children that come and go allocate nothing in steady state: each lies where one has ended.
//!
//! As in `bus_allocations`, there are several windows, and one without a single allocation has to be among them.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::mpsc;

use locus::prelude::*;

#[global_allocator]
static COUNTING: locus::alloc::Counting = locus::alloc::Counting::new();

const CHILDREN_PER_TURN: u64 = 50;
const TURNS_PER_WINDOW: u64 = 2_000;
const WINDOWS: u64 = 5;

#[topic(key = to)]
#[derive(Clone)]
pub struct Hello {
    pub to: u64,
}

#[topic]
#[derive(Clone)]
pub struct Turn;

/// Ends at its first message.
#[locus]
pub struct Guest {
    number: u64,
}

#[locus]
impl Guest {
    fn birth(&mut self) {}

    #[on(key = self.number)]
    fn on_hello(&mut self, hello: &Hello, cx: &mut Cx<'_, Self>) {
        assert_eq!(hello.to, self.number);
        cx.terminate();
    }
}

#[locus(children(Guest = flow, max = 200), publishes(Hello, Turn))]
pub struct Host {
    turns: u64,
    guests: u64,
    before: u64,
    windows: Vec<u64>,
    done: mpsc::Sender<Vec<u64>>,
}

#[locus]
impl Host {
    #[on]
    fn on_turn(&mut self, _turn: &Turn, cx: &mut Cx<'_, Self>) {
        if self.turns.is_multiple_of(TURNS_PER_WINDOW) {
            let now = locus::alloc::allocations();
            self.windows.push(now - self.before);
            self.before = locus::alloc::allocations();
            if self.turns == TURNS_PER_WINDOW * WINDOWS {
                match self.windows.len() as u64 {
                    // One window more, in which the last children end and none come.
                    len if len == WINDOWS + 1 => cx.publish(Turn),
                    _ => self.done.send(std::mem::take(&mut self.windows)).unwrap(),
                }
                return;
            }
        }
        self.turns += 1;
        for _ in 0..CHILDREN_PER_TURN {
            self.guests += 1;
            cx.spawn(Guest { number: self.guests }).unwrap();
            cx.publish(Hello { to: self.guests });
        }
        cx.publish(Turn);
    }
}

#[locus(main)]
pub struct Hotel {
    host: Host,
}

#[test]
fn children_that_come_and_go_allocate_nothing() {
    let (done, measured) = mpsc::channel();
    let make = move || {
        let windows = Vec::with_capacity(WINDOWS as usize + 2);
        Hotel { host: Host { turns: 0, guests: 0, before: 0, windows, done: done.clone() } }
    };
    let app = locus::start(make).unwrap();
    app.topic::<Turn>().publish_blocking(Turn).unwrap();
    let windows = measured.recv().unwrap();
    pollster::block_on(app.drain());
    // The first entry is what came before the first window.
    let [_, windows @ .., last] = &windows[..] else { panic!("{windows:?}") };
    assert!(windows.contains(&0), "allocations in windows of 100,000 children: {windows:?}");
    assert_eq!(*last, 0, "allocations while the last children ended");
}
