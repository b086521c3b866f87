//! A locus that empties its list when it drains, and not before.

use locus::prelude::*;
use std::sync::mpsc::Receiver;

/// One message.
#[topic]
#[derive(Clone)]
struct Tick {
    n: u64,
}

#[locus]
struct Part {
    seen: Vec<u64>,
}

#[locus]
impl Part {
    #[on]
    fn on_tick(&mut self, tick: &Tick, cx: &mut Cx<'_, Self>) {
        let _ = cx;
        self.seen.push(tick.n); //~ unbounded-growth
    }

    fn drain(&mut self, cx: &mut Cx<'_, Self>) {
        let _ = cx;
        self.seen.clear();
    }
}

#[locus(main)]
struct Program {
    part: Part,
}

impl Program {
    fn new() -> Self {
        Self { part: Part { seen: Vec::new() } }
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
