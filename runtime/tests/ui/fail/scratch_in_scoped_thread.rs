//! The arena itself stays on its thread.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[locus]
pub struct Room {}

#[locus]
impl Room {
    fn scoped(&mut self, cx: &mut Cx<'_, Self>) {
        let scratch = cx.scratch();
        std::thread::scope(|threads| {
            threads.spawn(move || drop(scratch));
        });
    }
}

fn main() {}
