//! Handlers that run beside each other: what they take and return.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::arena::Scratch;
use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Job {
    pub name: String,
}

#[locus]
pub struct Forms {}

#[locus]
impl Forms {
    #[on(concurrent = 4)]
    fn plain(run: Run<Self>, job: Job) {}

    #[on(concurrent = 4)]
    async fn on_self(&mut self, job: &Job) {}

    #[on(concurrent = 4)]
    async fn borrows(run: Run<Self>, job: &Job) {}

    #[on(concurrent = 4)]
    async fn without_run(job: Job, other: u32) {}

    #[on(concurrent = 4)]
    async fn alone(run: Run<Self>) {}

    #[on(concurrent = 4)]
    async fn too_many(run: Run<Self>, job: Job, scratch: &Scratch, other: u32) {}

    #[on(concurrent = 0)]
    async fn none(run: Run<Self>, job: Job) {}

    #[on(concurrent = 4, bounded = 2, on_full = drop_old, missed = on_missed)]
    async fn told(run: Run<Self>, job: Job) {}

    fn on_missed(&mut self, n: u64) {}
}

#[locus]
pub struct Types {}

#[locus]
impl Types {
    #[on(concurrent = 4)]
    async fn number(run: Run<Self>, job: Job) -> u32 {
        7
    }

    #[on(concurrent = 4)]
    async fn keeps(run: Run<Self>, job: Job, scratch: &'static Scratch) {}
}

fn main() {}
