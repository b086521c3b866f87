//! The arena itself stays on its thread.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[locus]
pub struct Room {}

#[locus]
impl Room {
    fn scoped(&mut self, cx: &mut Cx<'_, Self>) {
        let scratch = cx.scratch();
        on_another_thread(move || drop(scratch));
    }
}

fn on_another_thread(work: impl FnOnce() + Send) {
    std::thread::scope(|threads| threads.spawn(work).join()).unwrap();
}

fn main() {}
