//! A locus that takes descriptors from their owners and keeps the number of the last.

use locus::prelude::*;
use std::fs::File;
use std::os::fd::IntoRawFd;
use std::sync::mpsc::Receiver;

/// One message.
#[topic]
#[derive(Clone)]
struct Tick {
    n: u64,
}

#[locus]
struct Part {
    last: i32,
}

#[locus]
impl Part {
    #[on]
    fn on_tick(&mut self, tick: &Tick, cx: &mut Cx<'_, Self>) {
        let _ = (cx, tick.n);
        if let Ok(file) = File::open("/dev/null") {
            self.last = file.into_raw_fd(); //~ resource-leak
        }
    }
}

#[locus(main)]
struct Program {
    part: Part,
}

impl Program {
    fn new() -> Self {
        Self { part: Part { last: -1 } }
    }
}

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 400;

pub(crate) fn main(messages: Receiver<u64>) {
    let program = locus::start(Program::new).expect("the program is well formed");
    let ticks = program.topic::<Tick>();
    while let Ok(n) = messages.recv() {
        if ticks.publish_blocking(Tick { n }).is_err() {
            return;
        }
    }
}
