//! `run` reaches the state in closures that end before it waits: nothing of it leaves them.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[locus]
pub struct Web {
    name: String,
}

#[locus]
impl Web {
    async fn run(run: Run<Self>) {
        let name = run.with(|me, cx| &me.name).await;
        let line = run.with(|me, cx| scratch_format!(cx, "line")).await;
    }
}

fn main() {}
