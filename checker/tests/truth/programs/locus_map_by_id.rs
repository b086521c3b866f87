//! A locus with a map by an id that is always new.

use locus::prelude::*;
use std::collections::HashMap;
use std::sync::mpsc::Receiver;

/// One message.
#[topic]
#[derive(Clone)]
struct Tick {
    n: u64,
}

#[locus]
struct Part {
    last: HashMap<u64, u64>,
}

#[locus]
impl Part {
    #[on]
    fn on_tick(&mut self, tick: &Tick, cx: &mut Cx<'_, Self>) {
        let _ = cx;
        self.last.insert(tick.n, tick.n); //~ unbounded-growth
    }
}

#[locus(main)]
struct Program {
    part: Part,
}

impl Program {
    fn new() -> Self {
        Self { part: Part { last: HashMap::new() } }
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
