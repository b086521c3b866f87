//! What lives in scratch cannot be held by a task, not even by one on the same thread.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[locus]
pub struct Room {}

#[locus]
impl Room {
    fn local(&mut self, cx: &mut Cx<'_, Self>) {
        let line = scratch_format!(cx, "line");
        tokio::task::spawn_local(async move { println!("{line}") });
    }
}

fn main() {}
