//! A locus with two caches, of which one is swept and the other never.

use locus::prelude::*;
use std::collections::HashMap;
use std::sync::mpsc::Receiver;

/// One message.
#[topic]
#[derive(Clone)]
struct Tick {
    n: u64,
}

/// Entries for as long as they are young.
#[derive(Default)]
struct Cache {
    entries: HashMap<u64, u64>,
}

impl Cache {
    fn put(&mut self, id: u64, now: u64) {
        self.entries.insert(id, now);
    }

    fn expire(&mut self, now: u64) {
        self.entries.retain(|_, since| *since + 1_000 > now);
    }
}

#[locus]
struct Part {
    swept: Cache,
    kept: Cache,
}

#[locus]
impl Part {
    #[on]
    fn on_tick(&mut self, tick: &Tick, cx: &mut Cx<'_, Self>) {
        let _ = cx;
        self.swept.put(tick.n, tick.n);
        self.kept.put(tick.n, tick.n); //~ unbounded-growth
        if tick.n.is_multiple_of(1_000) {
            self.swept.expire(tick.n);
        }
    }
}

#[locus(main)]
struct Program {
    part: Part,
}

impl Program {
    fn new() -> Self {
        Self { part: Part { swept: Cache::default(), kept: Cache::default() } }
    }
}

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 1_000_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let program = locus::start(Program::new).expect("the program is well formed");
    let ticks = program.topic::<Tick>();
    while let Ok(n) = messages.recv() {
        if ticks.publish_blocking(Tick { n }).is_err() {
            return;
        }
    }
}
