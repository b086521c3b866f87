//! Handlers that wait: what they take, what they return, and what they cannot keep.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Job {
    pub name: String,
}

#[topic(reply = u64)]
#[derive(Clone)]
pub struct Count;

#[locus]
pub struct Forms {}

#[locus]
impl Forms {
    #[on(timeout = "5s")]
    fn plain(&mut self, job: &Job) {}

    #[on]
    async fn by_value(&mut self, job: Job) {}

    #[on]
    async fn shared(&self, job: &Job) {}

    #[on]
    async fn too_many(&mut self, job: &Job, cx: &mut Cx<'_, Self>, other: u32) {}
}

#[locus]
pub struct Types {}

#[locus]
impl Types {
    #[on]
    async fn number(&mut self, job: &Job) -> u32 {
        7
    }

    #[on]
    async fn text(&mut self, count: &Count) -> String {
        String::new()
    }
}

#[locus]
pub struct Keeps {
    last: &'static str,
    name: &'static str,
}

#[locus]
impl Keeps {
    #[on]
    async fn scratch(&mut self, job: &Job, cx: &mut Cx<'_, Self>) {
        self.last = scratch_format!(cx, "{}", job.name);
    }
}

#[locus]
pub struct Borrows {
    name: &'static str,
}

#[locus]
impl Borrows {
    #[on]
    async fn message(&mut self, job: &'static Job) {
        self.name = &job.name;
    }
}

#[locus]
pub struct Lent {}

#[locus]
impl Lent {
    #[on]
    async fn context(&mut self, job: &Job, cx: &mut Cx<'static, Self>) {}
}

#[locus]
pub struct Undeclared {}

#[locus]
impl Undeclared {
    #[on]
    async fn waits(&mut self, job: &Job, cx: &mut Cx<'_, Self>) {
        cx.publish_wait(Job { name: String::new() }).await;
    }

    #[on]
    async fn asks(&mut self, count: &Count, cx: &mut Cx<'_, Self>) -> u64 {
        cx.ask(Count).await.unwrap_or(0)
    }
}

fn main() {}
