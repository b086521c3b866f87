//! Every way to write a batch handler wrongly: one error each, at the word.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Posted;

#[topic(reply = u32)]
#[derive(Clone)]
pub struct Question;

pub struct NoTopic;

#[locus]
pub struct Room {}

#[locus]
impl Room {
    #[on(batch)]
    fn borrows(&mut self, post: &Posted) {}

    #[on(batch)]
    fn takes_nothing(&mut self) {}

    #[on(batch)]
    fn of_what(&mut self, items: Batch<'_>) {}

    #[on(batch)]
    async fn waits(&mut self, items: Batch<'_, Posted>) {}

    #[on(batch)]
    fn answers(&mut self, items: Batch<'_, Posted>, reply: Reply<u32>) {}

    #[on]
    fn one_by_one(&mut self, items: Batch<'_, Posted>) {}
}

#[locus]
pub struct Other {}

#[locus]
impl Other {
    #[on(batch)]
    fn asked(&mut self, items: Batch<'_, Question>) {}

    #[on(batch)]
    fn returns(&mut self, items: Batch<'_, Posted>) -> u32 {
        0
    }
}

#[locus]
pub struct Third {}

#[locus]
impl Third {
    #[on(batch)]
    fn no_topic(&mut self, items: Batch<'_, NoTopic>) {}
}

fn main() {}
