//! A locus that builds a text in scratch for every message.

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
    longest: usize,
}

#[locus]
impl Part {
    #[on]
    fn on_tick(&mut self, tick: &Tick, cx: &mut Cx<'_, Self>) {
        let text = scratch_format!(cx, "message {}", tick.n);
        self.longest = self.longest.max(text.len());
    }
}

#[locus(main)]
struct Program {
    part: Part,
}

impl Program {
    fn new() -> Self {
        Self { part: Part { longest: 0 } }
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
