//! The same map; another topic takes the id out.

use locus::prelude::*;
use std::collections::HashMap;
use std::sync::mpsc::Receiver;

/// Ticks whose end has not come.
const UNDER_WAY: u64 = 1_000;

/// One message.
#[topic]
#[derive(Clone)]
struct Tick {
    n: u64,
}

/// The end of what a tick began.
#[topic]
#[derive(Clone)]
struct Gone {
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
        self.last.insert(tick.n, tick.n);
    }

    #[on]
    fn on_gone(&mut self, gone: &Gone, cx: &mut Cx<'_, Self>) {
        let _ = cx;
        self.last.remove(&gone.n);
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
pub(crate) const MESSAGES: u64 = 500_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let program = locus::start(Program::new).expect("the program is well formed");
    let ticks = program.topic::<Tick>();
    let gone = program.topic::<Gone>();
    while let Ok(n) = messages.recv() {
        if ticks.publish_blocking(Tick { n }).is_err() {
            return;
        }
        if n >= UNDER_WAY && gone.publish_blocking(Gone { n: n - UNDER_WAY }).is_err() {
            return;
        }
    }
}
