//! `run` receives what its struct declares.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Relayed;

#[locus]
pub struct Web {}

#[locus]
impl Web {
    async fn run(run: Run<Self>) {
        let _ = run.recv::<Relayed>().await;
    }
}

fn main() {}
