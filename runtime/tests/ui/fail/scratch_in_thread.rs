//! What lives in scratch cannot be held by another thread, not even by one that ends first.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[locus]
pub struct Room {}

#[locus]
impl Room {
    fn spawned(&mut self, cx: &mut Cx<'_, Self>) {
        let line = scratch_format!(cx, "line");
        std::thread::spawn(move || println!("{line}"));
    }
}

fn main() {}
